"""The real parts that some tests need: programs that pip cannot bring. `make test` fetches them where it may (tools/setup.py)."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tools.setup import PARTS, absence, missing_is_allowed


def require_part(name: str, *, environ: Mapping[str, str] = os.environ, find: Callable[[str], str | None] = shutil.which) -> Path:
    """Return the path of a part's program; end the test when the part is missing.

    A missing part fails the test: a skip would let the promise that it tests go unproven. PSYNC_ALLOW_MISSING=1 makes it a skip,
    on a machine where the part cannot be had; not in CI.

    Args:
        name: A key of `tools.setup.PARTS`.
        environ: Where PSYNC_ALLOW_MISSING and CI are looked up.
        find: Gives the path of a command, or None.

    Raises:
        pytest.fail.Exception: The part is missing.
        pytest.skip.Exception: The part is missing, and that is allowed.
    """
    part = PARTS[name]
    path = find(part.command)
    if path is not None:
        return Path(path)
    sentence = f"{absence(part)}: install it with `sudo apt-get install {part.package}` (Debian's name)"
    if missing_is_allowed(environ):
        pytest.skip(f"{sentence}; skipped because PSYNC_ALLOW_MISSING=1")
    pytest.fail(f"{sentence}, or set PSYNC_ALLOW_MISSING=1 to skip its tests (CI never skips them)", pytrace=False)
