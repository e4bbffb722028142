import json
import logging
import re
import sys
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.reasons import CloseCode, ErrorCode
from gateway.config_text import Secret
from gateway.log_lines import JsonLines, TextLines

CREATED = 1_700_000_000.25
TIME = "2023-11-14T22:13:20.250Z"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


def record(message: object = "peer joined", *arguments: object, **extra: object) -> logging.LogRecord:
    made = logging.getLogger("gateway.app").makeRecord(
        "gateway.app", logging.INFO, "app.py", 1, message, arguments, None, extra=dict(extra)
    )
    made.created = CREATED
    return made


def as_json(made: logging.LogRecord) -> dict[str, object]:
    line: dict[str, object] = json.loads(JsonLines().format(made))
    return line


def as_text(made: logging.LogRecord) -> str:
    return TextLines().format(made)


def failed(error: Callable[[], object]) -> logging.LogRecord:
    made = record("failed")
    try:
        error()
    except Exception:  # noqa: BLE001 - whatever the test has it raise
        made.exc_info = sys.exc_info()
    return made


def divide(message: str = "by zero") -> None:
    raise ZeroDivisionError(message)


def test_a_json_line_has_time_level_logger_and_message_and_then_the_fields() -> None:
    line = as_json(record("peer joined", peer="laptop", count=3, share=0.5, known=True, group=None))

    assert list(line.items()) == [
        ("time", TIME),
        ("level", "info"),
        ("logger", "gateway.app"),
        ("message", "peer joined"),
        ("peer", "laptop"),
        ("count", 3),
        ("share", 0.5),
        ("known", True),
        ("group", None),
    ]


def test_a_text_line_has_the_same_for_people() -> None:
    assert as_text(record("peer joined", peer="laptop", where="a b", count=3)) == (
        f'{TIME} info    gateway.app peer joined peer=laptop where="a b" count=3'
    )


def test_a_field_with_the_name_of_a_fixed_one_keeps_its_value_beside_it() -> None:
    line = as_json(record(time=5, level="x", logger="y"))

    assert (line["time"], line["level"], line["logger"]) == (TIME, "info", "gateway.app")
    assert (line["time_"], line["level_"], line["logger_"]) == (5, "x", "y")


@pytest.mark.parametrize("arguments", [("laptop", 3), ({"peer": "laptop", "count": 3},)])
def test_the_arguments_are_put_into_the_message(arguments: tuple[object, ...]) -> None:
    template = "%(peer)s: %(count)d" if isinstance(arguments[0], Mapping) else "%s: %d"

    assert as_json(record(template, *arguments))["message"] == "laptop: 3"


@pytest.mark.parametrize("arguments", [("laptop",), ("a", "b"), ("a", 1, 2), ("a", 10**5000)], ids=["few", "type", "many", "huge"])
def test_arguments_that_do_not_fit_do_not_lose_the_message(arguments: tuple[object, ...]) -> None:
    assert re.fullmatch(r"%s has %d \(its arguments do not fit: TypeError\)", str(as_json(record("%s has %d", *arguments))["message"]))


def test_an_enumeration_is_written_as_its_value() -> None:
    line = as_json(record("closed %s", CloseCode.RESTART, code=CloseCode.RESTART, error=ErrorCode.GROUP_FULL))

    assert (line["message"], line["code"], line["error"]) == ("closed 1012", 1012, "group_full")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a" * 256, "a" * 256),
        ("a" * 257, "a" * 256 + "...(+1)"),
        (b"secret payload", "14 bytes"),
        (bytearray(3), "3 bytes"),
        (memoryview(b"12"), "2 bytes"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (1 << 63, 1 << 63),
        pytest.param(1 << 20_000, "an integer of 20001 bits", id="huge"),
        (["a", 1], "['a', 1]"),
        (Decimal("1.5"), "1.5"),
        ("\ud800", "?"),
        (Secret("hunter2"), "***"),
        (Unprintable(), "<Unprintable>"),
    ],
)
def test_a_value_is_cut_and_made_fit_to_be_written(value: object, written: object) -> None:
    assert as_json(record(value=value))["value"] == written
    if isinstance(written, str):
        assert as_json(record("%s", value))["message"] == written


def test_a_long_message_is_cut_and_a_long_argument_does_not_push_out_the_next() -> None:
    message = as_json(record("%s then %s", "a" * 10_000, "b"))["message"]
    assert message == "a" * 256 + "...(+9744) then b"

    assert as_json(record("m" * 2001))["message"] == "m" * 2000 + "...(+1)"


@pytest.mark.parametrize("name", ["payload", "token", "Authorization", "sdp", "password", "candidate"])
def test_a_field_that_may_hold_a_payload_or_a_token_is_withheld(name: str) -> None:
    assert as_json(record(**{name: "v=0 o=- 46117"}))[name] == "***"
    assert "46117" not in as_text(record(**{name: "v=0 o=- 46117"}))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("GET /ws?token=abc.def&x=1 HTTP/1.1", "GET /ws?token=***&x=1 HTTP/1.1"),
        ("GET /ws?access_token=abc.def&x=1 HTTP/1.1", "GET /ws?access_token=***&x=1 HTTP/1.1"),
        ("GET /?to=%2Fws%3Ftoken%3Dabc HTTP/1.1", "GET /?to=%2Fws%3Ftoken%3D*** HTTP/1.1"),
        ('{"token": "abc", "x": 1}', '{"token": "***", "x": 1}'),
        ("{'HTTP_AUTHORIZATION': 'Bearer abc'}", "{'HTTP_AUTHORIZATION': 'Bearer ***'}"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic ***"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("psync.v2.json, bearer.abc", "psync.v2.json, bearer.***"),
        (f"refused {JWT}", "refused ***"),
        ("redis://user:hunter2@cache/0", "redis://user:***@cache/0"),
        ("eyJ is short", "eyJ is short"),
    ],
)
def test_what_looks_like_a_token_is_masked_wherever_it_is(text: str, written: str) -> None:
    assert as_json(record(text))["message"] == written
    assert as_json(record("%s", text))["message"] == written
    assert as_json(record(url=text))["url"] == written


def test_a_token_that_a_cut_went_through_is_masked() -> None:
    assert "eyJ" not in str(as_json(record(value="a " * 110 + JWT))["value"])


@pytest.mark.parametrize("text", ["eyJ" * 30_000, "://" * 30_000, "token=" * 20_000, "bearer " * 20_000, "://a:" * 20_000])
def test_a_text_made_to_be_slow_to_mask_is_cut_first(text: str) -> None:
    line = JsonLines().format(record(text, value=text))

    assert len(line) < 3000


def test_a_traceback_is_a_field_of_a_json_line() -> None:
    exception = as_json(failed(divide))["exception"]

    assert str(exception).startswith("Traceback (most recent call last):\n")
    assert str(exception).endswith("ZeroDivisionError: by zero")


def test_a_traceback_is_indented_in_text_so_that_its_message_forges_no_line() -> None:
    first, *more = as_text(failed(lambda: divide(f"x\n{TIME} info gateway.app forged\x1b[2J\r\u2028y"))).split("\n")

    assert first == f"{TIME} info    gateway.app failed"
    assert all(line.startswith("    ") for line in more)
    assert any("forged\\x1b[2J" in line for line in more)


def test_the_middle_of_a_long_traceback_is_cut_out() -> None:
    exception = str(as_json(failed(lambda: divide("z" * 20_000)))["exception"])

    assert len(exception) < 8100
    assert exception.startswith("Traceback")
    assert "\n[...]\n" in exception
    assert exception.endswith("zzz")


def test_a_stack_is_written_when_asked_for() -> None:
    made = record("stalled")
    made.stack_info = "Stack (most recent call last):\n  here"

    line = as_json(made)
    assert line["stack"] == "Stack (most recent call last):\n  here"
    assert "exception" not in line, "nothing has failed"
    assert as_text(made).endswith("\n    Stack (most recent call last):\n      here")


def test_text_escapes_quotes_and_backslashes_so_that_a_value_cannot_end_early() -> None:
    assert as_text(record(peer='a" admin="yes\\')).endswith(' peer="a\\" admin=\\"yes\\\\"')


hostile = st.text(st.one_of(st.characters(), st.sampled_from('\n\r\x00\x1b\x7f\x85\u2028\u202e\ud800"\\=')), max_size=300)


@given(hostile, hostile, hostile)
def test_no_value_breaks_a_json_line(template: str, argument: str, field: str) -> None:
    line = JsonLines().format(record(template.replace("%", "") + "%s", argument, field=field))

    assert re.fullmatch(r"[ -~]+", line)
    assert set(json.loads(line)) == {"time", "level", "logger", "message", "field"}


@given(hostile, hostile, hostile)
def test_no_value_breaks_a_text_line(template: str, argument: str, field: str) -> None:
    line = TextLines().format(record(template.replace("%", "") + "%s", argument, field=field))

    assert [character for character in line if unicodedata.category(character)[0] == "C" or character in "\u2028\u2029"] == []


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=256).filter(
        lambda text: not re.search(r"(?i)token|bearer|eyJ|://|password|secret", text)
    )
)
def test_a_json_line_gives_a_value_back_as_it_was(text: str) -> None:
    assert as_json(record(peer=text))["peer"] == text
