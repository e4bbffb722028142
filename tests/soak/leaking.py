"""A gateway that leaks with each connection, to see that the soak finds it.

`python -m tests.soak.leaking descriptor,memory [arguments of the gateway]`, or one of the two.
"""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402 - what is imported must find the patched modules
import sys  # noqa: E402 - as above
from collections.abc import Callable  # noqa: E402 - as above

from gateway.cli import main  # noqa: E402 - as above
from gateway.connection import Connection  # noqa: E402 - as above

KEPT: list[object] = []

LEAKS: dict[str, Callable[[], object]] = {
    "descriptor": lambda: os.open(os.devnull, os.O_RDONLY),
    "memory": lambda: bytearray(os.urandom(65_536)),
}


def leak(*kinds: str) -> None:
    """Have every connection that ends leave something behind."""
    end = Connection.end

    def leave_something(connection: Connection) -> None:
        KEPT.extend(LEAKS[kind]() for kind in kinds)
        end(connection)

    setattr(Connection, "end", leave_something)  # noqa: B010 - mypy takes no assignment to a method


if __name__ == "__main__":
    leak(*sys.argv[1].split(","))
    raise SystemExit(main(sys.argv[2:]))
