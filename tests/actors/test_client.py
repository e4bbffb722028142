import pytest

from actors.allowance import Rate
from actors.client import Client
from actors.conduct import Conduct
from actors.events import ErrorEvent, Reference
from actors.messages import BadMessage, Heartbeat, Inbound, Lost, Ping, Pong, Register
from actors.reasons import CLOSES, ERRORS, CloseCode, ErrorCode
from tests.broker import CONDUCT, ERROR, LEFT, LIST, PEER_RULES, Broker, relay
from tests.doubles import PlainMetrics, RecordingOutbox


def broker_with(**conduct: object) -> Broker:
    return Broker(peer=PEER_RULES._replace(conduct=CONDUCT._replace(**conduct)))  # type: ignore[arg-type] # fields by name


def test_an_error_says_the_words_of_the_table_or_better_ones_and_is_counted() -> None:
    outbox, metrics = RecordingOutbox(), PlainMetrics()
    client = Client(outbox, Conduct(CONDUCT), metrics)
    client.error(ErrorCode.GROUP_FULL, Reference("1"))
    client.error(ErrorCode.GROUP_FULL, Reference("2"), "no more than two")
    words = ERRORS[ErrorCode.GROUP_FULL]
    assert outbox.events == [
        ErrorEvent(ErrorCode.GROUP_FULL, words.says, words.temporary, Reference("1")),
        ErrorEvent(ErrorCode.GROUP_FULL, "no more than two", words.temporary, Reference("2")),
    ]
    assert metrics.counts["errors", "group_full"] == 2


def test_a_close_says_the_words_of_the_table_or_better_ones() -> None:
    outbox = RecordingOutbox()
    client = Client(outbox, Conduct(CONDUCT), PlainMetrics())
    client.close(CloseCode.TRY_LATER)
    assert (outbox.closed, outbox.says) == (CloseCode.TRY_LATER, CLOSES[CloseCode.TRY_LATER].says)


def test_what_is_kept_is_given_back_once_in_order_up_to_the_bound() -> None:
    outbox, metrics = RecordingOutbox(), PlainMetrics()
    client = Client(outbox, Conduct(CONDUCT), metrics)
    messages: list[Inbound] = [Heartbeat(id=str(number)) for number in range(CONDUCT.early + 1)]
    for message in messages:
        client.keep(message)
    assert client.kept() == messages[:-1]
    assert client.kept() == []
    assert [event.reference for event in outbox.events if isinstance(event, ErrorEvent)] == [messages[-1].reference()]
    assert metrics.counts["early_refusals", ""] == 1


def test_a_client_that_is_too_fast_is_told_when_to_go_on() -> None:
    broker = broker_with(messages=Rate(10, 3))
    ann, bob = broker.join("a", "b")
    broker.pass_time(5)
    ann.says(*(relay("message", "b", str(number).encode(), id=str(number)) for number in range(4)))
    (error,) = ann.told()
    assert isinstance(error, ErrorEvent)
    assert (error.code, error.temporary, error.retry_after_ms) == ("rate_limited", True, 100)
    assert error.reference == Reference("3", "message", "b")
    assert [payload for *_, payload in bob.heard()] == [b"0", b"1", b"2"]
    broker.pass_time(0.1)
    ann.relay("message", "b", b"again")
    assert bob.heard() == [("message", "a", b"again")]


def test_a_client_that_sends_too_many_bytes_is_told_when_to_go_on() -> None:
    broker = broker_with(size=Rate(1000, 2000))
    ann, bob = broker.join("a", "b")
    for _ in range(3):
        ann.relay("message", "b", b"x" * 1000)
    (error,) = ann.told()
    assert isinstance(error, ErrorEvent)
    assert (error.code, error.retry_after_ms) == ("rate_limited", 1000)
    assert len(bob.heard()) == 2


@pytest.mark.parametrize("message", [relay("message", "b"), Heartbeat()], ids=lambda message: type(message).__name__)
def test_a_client_that_goes_on_after_warnings_is_closed(message: Heartbeat) -> None:
    broker = broker_with(messages=Rate(1, 3))
    ann, bob = broker.join("a", "b")
    broker.pass_time(9)
    ann.says(*[message] * 6)
    before = ann.outbox.closed
    ann.says(message)
    assert (before, ann.outbox.closed) == (None, CloseCode.RATE_ABUSED)
    assert [event[:2] for event in ann.heard()] == [(ERROR, "rate_limited")] * 4
    assert bob.heard()[-1] == (LEFT, "a", "lost")


@pytest.mark.parametrize("sign", [Ping(), Pong()], ids=["pings", "pongs"])
def test_a_client_that_pings_too_often_is_closed_and_gets_no_errors_for_what_was_not_dropped(sign: Ping | Pong) -> None:
    broker = broker_with(messages=Rate(1, 3))
    ann, bob = broker.join("a", "b")
    broker.pass_time(9)
    ann.says(*[sign] * 6)
    before = ann.outbox.closed
    ann.says(sign)
    assert (before, ann.outbox.closed) == (None, CloseCode.POLICY)
    assert ann.heard() == []
    assert bob.heard()[-1] == (LEFT, "a", "lost")


def test_a_client_that_registers_too_often_is_told_when_to_go_on() -> None:
    broker = broker_with(registers=Rate(1, 2))
    ann = broker.connect()
    ann.says(*(Register("a", group, id=group) for group in "ghi"))
    events = ann.told()
    error = events[-1]
    assert isinstance(error, ErrorEvent)
    assert (error.code, error.retry_after_ms, error.reference) == ("rate_limited", 1000, Reference("i", "register"))
    assert broker.metrics["registers"] == 2
    broker.pass_time(1)
    ann.register("a", "i")
    assert ann.heard() == [(LIST,)]


def test_a_bad_message_is_answered_in_its_own_words() -> None:
    broker = Broker()
    (ann,) = broker.join("a")
    ann.says(BadMessage(ErrorCode.UNKNOWN_TYPE, "type 'ofer' is not known", Reference("1", "ofer")))
    (error,) = ann.told()
    assert isinstance(error, ErrorEvent)
    assert (error.code, error.says, error.reference) == ("unknown_type", "type 'ofer' is not known", Reference("1", "ofer"))


@pytest.mark.parametrize(
    "message", [BadMessage(ErrorCode.BAD_MESSAGE, "no"), relay("offer", "b", source_id="b")], ids=["bad message", "false source"]
)
def test_one_bad_message_too_many_closes_the_connection(message: BadMessage) -> None:
    broker = broker_with(errors=3)
    ann, bob = broker.join("a", "b")
    ann.says(*[message] * 3)
    before = ann.outbox.closed
    ann.says(message, relay("offer", "b"))
    assert (before, ann.outbox.closed) == (None, CloseCode.TOO_MANY_ERRORS)
    assert bob.heard() == [(LEFT, "a", "lost")]


def test_a_message_that_is_barred_and_no_fault_is_answered_and_not_held_against_the_client() -> None:
    broker = broker_with(errors=0)
    (ann,) = broker.join("a")
    ann.says(*[BadMessage(ErrorCode.NOT_ALLOWED, "no", Reference("1", "candidate", "b"), fault=False)] * 3)
    assert ann.outbox.closed is None
    assert ann.heard() == [(ERROR, "not_allowed", "b")] * 3


def test_a_bad_message_that_waited_may_close_the_connection_and_what_waited_behind_it_is_dropped() -> None:
    broker = broker_with(errors=0)
    (ann,) = broker.join("a")
    bob = broker.connect()
    bob.says(Register("b", "g"), BadMessage(ErrorCode.BAD_MESSAGE, "no"), relay("offer", "a"), Register("b", "h"), Heartbeat())
    assert bob.outbox.closed is CloseCode.TOO_MANY_ERRORS
    assert ann.heard()[1:] == [(LEFT, "b", "lost")]
    bob.lost()
    ann.lost()
    assert (broker.metrics["groups"], broker.metrics["registers"]) == (0, 2)


def test_a_slow_client_is_closed_and_its_senders_are_told() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    bob.outbox.full = True
    for number in range(3):
        ann.relay("message", "b" if number else None)
    assert bob.outbox.closed is CloseCode.SLOW_CONSUMER
    assert ann.heard() == [(ERROR, "slow_peer", "b"), (ERROR, "undelivered", "b"), (ERROR, "undelivered", "b")]


def full(id_: str) -> BadMessage:
    """What a client's message becomes for which its tenant has no room."""
    return BadMessage(ErrorCode.RATE_LIMITED, "", Reference(id_, "message"), fault=False, retry_after_ms=70)


def test_a_client_whose_tenant_has_no_room_is_told_when_there_is_and_is_never_closed_for_it() -> None:
    broker = broker_with(messages=Rate(10, 3))
    (ann,) = broker.join("a")
    for number in range(100):
        ann.says(full(str(number)))
        broker.pass_time(1)
    errors = [event for event in ann.told() if isinstance(event, ErrorEvent)]
    assert [error.reference for error in errors] == [Reference(str(number), "message") for number in range(100)]
    assert {(error.code, error.temporary, error.retry_after_ms) for error in errors} == {("rate_limited", True, 70)}
    assert ann.outbox.closed is None


def test_what_the_tenant_has_no_room_for_counts_against_the_clients_own_rates() -> None:
    broker = broker_with(messages=Rate(0.01, 3))
    (ann,) = broker.join("a")
    ann.says(*[full("1")] * 20)
    assert ann.outbox.closed is CloseCode.RATE_ABUSED


def test_an_end_that_must_wait_is_kept_behind_nothing_too() -> None:
    client = Client(RecordingOutbox(), Conduct(CONDUCT), PlainMetrics())
    end = Lost(broken=True)
    client.keep_end(end)
    client.keep_end(end)
    assert client.kept() == [end, end]
