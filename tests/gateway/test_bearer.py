"""Where a token may be in a request."""

import pytest

from gateway.bearer import bearer_tokens


@pytest.mark.parametrize(
    ("header", "tokens"),
    [
        ("Bearer a.b.c", ["a.b.c"]),
        ("bearer a.b.c", ["a.b.c"]),
        ("BEARER  a.b.c ", ["a.b.c"]),
        ("Bearer ", [""]),
        ("Bearer", []),
        ("Basic dXNlcjpwYXNz", []),
        ("a.b.c", []),
        ("", []),
    ],
)
def test_a_token_in_the_authorization_header(header: str, tokens: list[str]) -> None:
    assert bearer_tokens({"HTTP_AUTHORIZATION": header}) == tokens


@pytest.mark.parametrize(
    ("query", "tokens"),
    [
        ("token=a.b.c", ["a.b.c"]),
        ("peer=x&token=a.b.c&y", ["a.b.c"]),
        ("token=a%2Eb.c", ["a.b.c"]),
        ("token=a&token=b", ["a", "b"]),
        ("token=", []),
        ("token", []),
        ("tokens=a", []),
        ("Token=a", []),
        ("x=token", []),
        ("", []),
    ],
)
def test_a_token_in_the_query(query: str, tokens: list[str]) -> None:
    assert bearer_tokens({"QUERY_STRING": query}) == tokens


@pytest.mark.parametrize(
    ("offers", "tokens"),
    [
        ("bearer.a.b.c", ["a.b.c"]),
        ("psync.v2.json, bearer.a.b.c", ["a.b.c"]),
        ("bearer.a,x,bearer.b", ["a", "b"]),
        ("bearer.", [""]),
        ("bearer", []),
        ("Bearer.a", []),
        (" , ", []),
    ],
)
def test_a_token_among_the_subprotocols(offers: str, tokens: list[str]) -> None:
    assert bearer_tokens({"HTTP_SEC_WEBSOCKET_PROTOCOL": offers}) == tokens


def test_all_of_them_are_found_wherever_they_are() -> None:
    environ = {"HTTP_AUTHORIZATION": "Bearer a", "QUERY_STRING": "token=b", "HTTP_SEC_WEBSOCKET_PROTOCOL": "bearer.c"}
    assert bearer_tokens(environ) == ["a", "b", "c"]
    assert bearer_tokens({}) == []
