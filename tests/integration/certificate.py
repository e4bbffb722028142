"""A certificate for 127.0.0.1 that nobody but the tests trusts."""

import ipaddress
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

__all__ = ["Certificate"]

_NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
_VALIDITY = timedelta(days=1)


class Certificate:
    """A key and its self-signed certificate, as the two PEM files that the server reads."""

    def __init__(self, folder: Path) -> None:
        self._cert = folder / "cert.pem"
        self._key = folder / "key.pem"
        key = ec.generate_private_key(ec.SECP256R1())
        plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self._key.write_bytes(key.private_bytes(*plain))
        self._cert.write_bytes(_sign(key).public_bytes(serialization.Encoding.PEM))

    @property
    def settings(self) -> Mapping[str, object]:
        """The server's settings."""
        return {"server.tls.cert": self._cert, "server.tls.key": self._key}

    def trust(self) -> ssl.SSLContext:
        """What a client needs: it accepts this certificate and no other."""
        return ssl.create_default_context(cafile=str(self._cert))


def _sign(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    builder = x509.CertificateBuilder().subject_name(_NAME).issuer_name(_NAME).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - _VALIDITY).not_valid_after(now + _VALIDITY)
    builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return builder.sign(key, hashes.SHA256())
