"""`python -m gateway conformance` ends up here, in a process without gevent."""

from gateway.conformance.command import main

if __name__ == "__main__":
    raise SystemExit(main())
