"""Bytes as the files in `tests/vectors` write them: hex, or a rule for what is too long to be written out."""

from collections.abc import Iterable
from typing import Any

__all__ = ["Piece", "joined"]

Piece = str | dict[str, Any]
"""Hex with spaces, `{hex, times}`, or `{pieces, times}`."""


def joined(pieces: Iterable[Piece]) -> bytes:
    return b"".join(bytes.fromhex(piece) if isinstance(piece, str) else _repeated(piece) for piece in pieces)


def _repeated(rule: dict[str, Any]) -> bytes:
    once = joined(rule["pieces"]) if "pieces" in rule else bytes.fromhex(rule["hex"])
    times: int = rule["times"]
    return once * times
