"""An outbox on stand-ins, and those who send through it."""

from typing import TYPE_CHECKING, Any, cast

from actors.events import Delivered, Format, Relayed, Undeliverable
from gateway.clock import HubClock
from gateway.operator.metrics import Counts
from gateway.outbox import Encode, Outbox
from gateway.scheduler import HubScheduler
from gateway.subprotocol import PLAIN, Subprotocol
from gateway.wire import encode as encode_event
from tests.gateway.doubles import WRITE, HeldSocket, NotingOwner, StepLoop

if TYPE_CHECKING:
    from actors.reasons import ErrorCode

LIMIT = 1000


class Bench:
    """An outbox and what is around it."""

    def __init__(self, limit: int = LIMIT, encode: Encode = encode_event, subprotocol: Subprotocol = PLAIN) -> None:
        self.loop = StepLoop()
        self.socket = HeldSocket()
        self.owner = NotingOwner()
        self.metrics = Counts()
        self.outbox = Outbox(
            self.socket,
            self.owner,
            self.loop,
            HubScheduler(self.loop, HubClock(self.loop.monotonic), self.loop.monotonic),
            encode=encode,
            metrics=self.metrics,
            limit=limit,
            subprotocol=subprotocol,
        )
        self.owner.outbox = self.outbox

    def turn(self) -> None:
        self.loop.settle()

    def writable(self, window: int | None = None) -> None:
        """The client has read: the socket takes `window` bytes more."""
        self.socket.window = window
        self.loop.poll(WRITE)


class NotingSender:
    """Writes down which of its messages came back, and why, and which arrived."""

    def __init__(self) -> None:
        self.given_back: list[tuple[str | None, ErrorCode]] = []
        self.acknowledged: list[str] = []

    def post(self, message: Undeliverable | Delivered) -> bool:
        if isinstance(message, Delivered):
            self.acknowledged.append(message.id)
            return True
        self.given_back.append((message.reference.id, message.code))
        return True


def relayed(
    payload: bytes, form: Format = Format.JSON, *, sender: NotingSender | None = None, id_: str | None = None, acked: bool = False
) -> Relayed:
    return Relayed("message", "a", "b", payload, form, cast("Any", sender), id_, acked=acked)
