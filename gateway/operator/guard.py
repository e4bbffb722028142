"""Guard: who may use the operator's listener. Pure: a request's environment in, a refusal or nothing out.

With a token, whoever has it may; an address that guesses waits, as one does that guesses the tokens of clients. Without one, which is for
a loopback address alone, whoever is on this machine; but not the web pages that its browser shows: a page of another site can send
requests to 127.0.0.1, and by DNS rebinding even reads the answers, under its own name. So a request must call this listener by a name of
its own, must not come from a page of another origin, and must, to change anything, have a content type that no form can send and that no
script may send without asking first (Fetch Standard, section 3.2.2).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from actors.ports import Clock
from gateway.admission import network_of
from gateway.config_text import Secret
from gateway.operator.address import Address, is_loopback
from gateway.throttle import Throttle

__all__ = ["Guard", "Refusal"]

_SAFE = ("GET", "HEAD")


class Refusal(NamedTuple):
    """`status` is an HTTP status line without the version, `field` what has to be mended, `header` goes with the answer."""

    status: str
    field: str
    says: str
    header: tuple[str, str] | None = None


class Guard:
    """Judges requests to the listener at `address`; `token` is empty where none is asked for. `throttle` counts wrong ones by `clock`."""

    def __init__(self, address: Address, token: Secret, throttle: Throttle, clock: Clock) -> None:
        self._host = address.host
        self._token = token
        self._throttle = throttle
        self._clock = clock

    def fault(self, environ: Mapping[str, Any]) -> Refusal | None:
        """Why a request is refused, or None."""
        refusal = self._token_fault(environ) if self._token else self._host_fault(environ)
        return refusal or self._page_fault(environ)

    def _token_fault(self, environ: Mapping[str, Any]) -> Refusal | None:
        authorization = environ.get("HTTP_AUTHORIZATION")
        if authorization is not None:
            network, now = network_of(environ["REMOTE_ADDR"]), self._clock.monotonic()
            if wait_ms := self._throttle.wait_ms(network, now):
                says = "too many tokens from this address were not valid; none is looked at until Retry-After is over"
                retry_after = ("Retry-After", str(-(-wait_ms // 1000)))
                return Refusal("429 Too Many Requests", "Authorization", says, retry_after)
            if self._proves(authorization):
                return None
            self._throttle.failed(network, now)
        says = "send the operator's token: 'Authorization: Bearer TOKEN', with the value of operator.token"
        return Refusal("401 Unauthorized", "Authorization", says, ("WWW-Authenticate", "Bearer"))

    def _host_fault(self, environ: Mapping[str, Any]) -> Refusal | None:
        if self._is_own(environ.get("HTTP_HOST", "")):
            return None
        says = "call this listener by its address, localhost, 127.0.0.1 or [::1]; or set operator.token"
        return Refusal("403 Forbidden", "Host", says)

    def _page_fault(self, environ: Mapping[str, Any]) -> Refusal | None:
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and origin.partition("://")[2] != environ.get("HTTP_HOST"):
            return Refusal("403 Forbidden", "Origin", "web pages of another origin may not use this listener")
        kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if environ["REQUEST_METHOD"] not in _SAFE and not self._token and kind != "application/json":
            says = "what changes something needs 'Content-Type: application/json' where no token is asked for"
            return Refusal("415 Unsupported Media Type", "Content-Type", says)
        return None

    def _proves(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        # Secrets are compared in constant time.
        return scheme.lower() == "bearer" and Secret(token.strip()) == self._token

    def _is_own(self, host: str) -> bool:
        name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
        name = name.removeprefix("[").removesuffix("]").lower()
        return name == self._host.lower() or is_loopback(name)
