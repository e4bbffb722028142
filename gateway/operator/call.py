"""Call: one request to the operator's API, read from its path and query; and what is wrong with one."""

import json
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from gateway.answer import JSON, Answer

__all__ = ["Call", "Fault", "Page", "json_answer", "read_path", "read_query"]

_MOST_PARAMETERS = 8
_PAGE = 100
_MOST = 1000
"""Entries of one page: what it takes to list them keeps the clients waiting for 2 ms at most."""


class Fault(Exception):
    """A call that is refused. `status` is a status line without the version; `field` is what has to be mended, empty where nothing can."""

    def __init__(self, status: str, field: str, says: str, *headers: tuple[str, str]) -> None:
        super().__init__(says)
        self.status = status
        self.field = field
        self.says = says
        self.headers = headers

    def answer(self) -> Answer:
        """As JSON."""
        return Answer(self.status, json.dumps({"error": {"field": self.field, "message": self.says}}) + "\n", JSON, self.headers)


class Page(NamedTuple):
    """Which part of a list: the first `most` entries behind `after` whose name holds `search`, in capitals or small letters."""

    after: str = ""
    most: int = _PAGE
    search: str = ""


class Call(NamedTuple):
    """`names` are those in the path, in order; `query` its parameters; `address` is whose call it is, for the log."""

    names: tuple[str, ...]
    query: dict[str, str]
    address: str = ""

    def page(self) -> Page:
        """`after`, `limit` and `search` of a list.

        Raises:
            Fault: `limit` is no number from 1 to 1000.

        """
        limit = self.query.get("limit", str(_PAGE))
        if not (limit.isascii() and limit.isdecimal() and 1 <= int(limit[:9]) <= _MOST):
            raise Fault("400 Bad Request", "limit", f"expected a whole number from 1 to {_MOST}")
        return Page(self.query.get("after", ""), int(limit), self.query.get("search", ""))


def json_answer(body: Any, status: str = "200 OK") -> Answer:  # noqa: ANN401 - what JSON can say
    """What was asked for."""
    return Answer(status, json.dumps(body) + "\n", JSON)


def read_path(path: str) -> tuple[str, ...]:
    """The segments of a path, each with its percent-encoding undone: an id may hold a slash.

    Raises:
        Fault: a segment is not UTF-8.

    """
    try:
        return tuple(unquote(segment, errors="strict") for segment in path.removeprefix("/").split("/"))
    except UnicodeDecodeError:
        raise Fault("400 Bad Request", "path", "a name in the path is not percent-encoded UTF-8") from None


def read_query(query: str, known: tuple[str, ...]) -> dict[str, str]:
    """The parameters of a query.

    Raises:
        Fault: one that is not known, is there twice, or is not UTF-8.

    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise Fault("400 Bad Request", "query", f"not a query of at most {_MOST_PARAMETERS} parameters in percent-encoded UTF-8") from None
    for name, _ in pairs:
        if name not in known:
            raise Fault("400 Bad Request", name, f"no such parameter; known here: {', '.join(known) or 'none'}")
    if len(dict(pairs)) < len(pairs):
        raise Fault("400 Bad Request", "query", "a parameter is given twice")
    return dict(pairs)
