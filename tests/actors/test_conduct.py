from actors.allowance import Rate
from actors.conduct import Conduct, ConductRules

RULES = ConductRules(messages=Rate(10, 2), size=Rate(100, 1000), registers=Rate(1, 2), errors=3, early=4)


def test_messages_pass_up_to_their_rate_and_then_wait() -> None:
    conduct = Conduct(RULES)
    assert [conduct.message(0, 1) for _ in range(3)] == [0, 0, 100]
    assert conduct.message(0.101, 1) == 0


def test_bytes_pass_up_to_their_rate_and_then_wait() -> None:
    conduct = Conduct(RULES)
    assert conduct.message(0, 1000) == 0
    assert conduct.message(0, 50) == 500


def test_a_client_may_be_warned_as_often_as_it_may_speak() -> None:
    conduct = Conduct(RULES)
    assert [conduct.warned(0) for _ in range(3)] == [False, False, True]


def test_a_client_that_slows_down_is_warned_anew() -> None:
    conduct = Conduct(RULES)
    assert [conduct.warned(at / 10) for at in range(10)] == [False] * 10


def test_registers_have_a_rate_of_their_own() -> None:
    conduct = Conduct(RULES)
    assert [conduct.register(0) for _ in range(3)] == [0, 0, 1000]
    assert conduct.register(1.001) == 0
    assert conduct.message(0, 1) == 0


def test_the_fault_after_the_last_one_allowed_is_one_too_many() -> None:
    conduct = Conduct(RULES)
    assert [conduct.fault(0) for _ in range(4)] == [False, False, False, True]


def test_a_fault_is_forgiven_after_a_minute() -> None:
    conduct = Conduct(RULES)
    assert [conduct.fault(0) for _ in range(3)] == [False] * 3
    assert not conduct.fault(60)
    assert conduct.fault(60)


def test_one_fault_an_hour_never_closes_a_connection() -> None:
    conduct = Conduct(RULES)
    assert not any(conduct.fault(hour * 3600) for hour in range(1000))
