"""`python -m gateway bench` ends up here, in a process without gevent."""

from gateway.bench.command import main

if __name__ == "__main__":
    raise SystemExit(main())
