import inspect

import pytest

from actors import presence
from actors.events import Message
from actors.presence import Carried, Presence, Word

MESSAGES = [
    each for _, each in inspect.getmembers(presence, inspect.isclass) if issubclass(each, Message) and each.__module__ == presence.__name__
]
DROPPED_WHEN_FULL = {Carried, Word, Presence, presence.Claim}


@pytest.mark.parametrize("message", MESSAGES)
def test_all_that_changes_a_group_passes_a_full_mailbox_and_what_clients_say_does_not(message: type[Message]) -> None:
    assert message.lifecycle is (message not in DROPPED_WHEN_FULL)


def test_a_presence_needs_no_more_than_who_and_where() -> None:
    peer = Presence("a", "t1", "n1")
    assert (peer.sequence, peer.session, peer.metadata, peer.away) == (0, None, None, False)
