"""Floods, as fast as a client can: the flooders are told and closed, the healthy pair of another group goes on."""

import json
import threading
from collections.abc import Callable

import pytest

from tests.hostile.audience import Audience
from tests.hostile.footprint import Footprint
from tests.hostile.member import member, message
from tests.hostile.pair import Pair
from tests.integration.client import PackedClient
from tests.integration.line import BINARY, CLOSE, CONTINUATION, PATIENCE, PING, PONG, TEXT, Closed, Line, frame, parse_close
from tests.integration.server import Server

BURST = 400
"""The default of `limits.messages_burst`: so many pass at once, and so many warnings follow."""

ALLOWANCE_KIB = 16_384


class Flooder:
    """Sends all it has in a thread of its own, and meanwhile counts what it hears until it is closed.

    Attributes:
        heard: how often an error of each code, or a message of each type, was heard.
        closed: the close frame, once there.
    """

    def __init__(self, line: Line, data: bytes) -> None:
        self.heard: dict[str, int] = {}
        self.closed: Closed | None = None
        self._line = line
        self._data = data
        self._threads = [threading.Thread(target=target, daemon=True) for target in (self._send, self._listen)]
        for thread in self._threads:
            thread.start()

    def wait(self) -> Closed:
        for thread in self._threads:
            thread.join(PATIENCE)
        assert self.closed is not None, f"not closed: {self.heard}"
        return self.closed

    def _send(self) -> None:
        try:
            self._line.send(self._data)
        except OSError:
            return  # closed before it was through, which `wait` asks for

    def _listen(self) -> None:
        while self.closed is None:
            opcode, payload = self._line.frame()
            if opcode == CLOSE:
                self.closed = parse_close(payload)
            elif opcode == TEXT:
                told = json.loads(payload)
                name = told["payload"]["code"] if told["type"] == "error" else told["type"]
                self.heard[name] = self.heard.get(name, 0) + 1


# --- Messages ---

FLOODERS = 5
LISTENERS = 45
MESSAGES = 20_000


def test_flooders_of_a_group_of_50_are_warned_and_closed_and_nobody_else_notices(serve: Callable[..., Server], group: str) -> None:
    server = serve()
    with Pair(server):
        before = Footprint(server)
        with Audience([member(server, f"listener {number}", group) for number in range(LISTENERS)]):
            lines = [member(server, f"flooder {number}", group) for number in range(FLOODERS)]
            flooders = [Flooder(line, message("message", payload="flood") * MESSAGES) for line in lines]
            assert {flooder.wait().code for flooder in flooders} == {4429}
            for flooder in flooders:
                assert BURST <= flooder.heard["rate_limited"] <= 3 * BURST
                assert set(flooder.heard) <= {"rate_limited", "message", "peer_joined", "peer_left"}
        before.assert_given_back(ALLOWANCE_KIB)


HEAVY = [[1]] * 1_000 + [b"has no JSON form"]
"""As many elements as a payload may have. The last is what makes it unrepresentable: all are translated before that is found out."""


def test_a_broadcast_that_no_receiver_can_be_shown_costs_one_translation(serve: Callable[..., Server], group: str) -> None:
    server = serve()
    with Pair(server), Audience([member(server, f"listener {number}", group) for number in range(LISTENERS)]):
        attacker = server.connect(PackedClient)
        attacker.register("attacker", group)
        for _ in range(10):
            attacker.say("message", payload=HEAVY)
        told = [attacker.refused("unrepresentable").payload["ref"]["target_id"] for _ in range(10 * LISTENERS)]
        assert sorted(told) == sorted([f"listener {number}" for number in range(LISTENERS)] * 10)
        attacker.assert_silence()


# --- Tiny elements: the most work for each byte ---

PACKERS = 10
TINY_ELEMENTS = {
    "one array": [1] * 64_000,
    "empty arrays": [[]] * 64_000,
    "empty maps": [{}] * 64_000,
    "maps of one key": [{"": 1}] * 21_000,
    "arrays in arrays": [[[[[[[[1]]]]]]]] * 7_500,
}
BAD = 150
"""Messages of such a payload: more than the 100 that `limits.errors` forgives."""

GOOD_PACKERS = 10
GOOD = 100
FULL = [[[[[[[[1]]]]]]]] * 250
"""Within `limits.elements`, and hardly more."""


def packers(server: Server, group: str, count: int) -> list[PackedClient]:
    """Senders of MessagePack whose payloads would have to be translated: a listener of their group reads JSON."""
    clients = [server.connect(PackedClient) for _ in range(count)]
    for number, client in enumerate(clients):
        client.register(f"packer {number}", f"{group} {number}")
    return clients


@pytest.mark.parametrize("what", TINY_ELEMENTS)
def test_ten_senders_of_payloads_of_too_many_elements_are_closed_and_nobody_else_notices(
    besiege: Callable[..., Server], group: str, what: str
) -> None:
    server = besiege()
    with Audience([member(server, "listener", f"{group} {number}") for number in range(PACKERS)]):
        clients = packers(server, group, PACKERS)
        data = frame(BINARY, clients[0].encode({"type": "message", "target_id": "listener", "payload": TINY_ELEMENTS[what]}))
        flooders = [Flooder(client.line, data * BAD) for client in clients]
        assert {flooder.wait().code for flooder in flooders} == {4400}


def test_senders_of_as_many_elements_as_are_allowed_are_served_and_nobody_else_notices(serve: Callable[..., Server], group: str) -> None:
    server = serve()
    listeners = [member(server, "listener", f"{group} {number}") for number in range(GOOD_PACKERS)]
    with Pair(server), Audience(listeners):
        clients = packers(server, group, GOOD_PACKERS)
        data = frame(BINARY, clients[0].encode({"type": "message", "target_id": "listener", "payload": FULL})) * GOOD
        threads = [threading.Thread(target=client.line.send, args=(data,), daemon=True) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        for client in clients:
            client.assert_silence()


# --- Frames ---

FRAMES = 5000
TINY = {
    "pings": (frame(PING), 1008),
    "pongs": (frame(PONG), 1008),
    "pings of 125 bytes": (frame(PING, b"x" * 125), 1008),
    "empty messages": (frame(TEXT), 4400),
    "messages of one byte": (frame(TEXT, b"1"), 4400),
    "empty fragments": (frame(TEXT, final=False) + frame(CONTINUATION, final=False) * 10, 1002),
    "fragments without end": (frame(CONTINUATION, final=False), 1002),
    "heartbeats": (message("heartbeat"), 4429),
    "registers": (message("register", payload={"peer_id": "flooder", "group_id": "flooded"}), 4429),
}


@pytest.mark.parametrize("what", TINY)
def test_thousands_of_tiny_frames_in_one_go_are_closed(besiege: Callable[..., Server], group: str, what: str) -> None:
    data, code = TINY[what]
    server = besiege()
    flooder = Flooder(member(server, "flooder", group), data * FRAMES)
    assert flooder.wait().code == code
    member(server, "flooder", group)


def test_one_message_in_too_many_empty_fragments_is_closed_with_1008(besiege: Callable[..., Server], group: str) -> None:
    data = frame(TEXT, final=False) + frame(CONTINUATION, final=False) * FRAMES
    assert Flooder(member(besiege(), "flooder", group), data).wait().code == 1008


# --- Joins and leaves ---

COMERS = 4
BATCH = 25
"""Joins and leaves sent in one go: fewer than what waits for a join's answer (64 messages)."""

JOINS = 50_000
FREE = {
    "limits.registers_per_second": 1_000_000,
    "limits.registers_burst": 1_000_000,
    "limits.messages_per_second": 1_000_000,
    "limits.messages_burst": 1_000_000,
}


def test_100_000_joins_and_leaves_leave_nothing(serve: Callable[..., Server], group: str) -> None:
    server = serve(FREE)
    with Pair(server) as pair:
        before = Footprint(server)
        lines = [server.line() for _ in range(COMERS)]
        for line in lines:
            line.upgrade()
        batches = [
            b"".join(
                message("register", payload={"peer_id": "comer", "group_id": f"{group} {number}"}) + message("leave") for _ in range(BATCH)
            )
            for number in range(COMERS)
        ]
        for _ in range(JOINS // BATCH // COMERS):
            for line, batch in zip(lines, batches, strict=True):
                line.send(batch)
            for line in lines:
                lists = [line.frame()[1] for _ in range(BATCH)]
                assert all(b'"peers":[]' in told for told in lists), lists
        pair.assert_healthy()
        before.assert_given_back(ALLOWANCE_KIB)


CROWD = 200
STORMERS = 10
CYCLES = 20


def test_a_storm_of_joins_and_leaves_in_a_group_of_200_is_told_in_order(serve: Callable[..., Server], group: str) -> None:
    server = serve(FREE)
    witness = member(server, "witness", group)
    crowd = [member(server, f"listener {number}", group) for number in range(CROWD)]
    for _ in crowd:
        witness.frame()
    stormers = [server.line() for _ in range(STORMERS)]
    for line in stormers:
        line.upgrade()
    with Pair(server), Audience([*crowd, *stormers]):
        for number, line in enumerate(stormers):
            line.send((message("register", payload={"peer_id": f"stormer {number}", "group_id": group}) + message("leave")) * CYCLES)
        present: set[str] = set()
        for _ in range(2 * CYCLES * STORMERS):
            told = json.loads(witness.frame()[1])
            peer = told["payload"]["peer"]["id"]
            if told["type"] == "peer_joined":
                assert peer not in present
                present.add(peer)
            else:
                assert (told["type"], told["payload"]["reason"]) == ("peer_left", "left")
                present.remove(peer)
        assert not present
