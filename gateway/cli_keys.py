"""`python -m gateway keys new`: makes a key, and prints the lines that tell the server of it.

What signs is written to a file that only its owner can read, and never over one that is there.
"""

import argparse
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gateway.config_text import toml
from gateway.keys import HASH_BYTES
from gateway.tokens import ALGORITHMS

__all__ = ["main"]

RSA_BITS = 3072
"""Of a new key: as hard to break as the others here."""


class _Part(NamedTuple):
    """One file of a key."""

    path: Path
    content: bytes
    mode: int


def main(arguments: Sequence[str]) -> int:
    """Run `keys` with these arguments. Returns the exit code: 0, or 2 when the key cannot be written."""
    options = _parser().parse_args(arguments)
    kid = options.kid or f"{options.algorithm.lower()}-{secrets.token_hex(4)}"
    try:
        name, value, made = _make(options.algorithm, Path(options.out or f"{kid}.key"), inline=options.out is None)
    except OSError as error:
        why = "there is a file already, and a key is never overwritten" if isinstance(error, FileExistsError) else error.strerror
        print(f"{error.filename}: {why}. Name another file with --out.", file=sys.stderr)  # noqa: T201 - a command line talks
        return 2
    lines = [
        f"[[tenants.{options.tenant}.keys]]",
        f"kid = {toml(kid)}",
        f"algorithm = {toml(options.algorithm)}",
        f"{name} = {toml(value)}",
    ]
    print("\n".join([*(f"# {line}" for line in made), *lines]))  # noqa: T201 - what the command is for
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gateway keys", description="Keys that tokens are signed with.")
    new = parser.add_subparsers(dest="command", required=True).add_parser("new", help="make one, and print what goes into the config")
    new.add_argument("--algorithm", choices=ALGORITHMS, default="EdDSA", help="what it signs with (default: EdDSA)")
    file = "where to write what signs; of a public key its other half goes to FILE.pub. Without it a secret is printed alone"
    new.add_argument("--out", metavar="FILE", help=file)
    new.add_argument("--kid", help="its name in tokens (default: one by chance)")
    new.add_argument("--tenant", default="NAME", help="whose it is, for the lines that are printed")
    return parser


def _make(algorithm: str, path: Path, *, inline: bool) -> tuple[str, str, list[str]]:
    """Make a key. Returns the config's name for it, the value, and what to say of its files.

    Raises:
        OSError: a file is there already, or cannot be written.

    """
    if algorithm in HASH_BYTES:
        secret = secrets.token_urlsafe(HASH_BYTES[algorithm])
        if inline:
            return "secret", secret, []
        _write(_Part(path, f"{secret}\n".encode(), 0o600))
        return "secret_file", str(path.absolute()), [f"{path.absolute()} holds the secret: whoever has it can make tokens."]
    private, public = _pair(algorithm)
    shown = path.with_name(f"{path.name}.pub")
    _write(_Part(shown, public, 0o644), _Part(path, private, 0o600))
    told = f"{path.absolute()} signs tokens; the server does not need it."
    return "public_key_file", str(shown.absolute()), [told]


def _pair(algorithm: str) -> tuple[bytes, bytes]:
    """A new private key and its public half, in PEM."""
    key: Ed25519PrivateKey | EllipticCurvePrivateKey | RSAPrivateKey
    if algorithm == "EdDSA":
        key = Ed25519PrivateKey.generate()
    else:
        key = generate_ec(SECP256R1()) if algorithm == "ES256" else generate_rsa(65_537, RSA_BITS)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _write(*parts: _Part) -> None:
    """Write all of them, or none."""
    written: list[Path] = []
    try:
        for path, content, mode in parts:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
            written.append(path)
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(descriptor, mode)  # whatever the umask
                file.write(content)
    except BaseException:
        for path in written:
            path.unlink()
        raise
