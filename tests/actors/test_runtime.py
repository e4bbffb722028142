import logging
import weakref

import pykka
import pytest
from pykka import messages as pykka_messages

from actors.events import Message
from actors.reasons import MailboxFull
from actors.runtime import BrokerRef, Runtime, handles
from actors.supervision import ActorFailed
from tests.doubles import (
    Fail,
    GreenletEnd,
    ManualClock,
    Note,
    NotingActor,
    NotingSupervisor,
    Order,
    PlainMetrics,
    StepScheduler,
    actor_of,
    only_reference_counts,
)

FAILURES = [ValueError("x"), GreenletEnd("x"), KeyboardInterrupt(), GeneratorExit(), SystemExit(3), RecursionError()]


class SleepyStart(NotingActor):
    """Does not get up."""

    def on_start(self) -> None:
        raise ValueError("no start")


class BadLoser(NotingActor):
    """Fails at everything that it may still do when it has failed, and cannot say why."""

    def on_failure(self, *_error: object) -> None:
        raise GreenletEnd("on_failure")

    def testament(self) -> object:
        raise KeyboardInterrupt


class Unspeakable(Exception):
    """An error that fails when it is shown."""

    def __repr__(self) -> str:
        raise ValueError("repr")

    __str__ = __repr__


class LastWill(NotingActor):
    """Leaves its notes."""

    def testament(self) -> object:
        return list(self.notes)


class Chatterbox(NotingActor):
    """Tells itself again what it is told."""

    @handles(Note, Order)
    def note(self, message: Note | Order) -> None:
        self.notes.append(message.text)
        self.ref.tell(message)


class Glass(NotingActor):
    """Breaks when it is told anything."""

    @handles(Note, Order)
    def note(self, message: Note | Order) -> None:
        raise ValueError(message.text)


class Stage:
    """A scheduler, its actors, and who supervises them."""

    def __init__(self, mailbox: int = 4096, turn: int = 256) -> None:
        self.scheduler = StepScheduler(ManualClock())
        self.metrics = PlainMetrics()
        self.runtime = Runtime(self.scheduler, self.scheduler.clock, self.metrics, mailbox, turn)
        self.supervisor = NotingSupervisor.start(self.runtime)

    def start(self, actor: type[NotingActor] = NotingActor) -> BrokerRef:
        return actor.start(self.runtime, self.supervisor)

    def failures(self) -> list[ActorFailed]:
        self.scheduler.run_until_idle()
        return [note for note in actor_of(self.supervisor).notes if isinstance(note, ActorFailed)]


def test_an_actor_handles_what_it_is_told_in_order() -> None:
    stage = Stage()
    actor = stage.start()
    for number in range(5):
        actor.tell(Note(number))
    stage.scheduler.run_until_idle()
    assert actor_of(actor).notes == [0, 1, 2, 3, 4]


def test_an_idle_actor_waits_for_no_turn() -> None:
    stage = Stage()
    stage.start()
    stage.scheduler.run_until_idle()
    assert not stage.scheduler.run_queue


def test_an_actor_waits_in_the_run_queue_once_however_much_it_is_told() -> None:
    stage = Stage()
    actor = stage.start()
    stage.scheduler.run_until_idle()
    for number in range(100):
        actor.tell(Note(number))
    assert len(stage.scheduler.run_queue) == 1


def test_a_flooded_actor_delays_the_others_by_one_turn() -> None:
    stage = Stage(turn=10)
    flooded, other = stage.start(), stage.start()
    stage.scheduler.run_until_idle()
    for number in range(25):
        flooded.tell(Note(number))
    other.tell(Note("here"))
    stage.scheduler.step(2)
    assert actor_of(flooded).notes == list(range(10))
    assert actor_of(other).notes == ["here"]
    stage.scheduler.run_until_idle()
    assert actor_of(flooded).notes == list(range(25))


def test_an_actor_that_keeps_itself_busy_does_not_keep_the_others_waiting() -> None:
    stage = Stage()
    busy, other = stage.start(Chatterbox), stage.start()
    busy.tell(Note("again"))
    other.tell(Note("here"))
    for _ in range(3):
        stage.scheduler.step(3)
    assert len(actor_of(busy).notes) >= 2
    assert actor_of(other).notes == ["here"]


def test_at_its_bound_a_mailbox_refuses_what_is_ordinary_and_takes_what_is_of_the_lifecycle() -> None:
    stage = Stage(mailbox=3)
    actor = stage.start()
    stage.scheduler.run_until_idle()
    for number in range(3):
        actor.tell(Note(number))
    with pytest.raises(MailboxFull, match="3 messages wait for this NotingActor"):
        actor.tell(Note(3))
    actor.tell(Order(4))
    assert stage.metrics.counts["mailbox_refusals", "NotingActor"] == 1
    stage.scheduler.run_until_idle()
    assert actor_of(actor).notes == [0, 1, 2, 4]
    actor.tell(Note(5))
    stage.scheduler.run_until_idle()
    assert actor_of(actor).notes[-1] == 5


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_a_failure_of_any_kind_ends_that_actor_alone_and_its_supervisor_is_told(error: BaseException) -> None:
    stage = Stage()
    actor, other = stage.start(LastWill), stage.start()
    poison = Fail(error)
    for message in (Note("done"), poison, Note("unread")):
        actor.tell(message)
    other.tell(Note("goes on"))
    failures = stage.failures()
    assert not actor.is_alive()
    assert actor_of(other).notes == ["goes on"]
    assert [(f.actor, f.poison, f.unread, f.testament) for f in failures] == [(actor, poison, (Note("unread"),), ["done"])]
    assert failures[0].error.startswith(f"{type(error).__module__}.{type(error).__name__}".removeprefix("builtins."))
    assert stage.metrics.counts["actor_failures", "LastWill"] == 1
    with pytest.raises(pykka.ActorDeadError):
        actor.tell(Note("late"))


def test_a_failure_is_logged_once_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage()
    stage.start().tell(Fail(ValueError("x")))
    stage.scheduler.run_until_idle()
    assert [(record.levelno, record.exc_info is not None) for record in caplog.records] == [(logging.ERROR, True)]
    assert "failed on Fail" in caplog.text


def test_what_has_not_fitted_into_the_turn_of_a_failure_is_unread_too() -> None:
    stage = Stage(turn=3)
    actor = stage.start()
    for message in (Fail(ValueError()), Note(1), Note(2), Note(3)):
        actor.tell(message)
    assert [failure.unread for failure in stage.failures()] == [(Note(1), Note(2), Note(3))]


def test_a_failure_while_it_ends_keeps_nobody_from_being_told() -> None:
    stage = Stage()
    stage.start(BadLoser).tell(Fail(Unspeakable()))
    assert [(failure.testament, "Unspeakable" in failure.error) for failure in stage.failures()] == [(None, True)]


def test_a_failing_start_is_a_failure_and_what_waited_is_unread() -> None:
    stage = Stage()
    actor = stage.start(SleepyStart)
    actor.tell(Note("unread"))
    assert [failure.unread for failure in stage.failures()] == [(Note("unread"),)]
    assert not actor.is_alive()


def test_nothing_escapes_a_turn() -> None:
    stage = Stage()
    lonely = BadLoser.start(stage.runtime)
    lonely.tell(Fail(KeyboardInterrupt()))
    stage.scheduler.step(2)
    assert not lonely.is_alive()


def test_whoever_asks_gets_what_the_handler_returns() -> None:
    stage = Stage()
    answer = stage.start().ask(Note("hello"), block=False)
    stage.scheduler.run_until_idle()
    assert answer.get(timeout=0) == "hello"


def test_whoever_asks_gets_the_failure_back_and_the_supervisor_is_told_of_it() -> None:
    stage = Stage()
    answer = stage.start().ask(Fail(ValueError("for you")), block=False)
    assert [failure.poison for failure in stage.failures()] == [None]
    with pytest.raises(ValueError, match="for you"):
        answer.get(timeout=0)


@pytest.mark.parametrize("end", [Fail(ValueError()), pykka_messages._ActorStop()], ids=["failure", "end"])  # noqa: SLF001 - pykka's own stop
def test_whoever_asks_an_actor_that_ends_before_the_question_hears_that_it_is_dead(end: object) -> None:
    stage = Stage(turn=2)
    actor = stage.start()
    actor.tell(end)
    answer = actor.ask(Note("hello"), block=False)
    stage.scheduler.run_until_idle()
    with pytest.raises(pykka.ActorDeadError):
        answer.get(timeout=0)
    with pytest.raises(pykka.ActorDeadError):
        actor.ask(Note("late"), block=False).get(timeout=0)


def test_a_proxy_works_as_pykka_has_it() -> None:
    stage = Stage()
    actor = stage.start()
    actor.tell(Note("x"))
    notes = actor.ask(pykka_messages.ProxyGetAttr(attr_path=("notes",)), block=False)
    stage.scheduler.run_until_idle()
    assert notes.get(timeout=0) == ["x"]


def test_stop_ends_an_actor_in_order() -> None:
    stage = Stage()
    actor = stage.start()
    actor.tell(Note("before"))
    stopped = actor.stop(block=False)
    stage.scheduler.run_until_idle()
    assert stopped.get(timeout=0) is True
    assert not actor.is_alive()
    assert stage.failures() == []


def test_a_message_that_no_handler_takes_is_logged_and_does_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage()
    actor = stage.start()
    actor.tell(Message())
    actor.tell(Note("next"))
    stage.scheduler.run_until_idle()
    assert "Unexpected message" in caplog.text
    assert actor_of(actor).notes == ["next"]


def test_post_says_whether_the_actor_lives() -> None:
    stage = Stage()
    actor = stage.start()
    assert actor.post(Order("x"))
    actor.tell(Fail(ValueError()))
    stage.scheduler.run_until_idle()
    assert not actor.post(Order("y"))


def test_a_reminder_comes_at_its_time_and_once() -> None:
    stage = Stage()
    actor = stage.start()
    stage.scheduler.run_until_idle()
    actor_of(actor).later(Order("now")).start(5)
    stage.scheduler.advance(4.9)
    assert actor_of(actor).notes == []
    stage.scheduler.advance(60)
    assert actor_of(actor).notes == ["now"]


def test_a_reminder_for_an_actor_that_has_ended_is_dropped() -> None:
    stage = Stage()
    actor = stage.start()
    stage.scheduler.run_until_idle()
    actor_of(actor).later(Order("now")).start(5)
    actor.tell(Fail(ValueError()))
    stage.scheduler.advance(6)
    assert len(stage.failures()) == 1


def test_handlers_of_a_base_class_are_inherited() -> None:
    stage = Stage()
    actor = stage.start(LastWill)
    actor.tell(Note("x"))
    stage.scheduler.run_until_idle()
    assert actor_of(actor).notes == ["x"]


def test_no_actor_is_in_the_registry_of_pykka() -> None:
    Stage().start()
    assert pykka.ActorRegistry.get_all() == []


@pytest.mark.parametrize("end", [Note("failure"), pykka_messages._ActorStop()], ids=["failure", "end"])  # noqa: SLF001 - pykka's own stop
def test_an_actor_that_has_ended_is_freed_at_once(end: object) -> None:
    stage = Stage()
    with only_reference_counts():
        actor = Glass.start(stage.runtime)
        stage.scheduler.run_until_idle()
        freed = weakref.ref(actor_of(actor))
        timer = actor_of(actor).later(Order("x"))
        timer.start(5)
        actor.tell(end)
        stage.scheduler.run_until_idle()
        assert freed() is None
