"""What a call says, and what is wrong with one."""

import json

import pytest

from gateway.operator.call import Call, Fault, Page, json_answer, read_path, read_query


def test_a_name_in_a_path_may_hold_everything() -> None:
    assert read_path("/api/v1/tenants/-/groups/a%2Fb/peers/%C3%BC%20x+y") == (
        "api",
        "v1",
        "tenants",
        "-",
        "groups",
        "a/b",
        "peers",
        "ü x+y",
    )


def test_a_name_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(Fault, match="percent-encoded UTF-8") as caught:
        read_path("/api/%ff")
    assert caught.value.field == "path"


def test_a_query_is_read() -> None:
    assert read_query("after=a%26b+c&limit=", ("after", "limit")) == {"after": "a&b c", "limit": ""}
    assert read_query("", ()) == {}


@pytest.mark.parametrize(
    ("query", "field"),
    [("first=1", "first"), ("after=a&after=b", "query"), ("after=%ff", "query"), ("&".join(f"a{n}=1" for n in range(9)), "query")],
)
def test_a_wrong_query_is_refused_and_its_field_named(query: str, field: str) -> None:
    with pytest.raises(Fault) as caught:
        read_query(query, ("after",))
    assert (caught.value.status, caught.value.field) == ("400 Bad Request", field)


def test_a_page_begins_at_the_beginning_and_has_a_hundred_entries_unless_told_otherwise() -> None:
    assert Call((), {}).page() == Page("", 100)
    assert Call((), {"after": "b", "limit": "1000", "search": "x"}).page() == Page("b", 1000, "x")


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "1.5", "x", "", "²", "9" * 5000])
def test_a_page_of_no_size_is_refused(limit: str) -> None:
    with pytest.raises(Fault, match="from 1 to 1000") as caught:
        Call((), {"limit": limit}).page()
    assert caught.value.field == "limit"


def test_a_fault_is_told_in_json() -> None:
    answer = Fault("405 Method Not Allowed", "method", "this path takes GET", ("Allow", "GET")).answer()
    assert answer.status == "405 Method Not Allowed"
    assert json.loads(answer.body) == {"error": {"field": "method", "message": "this path takes GET"}}
    assert answer.headers == (("Allow", "GET"),)


def test_an_answer_is_json() -> None:
    answer = json_answer({"removed": 1})
    assert (answer.status, json.loads(answer.body), answer.kind) == ("200 OK", {"removed": 1}, "application/json")
