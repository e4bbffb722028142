"""What is remembered of two peers."""

from typing import TYPE_CHECKING, cast

import pytest

from actors.events import Format, Reference, Relayed
from actors.messages import GroupKey
from actors.reasons import ErrorCode
from gateway.operator.autopsy import Autopsy
from gateway.operator.metrics import Counts
from tests.broker import Broker

if TYPE_CHECKING:
    from actors.runtime import BrokerRef

NOBODY = cast("BrokerRef", None)  # nothing is given back here
KEY = GroupKey("", "g")
HOST = b'{"candidate":"candidate:1 1 udp 1 192.0.2.1 9 typ host"}'
RELAY = b'{"candidate":"candidate:1 1 udp 1 192.0.2.1 9 typ relay"}'
HIDDEN = b'{"candidate":"candidate:1 1 udp 1 4f2c.local 9 typ host"}'


class Watched:
    """A broker, and what is remembered of what passes in it."""

    def __init__(self, pairs: int = 100) -> None:
        self.metrics = Counts()
        self.autopsy = Autopsy(self._now, self.metrics, pairs)
        self.broker = Broker(witness=self.autopsy)

    def _now(self) -> float:
        return self.broker.clock.now


def test_what_was_handed_on_is_remembered_by_type_with_when_it_was_last() -> None:
    watched = Watched()
    a, b = watched.broker.join("a", "b")
    b.relay("offer", "a", b"{}")
    watched.broker.pass_time(2)
    b.relay("offer", "a", b"{}")
    a.relay("answer", "b", b"{}")
    sent, back = watched.autopsy.find(KEY, "b", "a"), watched.autopsy.find(KEY, "a", "b")
    assert (sent.passages["offer"].count, sent.passages["offer"].at) == (2, watched.broker.clock.now)
    assert (back.passages["offer"].count, back.passages["answer"].count) == (0, 1)
    assert sent.passages["offer"].refusal is None


def test_candidates_are_counted_by_their_types_and_those_that_were_held_too() -> None:
    watched = Watched()
    a, b = watched.broker.join("a", "b")
    b.relay("offer", "a", b"{}")
    for payload in (HOST, RELAY, RELAY, HIDDEN, b'{"candidate":"candidate:what"}', b'{"candidate":""}'):
        b.relay("candidate", "a", payload)
    assert watched.autopsy.find(KEY, "b", "a").candidates == {}
    a.relay("answer", "b", b"{}")
    trace = watched.autopsy.find(KEY, "b", "a")
    assert trace.candidates == {"host": 1, "relay": 2, "mdns": 1, "unreadable": 1}
    assert trace.passages["candidate"].count == 6


def test_candidates_within_an_offer_are_counted() -> None:
    watched = Watched()
    _, b = watched.broker.join("a", "b")
    sdp = rb'{"sdp":"v=0\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ srflx raddr 0.0.0.0 rport 0\r\n"}'
    b.relay("offer", "a", sdp)
    assert watched.autopsy.find(KEY, "b", "a").candidates == {"srflx": 1}


def test_a_payload_that_no_reader_takes_is_told_and_does_no_harm() -> None:
    watched = Watched()
    a, b = watched.broker.join("a", "b")
    watched.autopsy.delivered(KEY, relayed_of(b"\xa9candidate\xc1"), "a")
    assert watched.autopsy.find(KEY, "b", "a").candidates == {"unreadable": 1}
    assert a.heard() == b.heard() == []


def test_what_did_not_get_through_is_remembered_with_why() -> None:
    watched = Watched()
    (a,) = watched.broker.join("a")
    a.relay("offer", "b", b"{}")
    offer = watched.autopsy.find(KEY, "a", "b").passages["offer"]
    assert (offer.count, offer.refusal, offer.refused_at) == (0, ErrorCode.UNKNOWN_PEER, watched.broker.clock.now)


def test_messages_of_applications_are_not_looked_at() -> None:
    watched = Watched()
    a, _ = watched.broker.join("a", "b")
    a.relay("message", "b", HOST)
    a.relay("message", "c")
    watched.autopsy.refused(KEY, "a", Reference("1", "message", "b"), ErrorCode.SLOW_PEER)
    watched.autopsy.refused(KEY, "a", Reference("1", "offer"), ErrorCode.SLOW_PEER)
    assert all(not passage.count for passage in watched.autopsy.find(KEY, "a", "b").passages.values())
    assert watched.autopsy.find(KEY, "a", "b").candidates == {}


def test_the_same_ids_in_another_group_or_tenant_are_another_pair() -> None:
    watched = Watched()
    watched.broker.join("a", "b", group_id="h")
    _, b = watched.broker.join("a", "b", tenant="acme")
    b.relay("offer", "a", b"{}")
    assert watched.autopsy.find(GroupKey("acme", "g"), "b", "a").passages["offer"].count == 1
    for key in (KEY, GroupKey("", "h")):
        assert watched.autopsy.find(key, "b", "a").passages["offer"].count == 0


@pytest.mark.parametrize("refused", [False, True])
def test_beyond_the_bound_the_pair_that_was_quiet_for_longest_is_forgotten(refused: bool) -> None:
    watched = Watched(pairs=2)
    names = ("c", "d", "e", "b")
    (a, *_) = watched.broker.join("a", *(() if refused else names))
    for target in ("b", "c", "b", "d"):
        a.relay("offer", target, b"{}")
    assert watched.metrics.value("autopsy_evictions") == 1
    kept = {name for name in names if (offer := watched.autopsy.find(KEY, "a", name).passages["offer"]).count or offer.refusal}
    assert kept == {"b", "d"}


def test_a_client_that_makes_names_up_takes_the_memory_of_its_own_tenant_alone() -> None:
    watched = Watched(pairs=4)
    a, b = watched.broker.join("a", "b")
    a.relay("offer", "b", b"{}")
    b.relay("answer", "a", b"{}")
    (loud,) = watched.broker.join("loud", tenant="acme")
    for number in range(10):
        loud.relay("offer", f"nobody {number}", b"{}")
    assert watched.autopsy.find(KEY, "a", "b").passages["offer"].count == 1
    assert watched.autopsy.find(KEY, "b", "a").passages["answer"].count == 1
    kept = [n for n in range(10) if watched.autopsy.find(GroupKey("acme", "g"), "loud", f"nobody {n}").passages["offer"].refusal]
    assert kept == [8, 9]


def test_whoever_had_all_of_the_memory_makes_room_for_another_tenant() -> None:
    watched = Watched(pairs=2)
    (loud,) = watched.broker.join("loud", tenant="acme")
    for number in range(3):
        loud.relay("offer", f"nobody {number}", b"{}")
    a, _ = watched.broker.join("a", "b")
    a.relay("offer", "b", b"{}")
    assert watched.autopsy.find(KEY, "a", "b").passages["offer"].count == 1
    assert watched.metrics.value("autopsy_evictions") == 2


def relayed_of(payload: bytes) -> Relayed:
    return Relayed("candidate", "b", "a", payload, Format.MSGPACK, NOBODY)


def test_what_is_between_some_peers_of_one_group_is_found_at_once() -> None:
    watched = Watched()
    a, b, _ = watched.broker.join("a", "b", "c")
    _, other = watched.broker.join("a", "b", group_id="h")
    b.relay("offer", "a", b"{}")
    a.relay("offer", "c", b"{}")
    other.relay("offer", "a", b"{}")
    between = watched.autopsy.between
    assert between(KEY, {"a", "b"}) == {("b", "a"): watched.autopsy.find(KEY, "b", "a")}
    assert set(between(KEY, {"a", "b", "c"})) == {("b", "a"), ("a", "c")}
    assert between(KEY, {"a"}) == {}
