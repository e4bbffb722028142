"""What connections of a tenant share: what one has spent of the quota, another has not."""

import dataclasses

import pytest

from actors.events import Reference
from actors.messages import BadMessage, Heartbeat, Leave
from gateway.frames import PING, TEXT
from gateway.line import Line
from gateway.quota import Quota, QuotaRates
from tests.gateway.wired import LEAVE, Wired, frame, heartbeat

LINE_RATES = QuotaRates(1, 2, 1000, 60)


def test_connections_share_a_quota_and_each_is_told_of_its_own_message() -> None:
    quota = Quota("", LINE_RATES)
    one, two = Wired(quota=quota), Wired(quota=quota)
    one.comes(heartbeat(1))
    two.comes(heartbeat(2) + heartbeat(3))
    one.comes(heartbeat(4))
    for wired, passed, refused in ((one, "1", "4"), (two, "2", "3")):
        first, second = wired.told()
        assert first == Heartbeat(id=passed)
        assert (second.code, second.retry_after_ms, second.about) == ("rate_limited", 1000, Reference(refused, "heartbeat"))
    assert one.metrics.value("quota_refusals", "tenant_messages_per_second") == 1
    one.loop.now += 1
    one.comes(heartbeat(5))
    assert one.numbers() == [5]


def test_the_bytes_of_a_message_count_and_a_ping_counts_for_nothing() -> None:
    wired = Wired(quota=Quota("", LINE_RATES._replace(messages_per_second=0)))
    wired.comes(*[frame(PING, bytes(50))] * 9)
    wired.comes(*[frame(TEXT, LEAVE)] * 4)
    (refused,) = [message for message in wired.told() if isinstance(message, BadMessage)]
    assert refused.about.type == "leave"
    assert wired.metrics.value("quota_refusals", "tenant_bytes_per_second") == 1


def test_a_register_that_is_refused_leaves_the_format_of_answers_open() -> None:
    quota = Quota("", LINE_RATES._replace(messages_burst=1))
    wired = Wired(quota=quota)
    quota.judge(Leave(), 0, wired.loop.monotonic(), wired.metrics)
    wired.comes(frame(TEXT, b'{"type":"register","payload":{"peer_id":"a","group_id":"g"}}'))
    assert isinstance(wired.told()[0], BadMessage)
    assert not wired.connection._registered  # noqa: SLF001 - nothing else shows it before the next register


def test_what_connections_share_none_of_them_can_change() -> None:
    line = Wired().connection._line  # noqa: SLF001 - no one else has to know it
    assert isinstance(line, Line)
    with pytest.raises(dataclasses.FrozenInstanceError):
        line.close_timeout = 0.0  # type: ignore[misc] # that is the point
