"""What `[ice]` may hold, and the lists that come of it."""

import json
from pathlib import Path

import msgspec
import pytest

from gateway.config_ice import Ice, IceServerConfig, ice_faults, ice_servers
from gateway.config_text import Secret, render

TURN = "turn:turn.example.org"


def faults(ice: Ice, **environ: str) -> list[str]:
    return [f"{key}: {what}" for key, what, mend in ice_faults(ice, environ) if mend]


def test_without_a_section_there_are_no_servers() -> None:
    assert faults(Ice()) == []
    assert ice_servers(Ice(), {}) is None


def test_static_servers_come_as_they_are_written() -> None:
    servers = (IceServerConfig(("stun:a", "stun:b:1")), IceServerConfig((TURN,), "user", Secret("pass")))
    ice = Ice(servers=servers)
    assert faults(ice) == []
    made = ice_servers(ice, {})
    assert made is not None
    assert json.loads(made("p", 0)) == [
        {"urls": ["stun:a", "stun:b:1"]},
        {"urls": [TURN], "username": "user", "credential": "pass"},
    ]


def test_a_secret_comes_from_the_config_a_file_or_a_variable(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("north\n")
    ways = [Ice(turn_urls=(TURN,), secret=Secret("north")), Ice(turn_urls=(TURN,), secret_file=str(file))]
    ways.append(Ice(turn_urls=(TURN,), secret_env="TURN_SECRET"))
    lists = set()
    for ice in ways:
        assert faults(ice, TURN_SECRET="north") == []
        made = ice_servers(ice, {"TURN_SECRET": "north"})
        assert made is not None
        lists.add(made("p", 0))
    assert len(lists) == 1


def test_no_secret_is_shown() -> None:
    ice = Ice(turn_urls=(TURN,), secret=Secret("hunter2"), servers=(IceServerConfig((TURN,), "user", Secret("hunter3")),))
    assert "hunter2" not in render(msgspec.structs.replace(ice, servers=()))
    assert "hunter" not in repr(ice)


@pytest.mark.parametrize(
    ("ice", "says"),
    [
        (Ice(turn_urls=("stun:a",), secret=Secret("x")), "turn_urls: item 1: 'stun:a' is no TURN server"),
        (Ice(turn_urls=(TURN, "turn:a:0"), secret=Secret("x")), "turn_urls: item 2: 'turn:a:0' has no port from 1 to 65535"),
        (Ice(turn_urls=(TURN,)), "secret: is missing: turn_urls need it"),
        (Ice(secret=Secret("x")), "secret: nothing uses it: turn_urls is empty"),
        (Ice(turn_urls=(TURN,), secret=Secret("x"), secret_env="E"), "secret_env: the secret is there twice, by secret and by secret_env"),
        (Ice(turn_urls=(TURN,), secret_env="F"), "secret_env: the variable 'F' is not set, or is empty"),
        (Ice(servers=(IceServerConfig(()),)), "servers.1.urls: there is none"),
        (Ice(servers=(IceServerConfig(("stun:a",)), IceServerConfig(("b",)))), "servers.2.urls: item 1: 'b' is not stun:HOST"),
        (Ice(servers=(IceServerConfig((TURN,)),)), "servers.1.username: is missing: browsers refuse"),
        (Ice(servers=(IceServerConfig((TURN,), "user"),)), "servers.1.credential: is missing beside the other"),
        (Ice(servers=(IceServerConfig((TURN,), "", Secret("x")),)), "servers.1.username: is missing beside the other"),
    ],
)
def test_what_cannot_work_is_told_by_its_key(ice: Ice, says: str) -> None:
    told = faults(ice, E="there")
    assert len(told) == 1
    assert told[0].startswith(says)


def test_a_file_that_is_not_there_or_empty_is_told(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n")
    for path, says in (
        (tmp_path / "nowhere", "cannot be read (No such file"),
        (empty, "is empty"),
        ("a\0b", "cannot be read (embedded null"),
    ):
        [told] = faults(Ice(turn_urls=(TURN,), secret_file=str(path)))
        assert told.startswith("secret_file: ")
        assert says in told
