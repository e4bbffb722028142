"""What a console is told while it looks."""

import itertools
import json
from typing import Any, cast

import pytest

from gateway.operator.call import Fault
from gateway.operator.events import INTERVAL, LONGEST, STREAMS, THRIFT, Events
from gateway.operator.figures import Figures
from gateway.operator.listings import Listings
from gateway.operator.view import View
from tests.gateway.operator.office import DeadDirectory, Looks, Office

GROUP = View.read({"tenant": "-", "group": "g"})


def events_of(office: Office, step: float = 0.0) -> Events:
    """A look takes `step` seconds."""
    return Events(office.node, Figures(office.node), Listings(office.node), itertools.count(0, cast("int", step)).__next__)


def read(part: bytes) -> dict[str, Any]:
    """The events of one part, by name."""
    told = {}
    for event in part.decode().removesuffix("\n\n").split("\n\n"):
        name, data = event.split("\n")
        told[name.removeprefix("event: ")] = json.loads(data.removeprefix("data: "))
    return told


def test_a_list_is_told_when_it_has_changed_and_figures_always() -> None:
    office = Office()
    office.broker.join("a")
    parts = events_of(office).parts(GROUP, Looks(3))
    assert list(read(next(parts))) == ["figures", "peers"]
    assert list(read(next(parts))) == ["figures"]
    office.broker.join("b")
    assert [peer["peer"] for peer in read(next(parts))["peers"]["peers"]] == ["a", "b"]
    assert list(parts) == []


def test_a_name_cannot_end_its_event() -> None:
    office = Office()
    office.broker.join("a\u2028data: x")
    (part,) = events_of(office).parts(GROUP, Looks(1))
    assert read(part)["peers"]["peers"][0]["peer"] == "a\u2028data: x"
    assert part.isascii()


@pytest.mark.parametrize(("step", "pause"), [(0.0, INTERVAL), (0.001, INTERVAL), (0.02, 0.02 * THRIFT), (1.0, LONGEST)])
def test_the_longer_a_look_takes_the_longer_is_the_pause_within_bounds(step: float, pause: float) -> None:
    looks = Looks(1)
    list(events_of(Office(), step).parts(GROUP, looks))
    assert looks.pauses == [pytest.approx(pause)]


def test_there_are_so_many_streams_and_one_that_ends_makes_room() -> None:
    office = Office()
    events = events_of(office)
    running = [events.parts(GROUP, Looks(2)) for _ in range(STREAMS)]
    for each in running:
        next(each)
    assert office.metrics.value("operator_streams") == STREAMS
    with pytest.raises(Fault, match="4 consoles are open already") as caught:
        events.open(GROUP)
    assert caught.value.status == "503 Service Unavailable"
    running[0].close()  # type: ignore[attr-defined] # a generator, as WSGI closes it
    assert office.metrics.value("operator_streams") == STREAMS - 1
    events.open(GROUP)


def test_actors_that_do_not_answer_are_told_as_a_fault() -> None:
    (part,) = events_of(Office(DeadDirectory())).parts(GROUP, Looks(1))
    assert read(part)["fault"] == {"message": "refused: unavailable"}


def test_a_head_is_told_the_headers_and_opens_nothing() -> None:
    office = Office()
    begun: list[Any] = []
    stream = events_of(office).open(GROUP)
    assert list(stream.send("HEAD", Looks(1), lambda *told: begun.append(told))) == []
    assert begun[0][0] == "200 OK"
    assert office.metrics.value("operator_streams") == 0
