"""The client in Python and the real server."""

import asyncio
import itertools
import json
import re
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from psync_signal import Event, Failed, Lost, Message, PeerJoined, PeerLeft, Peers, Signal, SignalEnded, SignalError
from tests.integration.client import Client
from tests.integration.line import PATIENCE
from tests.integration.relay import Relay
from tests.integration.server import Server, quiet_environ
from tests.integration.tenancy import Tenancy
from tests.sources import ROOT

FORMATS = ["json", "msgpack"]


@pytest.fixture
def relay() -> Iterator[Relay]:
    with Relay() as running:
        yield running


def run(test: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(2 * PATIENCE):
            await test

    asyncio.run(bounded())


def at(server: Server | Relay) -> str:
    scheme = "wss" if isinstance(server, Server) and server.tls else "ws"
    return f"{scheme}://127.0.0.1:{server.port}/ws"


async def hear(signal: Signal, kind: type[Event]) -> Any:  # noqa: ANN401 - an event of that kind
    """The next event, which is of this kind."""
    event = await anext(signal)
    assert isinstance(event, kind), event
    return event


# --- Two peers ---


@pytest.mark.parametrize(("ours", "theirs"), list(itertools.product(FORMATS, FORMATS)))
def test_two_clients_meet_and_are_told_what_became_of_their_messages(server: Server, group: str, ours: str, theirs: str) -> None:
    async def test() -> None:
        url, payload = at(server), {"sdp": "v=0\r\n", "n": [1, 1.5, None, "é"]}
        async with (
            Signal(url, peer_id="early", group_id=group, metadata={"is": "early"}, format=ours, tls=server.tls) as early,
            Signal(url, peer_id="late", group_id=group, format=theirs, tls=server.tls) as late,
        ):
            assert (await hear(early, Peers)).peers == ()
            (there,) = (await hear(late, Peers)).peers
            assert (there.id, there.metadata) == ("early", {"is": "early"})
            assert (await hear(early, PeerJoined)).peer.id == "late"
            assert await late.send("early", "offer", payload) == "delivered"
            offer = await hear(early, Message)
            assert (offer.type, offer.source_id, offer.payload) == ("offer", "late", payload)
            assert await early.broadcast("to all") == "delivered"
            message = await hear(late, Message)
            assert (message.type, message.target_id, message.payload) == ("message", None, "to all")
            with pytest.raises(SignalError, match="unknown_peer"):
                await late.send("nobody", "offer")
            await late.post("nobody", "candidate", id="c")
            failed = await hear(late, Failed)
            assert (failed.error.code, failed.error.ref["id"]) == ("unknown_peer", "c")
            await late.leave()
            assert (await hear(early, PeerLeft)).reason == "left"

    run(test())


def test_two_aiortc_peers_find_each_other_and_send_bytes_both_ways(share: Callable[..., Server], group: str) -> None:
    url = at(share())
    command = [sys.executable, "-m", "tests.integration.rtc_signal_peer", url]
    peers = {
        name: subprocess.Popen([*command, name, group, "1", str(2**20)], cwd=ROOT, env=quiet_environ(), stdout=subprocess.PIPE, text=True)
        for name in ("a", "b")
    }
    try:
        told = {name: json.loads(process.communicate(timeout=2 * PATIENCE)[0]) for name, process in peers.items()}
    finally:
        for process in peers.values():
            process.kill()
    assert {name: told[name]["received"] for name in told} == {"a": {"b": told["b"]["sent"]}, "b": {"a": told["a"]["sent"]}}
    assert sorted([told["a"]["offered"], told["b"]["offered"]]) in ([[], ["a"]], [[], ["b"]])


def test_an_id_that_is_taken_is_told_at_once(share: Callable[..., Server], group: str) -> None:
    server = share({"group.on_duplicate": "reject"})
    server.connect(Client).register("me", group)

    async def test() -> None:
        with pytest.raises(SignalError, match="peer_id_taken") as error:
            async with Signal(at(server), peer_id="me", group_id=group):
                raise AssertionError("it was let in")
        assert error.value.temporary

    run(test())


def test_a_path_that_is_not_there_ends_the_client(share: Callable[..., Server], group: str) -> None:
    async def test() -> None:
        with pytest.raises(SignalEnded, match="404"):
            async with Signal(at(share()).replace("/ws", "/none"), peer_id="me", group_id=group):
                raise AssertionError("it was let in")

    run(test())


def test_the_example_of_the_readme_runs_as_it_stands(serve: Callable[..., Server], tmp_path: Path) -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert ":8080/" in example
    script = tmp_path / "example.py"
    script.write_text(example.replace(":8080/", f":{serve().port}/"))
    command, environ = [sys.executable, str(script)], quiet_environ(PYTHONPATH=str(ROOT))
    told = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=2 * PATIENCE, check=False)
    assert (told.returncode, told.stderr) == (0, "")
    late = "alice" if "alice offers" in told.stdout else "bob"
    early = "bob" if late == "alice" else "alice"
    assert sorted(told.stdout.splitlines()) == sorted(
        [
            f"{late} offers to {early}: delivered",
            f"{early} answers {late}",
            f"{late} has the answer of {early}: {{'type': 'answer', 'sdp': 'v=0'}}",
        ]
    )


# --- Tokens ---


def test_a_token_lets_the_client_into_its_tenant_and_is_asked_for_again_when_the_connection_ends(
    serve: Callable[..., Server], relay: Relay, group: str, tmp_path: Path
) -> None:
    async def test() -> None:
        tenancy = Tenancy(tmp_path / "tenants")
        relay.target = serve(tenancy.settings(acme="")).port
        refused = tenancy.token(kid="new")  # a key that the tenant does not have
        tokens = iter([tenancy.token(), tenancy.token(), refused, refused])
        async with Signal(at(relay).replace("/ws", "/t/acme/ws"), peer_id="me", group_id=group, token=lambda: next(tokens)) as signal:
            await hear(signal, Peers)
            relay.cut()
            await hear(signal, Lost)
            await hear(signal, Peers)
            relay.cut()
            await hear(signal, Lost)
            with pytest.raises(SignalEnded, match="401"):
                await anext(signal)
        assert (relay.count, list(tokens)) == (3, [])

    run(test())


# --- The connection ends ---


def test_a_restart_of_the_server_is_a_loss_and_then_all_are_there_again(serve: Callable[..., Server], relay: Relay, group: str) -> None:
    async def test() -> None:
        first = serve({"drain.reconnect_spread": 0})
        relay.target = first.port
        async with AsyncExitStack() as stack:
            names = ["a", "b", "c"]
            signals = [await stack.enter_async_context(Signal(at(relay), peer_id=name, group_id=group)) for name in names]
            relay.target = serve().port
            await asyncio.to_thread(first.stop)
            met = [await there_again(signal, set(names) - {name}) for signal, name in zip(signals, names, strict=True)]
            # Of any two exactly one has the other in its list: it is the one that offers.
            listed = [{name, other} for name, (peers, _) in zip(names, met, strict=True) for other in peers]
            assert sorted(map(sorted, listed)) == [["a", "b"], ["a", "c"], ["b", "c"]]
            assert await signals[0].send("c", "message", "back") == "delivered"

    run(test())


async def there_again(signal: Signal, others: set[str]) -> tuple[set[str], set[str]]:
    """Read up to the moment when all others are there after a loss; whom the list named, and who came."""
    listed, came, lost = set[str](), set[str](), False
    while not lost or listed | came != others:
        match await anext(signal):
            case Lost(code=code):
                assert code == 1012
                lost = True
            case Peers(peers=peers) if lost:
                listed |= {peer.id for peer in peers}
            case PeerJoined(peer=peer) if lost:
                came.add(peer.id)
    return listed, came


def test_a_cut_connection_is_resumed_and_what_was_sent_meanwhile_follows_in_order(
    share: Callable[..., Server], relay: Relay, group: str
) -> None:
    async def test() -> None:
        server = share()
        relay.target = server.port
        async with (
            Signal(at(server), peer_id="stays", group_id=group) as stays,
            Signal(at(relay), peer_id="cut", group_id=group, format="msgpack") as cut,
        ):
            await hear(stays, Peers)
            await hear(cut, Peers)
            await hear(stays, PeerJoined)
            relay.target = None
            relay.cut()
            assert (await hear(cut, Lost)).code == 1006
            # What is sent before the server has seen the cut is written to a connection that nobody reads any more.
            while await stays.send("cut", "message", "too early") != "queued":
                pass
            assert [await stays.send("cut", "message", number) for number in range(20)] == ["queued"] * 20
            relay.target = server.port
            resumed = await hear(cut, Peers)
            assert (resumed.resumed, [peer.id for peer in resumed.peers]) == (True, ["stays"])
            assert [(await hear(cut, Message)).payload for _ in range(21)] == ["too early", *range(20)]
            assert await cut.send("stays", "message", "back") == "delivered"
            assert (await hear(stays, Message)).payload == "back"

    run(test())


def test_a_cut_that_lasts_longer_than_the_window_is_a_leave_and_a_join(serve: Callable[..., Server], relay: Relay, group: str) -> None:
    async def test() -> None:
        server = serve({"resume.window": 0.3})
        relay.target = server.port
        async with (
            Signal(at(server), peer_id="stays", group_id=group) as stays,
            Signal(at(relay), peer_id="cut", group_id=group) as cut,
        ):
            await hear(stays, Peers)
            await hear(cut, Peers)
            await hear(stays, PeerJoined)
            relay.target = None
            relay.cut()
            await hear(cut, Lost)
            while await stays.send("cut", "message", "too early") != "queued":
                pass
            heard = [await anext(stays), await anext(stays)]
            (failed,) = (event for event in heard if isinstance(event, Failed))
            (left,) = (event for event in heard if isinstance(event, PeerLeft))
            assert (failed.error.code, failed.error.ref["target_id"], left.reason) == ("undelivered", "cut", "lost")
            relay.target = server.port
            listed = await hear(cut, Peers)
            assert (listed.resumed, [peer.id for peer in listed.peers]) == (False, ["stays"])
            assert (await hear(stays, PeerJoined)).peer.id == "cut"

    run(test())
