from actors.reasons import CLOSES, ERRORS, BrokerError, CloseCode, ErrorCode, GroupConflict, LeaveReason, MailboxFull

CLOSE_REASON_BYTES = 123  # RFC 6455 section 5.5: a control frame carries 125 bytes, two are the code


def test_every_error_code_has_words() -> None:
    assert set(ERRORS) == set(ErrorCode)
    assert all(words.says for words in ERRORS.values())


def test_every_close_code_has_words_that_fit_into_a_close_frame() -> None:
    assert set(CLOSES) == set(CloseCode)
    assert all(0 < len(words.says.encode()) <= CLOSE_REASON_BYTES for words in CLOSES.values())


def test_a_client_is_told_of_every_close_whether_to_come_back() -> None:
    assert {words.reconnect for words in CLOSES.values()} == {"-", "no", "backoff", "slot", "new token"}


def test_our_own_close_codes_are_in_the_range_for_private_use() -> None:
    assert all(code < 1015 or 4000 <= code <= 4999 for code in CloseCode)


def test_the_reasons_for_leaving_are_those_of_the_protocol() -> None:
    assert {reason.value for reason in LeaveReason} == {"left", "lost", "away", "replaced", "kicked"}


def test_every_error_of_the_package_can_be_caught_as_one() -> None:
    assert issubclass(MailboxFull, BrokerError)
    assert issubclass(GroupConflict, BrokerError)
