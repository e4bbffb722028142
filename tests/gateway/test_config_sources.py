from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Meta, Struct

from gateway.config_checks import Rule
from gateway.config_problems import ConfigError, Problem
from gateway.config_sources import read
from gateway.config_text import Secret


class Lock(Struct, frozen=True):
    code: Secret
    tries: int = 3


class Door(Struct, frozen=True):
    width: Annotated[int, Meta(ge=1, le=9)] = 1
    height: Annotated[int, Meta(ge=1, le=9)] = 2
    names: tuple[str, ...] = ()
    lock: Lock | None = None


class Window(Struct, frozen=True):
    height: int = 2
    colour: str = "white"


class House(Struct, frozen=True):
    door: Door = Door()
    window: Window = Window()


def narrow(width: int, height: int) -> str | None:
    return None if width < height else f"{width} is not less than {height}"


RULES = (
    Rule(("door.width", "door.height"), narrow, "Build it anew."),
    Rule(("window.height", "door.height"), narrow, "Shut it.", (lambda door: door - 1, lambda window: window + 1)),
    Rule(("door.lock.tries", "door.lock.code"), lambda tries, code: "no tries" if tries == 0 else None, "Allow one."),
)


def build(toml: str | None, path: Path, environ: Mapping[str, str] = {}, **flags: str) -> House:
    if toml is not None:
        path.write_text(toml, "utf-8")
    overrides = {name.replace("__", "."): text for name, text in flags.items()}
    return read(House, RULES, {}, None if toml is None else path, environ, overrides)


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "house.toml"


def problems(toml: str | None, path: Path, environ: Mapping[str, str] = {}, **flags: str) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        build(toml, path, environ, **flags)
    return list(caught.value.problems)


def test_a_flag_wins_over_the_environment_and_that_over_the_file_and_that_over_the_default(path: Path) -> None:
    text = "[door]\nwidth = 2\nheight = 4\nnames = ['a']\n"
    environ = {"PSYNC_DOOR__WIDTH": "3", "PSYNC_DOOR__HEIGHT": "5"}

    assert build(text, path, environ, door__height="6") == House(Door(width=3, height=6, names=("a",)), Window())


def test_only_names_with_a_double_underscore_are_taken_from_the_environment(path: Path) -> None:
    others = {"PSYNC_ALLOW_MISSING": "1", "PSYNC_DOOR_WIDTH": "tcp://10.0.0.1", "PSYNC_TEST_X__Y": "1", "DOOR__WIDTH": "x", "PSYNC": "1"}

    assert build(None, path, others) == House()


def test_a_nested_section_is_there_when_any_source_names_it(path: Path) -> None:
    lock = build("[door.lock]\ntries = 5\n", path, {"PSYNC_DOOR__LOCK__CODE": "hunter2"}).door.lock

    assert lock == Lock(code=Secret("hunter2"), tries=5)
    assert build("", path).door.lock is None


@pytest.mark.parametrize("text", ["[door.lock]\n", "[door.lock]\ntries = 5\n"])
def test_a_section_in_use_needs_its_values_that_have_no_default(path: Path, text: str) -> None:
    (problem,) = problems(text, path)

    assert problem == Problem("door.lock.code", "not set", "is missing and has no default", "Set it, or leave all of [door.lock] out.")


def test_a_missing_value_is_not_told_twice_when_it_was_there_but_wrong(path: Path) -> None:
    (problem,) = problems("[door.lock]\ncode = 5\n", path)

    assert (problem.key, problem.mend) == ("door.lock.code", "Mend it.")


def test_everything_that_is_wrong_in_every_source_is_told_at_once(path: Path) -> None:
    text = "[door]\nwidth = 'abc'\nhight = 1\n[window]\nheight = 1.5\n"
    environ = {"PSYNC_DOOR__WIDTH": "10", "PSYNC_DOR__WIDTH": "1"}

    told = problems(text, path, environ, window__color="red")

    assert [(problem.key, problem.origin) for problem in told] == [
        ("door.width", str(path)),
        ("door.hight", str(path)),
        ("window.height", str(path)),
        ("door.width", "PSYNC_DOOR__WIDTH"),
        ("dor.width", "PSYNC_DOR__WIDTH"),
        ("window.color", "--set window.color"),
    ]


def test_the_error_names_key_origin_fault_and_mend_on_one_line_each(path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        build(None, path, {"PSYNC_DOOR__WIDTH": "abc"}, door__hight="1")

    title, width, hight = str(caught.value).splitlines()
    assert title == "2 problems in the configuration:"
    assert width.startswith("  door.width (PSYNC_DOOR__WIDTH): expected an integer from 1 to 9, got the string 'abc'. ")
    assert width.endswith(" Mend it or leave it out: the default is 1.")
    assert hight == "  door.hight (--set door.hight): there is no such key. Did you mean door.height?"


def test_one_problem_is_not_called_problems(path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^1 problem in the configuration:\n"):
        build(None, path, door__width="0")


def test_a_wrong_value_is_told_also_when_a_later_source_sets_the_key_right(path: Path) -> None:
    (problem,) = problems("[door]\nwidth = 0\n", path, door__width="1")

    assert (problem.key, problem.origin) == ("door.width", str(path))


@pytest.mark.parametrize(
    ("text", "key", "mend"),
    [
        ("[door]\nwitdh = 1\n", "door.witdh", "Did you mean door.width?"),
        ("[door]\ncolour = 1\n", "door.colour", "Did you mean window.colour?"),
        ("[window]\ntries = 1\n", "window.tries", "Did you mean door.lock.tries?"),
        ("[door]\ncolor = 1\n", "door.color", "Known here: door.width, door.height, door.names."),
        ("[dor]\nwidth = 1\n", "dor", "Did you mean [door]?"),
        ("[lock]\ncode = 1\n", "lock", "Did you mean [door.lock]?"),
        ("[garden]\nwidth = 1\n", "garden", "Known here: [door], [window]."),
        ("width = 1\n", "width", "Did you mean door.width?"),
        ("garden = 1\n", "garden", "Leave it out; conf/prod.toml shows every key."),
        ("[door.lok]\ntries = 1\n", "door.lok", "Did you mean [door.lock]?"),
    ],
)
def test_an_unknown_name_in_a_file_is_refused_with_what_it_may_mean(path: Path, text: str, key: str, mend: str) -> None:
    (problem,) = problems(text, path)

    assert (problem.key, problem.mend) == (key, mend)
    assert problem.what == f"there is no such {'section' if '[' + key in text else 'key'}"


def test_the_same_name_in_two_sections_suggests_both(path: Path) -> None:
    (problem,) = problems("[door.lock]\ncode = 'x'\nheight = 1\n", path)

    assert problem.mend == "Did you mean door.height or window.height?"


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("PSYNC_DOOR__WITDH", "Did you mean PSYNC_DOOR__WIDTH?"),
        ("PSYNC_DOR__HIGHT", "Did you mean PSYNC_DOOR__HEIGHT?"),
        ("PSYNC__DOOR__COLOUR", "Did you mean PSYNC_WINDOW__COLOUR?"),
        ("PSYNC_door__width", "Did you mean PSYNC_DOOR__WIDTH?"),
        ("PSYNC_DOOR__LOCK", "Set the keys in it: PSYNC_DOOR__LOCK__CODE, PSYNC_DOOR__LOCK__TRIES."),
        ("PSYNC_A__B__C", "Leave it out; conf/prod.toml shows every key."),
    ],
)
def test_an_unknown_variable_is_refused_with_the_one_it_may_mean(path: Path, name: str, mend: str) -> None:
    (problem,) = problems(None, path, {name: "1"})

    assert (problem.origin, problem.mend) == (name, mend)


@pytest.mark.parametrize("text", ["door = 5\n", "door = 'x'\n", "[[door]]\nwidth = 1\n"])
def test_a_section_that_is_no_table_is_refused(path: Path, text: str) -> None:
    (problem,) = problems(text, path)

    assert (problem.key, problem.what) == ("door", "is a section, not a value")
    assert problem.mend == "Set the keys in it: door.width, door.height, door.names."


def test_a_table_in_the_place_of_a_value_is_refused(path: Path) -> None:
    (problem,) = problems("[door.width]\nx = 1\n", path)

    assert problem.what == "expected an integer from 1 to 9, got a table"


def test_a_rule_tells_its_first_key_and_where_the_values_came_from(path: Path) -> None:
    (problem,) = problems("[door]\nheight = 3\n", path, {"PSYNC_DOOR__WIDTH": "3"})

    assert problem == Problem("door.width", f"PSYNC_DOOR__WIDTH; door.height: {path}", "3 is not less than 3", "Build it anew.")


def test_a_rule_is_left_alone_when_one_of_its_values_is_wrong_by_itself(path: Path) -> None:
    (problem,) = problems("[door]\nwidth = 8\nheight = 'abc'\n", path)

    assert problem.key == "door.height"


def test_a_value_that_is_set_alone_is_never_refused_for_the_sake_of_a_default(path: Path) -> None:
    house = build("[window]\nheight = 2\n", path)
    assert (house.window.height, house.door.height) == (2, 3)
    assert [problem.key for problem in problems("[window]\nheight = 2\n[door]\nheight = 2\n", path)] == ["window.height"]


def test_a_default_that_a_file_repeats_makes_way_for_what_comes_from_elsewhere(path: Path) -> None:
    house = build("[window]\nheight = 2\n[door]\nheight = 9\n", path, {}, door__height="2")
    assert (house.window.height, house.door.height) == (1, 2)
    (problem,) = problems("[window]\nheight = 3\n[door]\nheight = 9\n", path, {}, door__height="2")
    assert problem.origin == f"{path}; door.height: --set door.height"


def test_a_rule_for_an_absent_section_is_left_alone(path: Path) -> None:
    assert build("", path).door.lock is None
    assert [problem.what for problem in problems("[door.lock]\ncode = 'x'\ntries = 0\n", path)] == ["no tries"]


def test_a_syntax_error_is_told_with_its_line_and_beside_the_other_problems(path: Path) -> None:
    syntax, value = problems("[door]\nwidth = 1\nheight 5\n", path, door__width="0")

    assert (syntax.key, syntax.origin) == ("", str(path))
    assert syntax.what.startswith("is not TOML: ")
    assert "line 3" in syntax.what
    assert value.key == "door.width"


@pytest.mark.parametrize("text", ["a = " + "9" * 5000, "a = " + "[" * 100_000])
def test_a_file_that_python_cannot_read_is_told_like_one_that_is_not_toml(path: Path, text: str) -> None:
    (problem,) = problems(text, path)

    assert problem.what.startswith("is not TOML: ")


def test_a_file_that_is_not_utf8_is_told_with_the_byte(path: Path) -> None:
    path.write_bytes(b"# caf\xe9\n")

    with pytest.raises(ConfigError, match="is not UTF-8: byte 5 is 0xe9"):
        read(House, RULES, {}, path, {}, {})


def test_a_byte_order_mark_is_no_fault(path: Path) -> None:
    assert build("\ufeff[door]\nheight = 5\n", path).door.height == 5


def test_a_file_that_is_not_there_or_is_a_directory_is_told(path: Path) -> None:
    for place, says in ((path, "No such file or directory"), (path.parent, "Is a directory")):
        with pytest.raises(ConfigError) as caught:
            read(House, RULES, {}, place, {}, {})
        (problem,) = caught.value.problems
        assert (problem.origin, problem.what) == (str(place), f"cannot be read: {says}")


def test_a_file_that_may_not_be_read_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)  # root, who may run the tests, can read everything

    assert [problem.what for problem in problems("", path)] == ["cannot be read: Permission denied"]


def test_a_wrong_secret_is_not_shown_in_the_error(path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        build("[door.lock]\ncode = ['hunter2']\n", path, {"PSYNC_DOOR__LOCK__TRIES": "x"})

    assert "hunter2" not in str(caught.value)
    assert len(caught.value.problems) == 2


def test_a_secret_is_taken_from_the_environment_and_never_from_a_flag(path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        build("[door.lock]\ntries = 5\n", path, door__lock__code="hunter2")

    (problem,) = caught.value.problems
    assert (problem.key, problem.origin) == ("door.lock.code", "--set door.lock.code")
    assert "can see the flags of a process" in problem.what
    assert "PSYNC_DOOR__LOCK__CODE" in problem.mend
    assert "hunter2" not in str(caught.value)
