from actors.events import PeerInfo
from actors.membership import Membership
from actors.roster import AUDIENCE, STORM_SECONDS, Roster
from tests.broker import Broker
from tests.doubles import ManualClock, NotingSupervisor


def test_a_member_is_told_of_those_before_it_and_of_their_last_signs_of_life_by_the_clock_on_the_wall() -> None:
    clock, members = ManualClock(), Membership()
    roster = Roster(members, "g", clock)
    peer = NotingSupervisor.start(Broker().runtime)
    ann, bob, _ = (members.join(peer_id, peer, b"{}", sequence, clock.now) for sequence, peer_id in enumerate("abc", 1))
    clock.now += 5
    ann.last_seen = clock.now
    seen = clock.wall()
    assert roster.list_for(bob) == (PeerInfo("a", "g", seen, b"{}"),)
    assert roster.list_for(ann) == ()
    assert roster.info(bob) == PeerInfo("b", "g", seen - 5, b"{}")
    clock.wall_offset += 3600
    assert roster.info(ann).last_seen == seen + 3600


def test_who_is_away_is_not_told_of() -> None:
    clock, members = ManualClock(), Membership()
    peer = NotingSupervisor.start(Broker().runtime)
    bob = [members.join(peer_id, peer, None, sequence, clock.now) for sequence, peer_id in enumerate("ab", 1)][1]
    members.hide("a", peer)
    assert Roster(members, "g", clock).list_for(bob) == ()


def test_those_who_join_one_after_the_other_may_be_told_of_together_where_many_hear_of_them() -> None:
    clock, members = ManualClock(), Membership()
    roster = Roster(members, "g", clock)
    ann = members.join("a", NotingSupervisor.start(Broker().runtime), None, 1, clock.now)

    def is_patient(after: float, audience: int) -> bool:
        clock.now += after
        return roster.joined(ann, audience).patient

    assert not is_patient(0, AUDIENCE)
    assert is_patient(STORM_SECONDS / 2, AUDIENCE)
    assert not is_patient(STORM_SECONDS / 2, AUDIENCE - 1)
    assert is_patient(0, AUDIENCE)
    assert not is_patient(STORM_SECONDS * 2, AUDIENCE)
