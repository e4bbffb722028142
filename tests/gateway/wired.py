"""A connection on stand-ins, and the frames of its client."""

from typing import Any, ClassVar, cast

from actors.messages import Heartbeat
from actors.runtime import BrokerRef
from gateway.clock import HubClock
from gateway.connection import Connection
from gateway.frames import TEXT, FrameLimits, encode, encode_close
from gateway.line import Decode, Line
from gateway.operator.metrics import Counts
from gateway.outbox import Encode
from gateway.quota import Quota
from gateway.scheduler import HubScheduler
from gateway.subprotocol import PLAIN, Subprotocol
from gateway.wire import Decoder, WireLimits
from gateway.wire import encode as encode_event
from tests.gateway.doubles import READ, HeldSocket, NotingPeer, StepLoop

LIMITS = FrameLimits(message_bytes=2000, fragments=4)
MESSAGE_TIMEOUT, CLOSE_TIMEOUT = 10.0, 1.0
LEAVE = b'{"type":"leave"}'
UNMASKED = encode(TEXT, LEAVE)
UNMASKED_SAYS = encode_close(1002, "a client must mask its frames")


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True) -> bytes:
    """A client's frame, masked with zeros."""
    plain = encode(opcode, payload)
    masked = bytes([plain[0] if fin else plain[0] & 0x7F, plain[1] | 0x80])
    return masked + plain[2 : len(plain) - len(payload)] + bytes(4) + payload


def heartbeat(number: int) -> bytes:
    return frame(TEXT, b'{"type":"heartbeat","id":"%d"}' % number)


class Wired:
    """A connection and what is around it. `codec` and `attend` are those of the broker, with a stand-in for its actor."""

    codec: ClassVar[tuple[Decode, Encode]] = (Decoder(WireLimits()).decode, encode_event)

    def __init__(
        self,
        socket: HeldSocket | None = None,
        *,
        outbox_bytes: int = 10_000,
        behind: bytes = b"",
        subprotocol: Subprotocol = PLAIN,
        quota: Quota | None = None,
    ) -> None:
        self.loop = StepLoop()
        self.socket = socket or HeldSocket()
        self.peer = NotingPeer()
        self.metrics = Counts()
        self.ended: list[Connection] = []
        self.scheduler = HubScheduler(self.loop, HubClock(self.loop.monotonic), self.loop.monotonic)
        decode, encode_content = type(self).codec
        line = Line(
            loop=self.loop,
            scheduler=self.scheduler,
            clock=cast("Any", self.loop),
            metrics=self.metrics,
            decode=decode,
            encode=encode_content,
            frames=LIMITS,
            outbox_bytes=outbox_bytes,
            message_timeout=MESSAGE_TIMEOUT,
            close_timeout=CLOSE_TIMEOUT,
            quota=quota,
        )
        self.connection = Connection(self.socket, "192.0.2.1:5", line, self.ended.append, subprotocol)
        self.connection.open(self.attend(), behind)
        self.loop.run_callbacks()

    def attend(self) -> BrokerRef:
        return cast("BrokerRef", self.peer)

    def arrives(self, data: bytes) -> None:
        """Data comes, and no actor has its turn yet."""
        self.socket.incoming.append(data)
        self.loop.ready(READ)

    def comes(self, *data: bytes) -> None:
        """Each piece comes by itself, and the actor handles what it was told."""
        for piece in data:
            self.arrives(piece)
            self.peer.handled()
            self.loop.settle()

    def client_ends(self) -> None:
        self.socket.ended = True
        self.loop.poll(READ)

    def told(self) -> list[Any]:
        told, self.peer.told = self.peer.told, []
        return told

    def numbers(self) -> list[int]:
        return [int(message.id or 0) for message in self.told() if isinstance(message, Heartbeat)]

    @property
    def is_over(self) -> bool:
        return self.socket.is_closed() and self.ended == [self.connection] and not self.loop.watchers and not self.loop.callbacks
