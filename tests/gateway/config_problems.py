"""What the config says of values that it does not take."""

import pytest

from gateway.config import ConfigError, Problem, load


def problems(overrides: dict[str, str]) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        load(None, {}, overrides)
    return list(caught.value.problems)
