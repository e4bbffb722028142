"""What the Directory is told."""

from actors.messages import Depart, Join
from actors.supervision import ActorFailed, Drain, Forward, GroupEmpty, Vacated


def test_all_of_it_passes_a_mailbox_that_is_at_its_bound() -> None:
    assert all(message.lifecycle for message in (ActorFailed, Drain, Forward, GroupEmpty, Vacated))


def test_only_joins_and_departures_are_forwarded() -> None:
    assert Forward.__annotations__["message"] == Join | Depart
