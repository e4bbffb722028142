"""What a request is answered with, as WSGI."""

import pytest

from gateway.answer import JSON, Answer, send
from tests.gateway.test_routes import Answer as Told


def test_an_answer_is_sent_with_its_length_and_ends_the_connection() -> None:
    told = Told()
    assert list(send(Answer("200 OK", "ü\n", JSON, (("Allow", "GET"),)), "GET", told.start)) == ["ü\n".encode()]
    assert told.status == "200 OK"
    assert {name: told.header(name) for name in ("Content-Type", "Content-Length", "Cache-Control", "Connection", "Allow")} == {
        "Content-Type": "application/json",
        "Content-Length": "3",
        "Cache-Control": "no-store",
        "Connection": "close",
        "Allow": "GET",
    }


@pytest.mark.parametrize("body", ["", "x"])
def test_head_gets_the_head_of_it(body: str) -> None:
    told = Told()
    assert list(send(Answer("200 OK", body), "HEAD", told.start)) == []
    assert told.header("Content-Length") == str(len(body))
