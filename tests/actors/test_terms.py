"""Terms hold what was decided, and are not changed."""

import pytest

from actors.terms import Terms


def test_terms_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Terms("acme", "192.0.2.1:5").tenant = "other"  # type: ignore[misc] # that is the point
