"""The arrows of the house: tests > gateway > actors > pykka, and a client apart from them.

Each rule is data; the tests below prove that each can fail.
"""

import sys
from collections.abc import Iterator

import pytest

from tests.sources import ROOT, Source, Use, is_under, read, source, uses

# Lowest first. At run time a module of `actors` imports only from layers below its own, so there is no cycle, and one can be read without
# those above it. Annotations may name anything.
ACTORS_LAYERS = (
    ("allowance", "audit", "grant", "liveness", "reasons"),
    ("conduct", "events"),
    ("messages",),
    ("census", "membership", "pairing", "ports", "rules", "supervision", "terms"),
    ("client", "ownership", "quota", "resume", "roster", "unlisted"),
    ("peer_rules", "runtime"),
    ("contest", "seat"),
    ("delivery", "watch"),
    ("group", "speaker"),
    ("peer",),
    ("directory", "resumable"),
    ("peer_v2",),
    ("__init__",),
)
LAYER = {module: layer for layer, modules in enumerate(ACTORS_LAYERS) for module in modules}

# What actors take from outside themselves: pykka, from the runtime on upwards; of msgspec the record type and none of its codecs.
OUTSIDE_ACTORS = ("pykka", "msgspec.Struct", "msgspec.UNSET", "msgspec.UnsetType", "msgspec.field", "msgspec.structs")
# And the standard library, but for these.
BARRED_FROM_ACTORS = {
    "does I/O": {"http", "io", "multiprocessing", "os", "pathlib", "select", "selectors", "shutil", "signal", "smtplib", "socket"}
    | {"socketserver", "sqlite3", "ssl", "subprocess", "tempfile", "urllib", "wsgiref", "xmlrpc"},
    "waits; an actor only sends messages": ("_thread", "asyncio", "concurrent", "queue", "sched", "threading"),
    "encodes; that is the gateway's": ("base64", "json", "marshal", "pickle", "struct", "tomllib"),
    "asks the clock; time is an argument, the Clock port": (
        "time",
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
    ),
    "hides what is imported": ("importlib", "runpy"),
}

# Bytes and rules: they are read from RFCs and from docs/protocol.md, and tested without a socket.
SANS_IO = tuple(
    f"gateway/{module}.py"
    for module in (
        *("announcement", "bearer", "candidates", "forwarded", "frame_format", "frames", "gate", "ice", "keys", "members", "networks"),
        *("proxy_protocol", "registration", "subprotocol", "tokens", "translation", "wire"),
        *("conformance/facts", "conformance/pattern", "conformance/steps", "conformance/transcript"),
    )
)
IO = ("actors", "asyncio", "gevent", "geventwebsocket", "redis", "select", "selectors", "socket", "ssl", "threading")
REDIS = "gateway/backplane/redis.py"
WEBSOCKETS = "psync_signal/connection.py"  # of the client


def faults_of_actors(module: Source) -> Iterator[str]:
    if module.path.stem not in LAYER:
        yield f"{module.path}: has no place in ACTORS_LAYERS"
        return
    for use in uses(module.tree):
        reason = _layer_fault(module, use) if is_under(use.name, ["actors"]) else _outside_fault(module, use)
        if reason is not None:
            yield f"{module.path}:{use.line}: {use.name} {reason}"


def _layer_fault(module: Source, use: Use) -> str | None:
    taken = [*use.name.split("."), "__init__"][1]
    is_below = LAYER.get(taken, len(LAYER)) < LAYER[module.path.stem]
    return None if is_below or use.for_types else f"is not in a layer of ACTORS_LAYERS below {module.path.stem}"


def _outside_fault(module: Source, use: Use) -> str | None:
    if is_under(use.name, sys.stdlib_module_names):
        reasons = (reason for reason, barred in BARRED_FROM_ACTORS.items() if is_under(use.name, barred))
        return None if use.for_types else next(reasons, None)
    if is_under(use.name, ["pykka"]) and not use.for_types and LAYER[module.path.stem] < LAYER["runtime"]:
        return "is an actor's; this module is pure"
    return None if use.name == "msgspec" or is_under(use.name, OUTSIDE_ACTORS) else "is not for actors"


def faults_of_gateway(module: Source) -> Iterator[str]:
    for use in uses(module.tree):
        place = f"{module.path}:{use.line}: {use.name}"
        if str(module.path) in SANS_IO and is_under(use.name, IO) and not (use.for_types or _is_table(use)):
            yield f"{place} is I/O or decides; this module knows bytes alone"
        if is_under(use.name, ["redis", "hiredis"]) and str(module.path) != REDIS:
            yield f"{place} belongs to {REDIS} alone"
        if is_under(use.name, ["tests", "tools"]):
            yield f"{place} is not installed with the server"


def faults_of_client(module: Source) -> Iterator[str]:
    for use in uses(module.tree):
        if not is_under(use.name, ["psync_signal", "msgspec", *sys.stdlib_module_names]) and not (
            is_under(use.name, ["websockets"]) and str(module.path) == WEBSOCKETS
        ):
            yield f"{module.path}:{use.line}: {use.name} is nothing that an application with the client has to have"


def _is_table(use: Use) -> bool:
    """Whether it is one of the plain tables and records that the codec writes and reads."""
    return is_under(use.name, ["actors.events", "actors.messages", "actors.reasons"])


def test_actors_import_only_what_decides() -> None:
    faults = [fault for module in read("actors") for fault in faults_of_actors(module)]
    assert not faults, "\n".join(faults)


def test_the_gateway_keeps_io_out_of_its_codec_and_redis_in_one_file() -> None:
    faults = [fault for module in read("gateway") for fault in faults_of_gateway(module)]
    assert not faults, "\n".join(faults)


def test_the_client_takes_nothing_of_the_server() -> None:
    faults = [fault for module in read("psync_signal") for fault in faults_of_client(module)]
    assert not faults, "\n".join(faults)


def test_every_module_that_a_rule_names_exists() -> None:
    named = {*SANS_IO, WEBSOCKETS, *(f"actors/{module}.py" for module in LAYER)}
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


@pytest.mark.parametrize(
    "text",
    [
        "import gateway.wire",
        "from gateway import wire",
        "from gateway.wire import encode",
        "if TYPE_CHECKING:\n    from gateway import wire",
        "def late():\n    import gateway",
        "import gevent",
        "from . import reasons",
        "import msgpack",
        "import redis",
        "import msgspec.json",
        "from msgspec import json",
        "from msgspec.json import decode",
        "import msgspec\nmsgspec.msgpack.encode(1)",
        "import msgspec as records\nrecords.json.encode(1)",
        "import socket",
        "import json as text",
        "import os.path",
        "import threading",
        "from time import monotonic",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime\ndatetime.now()",
        "import importlib",
        "__import__('socket')",
        "import actors.directory",
        "from actors.peer import PeerActor",
        "from actors import PeerActor",
    ],
)
def test_an_actor_that_reaches_out_or_up_is_found(text: str) -> None:
    assert list(faults_of_actors(source("actors/peer.py", text)))


@pytest.mark.parametrize(
    "text",
    [
        "import pykka",
        "from pykka import ThreadingActor\nThreadingActor.start()",
        "import msgspec\nclass Register(msgspec.Struct): ...",
        "from msgspec import Struct, field",
        "from actors.reasons import CloseCode",
        "if TYPE_CHECKING:\n    from actors.directory import Directory",
        "if typing.TYPE_CHECKING:\n    import threading",
        "import datetime\ndatetime.timedelta(1)",
        "from collections import deque",
    ],
)
def test_an_actor_may_take_what_decides(text: str) -> None:
    assert list(faults_of_actors(source("actors/peer.py", text))) == []


def test_a_pure_module_takes_from_pykka_no_more_than_types() -> None:
    assert list(faults_of_actors(source("actors/membership.py", "if TYPE_CHECKING:\n    from pykka import ActorRef"))) == []
    assert list(faults_of_actors(source("actors/membership.py", "import pykka"))) == [
        "actors/membership.py:1: pykka is an actor's; this module is pure"
    ]


def test_a_new_module_of_actors_has_to_take_its_place() -> None:
    assert list(faults_of_actors(source("actors/gossip.py", "from actors.reasons import CloseCode"))) == [
        "actors/gossip.py: has no place in ACTORS_LAYERS"
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("gateway/frames.py", "import socket"),
        ("gateway/frames.py", "from gevent import sleep"),
        ("gateway/wire.py", "from actors.peer import PeerActor"),
        ("gateway/app.py", "import redis"),
        ("gateway/backplane/memory.py", "from redis.asyncio import Redis"),
        ("gateway/app.py", "from tests.doubles import ManualClock"),
    ],
)
def test_a_gateway_module_that_leaves_its_room_is_found(path: str, text: str) -> None:
    assert list(faults_of_gateway(source(path, text)))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (REDIS, "import redis"),
        ("gateway/connection.py", "import socket, gevent"),
        ("gateway/app.py", "from actors.directory import Directory"),
        ("gateway/wire.py", "from actors.reasons import ErrorCode"),
    ],
)
def test_a_gateway_module_in_its_room_is_left_alone(path: str, text: str) -> None:
    assert list(faults_of_gateway(source(path, text))) == []


@pytest.mark.parametrize(
    "text", ["from actors.reasons import CLOSES", "import gateway.wire", "import gevent", "import websockets", "from tests import doubles"]
)
def test_a_module_of_the_client_that_needs_more_is_found(text: str) -> None:
    assert list(faults_of_client(source("psync_signal/client.py", text)))


@pytest.mark.parametrize("text", ["import asyncio, ssl", "import msgspec", "from psync_signal.errors import SignalError"])
def test_a_module_of_the_client_may_take_what_it_brings(text: str) -> None:
    assert list(faults_of_client(source("psync_signal/client.py", text))) == []
    assert list(faults_of_client(source(WEBSOCKETS, "from websockets.asyncio.client import connect"))) == []
