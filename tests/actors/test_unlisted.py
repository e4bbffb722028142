"""Who may not know who is there hears of nobody, and of everything else."""

from actors.events import Format, PeerInfo, PeerJoined, PeerLeft, PeerList, Relayed
from actors.grant import EVERYTHING, Cap, Grant
from actors.reasons import CloseCode, ErrorCode, LeaveReason
from actors.unlisted import Unlisted, heard_by
from tests.broker import Broker
from tests.doubles import RecordingOutbox

OTHER = PeerInfo("b", "g", 0.0)


def test_only_who_lacks_the_capability_is_kept_from_the_list() -> None:
    outbox = RecordingOutbox()
    assert heard_by(EVERYTHING, outbox) is outbox
    assert isinstance(heard_by(Grant(caps=frozenset({Cap.RELAY})), outbox), Unlisted)


def test_a_list_comes_empty_and_nobody_comes_or_goes() -> None:
    outbox = RecordingOutbox()
    unlisted = Unlisted(outbox)
    assert unlisted.send(PeerList((OTHER,))) is None
    assert unlisted.send(PeerJoined(OTHER, {})) is None
    assert unlisted.send(PeerLeft(OTHER, LeaveReason.LOST, {})) is None
    assert outbox.events == [PeerList(())]


def test_all_else_gets_through_and_so_does_what_the_outbox_answers() -> None:
    outbox = RecordingOutbox()
    unlisted = Unlisted(outbox)
    sender = Broker().connect().peer
    relayed = Relayed("offer", "b", "a", b"{}", Format.JSON, sender)
    assert unlisted.send(relayed) is None
    unlisted.ping()
    outbox.translates = False
    assert unlisted.send(relayed) is ErrorCode.UNREPRESENTABLE
    unlisted.close(CloseCode.KICKED, "why")
    assert (outbox.events, outbox.pings, outbox.closed, outbox.says) == ([relayed], 1, CloseCode.KICKED, "why")
