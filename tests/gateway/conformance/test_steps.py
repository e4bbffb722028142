"""Steps are read strictly: a key that a step does not have, and a value of another kind, is a mistake."""

import msgspec
import pytest

from gateway.conformance.facts import Amount, Repeat
from gateway.conformance.steps import Close, Connect, Join, Receive, Request, Send, Step, registered


def step(text: str) -> Step:
    read: Step = msgspec.json.decode(text, type=Step)
    return read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"do":"connect","who":"a"}', Connect("a")),
        ('{"do":"connect","who":"a","offers":["x"],"chosen":"x","pongs":false}', Connect("a", offers=["x"], chosen="x", pongs=False)),
        ('{"do":"join","who":"a","profile":"v2","format":"msgpack"}', Join("a", profile="v2", format="msgpack")),
        ('{"do":"close","who":"a"}', Close("a", code=1000)),
        ('{"do":"request","path":"/","status":200}', Request("/", 200)),
        ('{"do":"send","who":"a","text":["x",{"repeat":"y","times":2}]}', Send("a", text=["x", Repeat("y", 2)])),
        ('{"do":"receive","who":"a","within":{"limit":"id_length"}}', Receive("a", within=Amount("id_length"))),
    ],
)
def test_a_step_is_read_with_its_defaults(text: str, expected: Step) -> None:
    assert step(text) == expected


def test_a_value_is_kept_as_it_is_written() -> None:
    read = step('{"do":"send","who":"a","json":{"a": 1.10,"a":1e400}}')
    assert isinstance(read, Send)
    assert bytes(read.json) == b'{"a": 1.10,"a":1e400}'


@pytest.mark.parametrize(
    "text",
    ['{"who":"a"}', '{"do":"ping"}', '{"do":"join","who":"a","format":"xml"}', '{"do":"drop","who":"a","hard":1}', '{"do":"x","who":"a"}'],
)
def test_what_is_no_step_is_refused(text: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        step(text)


def test_only_what_opens_a_connection_may_come_first() -> None:
    assert [kind.opens for kind in (Connect, Join, Send, Close)] == [True, True, False, False]


def test_a_register_names_the_peer_and_the_group() -> None:
    assert registered("a", "g") == {"type": "register", "payload": {"peer_id": "a", "group_id": "g"}}
