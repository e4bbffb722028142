"""The console as a browser gets it."""

import re

from gateway.operator.pages import PAGES, POLICY, read_pages

PAGE = read_pages()


def test_every_file_is_there_with_its_type_and_the_policy() -> None:
    assert set(PAGE) == set(PAGES)
    for path, answer in PAGE.items():
        assert answer.body, path
        assert answer.kind == PAGES[path][1]
        assert ("Content-Security-Policy", POLICY) in answer.headers


def test_what_the_files_name_is_served_beside_them() -> None:
    named = {found for answer in PAGE.values() for found in re.findall(r'(?:from "\./|src="|href=")([\w.]+)"', answer.body)}
    assert {f"/{name}" for name in named} == set(PAGES) - {"/console"}


def test_nothing_comes_from_elsewhere_and_no_text_becomes_markup() -> None:
    text = "".join(answer.body for answer in PAGE.values()).replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"https?://|innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(| style=| on\w+=\"", text) == []
    assert "'unsafe" not in POLICY
