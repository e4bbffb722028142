"""Keys are changed while clients come: whoever has a token of a key that is listed gets in, nobody else, and who is in stays."""

import itertools
import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.client import Client
from tests.integration.line import HANDSHAKE, PATIENCE
from tests.integration.server import Server
from tests.integration.tenancy import Tenancy

GUARDED = {"auth.mode": "token", "limits.token_failures_burst": 1_000_000, "limits.messages_per_second": 10_000}


def reload(server: Server) -> None:
    """Have the keys read anew, and wait until that is done."""
    since = len(server.lines())
    server.signal(signal.SIGHUP)
    server.wait_for_line('"message": "reloaded"', since)


def status(server: Server, token: str) -> int:
    """What a handshake with this token is answered with."""
    line = server.line()
    try:
        line.request("/ws", headers={**HANDSHAKE, "Authorization": f"Bearer {token}"})
        return line.head().status
    finally:
        line.close()


@contextmanager
def coming(server: Server, *tokens: str) -> Iterator[list[int]]:
    """Clients with these tokens, in turn, one after the other while the block runs; the statuses of their handshakes."""
    statuses: list[int] = []
    begun, ended = threading.Event(), threading.Event()

    def come() -> None:
        for token in itertools.cycle(tokens):
            if ended.is_set() and len(statuses) > 10 * len(tokens):
                return
            statuses.append(status(server, token))
            begun.set()

    thread = threading.Thread(target=come)
    thread.start()
    try:
        assert begun.wait(PATIENCE)
        yield statuses
    finally:
        ended.set()
        thread.join(PATIENCE)
    assert not thread.is_alive()


def test_keys_take_over_from_each_other_under_load_and_open_connections_stay(serve: Callable[..., Server], tmp_path: Path) -> None:
    tenancy = Tenancy(tmp_path / "tenants")
    tenancy.write("acme", "old")
    old, new = tenancy.token(kid="old"), tenancy.token(kid="new")
    server = serve({**GUARDED, "server.tenants_dir": tenancy.folder})
    early = server.connect(Client, f"/ws?token={old}")
    early.register("early", "home")
    assert [status(server, old), status(server, new)] == [101, 401]

    with coming(server, old) as of_old:
        tenancy.write("acme", "old", "new")
        reload(server)
    assert set(of_old) == {101}

    with coming(server, old, new) as of_both:
        for kids in (("new", "old"), ("old", "new"), ("new", "old")):
            tenancy.write("acme", *kids)
            reload(server)
    assert set(of_both) == {101}

    with coming(server, new) as of_new:
        tenancy.write("acme", "new")
        reload(server)
    assert set(of_new) == {101}
    assert [status(server, old), status(server, new)] == [401, 101]
    early.assert_silence()
    late = server.connect(Client, f"/ws?token={new}")
    assert [peer["id"] for peer in late.register("late", "home")] == ["early"]


def test_a_secret_in_a_file_may_be_changed_in_place(serve: Callable[..., Server], tmp_path: Path) -> None:
    tenancy, secret = Tenancy(tmp_path / "tenants"), tmp_path / "secret"
    (tenancy.folder / "acme.toml").write_text(f'[[keys]]\nkid = "k"\nalgorithm = "HS256"\nsecret_file = {json.dumps(str(secret))}\n')
    first, second = "the first of two secrets, long enough", "the second of two secrets, long enough"
    tokens = [tenancy.token(kid="old", secret=text) for text in (first, second)]
    secret.write_text(first)
    secret.chmod(0o600)
    server = serve({**GUARDED, "server.tenants_dir": tenancy.folder})
    named = [tenancy.token(kid="k", secret=text) for text in (first, second)]
    assert [status(server, token) for token in (*tokens, *named)] == [401, 401, 101, 401]
    secret.write_text(second)
    reload(server)
    assert [status(server, token) for token in named] == [401, 101]
