"""ICE servers for a client: what its `RTCPeerConnection` takes as `iceServers` (W3C WebRTC section 4.2.4). Sans-I/O.

Credentials for TURN are made for each peer and end by themselves, in the way that coturn takes with `use-auth-secret` (the TURN REST API,
draft-uberti-behave-turn-rest): the user name is the moment of its end and the peer's id, behind the name of its tenant, the password an
HMAC of that. Nobody has to be told of them: the TURN server needs the secret alone.
"""

import base64
import hmac
import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

import msgspec

__all__ = ["IceServer", "IceServers", "TurnSecret", "url_fault"]

_PLAIN = "+,:=@"
"""What a user name keeps as it is of an id, beside letters, digits and ``-._~``; the rest is written as in a URL. A slash stands behind
the name of a tenant.

coturn refuses quotes, backslashes, all that looks like SQL, and bytes above ASCII that its SASLprep does not know.
"""

_USER_CHARACTERS = 256
"""Of a peer's id in a user name, which STUN allows 508 bytes (RFC 8489 section 14.3). It is there for people, who read it in TURN's log."""

_URL = re.compile(r"(?:stuns?:(?P<stun>.*)|turns?:(?P<turn>[^?]*)(?:\?transport=(?:udp|tcp))?)\Z")
_AUTHORITY = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?\Z")
_LAST_PORT = 65_535


def url_fault(url: str) -> str | None:
    """What is wrong with the URL of a STUN or TURN server (RFC 7064 and RFC 7065 section 3.1), or None."""
    match = _URL.match(url)
    if match is None:
        return f"{url!r} is not stun:HOST, stuns:HOST, turn:HOST or turns:HOST, with :PORT if need be, turn also with ?transport=udp or tcp"
    authority = _AUTHORITY.match(match["stun"] if match["turn"] is None else match["turn"])
    if authority is None:
        return f"{url!r} names no host; write turn:turn.example.org:3478, an IPv6 address in brackets, and no slashes"
    port = authority["port"]
    if port is not None and not 1 <= int(port) <= _LAST_PORT:
        return f"{url!r} has no port from 1 to {_LAST_PORT}"
    return None


class IceServer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One `RTCIceServer`; the field names are those of the W3C."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = ""


class TurnSecret(NamedTuple):
    """TURN servers that share `secret` with this server; their credentials end after `ttl` seconds.

    Users are those of `tenant`: TURN servers have quotas by user, and what one tenant's peer has used up of them is not its namesake's.
    """

    urls: tuple[str, ...]
    secret: bytes
    ttl: int
    tenant: str = ""


class IceServers:
    """The ICE servers of a tenant (`actors.ports.IceServers`)."""

    def __init__(self, servers: Sequence[IceServer], turn: TurnSecret | None) -> None:
        self._servers = tuple(servers)
        self._turn = turn

    def __call__(self, peer_id: str, now: float) -> bytes:
        """The list for a peer as JSON text; its credentials are good from `now`, a moment in seconds since the epoch."""
        turn = () if self._turn is None else (_credentials(self._turn, peer_id, now),)
        return msgspec.json.encode((*self._servers, *turn))


def _credentials(turn: TurnSecret, peer_id: str, now: float) -> IceServer:
    owner = f"{turn.tenant}/" if turn.tenant else ""
    user = f"{int(now) + turn.ttl}:{owner}{quote(peer_id, safe=_PLAIN)[:_USER_CHARACTERS]}"
    password = base64.b64encode(hmac.digest(turn.secret, user.encode("ascii"), "sha1"))
    return IceServer(turn.urls, user, password.decode("ascii"))
