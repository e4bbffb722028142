"""What a message has to be: every matcher holds for something and fails for something."""

import pytest

from gateway.conformance.pattern import difference, readable, shown


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ("<any>", None),
        ("<string>", "x"),
        ("<integer>", 0),
        ("<time>", "2026-01-31T09:30:00Z"),
        ("<time>", "2026-01-31T09:30:00.250Z"),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": "<absent>"}, {"b": 1}),
        ([1, {"a": "<any>"}], [1, {"a": [1]}]),
        (None, None),
        (1.0, 1.0),
    ],
)
def test_what_is_as_demanded_has_no_difference(pattern: object, value: object) -> None:
    assert difference(pattern, value) is None


@pytest.mark.parametrize(
    ("pattern", "value", "says"),
    [
        ("<string>", "", 'message: "", not <string>'),
        ("<integer>", True, "message: true, not <integer>"),
        ("<integer>", -1, "message: -1, not <integer>"),
        ("<time>", "2026-01-31T09:30:00+01:00", 'message: "2026-01-31T09:30:00+01:00", not <time>'),
        (1, 1.0, "message: 1.0, not 1"),
        (1, True, "message: true, not 1"),
        ("a", "b", 'message: "b", not "a"'),
        (None, 0, "message: 0, not null"),
        ({"a": 1}, [], "message: [], not an object"),
        ({"a": {"b": 1}}, {"a": {}}, "message.a.b: missing"),
        ({"a": "<absent>"}, {"a": None}, "message.a: there, and must not be"),
        ([1], {}, "message: {}, not an array"),
        ([1], [1, 2], "message: 2 items ([1, 2]), not 1"),
        ([1, 2], [1, 3], "message[1]: 3, not 2"),
    ],
)
def test_what_differs_is_told_with_its_place(pattern: object, value: object, says: str) -> None:
    assert difference(pattern, value) == says


def test_what_is_long_is_cut_and_what_has_no_json_form_is_shown_all_the_same() -> None:
    assert shown("x" * 400) == '"' + "x" * 299 + "… (402 characters)"
    assert shown({"a": b"\x00"}) == '{"a": "b\'\\\\x00\'"}'


@pytest.mark.parametrize(
    ("text", "says"), [("\x1b[2J", "\\x1b[2J"), ("a\ud800", "a\\ud800"), ("a\r\nb", "a\\r\\nb"), ("grüße 👋", "grüße 👋")]
)
def test_a_stranger_writes_nothing_to_a_terminal_but_what_can_be_read(text: str, says: str) -> None:
    assert readable(text) == says
