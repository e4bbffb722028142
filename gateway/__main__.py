"""`python -m gateway`: patch the standard library for gevent before anything else is imported, then hand over to the command line."""

from gevent import monkey

monkey.patch_all()

from gateway.cli import main  # noqa: E402 - what it imports must find the patched modules

if __name__ == "__main__":
    raise SystemExit(main())
