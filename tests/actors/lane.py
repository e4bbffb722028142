"""A group in which one place may outlive its connection, for the tests of that."""

from actors.events import PeerList, Place, Profile
from actors.rules import OnDuplicate
from tests.broker import GROUP_RULES, PEER_RULES, RESUME, Broker, Caller

V1, V2 = Profile.V1, Profile.V2


class Lane:
    """A witness of v1, `x` of v2 with its session, and `z` that joined behind it."""

    def __init__(self, policy: OnDuplicate = OnDuplicate.CHALLENGE, **resume: float) -> None:
        rules = PEER_RULES._replace(resume=RESUME._replace(**resume))  # type: ignore[arg-type] # fields by name
        self.broker = Broker(GROUP_RULES._replace(on_duplicate=policy), rules)
        (self.witness,) = self.broker.join("w")
        self.x = self.broker.connect(profile=V2).register("x")
        self.place = place_of(self.x)
        self.session = self.place.session
        (self.z,) = self.broker.join("z")
        self.hear()

    def hear(self) -> None:
        """Forget what was heard so far."""
        for caller in (self.witness, self.x, self.z):
            caller.heard()

    def turns(self, count: int) -> None:
        """Give so many turns, one after the other."""
        for _ in range(count):
            self.broker.scheduler.step()

    def newcomer(self, profile: Profile = V2) -> Caller:
        caller = self.broker.connect(profile=profile)
        caller.heard()
        return caller

    def resume(self, session: str | None = None, peer_id: str = "x", group_id: str = "g") -> Caller:
        """A newcomer that shows a session."""
        return self.newcomer().register(peer_id, group_id, session=session or self.session)


def place_of(caller: Caller) -> Place:
    lists = [event for event in caller.told() if isinstance(event, PeerList)]
    assert lists
    assert lists[-1].own is not None
    return lists[-1].own


def is_over(caller: Caller) -> bool:
    return not caller.peer.is_alive()
