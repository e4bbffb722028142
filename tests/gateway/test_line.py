import dataclasses

import pytest

from gateway.line import Line
from tests.gateway.wired import Wired


def test_what_connections_share_none_of_them_can_change() -> None:
    line = Wired().connection._line  # noqa: SLF001 - no one else has to know it
    assert isinstance(line, Line)
    with pytest.raises(dataclasses.FrozenInstanceError):
        line.close_timeout = 0.0  # type: ignore[misc] # that is the point
