"""What conf/deploy is tried with: servers, certificates and groups, as the integration tests have them."""

from tests.integration.conftest import certificate, group, serve

__all__ = ["certificate", "group", "serve"]
