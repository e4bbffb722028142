"""The stand-ins are only worth something as long as they have the shape of their ports."""

import inspect

import pytest

from actors import ports
from gateway.backplane.memory import MemoryBackplane
from tests import doubles


@pytest.mark.parametrize(
    ("port", "stand_in"),
    [
        (ports.Clock, doubles.ManualClock),
        (ports.Scheduler, doubles.StepScheduler),
        (ports.Timer, doubles.ManualTimer),
        (ports.Outbox, doubles.RecordingOutbox),
        (ports.Metrics, doubles.PlainMetrics),
        (ports.Backplane, MemoryBackplane),
        (ports.Runnable, doubles.NotingActor),
    ],
)
def test_a_stand_in_takes_what_its_port_takes(port: type, stand_in: type) -> None:
    methods = {name: method for name, method in vars(port).items() if not name.startswith("_") and inspect.isfunction(method)}
    assert methods
    for name, method in methods.items():
        wanted, found = inspect.signature(method).parameters, inspect.signature(getattr(stand_in, name)).parameters
        assert list(found)[: len(wanted)] == list(wanted), name
        assert all(found[parameter].default == wanted[parameter].default for parameter in wanted), name


def test_every_port_has_a_line_on_each_method() -> None:
    for name in ports.__all__:
        methods = [method for method in vars(getattr(ports, name)).values() if inspect.isfunction(method)]
        assert all(method.__doc__ for method in methods if not method.__name__.startswith("_")), name
