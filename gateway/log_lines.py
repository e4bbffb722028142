"""What a log line says: the fields of a record as one JSON object, or as text for people. No payloads, no tokens, no surprises.

Values come from clients and are hostile: control characters are escaped, so nobody forges a line or drives a terminal, and long
values are cut. What looks like a token is masked, for the case that a URL or a header gets into a message.
"""

import itertools
import json
import logging
import math
import re
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from actors.audit import SHARE

__all__ = ["JsonLines", "TextLines"]

_VALUE_CHARACTERS = 256
_VALUES = 100  # of a mapping
_MESSAGE_CHARACTERS = 2000
_TRACEBACK_CHARACTERS = 8000
_PLAIN_BITS = 64  # Python refuses to write out an integer of many thousand digits

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", SHARE}
_NAMES = frozenset({"time", "level", "logger", "message", "exception", "stack"})
_WITHHELD = frozenset({"authorization", "candidate", "cookie", "password", "payload", "sdp", "secret", "session", "token"})
_MASK = "***"
_BEFORE_TOKEN = re.compile(
    r"(?i)((?:token|password|secret)(?:=|%3D)"  # a query
    r"|(?:token|password|secret)[\"']: ?[\"']"  # JSON, or what Python writes of a dict
    r"|\bauthorization[\"']?: ?[\"']?\w+ |\bbearer(?:[ .]|%20)"  # headers
    r"|://[^/@\s:]*:(?=[^/@\s]*@))"  # a URL with a password
    r"[^\s&\"',;@]+"
)
_JWT = re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]*){0,2}")
_PLAIN = re.compile(r"[\w.:/@+-]+\Z")


class _Lines(logging.Formatter):
    """What both forms share: which fields a record has, and what is done to hostile values."""

    def fields(self, record: logging.LogRecord) -> Iterator[tuple[str, object]]:
        """The fields given by ``extra=``, fit to be written."""
        for name, value in vars(record).items():
            if name not in _OWN:
                yield (f"{name}_" if name in _NAMES else name), _MASK if name.lower() in _WITHHELD else _tame(value)

    def message(self, record: logging.LogRecord) -> str:
        """The message with its arguments tamed one by one, so that a long one does not push the next out of the line."""
        try:
            text = str(record.msg) % _arguments(record.args) if record.args else str(record.msg)
        except Exception as error:  # noqa: BLE001 - the fault of who logs; the line must tell of it and not be lost
            text = f"{record.msg!s} (its arguments do not fit: {type(error).__name__})"
        return _mask(_cut(text, _MESSAGE_CHARACTERS))

    def traces(self, record: logging.LogRecord) -> Iterator[tuple[str, str]]:
        """The traceback of an error as `exception`, and as `stack` where the process is, when that was asked for."""
        if record.exc_info and record.exc_info[0]:
            yield "exception", _trace("".join(traceback.format_exception(*record.exc_info)))
        if record.stack_info:
            yield "stack", _trace(record.stack_info)


class JsonLines(_Lines):
    """One JSON object per line (RFC 8259) in ASCII, so that no control character and no odd encoding gets out."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _replace_surrogates(self.message(record)),
            **dict(self.fields(record)),
        }
        line.update((name, _replace_surrogates(trace)) for name, trace in self.traces(record))
        return json.dumps(line)


class TextLines(_Lines):
    """Lines for people: time, level, logger, message, then ``name=value``; a traceback follows, indented."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        fields = (f"{name}={_quote(value)}" for name, value in self.fields(record))
        line = " ".join([_time(record), f"{record.levelname.lower():7}", record.name, _escape(self.message(record)), *fields])
        return "\n    ".join([line, *(_escape(each) for _, trace in self.traces(record) for each in trace.splitlines())])


def _time(record: logging.LogRecord) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _arguments(arguments: Any) -> Any:  # noqa: ANN401 - what logging takes, a tuple or one mapping
    if isinstance(arguments, Mapping):
        return {name: _tame(value) for name, value in arguments.items()}
    return tuple(map(_tame, arguments))


def _tame(value: object) -> object:
    """What may be written of a value: itself when it is a plain number, else text that is cut and masked; of bytes only their count."""
    if value is None or (isinstance(value, int) and value.bit_length() <= _PLAIN_BITS):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, Mapping):
        return {str(_tame(name)): _tame(each) for name, each in itertools.islice(value.items(), _VALUES)}
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(value)} bytes"
    if isinstance(value, int):
        return f"an integer of {value.bit_length()} bits"
    try:
        text = str(value)
    except Exception:  # noqa: BLE001 - a value's own code; the rest of the line is worth having
        text = f"<{type(value).__name__}>"
    return _replace_surrogates(_mask(_cut(text, _VALUE_CHARACTERS)))


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else f"{text[:characters]}...(+{len(text) - characters})"


def _trace(text: str) -> str:
    """Its middle is cut out when it is long: the end names the error, the start the way in."""
    text, half = text.rstrip(), _TRACEBACK_CHARACTERS // 2
    return _mask(text if len(text) <= 2 * half else f"{text[:half]}\n[...]\n{text[-half:]}")


def _mask(text: str) -> str:
    return _JWT.sub(_MASK, _BEFORE_TOKEN.sub(rf"\1{_MASK}", text))


def _replace_surrogates(text: str) -> str:
    """Text without lone surrogates, which JSON parsers refuse."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _quote(value: object) -> str:
    text = str(value)
    if _PLAIN.match(text) and text.isprintable():
        return text
    escaped = text.replace("\\", r"\\").replace('"', r"\"")
    return f'"{_escape(escaped)}"'


def _escape(text: str) -> str:
    """Text in which every character shows: control, bidirectional and other invisible ones by their code."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
