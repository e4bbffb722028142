"""How the bytes of `tests/vectors` are read."""

from tests.pieces import joined


def test_pieces_follow_each_other_and_rules_are_carried_out() -> None:
    rule = {"pieces": ["0c", {"hex": "0d", "times": 3}], "times": 2}
    assert joined(["0a 0b", "", {"hex": "fe ff", "times": 2}, rule]) == bytes.fromhex("0a0b feff feff 0c0d0d0d 0c0d0d0d")
    assert joined([]) == b""
