import re
import shlex
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.cli import main
from gateway.config import Config, Key, KeyConfig, Limits, TenantConfig, Tls, keys_of, load
from gateway.config_text import Secret, toml
from tests.certificates import self_signed

CONF = Path(__file__).parent.parent / "conf"
PROD = CONF / "prod.toml"
KEYS = {key.name: key for key in keys_of(Config)}
TLS = ["server.tls.cert", "server.tls.key"]

TENANTS = "\n# --- Tenants ---\n"

_HEADER = re.compile(r"(?P<off># )?\[(?P<section>[a-z_.]+)\]")
_ENTRY = re.compile(r"(?P<off># )?(?P<key>[a-z_]+) = (?P<value>.+)")


class Entry(NamedTuple):
    value: str
    comment: str
    off: bool


def entries(text: str) -> dict[str, Entry]:
    """Each key of a file but for those of its tenants, also one that is commented out, with the comment above it."""
    found: dict[str, Entry] = {}
    section, comment = "", ""
    for line in text.partition(TENANTS)[0].splitlines():
        if header := _HEADER.fullmatch(line):
            section, comment = header["section"], ""
        elif entry := _ENTRY.fullmatch(line):
            found[f"{section}.{entry['key']}"] = Entry(entry["value"], comment, bool(entry["off"]))
            comment = ""
        else:
            comment = f"{comment} {line.removeprefix('#').strip()}" if line.startswith("#") else ""
    return found


def faults(text: str) -> list[str]:
    """What is wrong with a file that has to show every key."""
    found = entries(text)
    told = [f"{name} is missing" for name in KEYS if name not in found] + [f"{name} is no key" for name in found if name not in KEYS]
    for name, entry in found.items():
        told += [f"{name}: {what}" for what in faults_of(KEYS[name], entry)] if name in KEYS else []
    return told


def faults_of(key: Key, entry: Entry) -> list[str]:
    default = "No default." if key.required else f"Default {toml(key.default)}"
    told = [] if re.search(rf"{re.escape(default)}\.?(\s|$)", entry.comment) else [f"its comment lacks {default!r}"]
    if key.unit and key.unit not in entry.comment.lower():
        told.append(f"its comment lacks the unit {key.unit!r}")
    if entry.off != key.required:
        told.append("only a key without a default is commented out")
    elif not key.required and entry.value != toml(key.default) and f"Here {entry.value}, because" not in entry.comment:
        told.append("it is not the default and its comment does not say why")
    return told


def test_prod_shows_every_key_with_its_unit_its_default_and_the_reason_for_another_value() -> None:
    assert faults(PROD.read_text("utf-8")) == []


def plain(value: object) -> object:
    """A value as TOML has it."""
    if isinstance(value, Secret):
        return value.reveal()
    return list(value) if isinstance(value, tuple) else value


def test_prod_loads_and_its_values_are_those_that_it_shows() -> None:
    config = load(PROD, {}, {})

    shown = {
        name: tomllib.loads(f"value = {entry.value}")["value"] for name, entry in entries(PROD.read_text("utf-8")).items() if not entry.off
    }
    loaded = {name: getattr(getattr(config, name.split(".")[0]), name.split(".")[1]) for name in shown}
    assert shown == {name: plain(value) for name, value in loaded.items()}
    assert config.server.tls is None


def test_prod_comments_out_tls_alone_and_its_example_works_when_it_is_put_in(tmp_path: Path) -> None:
    text = PROD.read_text("utf-8")
    assert [name for name, entry in entries(text).items() if entry.off] == TLS

    made = self_signed(tmp_path)
    used = re.sub(r"^# (\[server\.tls\]|(?:cert|key) = .+)$", r"\1", text, flags=re.MULTILINE)
    used = used.replace("/etc/psync-signal/fullchain.pem", str(made.cert)).replace("/etc/psync-signal/privkey.pem", str(made.key))
    (tmp_path / "tls.toml").write_text(used, "utf-8")

    assert load(tmp_path / "tls.toml", {}, {}).server.tls == Tls(cert=str(made.cert), key=str(made.key))


def test_the_tenants_of_prod_work_when_their_keys_are_made_by_the_commands_beside_them(tmp_path: Path) -> None:
    text = PROD.read_text("utf-8").partition(TENANTS)[2].replace("/etc/psync-signal", str(tmp_path))
    commands = re.findall(r"^#   python -m gateway (.+)$", text, re.MULTILINE)
    assert [main(shlex.split(command)) for command in commands] == [0, 0]

    used = re.sub(r"^# (\[.+\]|[a-z_]+ = .+)$", r"\1", text, flags=re.MULTILINE)
    (tmp_path / "tenants.toml").write_text(used, "utf-8")
    tenants = load(tmp_path / "tenants.toml", {}, {}).tenants

    assert list(tenants) == ["acme", "umbrella"]
    acme, umbrella = tenants.values()
    assert acme.allowed_origins == ("https://app.acme.example",)
    assert (acme.limits.peers_per_tenant, acme.limits.errors) == (500, Limits().errors)
    assert [(key.kid, key.algorithm) for key in (*acme.keys, *umbrella.keys)] == [("2026-11", "HS256"), ("main", "EdDSA")]


def test_prod_tells_of_every_key_of_a_tenant() -> None:
    text = PROD.read_text("utf-8").partition(TENANTS)[2]
    named = [*TenantConfig.__struct_fields__, *KeyConfig.__struct_fields__]
    assert [name for name in named if not re.search(rf"\b{name}( =|\]|`)", text)] == []


def test_dev_loads_and_says_only_what_differs_from_the_defaults() -> None:
    config = load(CONF / "dev.toml", {}, {})

    written = entries((CONF / "dev.toml").read_text("utf-8"))
    assert written
    assert [name for name, entry in written.items() if entry.value == toml(KEYS[name].default)] == []
    assert config.server.host == "127.0.0.1"
    assert config.log.format == "text"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("port = 8080\n", "", "server.port is missing"),
        ("Default 8080.", "Default 808.", "server.port: its comment lacks 'Default 8080'"),
        ("Default 8080.", "Default 80800.", "server.port: its comment lacks 'Default 8080'"),
        ("port = 8080", "port = 80", "server.port: it is not the default and its comment does not say why"),
        ("Seconds. Default 25.0.", "Default 25.0.", "heartbeat.ping_interval: its comment lacks the unit 'seconds'"),
        ("port = 8080", "# port = 8080", "server.port: only a key without a default is commented out"),
        ("headers = 64", "headers = 64\nworkers = 2", "limits.workers is no key"),
    ],
)
def test_a_fault_in_prod_is_found(before: str, after: str, told: str) -> None:
    text = PROD.read_text("utf-8")
    assert before in text

    assert told in faults(text.replace(before, after))
