"""What all connections of a tenant may send together; time is an argument."""

import logging

import pytest

from actors.events import Reference
from actors.messages import BadMessage, Heartbeat, Lost
from gateway.quota import AUDIT_SECONDS, Quota, QuotaRates
from tests.doubles import PlainMetrics

BOTH = QuotaRates(10, 2, 100, 50)
MESSAGES, SIZE = "tenant_messages_per_second", "tenant_bytes_per_second"
SAID = Heartbeat(id="1")


class Spent:
    """A quota, and what it says of the same message again and again."""

    def __init__(self, rates: QuotaRates = BOTH) -> None:
        self.quota = Quota("acme", rates)
        self.metrics = PlainMetrics()

    def wait(self, size: int, now: float = 0) -> int:
        """Milliseconds that the sender is told to wait; 0 when the message passes."""
        judged = self.quota.judge(SAID, size, now, self.metrics)
        assert judged is SAID or isinstance(judged, BadMessage)
        return judged.retry_after_ms or 0 if isinstance(judged, BadMessage) else 0

    def refused(self) -> tuple[int, int]:
        return self.metrics.counts["quota_refusals", MESSAGES], self.metrics.counts["quota_refusals", SIZE]


def test_each_rate_counts_for_itself_and_the_metric_names_the_one_that_is_spent() -> None:
    spent = Spent()
    assert spent.wait(10) == 0
    assert spent.wait(41) == 10
    assert spent.refused() == (0, 1)
    assert spent.wait(40) == 0
    assert spent.wait(0) == 100
    assert spent.refused() == (1, 1)
    assert spent.metrics.counts["tenant_refusals", "acme"] == 2
    assert spent.wait(0, 0.1) == 0


def test_what_tells_the_sender_has_its_reference_and_the_time_to_wait_and_is_no_fault_of_its() -> None:
    quota = Quota("acme", QuotaRates(0.001, 1, 0, 1))
    metrics = PlainMetrics()
    assert quota.judge(SAID, 7, 0, metrics) is SAID
    judged = quota.judge(SAID, 7, 0, metrics)
    assert isinstance(judged, BadMessage)
    assert (judged.code, judged.about, judged.fault) == ("rate_limited", Reference("1", "heartbeat"), False)
    assert judged.retry_after_ms == 1_000_000


def test_a_refusal_takes_nothing_of_either() -> None:
    spent = Spent()
    assert all(spent.wait(51) for _ in range(10))
    assert [spent.wait(25), spent.wait(25)] == [0, 0]


def test_a_rate_of_zero_bounds_nothing() -> None:
    assert QuotaRates(0, 1, 0, 1).bound_nothing
    assert not QuotaRates(1, 1, 0, 1).bound_nothing
    assert not QuotaRates(0, 1, 1, 1).bound_nothing
    spent = Spent(QuotaRates(0, 1, 0, 1))
    assert [spent.wait(10**9) for _ in range(100)] == [0] * 100


def test_the_same_rates_go_on_and_others_begin_anew() -> None:
    spent = Spent()
    assert [spent.wait(0), spent.wait(0)] == [0, 0]
    spent.quota.change(QuotaRates(*BOTH))
    assert spent.wait(0) > 0
    spent.quota.change(BOTH._replace(messages_burst=3))
    assert [bool(spent.wait(0)) for _ in range(4)] == [False, False, False, True]


def test_what_is_no_message_of_a_client_is_not_counted() -> None:
    spent, lost = Spent(BOTH._replace(messages_burst=1)), Lost()
    assert {spent.quota.judge(lost, 10, 0, spent.metrics) is lost for _ in range(9)} == {True}
    assert spent.wait(0) == 0


def test_the_log_tells_of_a_tenant_that_goes_on_and_on_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "gateway.audit")
    spent = Spent()
    for _ in range(5):
        spent.wait(99)
    spent.wait(99, AUDIT_SECONDS)
    told = [(record.message, record.__dict__["tenant"], record.__dict__["reason"]) for record in caplog.records]
    assert told == [("over quota", "acme", SIZE)] * 2
