from pathlib import Path

import pytest

from gateway.keeper.token_file import TokenFile


def test_what_is_in_the_file_now_is_the_token(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("first\n")
    token = TokenFile(path)
    assert token() == "first"
    path.write_text("second")
    assert token() == "second"


def test_while_there_is_none_that_of_before_is_used_and_a_line_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "token"
    path.write_text("first")
    token = TokenFile(path)
    path.unlink()
    assert token() == "first"
    path.write_text("half a\ntoken")
    assert token() == "first"
    assert len(caplog.messages) == 2
    assert "half" not in caplog.text


@pytest.mark.parametrize("text", ["", "\n", "two words", "é"])
def test_a_file_without_a_token_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "token"
    path.write_text(text)
    with pytest.raises(ValueError, match="holds no token"):
        TokenFile(path)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="No such file"):
        TokenFile(tmp_path / "none")
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(ValueError, match="not a text"):
        TokenFile(tmp_path / "binary")
