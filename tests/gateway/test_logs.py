import json
import logging
import os
import pty
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest

from actors.audit import SHARE
from gateway import config
from gateway.log_lines import JsonLines
from gateway.log_sink import Sink
from gateway.logs import LineHandler, RateLimited, configure, log_greenlet_errors

Line = dict[str, Any]


class Clock:
    """Stands still until told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Shelf(Sink):
    """A sink that keeps lines, and takes none while it is full."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.is_full = False
        self.is_closed = False

    def take(self, line: bytes) -> bool:
        if not self.is_full:
            self.lines.append(json.loads(line))
        return not self.is_full

    def close(self) -> None:
        self.is_closed = True

    @property
    def messages(self) -> list[str]:
        return [line["message"] for line in self.lines]


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


@pytest.fixture(name="shelf")
def _shelf() -> Shelf:
    return Shelf()


@pytest.fixture(name="log")
def _log(clock: Clock, shelf: Shelf) -> Iterator[logging.Logger]:
    """A logger of its own whose lines, at most three per second and template, go to the shelf."""
    logger = logging.Logger("gateway.test")  # noqa: LOG001 - outside the tree, so that no other test sees it
    logger.addHandler(LineHandler(shelf, JsonLines(), clock=clock, lines_per_second=3))
    yield logger
    handler_of(logger).close()


def handler_of(logger: logging.Logger) -> LineHandler:
    (handler,) = logger.handlers
    assert isinstance(handler, LineHandler)
    return handler


@pytest.fixture(name="start")
def _start() -> Iterator[Callable[..., Callable[[], list[str]]]]:
    """Sets logging up for the process, with a pipe in the place of standard error; what it gives reads the lines written so far."""
    root = logging.getLogger()
    level, (reader, writer) = root.level, os.pipe()
    os.set_blocking(reader, False)

    def start(**options: Any) -> Callable[[], list[str]]:  # noqa: ANN401 - the keys of [log]
        configure(config.Log(**options), descriptor=writer)
        return lambda: os.read(reader, 1 << 20).decode().splitlines()

    yield start
    for handler in [handler for handler in root.handlers if isinstance(handler, LineHandler)]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    os.close(reader)
    os.close(writer)


def test_lines_of_one_template_up_to_the_limit_pass(log: logging.Logger, shelf: Shelf) -> None:
    for number in range(3):
        log.info("peer %s joined", number)

    assert shelf.messages == ["peer 0 joined", "peer 1 joined", "peer 2 joined"]


def test_lines_beyond_the_limit_are_told_of_once_when_the_second_is_over(log: logging.Logger, shelf: Shelf, clock: Clock) -> None:
    for number in range(10):
        log.warning("peer %s joined", number)
        clock.now += 0.0999
    assert len(shelf.lines) == 3

    clock.now = 101.0
    log.warning("peer %s joined", "x")

    assert shelf.messages[3:] == ["suppressed 7 lines", "peer x joined"]
    told = shelf.lines[3]
    assert (told["level"], told["logger"], told["like"]) == ("warning", "gateway.test", "peer %s joined")


def test_another_template_is_not_held_back_and_brings_the_count_of_the_first(log: logging.Logger, shelf: Shelf, clock: Clock) -> None:
    for number in range(5):
        log.info("peer %s joined", number)
    log.info("peer %s left", 1)
    assert shelf.messages[3:] == ["peer 1 left"]

    clock.now += 1
    log.info("listening")

    assert shelf.messages[4:] == ["suppressed 2 lines", "listening"]


def test_the_same_words_at_another_level_are_another_template(log: logging.Logger, shelf: Shelf) -> None:
    for level in (logging.INFO, logging.ERROR):
        for _ in range(3):
            log.log(level, "peer %s", 1)

    assert len(shelf.lines) == 6


def test_lines_without_arguments_are_told_apart_by_the_place_that_logs_them(log: logging.Logger, shelf: Shelf) -> None:
    for number in range(5):
        log.info(f"request {number}")  # noqa: G004 - what gevent's server does with its access log

    assert shelf.messages == ["request 0", "request 1", "request 2"]


def test_a_flood_of_one_tenant_leaves_the_lines_of_another(log: logging.Logger, shelf: Shelf) -> None:
    for tenant in ["acme"] * 5 + ["other"]:
        log.info("admitted", extra={SHARE: tenant, "tenant": tenant})
    handler_of(log).flush()

    assert [(line["message"], line["tenant"]) for line in shelf.lines] == [
        *[("admitted", "acme")] * 3,
        ("admitted", "other"),
        ("suppressed 2 lines", "acme"),
    ]
    assert not any(SHARE in line for line in shelf.lines)


def test_what_is_no_text_can_be_logged(log: logging.Logger, shelf: Shelf) -> None:
    log.info({"a": 1})
    log.info([1], 2)

    assert shelf.messages == ["{'a': 1}", "[1] (its arguments do not fit: TypeError)"]


def test_flushing_tells_what_was_left_out_and_starts_anew(log: logging.Logger, shelf: Shelf) -> None:
    for number in range(5):
        log.info("peer %s joined", number)

    handler_of(log).flush()
    handler_of(log).flush()
    log.info("peer %s joined", 5)

    assert shelf.messages[3:] == ["suppressed 2 lines", "peer 5 joined"]


def test_templates_beyond_the_bound_share_one_limit_for_each_level(clock: Clock) -> None:
    told: list[logging.LogRecord] = []
    limit = RateLimited(2, clock, told.append, templates=10)

    def passes(number: int, level: int = logging.INFO) -> bool:
        return limit.filter(logging.makeLogRecord({"msg": f"template {number} %s", "args": (1,), "levelno": level}))

    assert [passes(number) for number in range(20)].count(True) == 12
    assert passes(21, logging.ERROR)
    clock.now += 1
    assert passes(99)
    assert [(record.getMessage(), vars(record)["like"]) for record in told] == [("suppressed 8 lines", "more than 10 templates at once")]


def test_a_flood_of_what_cannot_be_written_is_told_of_by_its_type(log: logging.Logger, shelf: Shelf) -> None:
    for _ in range(5):
        log.info(Unprintable())
    handler_of(log).flush()

    assert [(line["message"], line["like"]) for line in shelf.lines if "like" in line] == [("suppressed 2 lines", "Unprintable")]


def test_a_full_sink_drops_lines_and_tells_how_many_when_it_takes_them_again(log: logging.Logger, shelf: Shelf) -> None:
    shelf.is_full = True
    log.info("lost")
    log.error("lost, too")
    shelf.is_full = False
    log.info("back")
    log.info("on")

    assert shelf.messages == ["back", "2 log lines were lost: they could not be written without waiting", "on"]
    assert shelf.lines[1]["level"] == "warning"
    assert handler_of(log).lost == 2


def test_a_value_that_cannot_be_written_reaches_neither_the_caller_nor_the_next_line(log: logging.Logger, shelf: Shelf) -> None:
    log.info(Unprintable())
    log.info("next")

    assert shelf.messages[0] == "next"
    assert handler_of(log).lost == 1


def test_a_line_can_be_logged_inside_a_callback_of_the_hub_which_must_not_wait(log: logging.Logger, shelf: Shelf) -> None:
    gevent.get_hub().loop.run_callback(log.info, "from the hub")
    gevent.sleep(0)

    assert shelf.messages == ["from the hub"]


def test_a_handler_that_is_closed_tells_what_was_left_out_and_gives_up_its_sink(log: logging.Logger, shelf: Shelf) -> None:
    for number in range(5):
        log.info("peer %s joined", number)

    handler_of(log).close()

    assert shelf.messages[3:] == ["suppressed 2 lines"]
    assert shelf.is_closed


@pytest.mark.parametrize("name", ["gateway.app", "actors.peer", "gevent", "pykka"])
def test_every_logger_passes_through(start: Callable[..., Callable[[], list[str]]], name: str) -> None:
    written = start(level="info", format="json")

    logging.getLogger(name).info("hello", extra={"connection": 7})

    (line,) = map(json.loads, written())
    assert (line["logger"], line["message"], line["connection"]) == (name, "hello", 7)


@pytest.mark.parametrize(("level", "count"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_lines_below_the_level_are_not_written(start: Callable[..., Callable[[], list[str]]], level: str, count: int) -> None:
    written = start(level=level)

    for number in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logging.getLogger("gateway.test").log(number, "hello")

    assert len(written()) == count


def test_auto_is_json_where_there_is_no_terminal_and_text_is_text(start: Callable[..., Callable[[], list[str]]]) -> None:
    written = start(format="auto")
    logging.getLogger("gateway.test").info("hello")
    assert json.loads(written()[0])["message"] == "hello"

    written = start(format="text")
    logging.getLogger("gateway.test").info("hello")
    assert written()[0].endswith("Z info    gateway.test hello")


@pytest.mark.usefixtures("start")
def test_auto_is_text_on_a_terminal() -> None:
    master, terminal = pty.openpty()
    handler = configure(config.Log(), descriptor=terminal)

    logging.getLogger("gateway.test").info("hello")

    assert os.read(master, 1000).endswith(b"Z info    gateway.test hello\r\n")
    logging.getLogger().removeHandler(handler)
    handler.close()
    os.close(terminal)
    os.close(master)


def test_setting_up_twice_writes_each_line_once(start: Callable[..., Callable[[], list[str]]]) -> None:
    start(format="text")
    written = start(format="json")

    logging.getLogger("gateway.test").info("hello")

    assert len(written()) == 1


def test_warnings_of_python_are_logged(start: Callable[..., Callable[[], list[str]]]) -> None:
    written = start(format="json")

    with warnings.catch_warnings():
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.simplefilter("always")
        warnings.warn("soon gone", DeprecationWarning, stacklevel=1)

    (line,) = map(json.loads, written())
    assert (line["logger"], line["level"]) == ("py.warnings", "warning")
    assert "soon gone" in line["message"]


def test_what_escapes_a_greenlet_is_logged_without_its_arguments(
    start: Callable[..., Callable[[], list[str]]], capfd: pytest.CaptureFixture[str]
) -> None:
    written = start(format="json")
    offer, hub = "v=0 o=- 46117", gevent.get_hub()
    log_greenlet_errors(hub)
    try:
        gevent.spawn(lambda payload: 1 // 0, offer).join()
    finally:
        del hub.print_exception

    (line,) = map(json.loads, written())
    assert (line["level"], line["message"]) == ("error", "uncaught ZeroDivisionError in Greenlet")
    assert line["exception"].endswith("ZeroDivisionError: integer division or modulo by zero")
    assert "46117" not in json.dumps(line)
    assert capfd.readouterr().err == ""
