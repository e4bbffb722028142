"""Envelopes of profile v2 in both formats. A payload stays as the bytes that came until someone asks for its value."""

import enum
import json
import re
from typing import TypeAlias, TypeVar

import msgspec

__all__ = ["NOTHING", "Codec", "Envelope", "Format", "Frame", "Malformed", "value_of"]

Frame: TypeAlias = str | bytes
"""The content of one WebSocket message: text is JSON, bytes are MessagePack."""

NOTHING = msgspec.Raw()
"""The payload of a message that has none; one that is null has the value None, too, but is one."""

# RFC 8259 section 8.2 allows half of a surrogate pair, so another peer may send one; msgspec refuses it. It becomes U+FFFD, as in most
# decoders. An escaped backslash, and a whole pair, come first, so that neither is taken apart.
_ESCAPE = re.compile(r"\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<lone>\\u[dD][89a-fA-F]..)")

Record = TypeVar("Record", bound=msgspec.Struct)


class Format(enum.StrEnum):
    """How envelopes are encoded."""

    JSON = "json"
    MSGPACK = "msgpack"

    @property
    def subprotocol(self) -> str:
        """The name of profile v2 in this format (`docs/protocol.md`: Profiles)."""
        return f"psync.v2.{self}"


class Malformed(ValueError):
    """A frame does not have the form of the protocol, or a payload has none that its format can say."""


class Envelope(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message; of what came, unknown keys are left out. A `payload` that is None in Python is none at all."""

    type: str
    source_id: str | None = None
    target_id: str | None = None
    id: str | None = None
    payload: msgspec.Raw = NOTHING


class Codec:
    """Reads and writes one format."""

    def __init__(self, form: Format) -> None:
        self.form = form

    def read(self, frame: Frame) -> Envelope:
        """The message in a frame.

        Raises:
            Malformed: there is none, or the frame is of the other format.

        """
        if isinstance(frame, str) is not (self.form is Format.JSON):
            raise Malformed(f"a {'text' if isinstance(frame, str) else 'binary'} frame does not belong to {self.form}")
        return self.read_as(frame, Envelope)

    def read_as(self, data: Frame | msgspec.Raw, kind: type[Record]) -> Record:
        """What a frame or a payload says, as a record.

        Raises:
            Malformed: it says something else.

        """
        try:
            if self.form is Format.MSGPACK:
                return msgspec.msgpack.decode(_bytes(data), type=kind)
            try:
                return msgspec.json.decode(data, type=kind)
            except msgspec.DecodeError:
                return msgspec.json.decode(_ESCAPE.sub(_whole, bytes(_bytes(data)).decode()), type=kind)
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise Malformed(str(error)) from None

    def write(self, message: msgspec.Struct) -> Frame:
        """The frame of a message.

        Raises:
            Malformed: an id cannot be written, such as one with a lone surrogate.

        """
        try:
            data = bytes(self.record(message))
        except UnicodeError as error:
            raise Malformed(f"an id has no form in UTF-8: {error}") from None
        return data.decode() if self.form is Format.JSON else data

    def record(self, record: msgspec.Struct) -> msgspec.Raw:
        """A record as a payload; what is raw in it stays as it is."""
        return msgspec.Raw(msgspec.json.encode(record) if self.form is Format.JSON else msgspec.msgpack.encode(record))

    def raw(self, value: object) -> msgspec.Raw:
        """A value as a payload; one that is `msgspec.Raw` is taken as it is.

        Raises:
            Malformed: the format cannot say it, such as NaN in JSON.

        """
        if isinstance(value, msgspec.Raw):
            return value
        try:
            if self.form is Format.MSGPACK:
                return msgspec.Raw(msgspec.msgpack.encode(value))
            # Not msgspec's encoder, which writes NaN as null: what cannot be said is refused.
            return msgspec.Raw(json.dumps(value, allow_nan=False, separators=(",", ":")).encode())
        except (TypeError, ValueError, RecursionError, OverflowError) as error:
            raise Malformed(f"payload: {error}; send what {self.form} has a form for") from None


def value_of(raw: bytes, form: Format) -> object:
    """The value of a payload; None when there is none.

    Raises:
        Malformed: Python has no value for it, such as for a map with a map as key.

    """
    if not raw:
        return None
    try:
        # Not msgspec's decoder, which refuses numbers (`1e400`) and strings (`"\\ud800"`) that RFC 8259 allows.
        return json.loads(raw) if form is Format.JSON else msgspec.msgpack.decode(raw)
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError) as error:
        raise Malformed(f"payload: {error}") from None


def _whole(escape: re.Match[str]) -> str:
    return r"\ufffd" if escape["lone"] else escape[0]


def _bytes(data: Frame | msgspec.Raw) -> bytes | msgspec.Raw:
    return data.encode() if isinstance(data, str) else data
