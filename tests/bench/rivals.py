"""Rivals: the servers that are compared, ours first: what a user would pick instead, and the floor."""

import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple

from gateway.bench.dialect import Dialect, Signal
from gateway.bench.target import own_command
from tests.bench.dialects import Bare, PeerJs, YWebrtc
from tests.bench.scratch import NODE, PYTHON, SERVERS, Absent, Scratch

__all__ = ["OURS", "RIVALS", "Launch", "Rival"]


class Launch(NamedTuple):
    """How a server is started."""

    command: list[str]
    environ: Mapping[str, str] = {}


class Rival(NamedTuple):
    """One server. `launch` may raise `tests.bench.scratch.Absent`."""

    name: str
    what: str
    dialect: Dialect
    launch: Callable[[Scratch, int], Launch]


def _ours(_scratch: Scratch, port: int) -> Launch:
    return Launch(own_command(port))


def _peerjs(scratch: Scratch, port: int) -> Launch:
    program = scratch.node_modules("peer") / "peer" / "dist" / "bin" / "peerjs.js"
    return Launch(["node", str(program), "--host", "127.0.0.1", "--port", str(port), "--concurrent_limit", "100000"])


def _ws(scratch: Scratch, port: int) -> Launch:
    modules = scratch.node_modules("ws")
    return Launch(["node", str(SERVERS / "relay_ws.mjs"), str(port)], {"NODE_MODULES": str(modules)})


def _y_webrtc(scratch: Scratch, port: int) -> Launch:
    modules = scratch.node_modules("y-webrtc", "ws")
    return Launch(["node", str(SERVERS / "ywebrtc.mjs")], {"NODE_MODULES": str(modules), "PORT": str(port)})


def _websockets(scratch: Scratch, port: int) -> Launch:
    path = scratch.python_path("websockets", "uvloop")
    return Launch([sys.executable, str(SERVERS / "relay_websockets.py"), str(port)], {"PYTHONPATH": str(path)})


def _floor(scratch: Scratch, port: int) -> Launch:
    try:
        return Launch([str(scratch.compiled(SERVERS / "floor.c")), str(port)])
    except Absent as why:
        print(f"the floor is in Python: {why}", flush=True)
        return Launch([sys.executable, str(SERVERS / "floor.py"), str(port)])


OURS = "PSync Signal"

RIVALS = (
    Rival(OURS, "this server, all limits, checks and timers on", Signal(), _ours),
    Rival("PeerJS", f"the PeerJS server, `peer` {NODE['peer']}", PeerJs(), _peerjs),
    Rival("ws relay", f"tests/bench/servers/relay_ws.mjs on `ws` {NODE['ws']}", Signal(), _ws),
    Rival("y-webrtc", f"the signaling server of `y-webrtc` {NODE['y-webrtc']}", YWebrtc(), _y_webrtc),
    Rival(
        "websockets relay",
        f"tests/bench/servers/relay_websockets.py on `websockets` {PYTHON['websockets']}, `uvloop` {PYTHON['uvloop']}",
        Signal(),
        _websockets,
    ),
    Rival("floor", "tests/bench/servers/floor.c: pairs sockets, parses no message; in Python where there is no C compiler", Bare(), _floor),
)
