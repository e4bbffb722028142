from tests.broker import CONDUCT, HOLD, LIVENESS, PEER_RULES, RESUME


def test_nothing_is_told_of_limits_unless_it_is_given() -> None:
    assert PEER_RULES == (LIVENESS, CONDUCT, HOLD, RESUME, {})
