"""A client on the protocol engine of the websockets library. It reads when it is asked to, and pongs when it reads."""

import json
from collections import deque
from contextlib import nullcontext, suppress
from typing import Any, ClassVar

import msgpack
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import Event
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from tests.integration.line import Closed, Line, parse_close
from tests.integration.strict import Form, Message, read

__all__ = ["Client", "PackedClient", "PackedV2Client", "V2Client"]


class Client:
    """One client. Whatever it hears is read strictly, by `tests.integration.strict`.

    Attributes:
        handshake: the server's answer to the handshake.
        pings: how many of the server's pings it has answered.
        peer_id: what it has registered as.
    """

    form: Form = "json"
    subprotocols: ClassVar[list[Subprotocol] | None] = None

    def __init__(self, line: Line, uri: str) -> None:
        self.line = line
        self.pings = 0
        self.peer_id = ""
        self._protocol = ClientProtocol(parse_uri(uri), subprotocols=self.subprotocols, max_size=None)
        self._heard: deque[Frame] = deque()
        self._echoes = 0
        self._protocol.send_request(self._protocol.connect())
        self._flush()
        self.handshake = self._shake_hands()

    # --- Out ---

    def say(self, type_: str, target_id: str | None = None, payload: object = None, **members: object) -> None:
        """Send one message; without an argument its key is left out."""
        message: dict[str, object] = {"type": type_, **members}
        if target_id is not None:
            message["target_id"] = target_id
        if payload is not None:
            message["payload"] = payload
        self.send(self.encode(message))

    def encode(self, message: object) -> bytes:
        """One message as this client writes it."""
        return json.dumps(message).encode()

    def send(self, data: bytes) -> None:
        """Send the content of one frame."""
        if self.form == "json":
            self._protocol.send_text(data)
        else:
            self._protocol.send_binary(data)
        self._flush()

    def ping(self, data: bytes = b"") -> None:
        self._protocol.send_ping(data)
        self._flush()

    # --- In ---

    def hear(self, type_: str) -> Message:
        """The next message, which is of this type."""
        message = self.next()
        assert message.type == type_, message
        return message

    def next(self) -> Message:
        """The next message."""
        return self._message(self._next_frame(Opcode.TEXT, Opcode.BINARY))

    def closed(self) -> Closed:
        """The close frame, which is the next but for pings."""
        return parse_close(bytes(self._next_frame(Opcode.CLOSE).data))

    def ponged(self) -> bytes:
        """What the next pong carries; nothing but pings comes before it."""
        return bytes(self._next_frame(Opcode.PONG).data)

    def answer_pings(self, count: int) -> None:
        """Listen until the server has asked `count` times more for a sign of life. No message comes meanwhile."""
        end = self.pings + count
        while self.pings < end:
            frame = self._heard.popleft() if self._heard else self._receive()
            assert frame.opcode is Opcode.PING, f"a {frame.opcode.name} frame: {bytes(frame.data)!r}"
            self.pings += 1

    def attend(self) -> None:
        """Answer the pings that have come; what else has come waits to be heard. Behind a close frame nothing is read."""
        while not self._is_closing() and self.line.ready():
            self._heard.extend(event for event in self._events() if isinstance(event, Frame))

    def heard(self) -> list[Message | Closed]:
        """What has come, and nothing when nothing has; the last of all is the close frame."""
        self.attend()
        frames = [frame for frame in self._heard if frame.opcode not in {Opcode.PING, Opcode.PONG}]
        self._heard.clear()
        return [parse_close(bytes(frame.data)) if frame.opcode is Opcode.CLOSE else self._message(frame) for frame in frames]

    def assert_silence(self) -> None:
        """Fail if something was sent to this client that it has not read: what it hears next is a message that it sends to itself."""
        self._echoes += 1
        self.say("message", self.peer_id, f"echo {self._echoes}")
        echo = self.hear("message")
        assert (echo.source_id, echo.payload) == (self.peer_id, f"echo {self._echoes}"), echo

    # --- Ways of speaking ---

    def register(self, peer_id: str, group_id: str, **more: object) -> list[dict[str, Any]]:
        """Join a group; the answer is who is there."""
        self.ask(peer_id, group_id, **more)
        return self.joined()

    def ask(self, peer_id: str, group_id: str, **more: object) -> None:
        """Ask to join a group, and do not wait for the answer."""
        self.peer_id = peer_id
        self.say("register", payload={"peer_id": peer_id, "group_id": group_id, **more})

    def joined(self) -> list[dict[str, Any]]:
        """Read the answer: who is there."""
        peers: list[dict[str, Any]] = self.hear("peer_list").payload["peers"]
        return peers

    def refused(self, code: str) -> Message:
        """The next message, which says that something failed."""
        error = self.hear("error")
        assert error.payload["code"] == code, error
        return error

    def leave_politely(self, code: int = 1000, reason: str = "") -> Closed:
        """Shake hands at the end, too; return the server's half of it."""
        self.begin_to_leave(code, reason)
        return self.closed()

    def begin_to_leave(self, code: int = 1000, reason: str = "") -> None:
        """Send a close frame, and do not wait for the answer."""
        self._protocol.send_close(code, reason)
        self._flush()

    def close(self) -> None:
        self.line.close()

    def _shake_hands(self) -> Response:
        events: list[Event] = []
        while not events:
            events = self._events()
        answer, *behind = events
        assert isinstance(answer, Response), answer
        assert self._protocol.handshake_exc is None, f"{answer}: {self._protocol.handshake_exc}"
        self._heard.extend(event for event in behind if isinstance(event, Frame))
        return answer

    def _is_closing(self) -> bool:
        return any(frame.opcode is Opcode.CLOSE for frame in self._heard)

    def _message(self, frame: Frame) -> Message:
        expected = Opcode.TEXT if self.form == "json" else Opcode.BINARY
        assert frame.opcode is expected, f"a {frame.opcode.name} frame: {bytes(frame.data)!r}"
        return read(bytes(frame.data), self.form, v2=self.subprotocols is not None)

    def _next_frame(self, *wanted: Opcode) -> Frame:
        while True:
            frame = self._heard.popleft() if self._heard else self._receive()
            if frame.opcode in wanted:
                return frame
            self.pings += frame.opcode is Opcode.PING
            assert frame.opcode is Opcode.PING, f"a {frame.opcode.name} frame: {bytes(frame.data)!r}"

    def _receive(self) -> Frame:
        while not self._heard:
            self._heard.extend(event for event in self._events() if isinstance(event, Frame))
        return self._heard.popleft()

    def _events(self) -> list[Event]:
        """What has come; pings are answered."""
        data = self.line.receive()
        assert data, "the server has ended the connection"
        self._protocol.receive_data(data)
        assert self._protocol.parser_exc is None, self._protocol.parser_exc
        closing = self._protocol.close_rcvd is not None
        # Who comes late to a close frame may find that the server has not waited for the answer to it.
        with suppress(BrokenPipeError, ConnectionResetError) if closing else nullcontext():
            self._flush()
        return self._protocol.events_received()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:  # an empty one asks for a half-close, which is the test's to decide
                self.line.send(data)


class PackedClient(Client):
    """The same in MessagePack."""

    form: Form = "msgpack"

    def encode(self, message: object) -> bytes:
        packed: bytes = msgpack.packb(message)
        return packed


class V2Client(Client):
    """One that speaks v2, and has been welcomed.

    Attributes:
        welcome: the payload of the server's first message.
    """

    subprotocols = [Subprotocol("psync.v2.json")]  # noqa: RUF012 - as the base declares it

    def __init__(self, line: Line, uri: str) -> None:
        super().__init__(line, uri)
        self.welcome: dict[str, Any] = self.hear("welcome").payload


class PackedV2Client(V2Client, PackedClient):
    """The same in MessagePack."""

    subprotocols = [Subprotocol("psync.v2.msgpack")]  # noqa: RUF012 - as above
