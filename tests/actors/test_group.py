import dataclasses

import pytest

from actors.events import ErrorEvent, Format, PeerJoined, PeerLeft, PeerList, Reference, Relayed
from actors.group import GroupActor
from actors.messages import Depart, EndGroup, GroupKey, Ping, Pong, Refresh, Revive, Seen
from actors.reasons import LeaveReason
from gateway.backplane.memory import MemoryBackplane
from tests.broker import ERROR, GROUP_RULES, JOINED, LEFT, LIST, Broker, relay, tell_group


def test_the_first_peer_gets_an_empty_list() -> None:
    broker = Broker()
    ann = broker.connect().register("a")
    assert ann.heard() == [(LIST,)]


def test_a_newcomer_is_told_who_is_there_and_those_are_told_of_the_newcomer() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    eve = broker.connect().register("e")
    assert eve.heard() == [(LIST, "a", "b")]
    assert ann.heard() == [(JOINED, "e")]
    assert bob.heard() == [(JOINED, "e")]


def test_what_is_told_of_a_peer_names_it_its_group_its_metadata_and_when_it_was_heard_of() -> None:
    broker = Broker()
    ann = broker.connect().register("a", "room", metadata=b'{"name":"Ann"}')
    broker.pass_time(7)
    bob = broker.connect().register("b", "room")
    (listed,) = bob.told()
    assert isinstance(listed, PeerList)
    (info,) = listed.peers
    assert (info.id, info.group_id, info.metadata) == ("a", "room", b'{"name":"Ann"}')
    assert info.last_seen == pytest.approx(broker.clock.wall() - 7)
    joined = ann.told()[-1]
    assert isinstance(joined, PeerJoined)
    assert (joined.peer.id, joined.peer.last_seen) == ("b", broker.clock.wall())


def test_all_who_are_told_of_a_newcomer_share_one_encoding() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    broker.connect().register("e")
    first, second = (caller.told()[0] for caller in (ann, bob))
    assert isinstance(first, PeerJoined)
    assert isinstance(second, PeerJoined)
    assert first.frames is second.frames


@pytest.mark.parametrize("kind", ["offer", "answer", "candidate", "message"])
def test_a_message_reaches_its_target_alone_with_its_payload_untouched(kind: str) -> None:
    broker = Broker()
    ann, bob, eve = broker.join("a", "b", "e")
    ann.relay(kind, "b", b' { "sdp" :1.10 } ')
    assert bob.heard() == [(kind, "a", b' { "sdp" :1.10 } ')]
    assert eve.heard() == ann.heard() == []


def test_a_message_without_a_target_reaches_all_others() -> None:
    broker = Broker()
    ann, bob, eve = broker.join("a", "b", "e")
    bob.relay("message", None, b"hello")
    assert ann.heard() == eve.heard() == [("message", "b", b"hello")]
    assert bob.heard() == []


def test_a_message_to_nobody_is_answered() -> None:
    broker = Broker()
    (ann,) = broker.join("a")
    ann.says(relay("offer", "nobody", id="7"))
    (error,) = ann.told()
    assert isinstance(error, ErrorEvent)
    assert (error.code, error.temporary, error.reference) == ("unknown_peer", True, Reference("7", "offer", "nobody"))


def test_a_message_to_a_peer_of_another_group_or_tenant_is_answered_as_one_to_nobody() -> None:
    broker = Broker()
    (ann,) = broker.join("a")
    (other,), (stranger,) = broker.join("b", group_id="h"), broker.join("c", tenant="t")
    for target in ("b", "c", "nobody"):
        ann.relay("offer", target)
    assert ann.heard() == [(ERROR, "unknown_peer", target) for target in ("b", "c", "nobody")]
    assert other.heard() == stranger.heard() == []


def test_the_same_id_in_two_groups_or_tenants_is_two_peers() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    (other,), (stranger,) = broker.join("b", group_id="h"), broker.join("b", tenant="t")
    ann.relay("message", "b", b"1")
    ann.relay("message", None, b"2")
    assert bob.heard() == [("message", "a", b"1"), ("message", "a", b"2")]
    assert other.heard() == stranger.heard() == []


def test_messages_of_one_sender_arrive_in_order() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    ann.says(*(relay("message", "b", str(number).encode()) for number in range(600)))
    assert [payload for *_, payload in bob.heard()] == [str(number).encode() for number in range(600)]


@pytest.mark.parametrize("reason", [LeaveReason.LEFT, LeaveReason.LOST, LeaveReason.KICKED])
def test_everyone_still_there_is_told_who_left_and_why(reason: LeaveReason) -> None:
    broker = Broker()
    ann, bob, eve = broker.join("a", "b", "e")
    bob.lost(reason)
    assert ann.heard() == eve.heard() == [(LEFT, "b", reason.value)]
    ann.relay("offer", "b")
    assert ann.heard() == [(ERROR, "unknown_peer", "b")]


def test_what_is_told_of_a_peer_that_left_is_encoded_once() -> None:
    broker = Broker()
    ann, bob, eve = broker.join("a", "b", "e")
    eve.lost()
    first, second = ann.told()[0], bob.told()[0]
    assert isinstance(first, PeerLeft)
    assert isinstance(second, PeerLeft)
    assert first.frames is second.frames


def test_a_message_on_its_way_to_a_peer_that_leaves_is_answered() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    ann.peer.tell(relay("message", "b"))
    bob.lost()
    assert (ERROR, "unknown_peer", "b") in ann.heard()


def test_a_message_to_all_says_nothing_of_one_that_leaves_meanwhile() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    ann.peer.tell(relay("message", None))
    bob.lost()
    assert ann.heard() == [(LEFT, "b", "lost")]


def test_a_group_has_room_for_so_many_peers() -> None:
    broker = Broker(GROUP_RULES._replace(peers=2))
    ann, bob = broker.join("a", "b")
    eve = broker.connect().register("e")
    assert eve.heard() == [(ERROR, "group_full", None)]
    bob.lost()
    eve.register("e")
    assert eve.heard() == [(LIST, "a")]
    assert ann.heard()[-1] == (JOINED, "e")


def test_a_target_whose_mailbox_is_at_its_bound_is_slow() -> None:
    broker = Broker(mailbox=4)
    ann, bob, eve = broker.join("a", "b", "e")
    for message in (relay("offer", "b"), relay("message", None, b"x")):
        ann.peer.tell(message)
    broker.scheduler.step()
    for _ in range(4):
        bob.peer.tell(Pong())
    broker.run()
    assert ann.heard() == [(ERROR, "slow_peer", "b"), (ERROR, "slow_peer", "b")]
    assert eve.heard() == [("message", "a", b"x")]
    assert bob.heard() == []


def test_a_peer_that_registers_again_is_listed_who_was_there_before_and_nobody_is_told() -> None:
    broker = Broker()
    ann, bob, eve = broker.join("a", "b", "e")
    bob.register("b", metadata=b"{}")
    assert bob.heard() == [(LIST, "a")]
    assert ann.heard() == eve.heard() == []
    late = broker.connect().register("f").told()[0]
    assert isinstance(late, PeerList)
    assert [(peer.id, peer.metadata) for peer in late.peers] == [("a", None), ("b", b"{}"), ("e", None)]


def test_a_hidden_peer_is_not_listed_not_told_and_not_reached() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    tell_group(ann, Depart(ann.peer, "a", LeaveReason.AWAY))
    assert bob.heard() == [(LEFT, "a", "away")]
    eve = broker.connect().register("e")
    assert eve.heard() == [(LIST, "b")]
    for _ in range(2):
        bob.relay("offer", "a")
    bob.relay("message", None, b"x")
    assert bob.heard() == [(JOINED, "e"), (ERROR, "peer_away", "a"), (ERROR, "peer_away", "a")]
    assert ann.heard() == []
    assert eve.heard() == [("message", "b", b"x")]


def test_a_peer_that_comes_back_joins_anew_behind_everyone() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    tell_group(ann, Depart(ann.peer, "a", LeaveReason.AWAY))
    (eve,) = broker.join("e")
    tell_group(ann, Revive(ann.peer, "a"))
    assert ann.heard() == [(LIST, "b", "e")]
    assert bob.heard() == [(LEFT, "a", "away"), (JOINED, "e"), (JOINED, "a")]
    assert eve.heard() == [(JOINED, "a")]
    bob.register("b")
    assert bob.heard() == [(LIST,)]


def test_a_peer_is_hidden_and_brought_back_once() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    for message in (Depart(ann.peer, "a", LeaveReason.AWAY), Revive(ann.peer, "a")):
        tell_group(ann, message, message)
    assert bob.heard() == [(LEFT, "a", "away"), (JOINED, "a")]
    assert ann.heard() == [(LIST, "b")]


def test_a_hidden_peer_that_leaves_has_left_already_for_the_others() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    tell_group(ann, Depart(ann.peer, "a", LeaveReason.AWAY))
    bob.heard()
    ann.lost()
    assert bob.heard() == []
    bob.relay("offer", "a")
    assert bob.heard() == [(ERROR, "unknown_peer", "a")]


def test_nobody_speaks_hides_comes_back_or_leaves_for_another() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    (stranger,) = broker.join("s", group_id="h")
    forged = Relayed("offer", "a", "b", None, Format.JSON, stranger.peer)
    tell_group(ann, forged, Depart(stranger.peer, "a", LeaveReason.AWAY), Depart(stranger.peer, "a", LeaveReason.LOST))
    tell_group(ann, Seen(stranger.peer, "a"), Refresh(stranger.peer, "a", b"[]"), Revive(stranger.peer, "a"))
    assert stranger.heard() == [(ERROR, "not_registered", "b")]
    assert ann.heard() == bob.heard() == []


def test_whatever_is_heard_of_a_peer_is_when_it_was_last_seen() -> None:
    broker = Broker()
    (ann,) = broker.join("a")
    for act in (ann.heartbeat, ann.pong, lambda: ann.relay("message", None), lambda: ann.says(Ping())):
        broker.pass_time(20)
        act()
        broker.pass_time(3)
        listed = broker.connect().register("b", "g")
        (event,) = listed.told()
        assert isinstance(event, PeerList)
        assert event.peers[0].last_seen == pytest.approx(broker.clock.wall() - 3)
        listed.lost()


def test_peers_and_groups_are_counted() -> None:
    broker = Broker()
    ann, _ = broker.join("a", "b")
    (other,) = broker.join("c", group_id="h")
    assert (broker.metrics["peers"], broker.metrics["groups"]) == (3, 2)
    ann.lost()
    other.lost()
    assert (broker.metrics["peers"], broker.metrics["groups"]) == (1, 1)


def test_a_group_that_ends_answers_what_still_reached_it() -> None:
    broker = Broker()
    (bob,) = broker.join("b")
    one_by_one = dataclasses.replace(broker.runtime, turn=1)
    group = GroupActor.start(one_by_one, broker.directory, GroupKey("", "x"), GROUP_RULES, MemoryBackplane())
    broker.run()
    for message in (EndGroup(), Relayed("offer", "b", "a", None, Format.JSON, bob.peer), Seen(bob.peer, "b")):
        group.tell(message)
    broker.run()
    assert not group.is_alive()
    assert bob.heard() == [(ERROR, "not_registered", "a")]


def test_what_reaches_the_group_is_counted_by_its_type_whether_or_not_it_gets_further() -> None:
    broker = Broker()
    ann, _ = broker.join("a", "b")
    ann.relay("offer", "b")
    ann.relay("offer", "nobody")
    ann.relay("message", None)
    ann.relay("offer", "b", source_id="b")
    assert {label: count for (name, label), count in broker.metrics.counts.items() if name == "relays"} == {"offer": 2, "message": 1}
    assert broker.metrics.counts["tenant_relays", ""] == 3
