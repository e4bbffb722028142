"""What the kernel knows of this process: by the judgement of the collector that prometheus_client has."""

import os
from pathlib import Path

import pytest
from prometheus_client import ProcessCollector

from gateway.operator import process
from gateway.operator.process import process_metrics

OTHERS = {"process_cpu_seconds": 0.5, "process_open_fds": 2, "process_resident_memory_bytes": 1e8, "process_virtual_memory_bytes": 1e9}


def test_it_tells_what_the_common_collector_tells() -> None:
    common = {family.name: family for family in ProcessCollector(registry=None).collect()}
    own = {family.name: family for family in process_metrics()}
    assert own.keys() == common.keys()
    for name, family in own.items():
        assert family.type == common[name].type
        (sample,), (other,) = family.samples, common[name].samples
        assert sample.name == other.name
        assert sample.value == pytest.approx(other.value, abs=OTHERS.get(name, 1))


def test_a_descriptor_more_is_told() -> None:
    before = _open_files()
    with Path(os.devnull).open():
        assert _open_files() == before + 1
    assert _open_files() == before


def test_where_the_kernel_does_not_count_them_descriptors_are_listed(tmp_path: Path) -> None:
    folder = tmp_path / "self" / "fd"
    folder.mkdir(parents=True)
    for number in "012":
        (folder / number).touch()
    assert process._open_files(_Uncounted(tmp_path)) == 3  # noqa: SLF001 - what a kernel before 6.2 shows cannot be had here


class _Uncounted(type(Path())):  # type: ignore[misc] # the class of the paths of this system
    """A folder that says of its size that it is 0, as those in /proc did."""

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        fields = list(super().stat(follow_symlinks=follow_symlinks))
        fields[6] = 0
        return os.stat_result(fields)


def _open_files() -> float:
    return next(sample.value for family in process_metrics() for sample in family.samples if sample.name == "process_open_fds")
