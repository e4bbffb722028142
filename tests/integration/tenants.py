"""Tenants of a server in a test: their files, and the paths of their clients."""

from pathlib import Path
from typing import Any

from tests.gateway.signed import SECRET, token

__all__ = ["path_of", "settings", "write"]

_KEY = f'[[keys]]\nkid = "k"\nalgorithm = "HS256"\nsecret = "{SECRET}0"\n'


def settings(folder: Path, **tenants: str) -> dict[str, object]:
    """Of a server that has these tenants, each with the lines of its file beside its key."""
    for name, lines in tenants.items():
        write(folder, name, lines)
    return {"server.tenants_dir": folder}


def write(folder: Path, name: str, lines: str = "") -> None:
    """The file of one tenant, new or changed."""
    (folder / f"{name}.toml").write_text(f"{lines}\n{_KEY}")


def path_of(name: str, **claims: Any) -> str:  # noqa: ANN401 - any JSON
    """Where a client of the tenant connects, with a token that is good for every group."""
    return f"/t/{name}/ws?token={token(tenant=name, **claims)}"
