import pytest

from actors.contest import Contests
from actors.events import Reference
from actors.membership import Member
from actors.messages import Join
from actors.ownership import Challenge, ChallengeExpired
from actors.runtime import BrokerRef
from tests.broker import Broker
from tests.doubles import NotingSupervisor, actor_of


class Ring:
    """Contests of a group that only notes what it is told, an owner and a newcomer that do the same."""

    def __init__(self) -> None:
        self.broker = Broker()
        self.group, self.owner, self.newcomer = (NotingSupervisor.start(self.broker.runtime) for _ in range(3))
        self.contests = Contests(self.broker.runtime, self.group, 1.0)
        self.join = Join(self.newcomer, "x", None, "", Reference())

    def begin(self) -> int:
        """Begin one; returns its nonce."""
        self.contests.begin(self.join, Member("x", self.owner, None, 1, 0.0))
        challenge = self.told(self.owner)[-1]
        assert isinstance(challenge, Challenge)
        return challenge.nonce

    def told(self, actor: BrokerRef) -> list[object]:
        self.broker.run()
        notes: list[object] = actor_of(actor).notes
        return notes


def test_the_owner_is_asked_and_the_group_reminded_in_time() -> None:
    ring = Ring()
    nonce = ring.begin()
    assert ring.told(ring.group) == []
    ring.broker.pass_time(1.0)
    assert ring.told(ring.group) == [ChallengeExpired("x", nonce)]


def test_a_contest_knows_who_waits_for_what() -> None:
    ring = Ring()
    nonce = ring.begin()
    assert (len(ring.contests), "x" in ring.contests, "y" in ring.contests) == (1, True, False)
    assert list(ring.contests.newcomers()) == [ring.join]
    assert [ring.contests.is_open("x", number) for number in (nonce, nonce + 1)] == [True, False]
    assert not ring.contests.is_open("y", nonce)
    assert [ring.contests.is_of("x", peer) for peer in (ring.newcomer, ring.owner)] == [True, False]
    assert not ring.contests.is_of("y", ring.newcomer)


def test_a_contest_that_has_ended_reminds_nobody() -> None:
    ring = Ring()
    nonce = ring.begin()
    assert ring.contests.end("x") is ring.join
    assert not ring.contests.is_open("x", nonce)
    ring.broker.pass_time(5)
    assert ring.told(ring.group) == []
    with pytest.raises(KeyError):
        ring.contests.end("x")


def test_nobody_is_reminded_once_all_are_stopped() -> None:
    ring = Ring()
    ring.begin()
    ring.contests.stop()
    ring.broker.pass_time(5)
    assert ring.told(ring.group) == []


def test_no_two_contests_have_the_same_nonce_whoever_begins_them() -> None:
    assert Ring().begin() != Ring().begin()
