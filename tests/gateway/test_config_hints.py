"""What is suggested to the writer of a wrong key."""

import pytest

from gateway.config_hints import LISTED, hint

KNOWN = [("door", "width"), ("door", "height"), ("window", "height")]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (("door", "widht"), "Did you mean door.width?"),
        (("door", "heigth"), "Did you mean door.height?"),
        (("garden", "height"), "Did you mean door.height or window.height?"),
        (("dor", "widht"), "Did you mean door.width?"),
        (("window", "colour"), "Known here: window.height."),
        (("garden", "colour"), "Leave it out; conf/prod.toml shows every key."),
    ],
)
def test_what_is_alike_is_suggested_and_else_what_is_known_there(path: tuple[str, ...], says: str) -> None:
    assert hint(path, KNOWN, ".".join) == says


def test_a_long_list_is_not_listed() -> None:
    known = [("a", letter * 9) for letter in "bcdefghijklmnop"[: LISTED + 1]]
    assert hint(("a", "zzz"), known, ".".join) == "Leave it out; conf/prod.toml shows every key."
