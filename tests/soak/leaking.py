"""A gateway that leaks a descriptor, memory and an actor with each connection, to see that the soak finds each.

`python -m tests.soak.leaking [arguments of the gateway]`
"""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402 - what is imported must find the patched modules

from gateway.cli import main  # noqa: E402 - as above
from gateway.connection import Connection  # noqa: E402 - as above
from tests.doubles import actor_of  # noqa: E402 - as above

KEPT: list[object] = []


def leak() -> None:
    """Have every connection that ends leave something behind."""
    end = Connection.end

    def leave_something(connection: Connection) -> None:
        peer = connection.peer
        KEPT.append((os.open(os.devnull, os.O_RDONLY), os.urandom(65_536), peer and actor_of(peer)))
        end(connection)

    setattr(Connection, "end", leave_something)  # noqa: B010 - mypy takes no assignment to a method


if __name__ == "__main__":
    leak()
    raise SystemExit(main())
