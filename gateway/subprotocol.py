"""Subprotocols: what a client asks for in `Sec-WebSocket-Protocol`, and the profile and format that come of it. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from actors.events import Format, Profile
from gateway.admission import Refused
from gateway.bearer import CREDENTIAL
from gateway.frames import BINARY, TEXT, Frame

__all__ = ["KNOWN", "PLAIN", "Subprotocol", "choose"]


class Subprotocol(NamedTuple):
    """`name` is what the 101 echoes; `format` is that of every frame, None for a client that may use both."""

    name: str
    profile: Profile
    format: Format | None

    def fault(self, frames: Sequence[Frame]) -> tuple[int, str] | None:
        """The place of the first frame that is not of this format, and what is wrong with it."""
        wrong, right = (BINARY, "text") if self.format is Format.JSON else (TEXT, "binary")
        for place, (opcode, _) in enumerate(frames):
            if opcode == wrong and self.format is not None:
                return place, f"{self.name} takes {right} frames alone"
        return None


PLAIN = Subprotocol("", Profile.V1, None)
"""What a client gets that asks for none."""

KNOWN = {
    known.name: known
    for known in (
        Subprotocol("psync.v2.json", Profile.V2, Format.JSON),
        Subprotocol("psync.v2.msgpack", Profile.V2, Format.MSGPACK),
    )
}
"""By name (`docs/protocol.md`: Profiles)."""


def choose(asked: str) -> Subprotocol:
    """The first of the client's choices that is known here (RFC 6455 section 4.2.2); names differ by case.

    Raises:
        Refused: 400; it knows only others.

    """
    names = [name for name in (entry.strip() for entry in asked.split(",")) if name and not name.startswith(CREDENTIAL)]
    if not names:
        return PLAIN
    for name in names:
        if name in KNOWN:
            return KNOWN[name]
    known = f"{', '.join(KNOWN)}; or leave Sec-WebSocket-Protocol out for v1"
    raise Refused("400 Bad Request", "subprotocol", f"no known subprotocol asked for; known: {known}")
