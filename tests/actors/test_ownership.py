from actors.messages import GroupKey, Joined
from actors.ownership import Superseded
from actors.reasons import ErrorCode
from tests.broker import Broker
from tests.doubles import NotingSupervisor, actor_of

KEY = GroupKey("", "g")


def test_an_heir_is_answered_when_nobody_is_left_to_hand_over() -> None:
    broker = Broker()
    heir = NotingSupervisor.start(broker.runtime)
    joined = Joined(KEY, heir, 3, (), "5e55", resumed=True)
    Superseded(heir, joined).unhandled(KEY, ErrorCode.UNDELIVERED)
    broker.run()
    assert actor_of(heir).notes == [joined]
