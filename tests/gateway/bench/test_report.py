import json
import platform

from gateway.bench.report import as_json, machine, table
from gateway.bench.result import Cost, Latency, Result

RELAY = Result(
    scenario="relay",
    about="100 pairs",
    unit="relay",
    count=1000,
    seconds=2,
    cost=Cost(4.0, 5.5),
    latency=Latency(100, 2000, 3000, 4000),
    server_busy=0.98,
    generator_busy=0.5,
    noise=0.01,
)


def test_a_run_is_one_line_of_the_table() -> None:
    head, line = table([RELAY]).splitlines()
    assert head.split()[:2] == ["scenario", "rate/s"]
    assert line.split() == ["relay", "(relay)", "500", "9.50", "4.00", "5.50", "100", "2,000", "3,000", "-", "98%", "50%", "100", "pairs"]
    assert len(head) - len("what") == len(line) - len("100 pairs")


def test_what_is_not_known_is_a_dash() -> None:
    line = table([Result(scenario="idle", about="x", unit="connection", count=1, seconds=1, connection_bytes=4757)]).splitlines()[1]
    assert line.split() == ["idle", "(connection)", "1", "-", "-", "-", "-", "-", "-", "4,757", "-", "0%", "x"]


def test_what_went_wrong_or_was_disturbed_is_told_below() -> None:
    fault = Result(scenario="join", about="", unit="", fault="3 were lost")
    limited = Result(scenario="open", about="", unit="relay", generator_busy=1.0, server_busy=0.5, noise=0.3)
    assert table([fault, limited]).splitlines()[3:] == [
        "join: FAILED: 3 were lost",
        "open: the generator was the limit: the rate is its own; the server's CPU for each is what it is",
        "open: others used 30% of a processor meanwhile: rates and latencies suffer most, CPU for each the least",
    ]


def test_the_json_has_everything_and_the_machine_without_its_name() -> None:
    told = json.loads(as_json([RELAY]))
    assert told["runs"][0]["cost"] == {"user": 4.0, "system": 5.5}
    assert told["runs"][0]["rate"] == 500
    assert set(told["machine"]) == {"cpu", "kernel", "python"} == set(machine())
    assert platform.node() not in as_json([RELAY]).split()
