"""The server with a handler that gets stuck when it is asked to: `python -m tests.integration.stuck_server`, arguments as of the server's.

A relay with the id `peer: stuck` does it in the PeerActor of its sender; see `tests.hostile.faults` for other places.
"""

from gevent import monkey

monkey.patch_all()

from gateway.cli import main  # noqa: E402 - as in gateway/__main__.py
from tests.hostile.faults import FAULTS, install  # noqa: E402 - as above
from tests.integration.stuck import get_stuck  # noqa: E402 - as above

if __name__ == "__main__":
    FAULTS["stuck"] = get_stuck
    install()
    raise SystemExit(main())
