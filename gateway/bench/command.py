"""The command line of the load generator: `python -m gateway bench`.

Exit codes: 0 measured, 1 something was lost, altered or out of order, or nothing could be measured, 2 the command line is wrong, 130
interrupted.
"""

import argparse
import gc
import resource
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from gateway.bench import plot
from gateway.bench.plan import MOST, Plan
from gateway.bench.progress import Progress
from gateway.bench.report import as_json, table
from gateway.bench.result import Result
from gateway.bench.scenarios import SCENARIOS, base_plan, plans
from gateway.bench.target import Cpus, NoServer, Target, free_port, own_command, resolve, start
from gateway.bench.template import Unexpected

__all__ = ["main"]

FAILED, WRONG, INTERRUPTED = 1, 2, 130

Targets = Callable[[], AbstractContextManager[Target]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and tell; `arguments` are those of the process unless given. Returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.plot and (lack := plot.lack()):
        parser.error(lack)
    try:
        targets = _targets(options)
    except ValueError as error:
        parser.error(str(error))
    _raise_descriptor_limit()
    gc.disable()  # a pause of the generator would be a latency of the server; a run ends long before memory does
    try:
        results = [measure(plan, targets) for plan in plans(options.scenario or list(SCENARIOS), _base(options), options.window)]
    except KeyboardInterrupt:
        return INTERRUPTED
    except (NoServer, OSError) as error:
        print(f"cannot measure: {error}", file=sys.stderr)
        return FAILED
    finally:
        gc.enable()
    print(table(results))
    return _write(results, options) or (FAILED if any(result.fault for result in results) else 0)


def measure(plan: Plan, targets: Targets) -> Result:
    """Run one plan, show how far it is; what is wrong with what came back is the result's `fault`.

    Raises:
        NoServer, OSError: there is nothing to measure.

    """
    with targets() as target, Progress(plan.scenario) as progress:
        try:
            return SCENARIOS[plan.scenario].run(plan, target, progress.tell)
        except Unexpected as fault:
            return Result(scenario=plan.scenario, about="", unit="", fault=str(fault))


def _write(results: Sequence[Result], options: argparse.Namespace) -> int:
    try:
        if options.json:
            Path(options.json).write_text(as_json(results))
        if options.plot:
            plot.draw(results, options.plot)
    except (OSError, ValueError) as error:  # ValueError: matplotlib does not know the kind of picture
        print(f"cannot write: {error}", file=sys.stderr)
        return FAILED
    return 0


def _targets(options: argparse.Namespace) -> Targets:
    """What makes the server for each run: a new one each time, or the one that was named.

    Raises:
        ValueError: the address is none, or is not on loopback and nobody said that this is meant.

    """
    if options.url is None:
        cpus = Cpus.choose() if options.pin else Cpus(None, None)

        def own() -> AbstractContextManager[Target]:
            port = free_port()
            return start(own_command(port), port, cpus)

        return own
    address = resolve(options.url, remote=options.remote)
    if not address.is_loopback:
        print(
            f"loading {address.host}:{address.port} over the network, because --remote says so: only with its owner's leave",
            file=sys.stderr,
        )
    spin = options.pin and Cpus.choose().generator is not None
    return lambda: nullcontext(Target(address, options.pid, spin))


def _base(options: argparse.Namespace) -> Plan:
    base = base_plan(packed=options.format == "msgpack")
    return Plan(
        scenario="",
        dialect=base.dialect,
        pairs=options.pairs,
        rate=options.rate,
        sizes=(options.size,),
        members=options.members,
        connections=options.connections,
        seconds=options.seconds,
    )


def _parser() -> argparse.ArgumentParser:
    default = base_plan(packed=False)
    says = "\n".join(f"  {name:<11}{scenario.says}" for name, scenario in SCENARIOS.items())
    parser = argparse.ArgumentParser(
        prog="python -m gateway bench",
        description="Load a server, check every byte that comes back, and tell what it cost. All of it takes about 40 s.",
        epilog=f"scenarios:\n{says}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenario", nargs="*", type=_scenario, help="what to measure (default: all)", metavar="SCENARIO")
    parser.add_argument("--url", metavar="ws://HOST:PORT", help="a server that runs; without it one is started here for each scenario")
    parser.add_argument("--pid", type=int, help="the process of that server, for its CPU and memory")
    parser.add_argument("--remote", action="store_true", help="allow a --url that is not on loopback")
    parser.add_argument("--no-pin", dest="pin", action="store_false", help="do not give server and generator a processor each")
    parser.add_argument("--format", choices=["json", "msgpack"], default="json", help="of all scenarios but packed")
    parser.add_argument(
        "--window", type=_number(1, MOST.window), nargs="+", default=[1, 16], metavar="N", help="in flight for each pair (1 16)"
    )
    for name, unit in (("pairs", ""), ("rate", "relays a second"), ("members", ""), ("connections", "")):
        number, most = getattr(default, name), getattr(MOST, name)
        parser.add_argument(
            f"--{name}", type=_number(2, most), default=number, metavar="N", help=f"{unit} ({number:,}; at most {most:,})".strip()
        )
    parser.add_argument(
        "--size", type=_number(50, MOST.size), default=default.sizes[0], metavar="N", help="characters of a description (1,200)"
    )
    parser.add_argument("--seconds", type=_number(1, int(MOST.seconds)), default=default.seconds, metavar="N", help="to measure each (3)")
    parser.add_argument("--json", metavar="FILE", help="write everything there, too")
    parser.add_argument("--plot", metavar="FILE", help="draw it (.png, .svg; needs matplotlib, the extra `bench`)")
    return parser


def _scenario(text: str) -> str:
    if text not in SCENARIOS:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(SCENARIOS)}")
    return text


def _number(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{value} is not from {least:,} to {most:,}")
        return value

    return number


def _raise_descriptor_limit() -> None:
    """As many connections as the system lets this process have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
