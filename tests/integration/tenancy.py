"""Tenants for a real server: a folder with their files, and tokens that their keys sign."""

import time
from pathlib import Path
from typing import Any

import jwt

__all__ = ["SECRETS", "Tenancy"]

SECRETS = {"old": "the old secret of a tenant, long enough", "new": "the new secret of a tenant, long enough"}


class Tenancy:
    """A folder for `server.tenants_dir`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def write(self, name: str, *kids: str, more: str = "") -> None:
        """The tenant has these keys from the next start or reload on, and no others."""
        keys = [f'[[keys]]\nkid = "{kid}"\nalgorithm = "HS256"\nsecret = "{name} {SECRETS[kid]}"\n' for kid in kids]
        file = self.folder / f"{name}.toml"
        file.touch(0o600)
        file.write_text("\n".join([more, *keys]))

    def settings(self, **tenants: str) -> dict[str, object]:
        """Of a server that has these tenants, each with a key and these lines in its file."""
        for name, lines in tenants.items():
            self.write(name, "old", more=lines)
        return {"server.tenants_dir": self.folder}

    def path(self, name: str) -> str:
        """Where a client of the tenant connects, with a token that is good for every group."""
        return f"/t/{name}/ws?token={self.token(name)}"

    def token(self, name: str = "acme", kid: str = "old", *, secret: str | None = None, **claims: Any) -> str:  # noqa: ANN401 - any JSON
        """A token that is good for a minute and every group, unless `claims` say otherwise; None leaves one out."""
        said = {"tenant": name, "groups": ["*"], "exp": time.time() + 60, **claims}
        key = secret or f"{name} {SECRETS[kid]}"
        return jwt.encode({name: value for name, value in said.items() if value is not None}, key, "HS256", {"kid": kid})
