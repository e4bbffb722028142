import gc

import pytest

from actors.events import ErrorEvent, Format, Message, PeerInfo, PeerJoined, PeerLeft, PeerList, Reference, Relayed, Undeliverable
from actors.messages import GroupKey
from actors.reasons import ErrorCode, LeaveReason
from actors.runtime import BrokerRef
from tests.broker import Broker
from tests.doubles import NotingSupervisor, actor_of

KEY = GroupKey("", "g")


def sender() -> tuple[Broker, BrokerRef]:
    broker = Broker()
    return broker, NotingSupervisor.start(broker.runtime)


def told(broker: Broker, actor: BrokerRef) -> list[object]:
    broker.run()
    notes: list[object] = actor_of(actor).notes
    return notes


def test_a_message_given_back_names_what_it_speaks_of() -> None:
    broker, ann = sender()
    Relayed("offer", "a", "b", b"{}", Format.JSON, ann, "7").give_back(ErrorCode.SLOW_PEER)
    assert told(broker, ann) == [Undeliverable(ErrorCode.SLOW_PEER, Reference("7", "offer", "b"))]


def test_a_message_to_all_that_one_could_not_take_names_that_one() -> None:
    broker, ann = sender()
    Relayed("message", "a", None, b"{}", Format.JSON, ann).give_back(ErrorCode.SLOW_PEER, "b")
    assert told(broker, ann) == [Undeliverable(ErrorCode.SLOW_PEER, Reference(None, "message", "b"))]


@pytest.mark.parametrize(("target", "errors"), [("b", 1), (None, 0)])
def test_a_sender_hears_that_its_target_is_gone_when_it_named_one(target: str | None, errors: int) -> None:
    broker, ann = sender()
    Relayed("message", "a", target, b"{}", Format.JSON, ann).target_gone()
    assert told(broker, ann) == [Undeliverable(ErrorCode.UNKNOWN_PEER, Reference(None, "message", target))] * errors


def test_a_relay_that_nobody_handled_is_given_back() -> None:
    broker, ann = sender()
    Relayed("offer", "a", "b", None, Format.JSON, ann).unhandled(KEY, ErrorCode.INTERNAL)
    assert told(broker, ann) == [Undeliverable(ErrorCode.INTERNAL, Reference(None, "offer", "b"))]


def test_what_changes_or_answers_passes_a_full_mailbox_and_what_clients_say_to_each_other_does_not() -> None:
    assert all(kind.lifecycle for kind in (PeerJoined, PeerLeft, Undeliverable))
    assert not Relayed.lifecycle
    assert not Message.lifecycle


def test_a_message_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Reference("1").id = "2"  # type: ignore[misc] # that is the point


def test_messages_are_not_the_collectors_concern() -> None:
    info = PeerInfo("a", "g", 0.0)
    events = [
        PeerList((info,)),
        PeerJoined(info, {}),
        PeerLeft(info, LeaveReason.LEFT, {}),
        ErrorEvent(ErrorCode.INTERNAL, "", temporary=True, reference=Reference()),
    ]
    assert not any(gc.is_tracked(event) for event in [info, *events])
