"""Template: one message as it goes out and comes in, built once; for each message only the token in it is patched.

So the generator's work for a message does not depend on its size or encoding, and every byte that comes in is compared.
"""

from typing import Final

from gateway.bench.frames import MASKED, Frame, client_frame

__all__ = ["MARK", "NUMBERS", "TOKENS", "Template", "Unexpected", "sdp"]

NUMBERS: Final = 10_000
"""Messages are numbered in their token modulo this; far more than are ever on their way between two peers, so a gap is always seen."""

TOKENS: Final = tuple(b"%04d" % number for number in range(NUMBERS))
MASKED_TOKENS: Final = tuple(token.translate(MASKED) for token in TOKENS)
MARK: Final = "token:0000"
"""Stands once in each body."""

_MARKED: Final = MARK.encode()[: -len(TOKENS[0])]
_LINE: Final = "a=candidate:1467250027 1 udp 2122260223 192.0.2.1 46243 typ host generation 0 network-id 2\r\n"


class Unexpected(Exception):
    """What came is not what was sent: lost, altered, out of order, or something else altogether. The text says which."""


def sdp(size: int) -> str:
    """A text of `size` characters that looks like a session description; its line ends need an escape in JSON, as those of a real one."""
    text = f"v=0\r\na={MARK}\r\n"
    return (text + _LINE * (size // len(_LINE) + 1))[: max(size, len(text))]


class Template:
    """One message. `source`, `kind` and `body` are what its receiver has to find in it.

    Attributes:
        frame: what to send, masked; `at` and `end` are the place of its token.
        wanted: what has to come, once the first one has been read and found true; `wanted_at`, `wanted_end` are the token's place.
    """

    __slots__ = ("at", "body", "end", "frame", "kind", "source", "wanted", "wanted_at", "wanted_end")

    def __init__(self, opcode: int, payload: bytes, source: str, kind: str, body: str) -> None:
        self.source = source
        self.kind = kind
        self.body = body
        self.frame = bytearray(client_frame(opcode, payload))
        self.at, self.end = _place(self.frame, _MARKED.translate(MASKED))
        self.wanted = bytearray()
        self.wanted_at = self.wanted_end = 0

    def learn(self, data: bytes, frame: Frame) -> None:
        """Take the frame, which has been read and found true, for what all later ones have to be, but for their token."""
        self.wanted = bytearray(data[: frame.end])
        self.wanted_at, self.wanted_end = _place(self.wanted, _MARKED)
        if len(self.wanted) < self.wanted_end:
            raise Unexpected("a message whose token is cut off")


def _place(frame: bytearray, mark: bytes) -> tuple[int, int]:
    at = frame.find(mark)
    if at < 0 or frame.find(mark, at + 1) >= 0:
        raise Unexpected(f"a message of {len(frame)} bytes does not have its token once")
    return at + len(mark), at + len(mark) + len(TOKENS[0])
