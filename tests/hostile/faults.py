"""Faults that a client of `tests.hostile.faulty_server` can call up by their names."""

from collections.abc import Callable
from typing import Any, NoReturn

import gevent

from actors.directory import Directory
from actors.events import Format, Relayed
from actors.group import GroupActor
from actors.messages import Inbound, Relay
from actors.peer import PeerActor
from actors.runtime import BrokerActor
from actors.supervision import Forward
from gateway.wire import Decoder

__all__ = ["FAULTS", "install"]


class Unprintable(Exception):
    """An error whose own words fail."""

    def __str__(self) -> str:
        raise ValueError("an error within an error")


def _raise(fault: BaseException) -> NoReturn:
    raise fault


def _recurse() -> NoReturn:
    _recurse()


FAULTS: dict[str, Callable[[], object]] = {
    "an exception": lambda: _raise(ValueError("on purpose")),
    "an exception that cannot be printed": lambda: _raise(Unprintable()),
    "no memory": lambda: _raise(MemoryError()),
    "endless recursion": _recurse,
    "a timeout": lambda: _raise(gevent.Timeout(1)),
    "a kill": lambda: _raise(gevent.GreenletExit()),
    "an exit": lambda: _raise(SystemExit(3)),
    "an interrupt": lambda: _raise(KeyboardInterrupt()),
    "waiting": lambda: gevent.sleep(1),
}


def install() -> None:
    """Build the faults into the actors of this process.

    A relay with the id `peer: NAME` fails in the PeerActor of its sender, `target: NAME` in that of its receiver, `group: NAME` in its
    GroupActor; a register for the group `directory: NAME` in the Directory; a frame that reads `connection: NAME` in the connection.
    """
    _break(PeerActor, Relay, "peer", lambda relay: relay.id)
    _break(PeerActor, Relayed, "target", lambda relayed: relayed.id)
    _break(GroupActor, Relayed, "group", lambda relayed: relayed.id)
    _break(Directory, Forward, "directory", lambda forward: forward.key.group_id)
    _break_decoder()


def _break(actor: type[BrokerActor], message: type, place: str, name: Callable[[Any], str | None]) -> None:
    """Put a fault into the handler of a message; `name` finds what the client asks for."""
    handler = actor._handlers[message]  # noqa: SLF001 - there is no door for faults, and there should be none

    def faulty(self: BrokerActor, received: Any) -> None:  # noqa: ANN401 - any message
        _fail(place, name(received))
        handler(self, received)

    actor._handlers[message] = faulty  # noqa: SLF001 - as above


def _break_decoder() -> None:
    decode = Decoder.decode

    def faulty(self: Decoder, form: Format, data: bytes) -> Inbound:
        _fail("connection", data.decode(errors="replace"))
        return decode(self, form, data)

    Decoder.decode = faulty  # type: ignore[method-assign]  # as above


def _fail(place: str, asked: str | None) -> None:
    where, _, name = (asked or "").partition(": ")
    if where == place:
        FAULTS[name]()
