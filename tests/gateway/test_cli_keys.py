"""A new key: its files, who may read them, and the lines that name it to the server."""

import os
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway.cli_keys import main
from gateway.keys import HASH_BYTES, key_of_pem, key_of_secret
from tests.gateway.signed import EVERY_KIND, PUBLIC_KINDS


def printed(capsys: pytest.CaptureFixture[str], tenant: str = "NAME") -> dict[str, Any]:
    """The one key that the printed lines tell of, as the server reads it."""
    text = capsys.readouterr().out
    (key,) = tomllib.loads(text)["tenants"][tenant]["keys"]
    return {**key, "text": text}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("algorithm", HASH_BYTES)
def test_a_secret_is_printed_when_no_file_is_named(algorithm: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "--algorithm", algorithm, "--kid", "k1", "--tenant", "acme"]) == 0
    key = printed(capsys, "acme")
    assert (key["kid"], key["algorithm"]) == ("k1", algorithm)
    assert key_of_secret("k1", algorithm, key["secret"])


@pytest.mark.parametrize("algorithm", HASH_BYTES)
def test_a_secret_in_a_file_is_for_its_owner_alone_and_is_not_printed(
    algorithm: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "secret"
    assert main(["new", "--algorithm", algorithm, "--out", str(file)]) == 0
    key = printed(capsys)
    assert key["secret_file"] == str(file)
    assert mode(file) == 0o600
    secret = file.read_text().strip()
    assert key_of_secret("k", algorithm, secret)
    assert secret not in key["text"]


@pytest.mark.parametrize("algorithm", PUBLIC_KINDS)
def test_a_pair_has_a_private_file_for_its_owner_and_a_public_one_for_the_server(
    algorithm: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "key.pem"
    assert main(["new", "--algorithm", algorithm, "--out", str(file)]) == 0
    key = printed(capsys)
    assert (mode(file), mode(tmp_path / "key.pem.pub")) == (0o600, 0o644)
    assert b"PRIVATE KEY" in file.read_bytes()
    assert key["public_key_file"] == str(tmp_path / "key.pem.pub")
    assert key_of_pem("k", algorithm, Path(key["public_key_file"]).read_bytes())
    assert str(file) in key["text"]


def test_the_modes_hold_whatever_the_umask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = os.umask(0)
    try:
        assert main(["new", "--out", str(tmp_path / "key")]) == 0
    finally:
        os.umask(before)
    assert mode(tmp_path / "key") == 0o600


def test_without_a_name_the_files_are_called_as_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new"]) == 0
    kid = printed(capsys)["kid"]
    assert kid.startswith("eddsa-")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{kid}.key", f"{kid}.key.pub"]


@pytest.mark.parametrize("algorithm", ["HS256", "EdDSA"])
@pytest.mark.parametrize("taken", ["key", "key.pub"])
def test_a_file_is_never_overwritten_and_nothing_is_left_of_a_key_that_could_not_be_written(
    algorithm: str, taken: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / taken).write_text("precious")
    if (algorithm, taken) == ("HS256", "key.pub"):
        assert main(["new", "--algorithm", algorithm, "--out", str(tmp_path / "key")]) == 0
    else:
        assert main(["new", "--algorithm", algorithm, "--out", str(tmp_path / "key")]) == 2
        told = capsys.readouterr()
        assert "never overwritten" in told.err
        assert told.out == ""
        assert [path.name for path in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text() == "precious"


def test_a_link_is_not_followed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    assert main(["new", "--algorithm", "HS256", "--out", str(tmp_path / "key")]) == 2
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "--out", str(tmp_path / "no" / "key")]) == 2
    assert "No such file" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["old"], ["new", "--algorithm", "none"], ["new", "--algorithm", "HS1"]])
def test_anything_else_is_a_wrong_command_line(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_no_two_keys_are_alike(capsys: pytest.CaptureFixture[str]) -> None:
    made = set()
    for _ in range(3):
        main(["new", "--algorithm", "HS256"])
        made.add(printed(capsys)["secret"])
    assert len(made) == 3


def test_every_algorithm_can_be_made() -> None:
    assert {*HASH_BYTES, *PUBLIC_KINDS} == set(EVERY_KIND)
