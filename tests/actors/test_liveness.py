import pytest

from actors.liveness import DEAF_PINGS, Liveness, LivenessRules, Verdict

RULES = LivenessRules(ping_interval=25, expire_after=60, close_after=600, register_timeout=10)


def registered() -> Liveness:
    liveness = Liveness(RULES, 0)
    liveness.registered()
    return liveness


def run(liveness: Liveness, until: float, heard_every: float | None = None) -> list[tuple[float, Verdict]]:
    """Follow the deadlines as the timer does; the client speaks every so many seconds, or not at all."""
    said: list[tuple[float, Verdict]] = []
    frames = [] if heard_every is None else [heard_every * n for n in range(1, int(until / heard_every) + 1)]
    while True:
        now = liveness.next_deadline()
        while frames and frames[0] <= now:
            liveness.heard(frames.pop(0))
            now = liveness.next_deadline()
        if now > until:
            return said
        said += [(now, verdict) for verdict in liveness.check(now)]
        if any(verdict in (Verdict.CLOSE, Verdict.NEVER_REGISTERED) for _, verdict in said):
            return said


def test_a_silent_client_is_pinged_then_hidden_then_closed() -> None:
    said = run(registered(), 1000)
    assert said[:4] == [(25, Verdict.PING), (50, Verdict.PING), (60, Verdict.AWAY), (75, Verdict.PING)]
    assert [verdict for _, verdict in said].count(Verdict.AWAY) == 1
    assert said[-1] == (600, Verdict.CLOSE)


def test_a_client_that_has_not_registered_is_given_up_at_the_timeout() -> None:
    assert run(Liveness(RULES, 0), 1000) == [(10, Verdict.NEVER_REGISTERED)]


def test_the_register_timeout_is_counted_from_the_connect_whatever_else_is_said() -> None:
    liveness = Liveness(RULES, 0)
    liveness.heard(9)
    assert liveness.check(10) == [Verdict.NEVER_REGISTERED]


def test_a_timer_that_fires_early_finds_nothing_due_and_a_later_deadline() -> None:
    liveness = registered()
    assert liveness.check(24.9) == []
    assert liveness.next_deadline() == 25


def test_any_frame_puts_off_the_expiry() -> None:
    liveness = registered()
    liveness.heard(59)
    assert Verdict.AWAY not in liveness.check(118)
    assert Verdict.AWAY in liveness.check(119)


def test_a_frame_brings_a_silent_client_back() -> None:
    liveness = registered()
    liveness.check(60)
    assert (liveness.away, liveness.deaf) == (True, False)
    assert liveness.heard(61)
    liveness.revived()
    assert (liveness.away, liveness.deaf) == (False, False)
    assert not liveness.heard(62)


def test_a_pong_brings_a_silent_client_back() -> None:
    liveness = registered()
    liveness.check(60)
    assert liveness.ponged(61)


def test_a_client_that_speaks_and_never_answers_a_ping_is_deaf_after_three() -> None:
    liveness = registered()
    said = run(liveness, 101, heard_every=10)
    assert said == [(25, Verdict.PING), (50, Verdict.PING), (75, Verdict.PING), (100, Verdict.AWAY), (100, Verdict.PING)]
    assert (liveness.away, liveness.deaf) == (True, True)


def test_a_deaf_client_comes_back_by_a_pong_alone() -> None:
    liveness = registered()
    run(liveness, 101, heard_every=10)
    assert not liveness.heard(102)
    assert liveness.ponged(103)
    liveness.revived()
    assert (liveness.away, liveness.deaf) == (False, False)


def test_a_deaf_client_that_falls_silent_is_closed_in_the_end() -> None:
    liveness = registered()
    run(liveness, 101, heard_every=10)
    assert run(liveness, 2000)[-1] == (700, Verdict.CLOSE)


@pytest.mark.parametrize("pong_every", [25.0, 70.0])
def test_a_client_that_answers_some_pings_is_not_deaf(pong_every: float) -> None:
    liveness, pongs = registered(), 1
    for second in range(1, 2000):
        liveness.heard(second)
        if second >= pongs * pong_every:
            liveness.ponged(second)
            pongs += 1
        assert Verdict.AWAY not in liveness.check(second)


def test_a_silent_client_that_comes_back_has_its_pings_counted_anew() -> None:
    liveness = registered()
    run(liveness, 99)
    assert liveness.heard(99)
    liveness.revived()
    assert liveness.check(100) == [Verdict.PING]
    assert not liveness.away


def test_three_pings_may_go_unanswered() -> None:
    assert DEAF_PINGS == 3


def test_a_late_check_does_in_order_what_fell_due_meanwhile() -> None:
    liveness = registered()
    assert liveness.check(70) == [Verdict.AWAY, Verdict.PING]
