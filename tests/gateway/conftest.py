"""Fixtures of the tests of the public port."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.gateway.door import Door


@pytest.fixture
def doors() -> Iterator[Callable[..., Door]]:
    made: list[Door] = []

    def make(**rules: Any) -> Door:  # noqa: ANN401 - those of Door
        made.append(Door(**rules))
        return made[-1]

    yield make
    for door in made:
        door.close()


@pytest.fixture
def door(doors: Callable[..., Door]) -> Door:
    return doors()
