"""Doorkeeper: whose client a request is, decided before the 101 (`docs/protocol.md`: Endpoints)."""

from collections.abc import Mapping
from typing import Any

from gateway.admission import Refused
from gateway.tenants import DEFAULT, Tenant, Tenants

__all__ = ["Doorkeeper"]


class Doorkeeper:
    """Lets clients of the default tenant in, where they need not prove who they are (`auth.mode`)."""

    def __init__(self, tenants: Tenants, mode: str) -> None:
        self._tenants = tenants
        self._is_open = mode == "none"

    def judge(self, environ: Mapping[str, Any], name: str) -> Tenant:  # noqa: ARG002 - what a token is read from
        """The tenant of a client that asks for the path of the tenant `name`; `environ` is the WSGI environment of its request.

        Raises:
            Refused: 401. A tenant that there is not is refused with the very words of one that there is: nobody can find out who is here.

        """
        tenant = self._tenants.find(name)
        if tenant is None or not self._is_open or name != DEFAULT:
            raise Refused("401 Unauthorized", "unauthorized", "a valid token is needed here", ("WWW-Authenticate", "Bearer"))
        return tenant
