"""Line: what all connections of a tenant share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from actors.events import Format, Message
from actors.ports import Clock, Metrics
from gateway.frames import FrameLimits
from gateway.outbox import Encode
from gateway.quota import Quota
from gateway.scheduler import HubScheduler

__all__ = ["Decode", "Line"]

Decode = Callable[[Format, bytes], Message]
"""Reads the content of one frame: JSON of text, MessagePack of binary. It raises nothing: what is wrong is a message, too."""


@dataclass(frozen=True, slots=True)
class Line:
    """`decode` and `encode` are the codec of what is served. Times in seconds, `outbox_bytes` in bytes.

    Without a `quota` all of them together may send whatever each of them may.
    """

    loop: Any
    scheduler: HubScheduler
    clock: Clock
    metrics: Metrics
    decode: Decode
    encode: Encode
    frames: FrameLimits
    outbox_bytes: int
    message_timeout: float
    close_timeout: float
    quota: Quota | None = None
