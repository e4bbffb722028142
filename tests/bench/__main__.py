"""`make bench`: side by side with what a user would pick instead."""

from tests.bench.compare import main

if __name__ == "__main__":
    raise SystemExit(main())
