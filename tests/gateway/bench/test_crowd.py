import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.bench.connection import Address
from gateway.bench.crowd import Crowd, Place
from gateway.bench.dialect import Signal
from gateway.bench.template import Unexpected
from tests.gateway.bench.crooked import Nth, crooked, lost
from tests.gateway.bench.wired import accepted

PLACES = [Place(f"p{number}", "g") for number in range(20)]


@pytest.mark.parametrize("at_once", [1, 5, 100])
def test_all_register_and_each_has_its_own_answer(at_once: int) -> None:
    with crooked() as target, Crowd(target.address, Signal()) as crowd:
        crowd.open(PLACES, at_once=at_once)
        lists = [json.loads(welcome)["payload"]["peers"] for welcome in crowd.welcomes]
        assert sorted(map(len, lists)) == list(range(20))
        assert len(crowd.connections) == len(crowd.waited) == 20
        assert min(crowd.waited) > 0
        assert 0 < crowd.busy <= 1
    assert crowd.connections == []


def test_a_crowd_may_shake_hands_and_wait_with_the_register() -> None:
    with crooked() as target, Crowd(target.address, Signal()) as crowd:
        crowd.open(PLACES, register=False)
        assert crowd.welcomes == [b""] * 20


def test_a_second_wave_comes_on_top_of_the_first() -> None:
    with crooked() as target, Crowd(target.address, Signal()) as crowd:
        crowd.open(PLACES[:5])
        crowd.open(PLACES[5:])
        assert len(crowd.connections) == 20
        assert len(crowd.welcomes) == 15


def test_a_register_that_is_refused_is_told() -> None:
    refused = json.dumps({"type": "error", "source_id": "", "payload": {"message": "the group is full"}})
    refusing = Nth("peer_list", 7, lambda _: [refused])
    with crooked(refusing) as target, Crowd(target.address, Signal()) as crowd, pytest.raises(Unexpected, match="the group is full"):
        crowd.open(PLACES)


def test_an_answer_that_does_not_come_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.bench.crowd.PATIENCE", 0.05)
    losing = Nth("peer_list", 7, lost)
    with crooked(losing) as target, Crowd(target.address, Signal()) as crowd, pytest.raises(Unexpected, match="1 connections have had no"):
        crowd.open(PLACES)


@contextmanager
def counting(most: list[int]) -> Iterator[Address]:
    """A server that answers no handshake before it has so many at once, and notes how many those were."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            waiting = [accepted(listener) for _ in range(most[0])]
            listener.settimeout(0.05)
            with pytest.raises(TimeoutError):
                accepted(listener)
            for end in waiting:
                end.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield Address(*listener.getsockname())
        thread.join()


def test_no_more_than_so_many_are_on_their_way() -> None:
    with counting([3]) as address, Crowd(address, Signal()) as crowd:
        with pytest.raises((Unexpected, ConnectionResetError)):
            crowd.open(PLACES, at_once=3)
        assert len(crowd.connections) == 3
