import os
import time

import pytest

from gateway.bench.meter import Meter
from gateway.bench.usage import Usage
from gateway.bench.watch import Watch


def test_a_meter_tells_what_a_process_used_between_its_edges() -> None:
    meter = Meter(os.getpid())
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    figures = meter.stop().figures(100)
    assert figures["cost"] is not None
    assert figures["cost"].total == pytest.approx(meter.used.cpu / 100 * 1e6 if meter.used else 0)
    assert figures["cost"].total >= 500
    assert figures["server_busy"] == pytest.approx(figures["cost"].total * 100 / 1e6 / meter.seconds)
    assert figures["count"] == 100


def test_the_cost_is_split_as_the_kernel_splits_it() -> None:
    meter = Meter(None)
    meter.used = Usage(cpu=1.0, user=0.6, system=0.2, resident=0, anonymous=0)
    meter.seconds = 2.0
    figures = meter.figures(1000)
    assert figures["cost"] is not None
    assert (figures["cost"].user, figures["cost"].system) == pytest.approx((750, 250))
    assert figures["server_busy"] == 0.5


def test_without_a_process_there_is_no_cost() -> None:
    figures = Meter(None).stop().figures(5)
    assert (figures["cost"], figures["server_busy"], figures["noise"]) == (None, None, None)
    assert figures["generator_busy"] == 1.0


def test_the_generator_is_busy_when_its_watch_does_not_wait() -> None:
    watch = Watch(spin=True)
    meter = Meter(None, watch)
    watch.wait(time.perf_counter() + 0.02)
    meter.stop()
    assert meter.figures(1)["generator_busy"] == pytest.approx(1 - watch.idle / meter.seconds)
    assert meter.figures(1)["generator_busy"] < 0.5
    watch.close()
