"""`[tenants.NAME]`: what a tenant may set, where it may be written, and what is wrong with one."""

from pathlib import Path

import pytest

from gateway.config import Config, ConfigError, Problem, load, render
from gateway.config_ice import Ice, IceServerConfig
from gateway.config_limits import Limits
from gateway.config_tenants import NODE_WIDE, KeyConfig
from gateway.config_text import Secret

KEY = '[[tenants.acme.keys]]\nkid = "1"\nalgorithm = "HS256"\nsecret = "hunter2 and as many characters more"\n'
OWN_KEY = KEY.replace("tenants.acme.", "")


def read(tmp_path: Path, text: str, environ: dict[str, str] | None = None, **flags: str) -> Config:
    (tmp_path / "psync.toml").write_text(text, "utf-8")
    return load(tmp_path / "psync.toml", environ or {}, {name.replace("__", "."): value for name, value in flags.items()})


def problems(tmp_path: Path, text: str, environ: dict[str, str] | None = None, **flags: str) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text, environ, **flags)
    return list(caught.value.problems)


def folder(tmp_path: Path, **files: str) -> Path:
    place = tmp_path / "tenants"
    place.mkdir()
    for name, text in files.items():
        (place / f"{name}.toml").write_text(text, "utf-8")
    return place


# --- What is not set ---


def test_a_tenant_that_sets_nothing_is_as_the_server_is(tmp_path: Path) -> None:
    config = read(tmp_path, f'[server]\nallowed_origins = ["https://a.example"]\n[limits]\nerrors = 7\n{KEY}')
    acme = config.tenants["acme"]
    assert acme.limits == config.limits
    assert acme.limits.errors == 7
    assert acme.allowed_origins == ("https://a.example",)
    assert acme.keys == (KeyConfig("1", "HS256", secret=Secret("hunter2 and as many characters more")),)


def test_a_tenant_may_set_what_the_server_has_not_and_the_server_keeps_its_own(tmp_path: Path) -> None:
    config = read(tmp_path, f"[tenants.acme]\nallowed_origins = []\n[tenants.acme.limits]\nerrors = 7\n{KEY}")
    assert (config.tenants["acme"].limits.errors, config.limits.errors) == (7, Limits().errors)


def test_what_a_tenant_inherits_makes_way_for_what_it_sets_and_no_other_tenant_notices(tmp_path: Path) -> None:
    other = KEY.replace("acme", "other")
    config = read(tmp_path, f"[limits]\noutbox_bytes = 70_000\n[tenants.acme.limits]\nmessage_bytes = 200_000\n{KEY}{other}")
    assert config.tenants["acme"].limits.outbox_bytes == 800_000
    assert config.tenants["other"].limits == config.limits


def test_the_rules_between_keys_hold_for_the_merged_limits_of_each_tenant(tmp_path: Path) -> None:
    text = f"[tenants.acme.limits]\nmessage_bytes = 9000\nbytes_burst = 8000\ntenant_bytes_burst = 7000\noutbox_bytes = 9001\n{KEY}"
    told = problems(tmp_path, text)
    assert {problem.key for problem in told} == {"tenants.acme.limits.message_bytes", "tenants.acme.limits.outbox_bytes"}
    assert any("tenants.acme.limits.tenant_bytes_burst (7000)" in problem.what for problem in told)


def test_a_fault_of_the_server_is_not_told_again_for_each_tenant(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, f"[limits]\nmessage_bytes = 9000\noutbox_bytes = 9001\nbytes_burst = 9000\nheld_bytes = 1024\n{KEY}")
    assert problem.key == "limits.outbox_bytes"


# --- What is refused ---


@pytest.mark.parametrize("name", NODE_WIDE)
def test_a_bound_of_the_node_is_no_tenants_and_the_reason_is_told(tmp_path: Path, name: str) -> None:
    (problem,) = problems(tmp_path, f"[tenants.acme.limits]\n{name} = 1\n{KEY}")
    assert problem.key == f"tenants.acme.limits.{name}"
    assert problem.what == f"cannot be set here: {NODE_WIDE[name]}"
    assert problem.mend == f"Set limits.{name}, which holds for the whole server."


def test_a_key_that_is_not_there_is_refused_with_what_it_may_mean(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, f"[tenants.acme.limits]\nerors = 1\n{KEY}")
    assert problem.mend == "Did you mean tenants.acme.limits.errors?"


@pytest.mark.parametrize("name", ["Acme", "-a", "a.b", "a b", "", "ä", "a" * 64, "a/b"])
def test_a_name_that_would_not_do_in_a_path_is_refused(tmp_path: Path, name: str) -> None:
    (problem,) = problems(tmp_path, f'[tenants."{name}"]\njwks_file = "x"\n')
    assert problem.what.startswith("cannot be called so; expected a tenant's name")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tenants = 5", "expected tables, got the number 5"),
        ("[[tenants]]\nx = 1", "expected tables, got a list"),
        ("[tenants]\nacme = 5", "expected a table, got the number 5"),
        ("[tenants.acme]\nkeys = 5", "expected tables, got the number 5"),
        ("[tenants.acme.keys.1]\nkid = 'x'", "expected tables, got a table"),
        ("[tenants.acme]\nkeys = [5]", "expected a table, got the number 5"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, text: str, says: str) -> None:
    assert says in [problem.what for problem in problems(tmp_path, text)]


# --- Keys ---


def test_a_tenant_without_a_key_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "[tenants.acme]\n")
    assert (problem.key, problem.what) == ("tenants.acme.keys", "there is no key, so nobody could connect")


@pytest.mark.parametrize(
    ("lines", "key", "what"),
    [
        ('kid = "1"\nalgorithm = "HS256"', "secret", "the key itself is missing"),
        ('kid = "1"\nalgorithm = "EdDSA"', "public_key_file", "the key itself is missing"),
        ('kid = "1"\nalgorithm = "ES256"\nsecret = "hunter2"\npublic_key_file = "{there}"', "secret", "does not go with ES256"),
        ('kid = "1"\nalgorithm = "HS512"\npublic_key_file = "{there}"\nsecret = "hunter2"', "public_key_file", "does not go with HS512"),
        (
            'kid = "1"\nalgorithm = "HS256"\nsecret = "hunter2"\nsecret_file = "{there}"',
            "secret_file",
            "the key is there twice, by secret and by secret_file",
        ),
        ('kid = "1"\nalgorithm = "HS256"\nsecret_env = "NOT_SET"', "secret_env", "the variable 'NOT_SET' is not set, or is empty"),
        (
            'kid = "1"\nalgorithm = "HS256"\nsecret_file = "{there}.not"',
            "secret_file",
            "'{there}.not' cannot be read (No such file or directory)",
        ),
        ('kid = "1"\nalgorithm = "HS256"\nsecret_file = "{empty}"', "secret_file", "'{empty}' is empty"),
        ('kid = "1"\nalgorithm = "RS256"\npublic_key_file = "{place}"', "public_key_file", "'{place}' cannot be read (Is a directory)"),
        ('kid = ""\nalgorithm = "HS256"\nsecret = "hunter2"', "kid", "expected text that is not empty, got the string ''"),
        ('algorithm = "HS256"\nsecret = "hunter2"', "kid", "is missing and has no default"),
        (
            'kid = "1"\nalgorithm = "none"\nsecret = "hunter2"',
            "algorithm",
            'expected one of "HS256", "HS384", "HS512", "EdDSA", "ES256", "RS256", got the string \'none\'',
        ),
    ],
)
def test_a_key_is_judged_and_its_secret_is_never_shown(tmp_path: Path, lines: str, key: str, what: str) -> None:
    places = {"there": tmp_path / "there", "empty": tmp_path / "empty", "place": tmp_path}
    places["there"].write_text("x")
    places["empty"].write_text("")
    told = problems(tmp_path, f"[[tenants.acme.keys]]\n{lines.format(**places)}\n")
    assert [(problem.key, problem.what) for problem in told] == [(f"tenants.acme.keys.1.{key}", what.format(**places))]
    assert "hunter2" not in str(told)


def test_two_keys_of_one_name_are_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, KEY + KEY)
    assert (problem.key, problem.what) == ("tenants.acme.keys.2.kid", "'1' is the kid of key 1, too")


def test_a_key_set_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, f'[tenants.acme]\njwks_file = "{tmp_path}/none.json"\n')
    assert problem.key == "tenants.acme.jwks_file"


def test_a_secret_may_be_in_the_environment(tmp_path: Path) -> None:
    text = '[[tenants.acme.keys]]\nkid = "1"\nalgorithm = "HS256"\nsecret_env = "ACME"\n'
    assert read(tmp_path, text, {"ACME": "hunter2" * 5}).tenants["acme"].keys[0].secret_env == "ACME"


# --- The folder ---


def test_a_tenant_may_have_a_file_of_its_own(tmp_path: Path) -> None:
    place = folder(tmp_path, acme=f"[limits]\nerrors = 7\n{OWN_KEY}", other=OWN_KEY)
    (place / "README.md").write_text("not a tenant")
    config = read(tmp_path, f'[server]\ntenants_dir = "{place}"\n{KEY.replace("acme", "third")}')
    assert list(config.tenants) == ["third", "acme", "other"]
    assert config.tenants["acme"].limits.errors == 7


def test_the_environment_and_the_flags_speak_of_tenants_of_the_folder_and_name_the_folder(tmp_path: Path) -> None:
    place = str(folder(tmp_path, acme=OWN_KEY))
    environ = {"PSYNC_SERVER__TENANTS_DIR": place, "PSYNC_TENANTS__ACME__LIMITS__ERRORS": "7"}
    limits = read(tmp_path, "", environ, tenants__acme__limits__fragments="8").tenants["acme"].limits
    assert (limits.errors, limits.fragments) == (7, 8)
    assert list(read(tmp_path, "", {}, server__tenants_dir=place).tenants) == ["acme"]


def test_everything_that_is_wrong_in_all_files_is_told_at_once_with_the_file(tmp_path: Path) -> None:
    place = folder(tmp_path, acme=f"[limits]\nerrors = 0\n{OWN_KEY}", other="x = [", Third=OWN_KEY, fourth="")
    told = problems(tmp_path, f'[server]\ntenants_dir = "{place}"\nport = 0.5\n')
    assert [(problem.key, Path(problem.origin).name) for problem in told] == [
        ("server.port", "psync.toml"),
        ("tenants.Third", "Third.toml"),
        ("tenants.acme.limits.errors", "acme.toml"),
        ("", "other.toml"),
        ("tenants.fourth.keys", "fourth.toml"),
    ]


def test_a_tenant_in_both_places_is_refused(tmp_path: Path) -> None:
    place = folder(tmp_path, acme=OWN_KEY)
    (problem,) = problems(tmp_path, f'[server]\ntenants_dir = "{place}"\n{KEY}')
    assert (problem.key, problem.origin) == ("tenants.acme", str(place / "acme.toml"))
    assert problem.what == f"is in {tmp_path / 'psync.toml'}, too"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, f'[server]\ntenants_dir = "{tmp_path}/none"\n')
    assert (problem.key, problem.what) == ("server.tenants_dir", f"'{tmp_path}/none' cannot be read (No such file or directory)")


def test_no_source_but_a_file_makes_a_tenant(tmp_path: Path) -> None:
    told = problems(tmp_path, KEY, {"PSYNC_TENANTS__OTHER__LIMITS__ERRORS": "1"}, tenants__third__jwks_file="x")
    assert [problem.what for problem in told] == ["there is no such key"] * 2


# --- Shown ---


def test_what_is_shown_masks_secrets_and_unmasked_reads_back_as_itself(tmp_path: Path) -> None:
    text = f'[tenants.acme]\nallowed_origins = ["https://a.example"]\n[tenants.acme.limits]\nmessage_bytes = 300_000\n{KEY}'
    config = read(tmp_path, text + KEY.replace("acme", "other"))
    shown = render(config)
    assert "hunter2" not in shown
    assert '[[tenants.acme.keys]]\nkid = "1"\nalgorithm = "HS256"\nsecret = "***"\n' in shown
    assert "[tenants.acme.limits]\nmessage_bytes = 300000\noutbox_bytes = 1200000\n\n" in shown
    assert "[tenants.other.limits]" not in shown
    assert read(tmp_path, render(config, masked=False)) == config


# --- ICE ---

ICE = """[group]
candidates = "no-host"
[ice]
turn_urls = ["turn:here"]
secret = "north"
[[ice.servers]]
urls = ["stun:here"]
"""


def test_a_tenant_has_candidates_of_its_own_or_those_of_the_server_and_its_own_ice_as_a_whole(tmp_path: Path) -> None:
    own = '[tenants.acme.ice]\n[[tenants.acme.ice.servers]]\nurls = ["turn:a", "turn:b"]\nusername = "u"\ncredential = "south"\n'
    config = read(tmp_path, f"{ICE}{own}{KEY}{KEY.replace('acme', 'other')}")
    assert config.ice == Ice(turn_urls=("turn:here",), secret=Secret("north"), servers=(IceServerConfig(("stun:here",)),))
    acme, other = config.tenants["acme"], config.tenants["other"]
    assert acme.ice == Ice(servers=(IceServerConfig(("turn:a", "turn:b"), "u", Secret("south")),))
    assert (acme.candidates, other.candidates, other.ice) == ("no-host", "no-host", None)


def test_a_config_with_ice_is_shown_without_its_secrets_and_reads_back_as_itself(tmp_path: Path) -> None:
    own = '[tenants.acme]\ncandidates = "relay-only"\n[tenants.acme.ice]\nturn_urls = ["turn:a"]\nsecret = "south"\n'
    own += '[[tenants.acme.ice.servers]]\nurls = ["turn:b"]\nusername = "u"\ncredential = "west"\n'
    config = read(tmp_path, f"{ICE}{own}{KEY}")
    shown = render(config)
    assert not any(secret in shown for secret in ("north", "south", "west"))
    assert "[[ice.servers]]" in shown
    assert "[[tenants.acme.ice.servers]]" in shown
    assert read(tmp_path, render(config, masked=False)) == config


def test_what_is_wrong_with_ice_is_told_by_its_key_and_place(tmp_path: Path) -> None:
    text = '[ice]\nturn_urls = ["turn:a:0"]\n[[tenants.acme.ice.servers]]\nurls = ["http://a"]\n'
    told = problems(tmp_path, text + KEY)
    assert [problem.key for problem in told] == ["ice.turn_urls", "ice.secret", "tenants.acme.ice.servers.1.urls"]
    assert all(problem.origin.endswith(".toml") for problem in told)
    assert problems(tmp_path, KEY, ice__secret="x")[0].origin == "--set ice.secret"
