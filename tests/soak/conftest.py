"""The servers of the integration tests."""

from tests.integration.conftest import group, serve

__all__ = ["group", "serve"]
