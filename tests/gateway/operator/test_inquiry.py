"""Questions to the actors: an answer, the reason why there is none, or neither in time."""

from typing import TYPE_CHECKING, cast

import pytest

from actors.census import CountTenants, ListPeers, TenantCount
from actors.messages import GroupKey
from actors.reasons import ErrorCode
from gateway.operator.inquiry import Unanswered, ask
from tests.gateway.operator.office import DeadDirectory, Office, SilentDirectory

if TYPE_CHECKING:
    from actors.runtime import BrokerRef


def test_an_answer_is_what_the_actor_replied() -> None:
    office = Office()
    office.broker.join("a")
    assert ask(office.node.directory, CountTenants) == (TenantCount("", 1, 1),)


def test_a_refusal_says_why() -> None:
    with pytest.raises(Unanswered, match="not_registered") as caught:
        ask(Office().node.directory, lambda reply: ListPeers(GroupKey("", "g"), reply, "", 1))
    assert caught.value.code is ErrorCode.NOT_REGISTERED


def test_an_actor_that_does_not_answer_is_not_waited_for_for_long() -> None:
    with pytest.raises(Unanswered, match="in time") as caught:
        ask(cast("BrokerRef", SilentDirectory()), CountTenants, timeout=0.01)
    assert caught.value.code is None


def test_an_actor_that_has_ended_is_not_waited_for_at_all() -> None:
    with pytest.raises(Unanswered) as caught:
        ask(cast("BrokerRef", DeadDirectory()), CountTenants)
    assert caught.value.code is ErrorCode.UNAVAILABLE
