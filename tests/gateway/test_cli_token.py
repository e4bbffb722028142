"""A token from the command line is one that the server takes; what cannot be signed is told with the mend."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from actors.grant import Cap, Grant
from gateway.claims import ClaimRules, grant_of
from gateway.cli import main
from gateway.config import load
from gateway.tenant_keys import key_set
from gateway.tokens import verified
from tests.gateway.signed import PUBLIC_KINDS, SECRET, jwk, private_pem, public_pem

pytestmark = pytest.mark.usefixtures("no_settings")

OTHER = "another secret of many characters, and quite as good"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A tenant with two secrets, one with a public key of each kind, and one with a set."""
    lines = [f'[[tenants.acme.keys]]\nkid = "a"\nalgorithm = "HS256"\nsecret = "{SECRET}"']
    lines.append(f'[[tenants.acme.keys]]\nkid = "b"\nalgorithm = "HS512"\nsecret = "{SECRET}{OTHER}"')
    for kind in PUBLIC_KINDS:
        (tmp_path / f"{kind}.pub").write_bytes(public_pem(kind))
        (tmp_path / f"{kind}.key").write_bytes(private_pem(kind))
        lines.append(f'[[tenants.pub.keys]]\nkid = "{kind}"\nalgorithm = "{kind}"\npublic_key_file = "{tmp_path / kind}.pub"')
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [jwk("EdDSA", "of the set")]}))
    lines.append(f'[tenants.set]\njwks_file = "{tmp_path / "jwks.json"}"')
    file = tmp_path / "config.toml"
    file.write_text("\n".join(lines))
    return file


def granted(config: Path, tenant: str, token: str) -> Grant:
    """What the server makes of it."""
    keys = key_set(tenant, load(config, {}, {}).tenants[tenant], {})
    return grant_of(verified(token, keys), tenant, time.time(), ClaimRules(0, outlives=False))


def run(config: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["token", "--config", str(config), *arguments])
    printed = capsys.readouterr()
    return code, printed.out.strip(), printed.err


def test_a_token_grants_what_was_asked_for_for_as_long(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = "--tenant acme --group home --group team-* --peer laptop --cap relay --cap list --ttl 12h".split()  # noqa: SIM905 - as it is typed
    before = time.time()
    code, token, _ = run(config, capsys, *asked)
    grant = granted(config, "acme", token)
    assert code == 0
    assert grant[:3] == (("home", "team-*"), "laptop", frozenset({Cap.RELAY, Cap.LIST}))
    assert grant.expires is not None
    assert before - 1 <= grant.expires - 43_200 <= time.time()


def test_without_more_it_grants_every_id_and_capability_for_an_hour(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, token, _ = run(config, capsys, "--tenant", "acme", "--group", "*")
    grant = granted(config, "acme", token)
    assert grant[:3] == (("*",), None, frozenset(Cap))
    assert grant.expires is not None
    assert 3590 < grant.expires - time.time() <= 3600


@pytest.mark.parametrize("kid", ["a", "b"])
def test_a_key_may_be_named(config: Path, capsys: pytest.CaptureFixture[str], kid: str) -> None:
    code, token, _ = run(config, capsys, "--tenant", "acme", "--group", "g", "--kid", kid)
    assert code == 0
    assert granted(config, "acme", token).groups == ("g",)


@pytest.mark.parametrize("kind", PUBLIC_KINDS)
def test_a_private_key_signs_for_the_public_one_that_belongs_to_it(config: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    file = str(config.parent / f"{kind}.key")
    code, token, _ = run(config, capsys, "--tenant", "pub", "--group", "g", "--private-key", file)
    assert code == 0
    assert granted(config, "pub", token).groups == ("g",)


def test_a_private_key_signs_for_a_key_of_a_set(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, token, _ = run(config, capsys, "--tenant", "set", "--group", "g", "--private-key", str(config.parent / "EdDSA.key"))
    assert code == 0
    assert granted(config, "set", token).groups == ("g",)


REFUSALS: dict[str, tuple[list[str], str]] = {
    "no such tenant": (["--tenant", "nobody", "--group", "g"], "there is no tenant 'nobody' in the config; it has acme, pub, set"),
    "no such key": (["--tenant", "acme", "--group", "g", "--kid", "c"], "there is no key 'c'; the tenant has a, b"),
    "public keys alone": (["--tenant", "pub", "--group", "g"], "name its private key with --private-key"),
    "another's private key": (["--tenant", "acme", "--group", "g", "--private-key", "EdDSA.key"], "signs for no key of the tenant"),
    "not the one named": (["--tenant", "pub", "--group", "g", "--kid", "ES256", "--private-key", "EdDSA.key"], "that is named ES256"),
    "no private key": (["--tenant", "pub", "--group", "g", "--private-key", "EdDSA.pub"], "no private key in PEM"),
    "no file": (["--tenant", "pub", "--group", "g", "--private-key", "none"], "cannot be read: No such file"),
    "too many groups": (["--tenant", "acme", "--group", "g" * 7000], "name fewer groups"),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_what_cannot_be_signed_is_told_with_the_mend(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, refusal: str
) -> None:
    monkeypatch.chdir(config.parent)
    arguments, says = REFUSALS[refusal]
    code, out, err = run(config, capsys, *arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert SECRET not in err


def test_a_wrong_config_is_told_as_ever(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[[tenants.acme.keys]]\nkid = "a"\nalgorithm = "HS256"\nsecret = "short"\n')
    code, out, err = run(file, capsys, "--tenant", "acme", "--group", "g")
    assert (code, out) == (2, "")
    assert "takes at least 32" in err
    assert "keys new" in err


@pytest.mark.parametrize("ttl", ["", "12", "h", "0h", "-1h", "1w", "1.5h", "3651d", "99999999999d"])
def test_a_time_is_a_number_and_a_unit(config: Path, ttl: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(config, capsys, "--tenant", "acme", "--group", "g", f"--ttl={ttl}")
    assert ended.value.code == 2


@pytest.mark.parametrize("arguments", [["--tenant", "acme"], ["--group", "g"], ["--tenant", "acme", "--group", "g", "--cap", "fly"]])
def test_a_token_needs_a_tenant_and_a_group_and_known_capabilities(
    config: Path, arguments: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(config, capsys, *arguments)
    assert ended.value.code == 2
