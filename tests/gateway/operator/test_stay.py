"""How long a request may be under way that is answered in parts."""

import gevent
import pytest
from gevent.event import Event

from gateway.operator.stay import Stay


def test_a_pause_does_not_count_against_the_deadline_and_what_follows_does() -> None:
    with gevent.Timeout(0.02) as deadline:
        assert Stay(deadline, Event()).pause(0.06)
        assert deadline.pending
        with pytest.raises(gevent.Timeout) as caught:
            gevent.sleep(10)
        assert caught.value is deadline


def test_a_listener_that_closes_ends_the_pause() -> None:
    closing = Event()
    closing.set()
    with gevent.Timeout(10) as deadline:
        assert not Stay(deadline, closing).pause(10)
