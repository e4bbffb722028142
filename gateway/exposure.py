"""Exposure: files with secrets that other users of this machine may read, and who reads them may be anybody. Each is warned of by name."""

import logging
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import astuple

from gateway.config_ice import Ice
from gateway.config_text import Secret

__all__ = ["is_exposed", "warn_of_exposed"]

logger = logging.getLogger("gateway.exposure")


def is_exposed(file: str) -> bool:
    """Whether others than its owner may read a file. One that is gone exposes nothing."""
    try:
        return bool(Path(file).stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
    except OSError:
        return False


def warn_of_exposed(config: Struct) -> None:
    """Tell of each exposed file that has a secret of the configuration: written out in it, or as `secret_file` of an `[ice]`."""
    for file in sorted(set(_files(config))):
        if is_exposed(file):
            logger.warning("other users may read %s, and there is a secret in it; take that right away: chmod 600 %s", file, file)


def _files(part: object) -> Iterator[str]:
    """All files with secrets that a part of a configuration tells of, but those of tenants' keys (`gateway.tenant_keys`)."""
    if isinstance(part, Secret):
        if part and part.file:
            yield part.file
    elif isinstance(part, Struct | Mapping | tuple):
        if isinstance(part, Ice) and part.secret_file:
            yield part.secret_file
        parts = astuple(part) if isinstance(part, Struct) else part.values() if isinstance(part, Mapping) else part
        for each in parts:
            yield from _files(each)
