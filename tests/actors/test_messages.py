import inspect

import pytest

from actors import census, messages, ownership, rules, supervision
from actors.directory import Directory
from actors.events import Delivered, GoAway, Message, PeerJoined, PeerLeft, Reference, Relayed, Undeliverable
from actors.group import GroupActor
from actors.messages import (
    BadMessage,
    Depart,
    Departed,
    GroupKey,
    Heartbeat,
    Inbound,
    Join,
    Joined,
    JoinRefused,
    Leave,
    Ping,
    Pong,
    Refresh,
    Register,
    Relay,
    Seen,
)
from actors.ownership import Superseded
from actors.peer_v2 import PeerV2Actor
from actors.reasons import ErrorCode, LeaveReason
from tests.broker import Broker, relay
from tests.doubles import NotingSupervisor, actor_of

KEY = GroupKey("t", "g")
ACCEPTED = {kind: actor for actor in (PeerV2Actor, GroupActor, Directory) for kind in actor._handlers}  # noqa: SLF001 - what they accept
DEFINED = {
    kind
    for module in (census, messages, ownership, rules, supervision)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, Message) and kind.__module__ == module.__name__ and kind is not census.Inquiry  # the base of two
}


def test_every_message_has_an_actor_that_accepts_it() -> None:
    assert DEFINED - set(ACCEPTED) == set()


def test_every_message_that_an_actor_accepts_is_defined_as_one() -> None:
    told = {PeerJoined, PeerLeft, Relayed, Undeliverable, Delivered, GoAway}
    assert {kind.__name__ for kind in set(ACCEPTED) - DEFINED - told} == {"_Start"}


def test_only_what_comes_from_clients_in_any_number_is_ordinary() -> None:
    ordinary = {kind for kind in DEFINED if not kind.lifecycle}
    assert ordinary == {Register, Relay, Heartbeat, Leave, BadMessage, Ping, Pong, Seen}


@pytest.mark.parametrize(
    ("message", "reference"),
    [
        (Register("a", "g", id="1"), Reference("1", "register")),
        (relay("offer", "b", id="2"), Reference("2", "offer", "b")),
        (Heartbeat(id="3"), Reference("3", "heartbeat")),
        (Leave(id="4"), Reference("4", "leave")),
        (BadMessage(ErrorCode.BAD_MESSAGE, "", Reference("5", "?")), Reference("5", "?")),
    ],
)
def test_an_error_refers_to_what_the_client_sent(message: Inbound, reference: Reference) -> None:
    assert message.reference() == reference


def test_who_waits_for_a_message_that_is_not_handled_is_told() -> None:
    broker = Broker()
    ann = NotingSupervisor.start(broker.runtime)
    reference = Reference("1", "register")
    for message in (
        Join(ann, "a", None, "", reference),
        Superseded(ann, Joined(KEY, ann, 1, ())),
        Depart(ann, "a", LeaveReason.LEFT),
        Depart(ann, "a", LeaveReason.LOST),
        Depart(ann, "a", None),
        Refresh(ann, "a", None),
        Seen(ann, "a"),
    ):
        message.unhandled(KEY, ErrorCode.INTERNAL)
    broker.run()
    assert actor_of(ann).notes == [JoinRefused(KEY, ErrorCode.INTERNAL, reference), Joined(KEY, ann, 1, ()), Departed(KEY)]
