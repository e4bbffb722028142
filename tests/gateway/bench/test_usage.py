import mmap
import os
import subprocess
import sys
import time

from gateway.bench.usage import Usage, busy_seconds, processes, read_usage

SPENDS = "import time\nwhile time.process_time() < 0.1: pass\nprint(flush=True)\ninput()"


def test_cpu_is_that_of_the_process_to_the_nanosecond() -> None:
    before = time.process_time()
    used = read_usage(os.getpid())
    assert used.cpu >= before
    assert used.since(used).cpu == 0
    assert 0 < used.user_share <= 1


def test_the_cpu_of_a_child_counts_while_it_lives_and_when_it_has_been_waited_for() -> None:
    before = read_usage(os.getpid())
    with subprocess.Popen([sys.executable, "-c", SPENDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert child.pid in processes(os.getpid())
        living = read_usage(os.getpid()).since(before)
        child.communicate(b"\n")
    waited = read_usage(os.getpid()).since(before)
    assert living.cpu > 0.1
    assert waited.cpu > 0.1 - 0.02  # a child that was waited for is accounted in ticks
    assert child.pid not in processes(os.getpid())


def test_memory_is_resident_and_the_process_s_own() -> None:
    before = read_usage(os.getpid())
    with mmap.mmap(-1, 20_000_000, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as ballast:
        ballast.write(b"x" * len(ballast))
        used = read_usage(os.getpid()).since(before)
    assert used.anonymous > 19_000_000
    assert used.resident > 19_000_000


def test_usages_are_added_part_by_part() -> None:
    one, two = Usage(1, 2, 3, 4, 5), Usage(10, 20, 30, 40, 50)
    assert one.plus(two) == Usage(11, 22, 33, 44, 55)
    assert two.since(one) == Usage(9, 18, 27, 36, 45)
    assert Usage(0, 0, 0, 0, 0).user_share == 0


def test_what_the_machine_has_spent_grows_with_what_this_process_spends() -> None:
    before = busy_seconds()
    until = time.process_time() + 0.1
    while time.process_time() < until:
        pass
    assert busy_seconds() - before >= 0.08
