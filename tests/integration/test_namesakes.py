"""The same peer id again, on another connection: one owner at any time, and a ghost does not keep its name."""

import re
import time
from collections.abc import Callable

from tests.integration.client import Client
from tests.integration.line import Line, frame
from tests.integration.server import Server

CHALLENGE = {"heartbeat.challenge_timeout": 0.3}


def ghost(server: Server, peer_id: str, group: str) -> Line:
    """A connection whose client is gone without a trace: nothing ever comes from it again."""
    line = server.line()
    line.upgrade(behind=frame(0x1, f'{{"type":"register","payload":{{"peer_id":"{peer_id}","group_id":"{group}"}}}}'.encode()))
    line.frame()
    return line


def wait_for_contest(server: Server, group: str) -> None:
    """Wait until the log tells of two connections with one name in this group, and of both their addresses."""
    address = r"127\.0\.0\.1:\d+"
    server.wait_for_line(f'registered twice".*"group": "{re.escape(group)}".*"address": "{address}", "owner": "{address}"')


def test_an_incumbent_that_answers_keeps_its_name_and_the_newcomer_stays_unregistered(server: Server, group: str) -> None:
    witness, incumbent, newcomer = (server.connect(Client) for _ in range(3))
    witness.register("witness", group)
    incumbent.register("name", group)
    witness.hear("peer_joined")
    newcomer.ask("name", group)
    incumbent.answer_pings(1)
    assert newcomer.refused("peer_id_taken").payload["temporary"]
    newcomer.say("message", payload=1)
    newcomer.refused("not_registered")
    incumbent.assert_silence()
    witness.assert_silence()
    wait_for_contest(server, group)


def test_a_newcomer_may_take_another_name_or_ask_again_once_it_is_free(server: Server, group: str) -> None:
    incumbent, newcomer = server.connect(Client), server.connect(Client)
    incumbent.register("name", group)
    newcomer.ask("name", group)
    incumbent.answer_pings(1)
    newcomer.refused("peer_id_taken")
    assert [peer["id"] for peer in newcomer.register("another", group)] == ["name"]
    incumbent.hear("peer_joined")
    incumbent.leave_politely()
    newcomer.hear("peer_left")
    assert newcomer.register("name", group) == []


def test_a_frozen_process_does_not_keep_its_name(
    share: Callable[..., Server], frozen: Callable[[Server, str, str], None], group: str
) -> None:
    server = share(CHALLENGE)
    witness, newcomer = server.connect(Client), server.connect(Client)
    witness.register("witness", group)
    frozen(server, "name", group)
    witness.hear("peer_joined")
    began = time.monotonic()
    newcomer.ask("name", group)
    assert [peer["id"] for peer in newcomer.joined()] == ["witness"]
    assert 0.25 < time.monotonic() - began < 1.5
    left = witness.hear("peer_left")
    assert (left.peer, left.payload["reason"]) == ("name", "lost")
    assert witness.hear("peer_joined").peer == "name"
    witness.say("message", "name", "to the new one")
    assert newcomer.hear("message").payload == "to the new one"


def test_a_ghost_that_wakes_up_finds_itself_closed_and_harms_nobody(share: Callable[..., Server], group: str) -> None:
    server = share(CHALLENGE)
    witness, newcomer = server.connect(Client), server.connect(Client)
    witness.register("witness", group)
    late = ghost(server, "name", group)
    witness.hear("peer_joined")
    newcomer.ask("name", group)
    newcomer.joined()
    assert witness.hear("peer_left").payload["reason"] == "lost"
    witness.hear("peer_joined")
    late.send(frame(0x1, b'{"type":"message","payload":"I am back"}'))
    opcode, payload = late.frame()
    while opcode != 0x8:
        opcode, payload = late.frame()
    assert int.from_bytes(payload[:2]) == 4409
    late.reset()
    newcomer.assert_silence()
    witness.assert_silence()


def test_any_frame_of_the_incumbent_answers_a_challenge(share: Callable[..., Server], group: str) -> None:
    server = share(CHALLENGE)
    newcomer, incumbent = server.connect(Client), ghost(server, "name", group)
    newcomer.ask("name", group)
    incumbent.frame()
    incumbent.send(frame(0x1, b'{"type":"heartbeat"}'))
    newcomer.refused("peer_id_taken")


def test_when_the_incumbent_goes_during_the_challenge_the_newcomer_has_the_name_at_once(server: Server, group: str) -> None:
    newcomer, incumbent = server.connect(Client), ghost(server, "name", group)
    began = time.monotonic()
    newcomer.ask("name", group)
    incumbent.frame()
    incumbent.reset()
    assert newcomer.joined() == []
    assert time.monotonic() - began < 0.9


def test_of_two_newcomers_at_once_the_second_is_refused(share: Callable[..., Server], group: str) -> None:
    server = share(CHALLENGE)
    ghost(server, "name", group)
    first, second = server.connect(Client), server.connect(Client)
    first.ask("name", group)
    wait_for_contest(server, group)
    second.ask("name", group)
    second.refused("peer_id_taken")
    assert first.joined() == []


def test_the_newest_wins_where_that_is_the_rule_and_the_replaced_one_stays_connected(share: Callable[..., Server], group: str) -> None:
    server = share({"group.on_duplicate": "newest"})
    witness, incumbent, newcomer = (server.connect(Client) for _ in range(3))
    witness.register("witness", group)
    incumbent.register("name", group)
    witness.hear("peer_joined")
    assert [peer["id"] for peer in newcomer.register("name", group)] == ["witness"]
    incumbent.refused("replaced")
    left = witness.hear("peer_left")
    assert (left.peer, left.payload["reason"]) == ("name", "replaced")
    assert witness.hear("peer_joined").peer == "name"
    incumbent.say("message", payload=1)
    incumbent.refused("not_registered")
    incumbent.leave_politely()
    witness.assert_silence()
    newcomer.assert_silence()


def test_a_name_in_use_is_refused_without_a_challenge_where_that_is_the_rule(share: Callable[..., Server], group: str) -> None:
    server = share({"group.on_duplicate": "reject"})
    newcomer = server.connect(Client)
    ghost(server, "name", group)
    newcomer.ask("name", group)
    newcomer.refused("peer_id_taken")


def test_the_same_name_in_two_groups_is_two_peers(server: Server, group: str) -> None:
    first, second = server.connect(Client), server.connect(Client)
    assert first.register("name", group) == []
    assert second.register("name", f"{group} too") == []
    first.assert_silence()
    second.assert_silence()
