"""Where a token may be in a request, and that an offer of one is no offer of a profile."""

import pytest

from gateway.bearer import bearer_tokens, offered_profiles


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
    ("offers", "tokens", "profiles"),
    [
        ("bearer.a.b.c", ["a.b.c"], []),
        ("psync.v2.json, bearer.a.b.c", ["a.b.c"], ["psync.v2.json"]),
        ("bearer.a,x,bearer.b", ["a", "b"], ["x"]),
        ("bearer.", [""], []),
        ("bearer", [], ["bearer"]),
        ("Bearer.a", [], ["Bearer.a"]),
        (" , ", [], []),
    ],
)
def test_a_token_among_the_subprotocols_is_no_profile(offers: str, tokens: list[str], profiles: list[str]) -> None:
    environ = {"HTTP_SEC_WEBSOCKET_PROTOCOL": offers}
    assert bearer_tokens(environ) == tokens
    assert offered_profiles(environ) == profiles


def test_all_of_them_are_found_wherever_they_are() -> None:
    environ = {"HTTP_AUTHORIZATION": "Bearer a", "QUERY_STRING": "token=b", "HTTP_SEC_WEBSOCKET_PROTOCOL": "bearer.c"}
    assert bearer_tokens(environ) == ["a", "b", "c"]
    assert bearer_tokens({}) == []
