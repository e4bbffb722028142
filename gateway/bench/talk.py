"""Talk: what one peer says to another, or to several. Each message is numbered when said, and looked at byte for byte when heard."""

from collections import deque
from collections.abc import Sequence
from time import perf_counter

from gateway.bench.connection import Connection
from gateway.bench.dialect import Dialect, Heard
from gateway.bench.frames import CLOSE, first_frame
from gateway.bench.template import MARK, MASKED_TOKENS, NUMBERS, TOKENS, Template, Unexpected

__all__ = ["Ear", "Mouth"]


class Mouth:
    """Says messages on one connection, each template in its turn.

    Attributes:
        said: how many it has said.
    """

    __slots__ = ("_connection", "_ears", "_send", "_templates", "said")

    def __init__(self, connection: Connection, templates: Sequence[Template], ears: "Sequence[Ear]") -> None:
        self._connection = connection
        self._send = connection.send
        self._templates = templates
        self._ears = ears
        self.said = 0

    def say(self, at: float) -> None:
        """Send the next message, which counts as sent at the time `at`. Each is a `send` of its own, as with clients that say one."""
        number = self.said
        template = self._templates[number % len(self._templates)]
        frame = template.frame
        frame[template.at : template.end] = MASKED_TOKENS[number % NUMBERS]
        self.said = number + 1
        for ear in self._ears:
            ear.times.append(at)
        try:
            sent = self._send(frame)
        except BlockingIOError:
            sent = 0
        if sent < len(frame):
            self._connection.write(memoryview(frame)[sent:])


class Ear:
    """Hears what one peer says on the connection of another, in order.

    Attributes:
        heard: how many messages it has heard.
        times: when each that is still to come counts as sent.
        latencies: seconds from then until it was heard; shared by many.
    """

    __slots__ = ("_connection", "_dialect", "_rest", "_templates", "heard", "latencies", "receive", "times")

    def __init__(self, connection: Connection, templates: Sequence[Template], dialect: Dialect, latencies: list[float]) -> None:
        self._connection = connection
        self._templates = templates
        self._dialect = dialect
        self._rest = connection.rest()
        self.receive = connection.receive
        self.times: deque[float] = deque()
        self.latencies = latencies
        self.heard = 0

    def hear(self, data: bytes) -> int:
        """Judge what came; returns how many messages it was.

        Raises:
            Unexpected: it is not what was said, in the order in which it was said.

        """
        now = perf_counter()
        if not data:
            raise Unexpected("the server has ended a connection")
        if self._rest:
            data, self._rest = self._rest + data, b""
        before = self.heard
        while data:
            number = self.heard
            template = self._templates[number % len(self._templates)]
            wanted = template.wanted
            if wanted:
                wanted[template.wanted_at : template.wanted_end] = TOKENS[number % NUMBERS]
                if data == wanted:
                    data = b""
                elif data.startswith(wanted):
                    data = data[len(wanted) :]
                else:
                    data = self._judge(data, template)
                    continue
                self.heard = number + 1
                self.latencies.append(now - self.times.popleft())
            else:
                data = self._judge(data, template)
        return self.heard - before

    def _judge(self, data: bytes, template: Template) -> bytes:
        """Take the frame that `data` begins with, which is not what is wanted byte for byte; returns what is behind it."""
        frame = first_frame(data)
        if frame is None:
            self._rest = data
            return b""
        payload = data[frame.start : frame.end]
        if frame.opcode >= CLOSE:
            self._connection.answer(frame.opcode, payload)
            return data[frame.end :]
        try:
            heard = self._dialect.read(payload)
        except (LookupError, TypeError, ValueError):
            heard = Heard("", "", "what nobody said")
        if heard is None:
            return data[frame.end :]
        token = TOKENS[self.heard % NUMBERS].decode()
        said = (template.source, template.kind, template.body.replace(MARK, MARK[: -len(token)] + token))
        if template.wanted or heard != said:
            raise Unexpected(f"number {self.heard} from {template.source} was lost, altered or overtaken; instead came {payload[:200]!r}")
        template.learn(data, frame)
        return data
