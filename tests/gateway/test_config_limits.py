"""A number is taken within its range, and its unit is told."""

from typing import Annotated

import pytest

from gateway.config import load
from gateway.config_keys import Key
from gateway.config_limits import about, seconds
from tests.gateway.config_problems import problems


def test_an_annotation_tells_what_a_number_is_for_and_its_unit() -> None:
    key = Key(("limits", "nap"), Annotated[float, seconds("time asleep")], 1.0)

    assert (key.description, key.unit) == ("time asleep", "seconds")
    assert about("peers", 1, 2, "peers").extra == {"unit": "peers"}


@pytest.mark.parametrize(
    ("key", "lowest", "highest", "beyond"),
    [
        ("server.port", "0", "65535", ["-1", "65536"]),
        ("heartbeat.challenge_timeout", "0.01", "60", ["0", "60.1", "nan", "inf", "-inf"]),
        ("limits.message_bytes", "64", "200000", ["63", "16777217"]),
        ("limits.json_depth", "1", "256", ["0", "257"]),
        ("limits.elements", "16", "1000000", ["15", "1000001"]),
        ("limits.id_length", "1", "255", ["0", "256"]),
        ("limits.metadata_bytes", "0", "65536", ["-1", "65537"]),
        ("limits.messages_per_second", "0.01", "1000000", ["0", "1000001", "nan"]),
        ("limits.headers", "8", "1000", ["7", "1001"]),
        ("drain.timeout", "0", "3600", ["-0.1", "3601"]),
    ],
)
def test_a_value_is_taken_up_to_its_bounds_and_refused_beyond(key: str, lowest: str, highest: str, beyond: list[str]) -> None:
    for text in (lowest, highest):
        section, name = key.split(".")
        assert getattr(getattr(load(None, {}, {key: text}), section), name) == float(text)

    for text in beyond:
        (problem,) = problems({key: text})
        assert problem.key == key
        assert problem.what.startswith("expected a")
        assert problem.what.endswith(f"got the string '{text}'")
