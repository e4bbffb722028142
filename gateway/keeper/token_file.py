"""The file that holds the token for the server, and may be written anew at any time."""

import logging
from pathlib import Path

__all__ = ["TokenFile"]

_log = logging.getLogger(__name__)


class TokenFile:
    """Gives the token that is in the file now.

    Raises:
        ValueError: there is none yet.

    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._token = _read(path)

    def __call__(self) -> str:
        """The token; that of before while there is none, as when another one is being put in its place."""
        try:
            self._token = _read(self._path)
        except ValueError as error:
            _log.warning("%s; the token of before is used", error)
        return self._token


def _read(path: Path) -> str:
    try:
        token = path.read_text().strip()
    except (OSError, UnicodeError) as error:
        raise ValueError(f"token file {path}: {getattr(error, 'strerror', None) or 'not a text'}") from None
    # RFC 6750 section 2.1 allows less; what is refused here would break the header.
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError(f"token file {path}: holds no token; put one line of text there")
    return token
