import pytest

from actors.events import Format, Profile
from gateway.admission import Refused
from gateway.frames import BINARY, PING, TEXT
from gateway.subprotocol import KNOWN, PLAIN, choose

JSON, PACKED = KNOWN["psync.v2.json"], KNOWN["psync.v2.msgpack"]


@pytest.mark.parametrize("asked", ["", " ", ",", "bearer.abc", " bearer.a , bearer.b"])
def test_a_client_that_asks_for_nothing_speaks_v1_in_both_formats(asked: str) -> None:
    assert choose(asked) is PLAIN
    assert (PLAIN.profile, PLAIN.format, PLAIN.name) == (Profile.V1, None, "")


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ("psync.v2.json", JSON),
        ("psync.v2.msgpack", PACKED),
        ("psync.v2.msgpack, psync.v2.json", PACKED),
        ("chat,psync.v2.json , psync.v2.msgpack", JSON),
        ("bearer.psync.v2.msgpack, psync.v2.json", JSON),
    ],
)
def test_the_first_that_is_known_is_chosen(asked: str, chosen: object) -> None:
    assert choose(asked) is chosen


def test_a_known_one_says_the_profile_and_the_format() -> None:
    assert [(known.profile, known.format) for known in (JSON, PACKED)] == [(Profile.V2, Format.JSON), (Profile.V2, Format.MSGPACK)]


@pytest.mark.parametrize("asked", ["chat", "PSYNC.V2.JSON", "psync.v3.json, bearer.abc"])
def test_a_client_that_knows_only_others_is_told_which_there_are_and_not_what_it_sent(asked: str) -> None:
    with pytest.raises(Refused, match=r"known: psync\.v2\.json, psync\.v2\.msgpack; or leave Sec-WebSocket-Protocol out") as refused:
        choose(asked)
    assert (refused.value.status, refused.value.reason) == ("400 Bad Request", "subprotocol")
    assert "bearer" not in refused.value.says


def test_the_first_frame_of_the_wrong_type_is_found_and_named() -> None:
    frames = [(TEXT, b"1"), (PING, b""), (TEXT, b"2"), (BINARY, b"3"), (BINARY, b"4")]
    assert JSON.fault(frames) == (3, "psync.v2.json takes text frames alone")
    assert PACKED.fault(frames) == (0, "psync.v2.msgpack takes binary frames alone")


def test_control_frames_and_frames_of_the_right_type_are_no_fault() -> None:
    assert JSON.fault([(TEXT, b"1"), (PING, b"")]) is None
    assert PACKED.fault([(PING, b""), (BINARY, b"1")]) is None
    assert PLAIN.fault([(TEXT, b"1"), (BINARY, b"1")]) is None
