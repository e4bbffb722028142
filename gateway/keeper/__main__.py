"""`python -m gateway keeper` ends up here, in a process without gevent."""

from gateway.keeper.command import main

if __name__ == "__main__":
    raise SystemExit(main())
