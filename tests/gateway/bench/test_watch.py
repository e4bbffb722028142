import os
import time
from collections.abc import Iterator

import pytest

from gateway.bench.watch import Watch


@pytest.fixture(params=[True, False])
def watch(request: pytest.FixtureRequest) -> Iterator[Watch]:
    watch = Watch(spin=request.param)
    yield watch
    watch.close()


def test_what_can_be_read_is_returned_at_once_and_costs_no_idle_time(watch: Watch) -> None:
    reader, writer = os.pipe()
    watch.add(reader)
    os.write(writer, b"x")
    assert [descriptor for descriptor, _ in watch.wait(time.perf_counter() + 10)] == [reader]
    assert watch.idle == 0
    watch.remove(reader)
    os.close(reader)
    os.close(writer)


def test_nothing_to_read_is_idle_time_until_it_is_time(watch: Watch) -> None:
    began = time.perf_counter()
    assert watch.wait(began + 0.01) == []
    took = time.perf_counter() - began
    assert 0.009 < watch.idle <= took


def test_what_can_be_written_is_told_only_when_that_is_asked_for(watch: Watch) -> None:
    reader, writer = os.pipe()
    watch.add(writer, writable=True)
    assert watch.wait(time.perf_counter() + 10)
    watch.change(writer, writable=False)
    assert watch.wait(time.perf_counter()) == []
    os.close(reader)
    os.close(writer)
