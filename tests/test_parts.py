from pathlib import Path

import pytest

from tests.parts import require_part
from tools.setup import PARTS

BROWSER = "chromium-headless-shell"


def nowhere(_command: str) -> None:
    return None


def test_a_part_that_is_there_is_named_by_its_path() -> None:
    path = require_part(BROWSER, environ={}, find=lambda command: f"/usr/bin/{command}")
    assert path == Path("/usr/bin/chromium-headless-shell")


def test_a_missing_part_fails_its_test_with_a_sentence_that_says_what_to_install() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"chromium-headless-shell .* is missing: install it with `sudo apt-get install"):
        require_part(BROWSER, environ={}, find=nowhere)


def test_a_missing_part_is_a_skip_only_when_that_is_asked_for() -> None:
    with pytest.raises(pytest.skip.Exception, match="because PSYNC_ALLOW_MISSING=1"):
        require_part(BROWSER, environ={"PSYNC_ALLOW_MISSING": "1"}, find=nowhere)


@pytest.mark.parametrize("value", ["", "0", "true", "yes"])
def test_no_other_value_than_1_allows_a_skip(value: str) -> None:
    with pytest.raises(pytest.fail.Exception):
        require_part(BROWSER, environ={"PSYNC_ALLOW_MISSING": value}, find=nowhere)


def test_ci_never_skips() -> None:
    with pytest.raises(pytest.fail.Exception, match="CI never skips"):
        require_part(BROWSER, environ={"PSYNC_ALLOW_MISSING": "1", "CI": "true"}, find=nowhere)


def test_a_part_that_nobody_listed_is_a_mistake_in_the_test() -> None:
    with pytest.raises(KeyError):
        require_part("redis", environ={"PSYNC_ALLOW_MISSING": "1"}, find=nowhere)


def test_every_part_is_listed_under_its_command() -> None:
    assert {name: part.command for name, part in PARTS.items()} == {name: name for name in PARTS}
