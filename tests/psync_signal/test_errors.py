from psync_signal.errors import SignalEnded, SignalError


def test_an_error_says_its_code_and_its_words() -> None:
    assert str(SignalError("unknown_peer", "no peer of this id is in the group")) == "unknown_peer: no peer of this id is in the group"


def test_an_end_says_its_code_with_and_without_words() -> None:
    assert [str(SignalEnded(4409, "replaced")), str(SignalEnded(401, ""))] == ["4409: replaced", "401"]
