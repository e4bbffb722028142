import random

import pytest

from actors.reasons import CLOSES
from psync_signal.errors import SignalEnded, SignalError
from psync_signal.reconnect import RECONNECT, Broken, Course, Refused, Unreachable


def course(*, renews_token: bool = False) -> Course:
    return Course(renews_token=renews_token, uniform=lambda _low, high: high)


def test_the_table_is_that_of_the_server() -> None:
    assert dict(RECONNECT) == {int(code): words.reconnect for code, words in CLOSES.items()}


@pytest.mark.parametrize("code", [code for code, does in RECONNECT.items() if does == "no"])
def test_a_final_close_ends_the_client_with_its_code(code: int) -> None:
    with pytest.raises(SignalEnded, match="because") as end:
        course(renews_token=True).after(Broken(code, "because"))
    assert end.value.code == code


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1011, 1012, 1013, 4408, 4413, 4429, 4999])
def test_another_close_is_waited_out(code: int) -> None:
    assert course().after(Broken(code)) == 0.5


def test_the_bound_of_the_delay_doubles_up_to_30_s_and_joining_sets_it_back() -> None:
    way = course()
    assert [way.after(Unreachable()) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    way.joined()
    assert way.after(Unreachable()) == 0.5


def test_the_delay_is_anything_between_nothing_and_its_bound() -> None:
    way = Course(renews_token=False, uniform=random.Random(7).uniform)
    delays = []
    for _ in range(1000):
        way.joined()
        delays.append(way.after(Broken()))
    assert min(delays) < 0.01
    assert max(delays) > 0.49
    assert 0.22 < sum(delays) / len(delays) < 0.28


def test_while_its_place_is_kept_the_client_does_not_come_later_than_that() -> None:
    way = course()
    left = [20.0, 19.5, 18.5, 16.5, 12.5, 4.5, 2.0, 0.5, 0.0, -30.0]
    assert [way.after(Unreachable(), kept=kept) for kept in left] == [0.5, 1, 2, 4, 8, 4.5, 2, 16, 30, 30], "sooner, and no failures more"
    assert way.after(Refused(503, "full", 7.0), kept=3.0) == 7, "but the server knows better"


def test_a_delay_after_very_many_failures_is_still_one() -> None:
    way = course()
    assert max(way.after(Unreachable()) for _ in range(5000)) == 30


def test_a_restart_is_waited_out_until_the_slot_and_one_that_has_passed_is_now() -> None:
    assert [course().after(Broken(1012), slot) for slot in (3.25, -1.0, None)] == [3.25, 0, 0.5]


def test_a_slot_is_for_a_restart_alone() -> None:
    assert course().after(Broken(1011), 3.25) == 0.5


@pytest.mark.parametrize("failure", [Broken(4401), Broken(4403), Refused(401, "no"), Refused(403, "no")])
def test_a_refused_token_is_final_for_who_has_no_other(failure: Exception) -> None:
    assert course(renews_token=True).after(failure) == 0.5
    with pytest.raises(SignalEnded):
        course().after(failure)


@pytest.mark.parametrize("status", [400, 404, 405, 426, 431])
def test_a_refusal_that_will_not_change_is_final(status: int) -> None:
    with pytest.raises(SignalEnded):
        course(renews_token=True).after(Refused(status, "no"))


@pytest.mark.parametrize("status", [301, 429, 500, 502, 503])
def test_another_refusal_is_waited_out_for_as_long_as_the_server_says(status: int) -> None:
    assert course().after(Refused(status, "full")) == 0.5
    assert course().after(Refused(status, "full", 7)) == 7


def test_an_error_to_a_register_is_waited_out_if_it_is_temporary() -> None:
    assert course().after(SignalError("rate_limited", "slowly", retry_after=4)) == 4
    with pytest.raises(SignalError):
        course().after(SignalError("bad_register", "no", temporary=False))


def test_a_broken_connection_says_so() -> None:
    assert str(Broken(1012, "restart")) == "the connection ended: 1012 restart"
