"""The stage: the connections of one row, and what they do and see."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgpack

from gateway.conformance.connection import Connection, Heard, Unmet, Witness
from gateway.conformance.facts import Count, Facts
from gateway.conformance.message import demand, dumps, member, type_of
from gateway.conformance.pattern import ABSENT, shown
from gateway.conformance.steps import (
    Close,
    Closed,
    Connect,
    Drop,
    Format,
    Join,
    Ping,
    Pong,
    Profile,
    Raw,
    Receive,
    Send,
    Silence,
    Spoken,
    registered,
)
from gateway.conformance.target import Target

__all__ = ["Stage"]


class _Speech(NamedTuple):
    """How a client is spoken to."""

    profile: Profile = "v1"
    format: Format = "json"


class Stage:
    """The connections of one row, by the names that it gives them."""

    def __init__(self, target: Target, facts: Facts, witness: Witness) -> None:
        self._target = target
        self._facts = facts
        self._witness = witness
        self._actors: dict[str, Connection] = {}
        self._speech: dict[str, _Speech] = {}

    async def clear(self) -> None:
        """Let go of all of them."""
        for connection in self._actors.values():
            await connection.end()

    async def do(self, step: Spoken) -> None:
        """Do one step.

        Raises:
            Unmet: the server did something else.
            OSError: it cannot be reached.

        """
        match step:
            case Connect():
                await self._connect(step)
            case Join():
                await self._join(step)
            case Receive():
                for _ in range(self._facts.count(step.times)):
                    await self._receive(step)
            case Closed() | Pong() | Silence():
                await self._watch(step)
            case _:
                self._act(step, self._actors[step.who])

    # --- Opening ---

    async def _connect(self, step: Connect) -> None:
        await self._open(step.who, step.offers, step.chosen, pongs=step.pongs)

    async def _open(self, who: str, offers: Sequence[str] = (), chosen: str | None = None, *, pongs: bool) -> Connection:
        try:
            connection = await Connection.open(who, self._target, self._witness, offers=offers, pongs=pongs)
        except (EOFError, ConnectionResetError):
            raise Unmet(f"{who}: the server ended the connection within the handshake") from None
        except TimeoutError:
            raise Unmet(f"{who}: the handshake was not answered within {self._target.patience:g} s") from None
        self._actors[who] = connection
        if connection.chosen != chosen:
            raise Unmet(f"{who}: the server chose the subprotocol {connection.chosen}, not {chosen}")
        return connection

    async def _join(self, step: Join) -> None:
        offers = (f"psync.v2.{step.format}",) if step.profile == "v2" else ()
        connection = await self._open(step.who, offers, *offers, pongs=step.pongs)
        self._speech[step.who] = _Speech(step.profile, step.format)
        if step.profile == "v2":
            await self._hear(step.who, "welcome", "<any>")
        name, group = step.name or step.who, self._facts.text(step.group)
        message = registered(name, group)
        if step.format == "json":
            connection.send("text", dumps(message))
        else:
            connection.send("binary", msgpack.packb(message))
        peers: object = "<any>" if step.peers is None else [_peer(other, group) for other in step.peers]
        self._keep(step.keep, await self._hear(step.who, "peer_list", {"peers": peers}))
        for other in step.heard_by:
            await self._hear(other, "peer_joined", {"peer": _peer(name, group)})

    async def _hear(self, who: str, kind: str, payload: object) -> object:
        speech = self._speech.get(who, _Speech())
        nobody = "" if speech.profile == "v1" else ABSENT
        pattern = {"type": kind, "source_id": nobody, "target_id": nobody, "payload": payload}
        return demand(who, await self._next(who, pattern), pattern, speech.format)

    def _keep(self, wanted: Mapping[str, str], value: object) -> None:
        for name, path in wanted.items():
            self._facts.keep(name, member(value, path))

    # --- Out ---

    def _act(self, step: Send | Raw | Ping | Close | Drop, connection: Connection) -> None:
        match step:
            case Send():
                for _ in range(self._facts.count(step.times)):
                    self._send(step, connection)
            case Raw():
                connection.write(bytes.fromhex(self._facts.text(step.hex)))
            case Ping():
                connection.ping(step.text.encode())
            case Close():
                connection.close(step.code)
            case Drop():
                connection.drop()

    def _send(self, step: Send, connection: Connection) -> None:
        if step.text is not None:
            connection.send("text", self._facts.text(step.text).encode())
        elif step.hex is not None:
            connection.send("binary", bytes.fromhex(self._facts.text(step.hex)))
        elif written := bytes(step.json):
            connection.send("text", self._facts.text(written.decode()).encode())
        else:
            connection.send("binary", msgpack.packb(self._facts.value(json.loads(bytes(step.msgpack)))))

    # --- In ---

    async def _receive(self, step: Receive) -> None:
        form: Format = "msgpack" if bytes(step.msgpack) or step.contains_hex is not None else "json"
        pattern = self._facts.value(json.loads(bytes(step.msgpack) or bytes(step.json) or b'"<any>"'))
        heard = await self._next(step.who, pattern, step.within)
        while type_of(heard) in step.skip:
            heard = await self._next(step.who, pattern, step.within)
        value = demand(step.who, heard, pattern, form)
        text = heard.data.decode() if form == "json" else heard.data.hex()
        part = self._facts.text(step.contains or "") if step.contains_hex is None else step.contains_hex.replace(" ", "")
        if part not in text:
            raise Unmet(f"{step.who} received {shown(text)}, in which there is no {shown(part)}")
        if step.matches is not None and not re.search(self._facts.text(step.matches), text):
            raise Unmet(f"{step.who} received {shown(text)}, which does not match {step.matches}")
        self._keep(step.keep, value)

    async def _watch(self, step: Closed | Pong | Silence) -> None:
        who = step.who
        match step:
            case Closed():
                heard = await self._next(who, f"a close frame with {step.code}", step.within)
                if heard.kind != "close" or heard.data[:2] != step.code.to_bytes(2):
                    raise Unmet(f"{who}: {heard}, not closed with {step.code}")
            case Pong():
                heard = await self._next(who, f"a pong with {step.text!r}")
                if heard != Heard("pong", step.text.encode()):
                    raise Unmet(f"{who}: {heard}, not a pong with {step.text!r}")
            case Silence():
                if (stray := await self._stray(who, step.seconds)) is not None:
                    raise Unmet(f"{who} should have received nothing: {stray}")

    async def _stray(self, who: str, seconds: float) -> Heard | None:
        try:
            return await self._actors[who].next(seconds)
        except TimeoutError:
            return None

    async def _next(self, who: str, wanted: object, within: Count | None = None) -> Heard:
        patience = self._target.patience if within is None else self._facts.seconds(within)
        try:
            return await self._actors[who].next(patience)
        except TimeoutError:
            raise Unmet(f"{who} received nothing within {patience:g} s, and should have received {shown(wanted)}") from None


def _peer(name: str, group: str) -> dict[str, object]:
    return {"id": name, "group_id": group, "last_seen": "<time>"}
