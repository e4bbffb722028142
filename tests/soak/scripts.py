"""What visitors do: come, go, talk, and misbehave, each in a way of its own. A script fails when the server does not do its part.

Each lasts some tenths of a second, or until a deadline of `SETTINGS` has passed; then another visitor takes its place.
"""

from collections.abc import Generator

from tests.integration.line import PONG, TEXT, frame
from tests.soak.visitor import Script, Visitor, Wait

__all__ = ["SCRIPTS", "SETTINGS"]

SETTINGS: dict[str, object] = {
    "heartbeat.ping_interval": 0.5,
    "heartbeat.expire_after": 3.0,
    "heartbeat.close_after": 5.0,
    "heartbeat.challenge_timeout": 0.3,
    "limits.register_timeout": 1.0,
    "limits.message_timeout": 1.0,
    "limits.close_timeout": 0.25,
    "log.format": "json",
}
"""The server's: deadlines so short that each passes many times in a minute."""

GROUPS = 10
NAMESAKES = 3
MOMENT = (0.1, 0.5)
SILENCES = 5


def group(visitor: Visitor) -> str:
    return f"crowd {visitor.random.randrange(GROUPS)}"


def join(visitor: Visitor) -> Generator[float, None, list[str]]:
    """Connect and register under a name that nobody else has; return who is there."""
    name = f"visitor {visitor.random.getrandbits(64):x}"
    visitor.connect().ask(name, group(visitor))
    answer = yield from visitor.hear("peer_list", "error")
    assert answer.type == "peer_list", answer
    return [peer["id"] for peer in answer.payload["peers"]]


def leave(visitor: Visitor) -> Wait:
    """Close with a handshake, and wait for the answer."""
    assert visitor.client is not None
    visitor.client.begin_to_leave()
    yield from visitor.closed(1000)


# --- Clients that behave ---


def talks(visitor: Visitor) -> Wait:
    """Calls a neighbour as WebRTC does, and everybody."""
    there = yield from join(visitor)
    client = visitor.client
    assert client is not None
    for target in visitor.random.sample(there, min(len(there), 3)):
        client.say("offer", target, {"sdp": "v=0\r\n" * visitor.random.choice((1, 200))})
        client.say("candidate", target, {"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host"})
        client.say("message", target, 1)
    client.say("message", payload="to all")
    yield from visitor.rest(*MOMENT)
    yield from leave(visitor)


def leaves_and_joins_again(visitor: Visitor) -> Wait:
    yield from join(visitor)
    client = visitor.client
    assert client is not None
    client.say("leave")
    yield from visitor.rest(*MOMENT)
    client.say("message", payload="from outside")
    yield from visitor.hear("error")
    client.ask(client.peer_id, group(visitor))
    yield from visitor.hear("peer_list")
    yield from leave(visitor)


def moves_from_group_to_group(visitor: Visitor) -> Wait:
    yield from join(visitor)
    client = visitor.client
    assert client is not None
    for _ in range(2):
        yield from visitor.rest(*MOMENT)
        client.ask(client.peer_id, group(visitor), metadata={"n": visitor.random.randrange(100)})
        yield from visitor.hear("peer_list")
    yield from leave(visitor)


def has_a_namesake(visitor: Visitor) -> Wait:
    """Wants one of a few names: gets it, or hears that it is taken. Some then fall silent, so that the next one finds a ghost."""
    visitor.connect().ask(f"namesake {visitor.random.randrange(NAMESAKES)}", "namesakes")
    answer = yield from visitor.hear("peer_list", "error")
    assert answer.type == "peer_list" or answer.payload["code"] == "peer_id_taken", answer
    if visitor.random.random() < 0.3:
        yield from visitor.be_deaf(0.7)
        visitor.hang_up(reset=True)
    else:
        yield from visitor.rest(*MOMENT)


# --- Clients that vanish ---


def resets(visitor: Visitor) -> Wait:
    yield from join(visitor)
    yield from visitor.rest(*MOMENT)
    visitor.hang_up(reset=True)


def ends_without_a_close_frame(visitor: Visitor) -> Wait:
    yield from join(visitor)
    yield from visitor.rest(*MOMENT)


def is_half_open(visitor: Visitor) -> Wait:
    """Does not answer; the server gives it up, and says so.

    Whoever looks for the close frame answers the pings before it, too, and lives on where the server was late: it has stalled, and counts
    that time for nobody. Then the silence begins again.
    """
    yield from join(visitor)
    for _ in range(SILENCES):
        yield from visitor.be_deaf(5.5)
        if (yield from visitor.is_closed(0.2, 1001)):
            return
    raise AssertionError(f"silent for 5.5 s, {SILENCES} times, and not given up")


def is_away_and_comes_back(visitor: Visitor) -> Wait:
    """Silent past its deadline, unless the server has stalled meanwhile and counts that time for nobody; then it answers pings again."""
    yield from join(visitor)
    yield from visitor.be_deaf(3.7)
    yield from visitor.rest(*MOMENT)
    client = visitor.client
    assert client is not None
    client.say("message", client.peer_id, "back again")
    yield from visitor.hear("message")
    yield from leave(visitor)


def gives_up_before_the_handshake(visitor: Visitor) -> Wait:
    line = visitor.line()
    line.send(b"GET /ws HTTP/1.1\r\nHost: 127"[: visitor.random.randrange(28)])
    yield visitor.random.uniform(*MOMENT)
    line.reset()


# --- Clients that do not know the protocol ---


def never_registers(visitor: Visitor) -> Wait:
    client = visitor.connect()
    client.say("message", payload=1)
    yield from visitor.hear("error")
    yield from visitor.closed(4408)


def sends_nonsense(visitor: Visitor) -> Wait:
    yield from join(visitor)
    client = visitor.client
    assert client is not None
    nonsense = (client.encode([]), client.encode({"type": "no such"}), client.encode({"type": "offer"}), b"{")
    for data in nonsense:
        client.send(data)
        yield from visitor.hear("error")
    yield from leave(visitor)


def breaks_the_framing(visitor: Visitor) -> Wait:
    yield from join(visitor)
    client = visitor.client
    assert client is not None
    broken = (
        (frame(TEXT, b"{}", masked=False), 1002),
        (frame(TEXT, b"\xff"), 1007),
        (frame(TEXT, declared=2**20), 1009),
        (frame(PONG, b"", final=False), 1002),
        (frame(TEXT, b"{", final=False), 1008),  # and nothing more: a message must be finished in time
    )
    data, code = visitor.random.choice(broken)
    client.line.send(data)
    yield from visitor.closed(code)


SCRIPTS: tuple[Script, ...] = (
    talks,
    talks,
    leaves_and_joins_again,
    moves_from_group_to_group,
    has_a_namesake,
    has_a_namesake,
    resets,
    ends_without_a_close_frame,
    is_half_open,
    is_away_and_comes_back,
    gives_up_before_the_handshake,
    never_registers,
    sends_nonsense,
    breaks_the_framing,
)
