"""What is kept for a client that is not there, and what is not."""

from typing import TYPE_CHECKING, cast

import pytest

from actors.events import (
    Ack,
    AckStatus,
    Delivered,
    ErrorEvent,
    Format,
    Message,
    PeerInfo,
    PeerJoined,
    PeerLeft,
    PeerList,
    Reference,
    Relayed,
    Undeliverable,
    Welcome,
)
from actors.reasons import CloseCode, ErrorCode, LeaveReason
from actors.resume import ResumeQueue, ResumeRules
from tests.doubles import PlainMetrics

if TYPE_CHECKING:
    from actors.runtime import BrokerRef

ERROR = ErrorEvent(ErrorCode.INTERNAL, "", temporary=True, reference=Reference())


class Sender:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[Message] = []

    def post(self, message: Message) -> bool:
        self.told.append(message)
        return True


class Kept:
    """A queue, and everyone who speaks to it."""

    def __init__(self, messages: int = 4, size: int = 100) -> None:
        self.metrics = PlainMetrics()
        self.queue = ResumeQueue(ResumeRules(30, messages, size), self.metrics)
        self.sender = Sender()

    def relay(
        self, kind: str, source_id: str = "a", payload: bytes = b"", id_: str | None = None, *, to: str | None = "x"
    ) -> ErrorCode | None:
        frames: dict[str, bytes] | None = {"json": b"frame"} if to is None else None
        sender = cast("BrokerRef", self.sender)
        return self.queue.send(
            Relayed(kind, source_id, to, payload, Format.JSON, sender, id_, frames, acked=id_ is not None and to is not None)
        )

    def joined(self, peer_id: str) -> None:
        assert self.queue.send(PeerJoined(PeerInfo(peer_id, "g", 0.0), {})) is None

    def left(self, peer_id: str) -> None:
        assert self.queue.send(PeerLeft(PeerInfo(peer_id, "g", 0.0), LeaveReason.LEFT, {})) is None

    def kept(self) -> list[str]:
        """What is in it, in short: `offer a`, `+b`, `-c`."""
        return [short(event) for event in self.queue.take()]

    def told(self) -> list[Message]:
        told, self.sender.told = self.sender.told, []
        return told


def short(event: object) -> str:
    match event:
        case Relayed(kind, source_id):
            return f"{kind} {source_id}"
        case PeerJoined(peer):
            return f"+{peer.id}"
        case PeerLeft(peer):
            return f"-{peer.id}"
    return type(event).__name__


def test_messages_and_who_came_and_went_are_kept_in_order_and_given_out_once() -> None:
    kept = Kept()
    kept.relay("offer")
    kept.joined("b")
    kept.relay("message", "b")
    kept.left("a")
    kept.queue.send(Ack("7", AckStatus.DELIVERED))
    assert kept.kept() == ["offer a", "+b", "message b", "-a", "Ack"]
    assert kept.kept() == []
    assert kept.metrics["resume_queued"] == 2


def test_who_waits_for_an_ack_hears_that_its_message_is_kept_and_nothing_more() -> None:
    kept = Kept()
    kept.relay("offer", id_="7")
    kept.relay("message", id_="8", to=None)
    assert kept.told() == [Delivered("7", AckStatus.QUEUED)]
    (offer, message) = kept.queue.take()
    assert isinstance(offer, Relayed)
    assert isinstance(message, Relayed)
    assert not offer.acked
    assert (offer.frames, message.frames) == (None, {}), "what was written for others is not kept"


@pytest.mark.parametrize(("messages", "size"), [(2, 100), (10, 50)])
def test_beyond_either_bound_the_sender_is_refused_and_what_was_kept_stays(messages: int, size: int) -> None:
    kept = Kept(messages, size)
    assert [kept.relay("message", payload=b"x" * 25) for _ in range(3)] == [None, None, ErrorCode.SLOW_PEER]
    assert kept.kept() == ["message a"] * 2
    assert kept.metrics["resume_overflows"] == 1
    assert not kept.queue.overflowed
    assert kept.relay("message", payload=b"x" * 25) is None, "what was given out takes no room"


def test_an_answer_for_which_there_is_no_room_is_missed_for_good() -> None:
    kept = Kept(messages=1)
    kept.queue.send(ERROR)
    found = [kept.queue.overflowed]
    kept.queue.send(Ack("7", AckStatus.DELIVERED))
    found.append(kept.queue.overflowed)
    assert found == [False, True]
    assert kept.kept() == ["ErrorEvent"]


def test_who_comes_and_goes_needs_no_room() -> None:
    kept = Kept(messages=1)
    kept.relay("message")
    for number in range(10):
        kept.left(str(number))
        kept.joined(str(number))
    assert len(kept.kept()) == 21
    assert kept.metrics["resume_overflows"] == 0


def test_a_newer_offer_takes_the_place_of_the_older_one_and_its_candidates() -> None:
    kept = Kept(messages=8)
    kept.relay("answer")
    kept.relay("candidate", payload=b"of the answer")
    kept.relay("offer", id_="1")
    kept.relay("offer", "b")
    kept.relay("candidate", id_="2")
    kept.relay("candidate")
    kept.relay("message")
    kept.relay("candidate", "b")
    kept.told()
    kept.relay("offer", id_="3")
    assert kept.told() == [
        Undeliverable(ErrorCode.UNDELIVERED, Reference("1", "offer", "x")),
        Undeliverable(ErrorCode.UNDELIVERED, Reference("2", "candidate", "x")),
        Delivered("3", AckStatus.QUEUED),
    ]
    assert kept.kept() == ["answer a", "candidate a", "offer b", "message a", "candidate b", "offer a"]


def test_a_newer_offer_has_the_room_of_the_older_one() -> None:
    kept = Kept(messages=2, size=20)
    for number in range(5):
        assert kept.relay("offer", payload=b"x" * 15, id_=str(number)) is None
        assert kept.relay("candidate") is None
    assert kept.kept() == ["offer a", "candidate a"]


def test_one_that_came_and_went_was_never_there() -> None:
    kept = Kept()
    kept.relay("message", "b", id_="1")
    kept.joined("b")
    kept.relay("offer", "b", id_="2")
    kept.relay("offer", "c")
    kept.told()
    kept.left("b")
    assert kept.told() == [Undeliverable(ErrorCode.UNDELIVERED, Reference("2", "offer", "x"))]
    assert kept.kept() == ["message b", "offer c"]


def test_one_that_was_known_leaves_and_may_come_again() -> None:
    kept = Kept()
    kept.relay("message", "b")
    kept.left("b")
    kept.joined("b")
    kept.left("b")
    kept.joined("b")
    assert kept.kept() == ["message b", "-b", "+b"]


def test_a_list_a_ping_and_a_close_leave_nothing() -> None:
    kept = Kept()
    kept.queue.send(PeerList(()))
    kept.queue.send(Welcome("c", 1, 2, {}))
    kept.queue.ping()
    kept.queue.close(CloseCode.RESTART)
    assert kept.kept() == []
    assert kept.relay("message") is None
