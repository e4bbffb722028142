"""The server with the faults of `tests.hostile.faults`: `python -m tests.hostile.faulty_server`, arguments as of `python -m gateway`."""

from gevent import monkey

monkey.patch_all()

from gateway.cli import main  # noqa: E402 - as in gateway/__main__.py
from tests.hostile.faults import install  # noqa: E402 - as above

if __name__ == "__main__":
    install()
    raise SystemExit(main())
