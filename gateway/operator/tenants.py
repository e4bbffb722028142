"""How the operator's pages name tenants: the default one, which has no name on the wire, is `-` in paths and labels."""

__all__ = ["DEFAULT", "shown_tenant", "tenant_named"]

DEFAULT = "-"
"""No other tenant can be called that: their names begin with a letter or a digit."""


def shown_tenant(tenant: str) -> str:
    """The name for people."""
    return tenant or DEFAULT


def tenant_named(shown: str) -> str:
    """The tenant that a path names."""
    return "" if shown == DEFAULT else shown
