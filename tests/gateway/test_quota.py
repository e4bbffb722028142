"""What all connections of a tenant may send together; time is an argument."""

from gateway.quota import MESSAGES, SIZE, Quota, QuotaRates

BOTH = QuotaRates(10, 2, 100, 50)


def test_each_rate_counts_for_itself_and_the_refusal_names_the_one_that_is_spent() -> None:
    quota = Quota(BOTH)
    assert quota.spend(0, 10) == (0, "")
    assert quota.spend(0, 41)[1] == SIZE
    assert quota.spend(0, 40) == (0, "")
    assert quota.spend(0, 0) == (100, MESSAGES)
    assert quota.spend(0.1, 0) == (0, "")


def test_a_refusal_takes_nothing_of_either() -> None:
    quota = Quota(BOTH)
    for _ in range(10):
        assert quota.spend(0, 51)[1] == SIZE
    assert [quota.spend(0, 25), quota.spend(0, 25)] == [(0, "")] * 2


def test_a_rate_of_zero_bounds_nothing() -> None:
    assert QuotaRates(0, 1, 0, 1).bound_nothing
    assert not QuotaRates(1, 1, 0, 1).bound_nothing
    assert not QuotaRates(0, 1, 1, 1).bound_nothing
    quota = Quota(QuotaRates(0, 1, 0, 1))
    assert {quota.spend(0, 10**9) for _ in range(100)} == {(0, "")}


def test_the_same_rates_go_on_and_others_begin_anew() -> None:
    quota = Quota(BOTH)
    for _ in range(2):
        quota.spend(0, 0)
    quota.change(QuotaRates(*BOTH))
    assert quota.spend(0, 0)[1] == MESSAGES
    quota.change(BOTH._replace(messages_burst=3))
    assert [quota.spend(0, 0)[0] for _ in range(3)] == [0, 0, 0]
    assert quota.spend(0, 0)[1] == MESSAGES
