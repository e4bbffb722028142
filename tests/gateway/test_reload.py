"""The configuration is read anew: all of it is taken, or nothing."""

import logging
from collections.abc import Callable, Iterator
from typing import Any, cast

import gevent
import msgspec
import pytest

from actors.messages import Close
from gateway.config import Config, ConfigError, KeyConfig, Limits, Log, Problem, Server, TenantConfig, Tls
from gateway.config_text import Secret
from gateway.operator.metrics import Counts
from gateway.reload import BATCH, Reload, Reloaded, put_out
from tests.gateway.doubles import NotingPeer

ACME = TenantConfig(keys=(KeyConfig("1", "HS256", secret=Secret("hunter2")),))
OTHER = TenantConfig(jwks_file="keys.json")


@pytest.fixture(autouse=True)
def _level() -> Iterator[None]:
    before = logging.getLogger().level
    yield
    logging.getLogger().setLevel(before)


class Reloading:
    """A Reload of what a test puts into `next`, and what it has had adopted."""

    def __init__(self, started: Config) -> None:
        self.next: Config | ConfigError = started
        self.adopted: list[Config] = []
        self.spoilt: ConfigError | None = None
        self.metrics = Counts()
        self._reload = Reload(started, self._read, self._adopt, self.metrics)

    def to(self, config: Config | ConfigError) -> Reloaded:
        self.next = config
        return self._reload.run()

    def _adopt(self, config: Config) -> None:
        if self.spoilt is not None:
            raise self.spoilt
        self.adopted.append(config)

    def _read(self) -> Config:
        if isinstance(self.next, ConfigError):
            raise self.next
        return self.next


def test_what_is_new_is_taken_and_told() -> None:
    reloading = Reloading(Config(tenants={"acme": ACME, "gone": OTHER, "same": OTHER}))
    config = Config(tenants={"acme": OTHER, "same": OTHER, "new": ACME})
    assert reloading.to(config) == Reloaded("done", added=("new",), changed=("acme",), removed=("gone",))
    assert reloading.adopted == [config]
    assert reloading.metrics.value("reloads", "done") == 1
    assert reloading.to(config) == Reloaded("done")


def test_a_fault_leaves_everything_as_it_was_and_every_problem_is_an_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    reloading = Reloading(Config(tenants={"acme": ACME}))
    problems = [Problem("limits.errors", "psync.toml", "is 0", "Mend it."), Problem("tenants.b.keys", "b.toml", "is none", "Add one.")]
    told = tuple(map(str, problems))
    assert reloading.to(ConfigError(problems)) == Reloaded("refused", told)
    assert reloading.adopted == []
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("ERROR", f"reload refused: {problem}") for problem in told
    ]
    assert reloading.metrics.value("reloads", "refused") == 1
    assert reloading.to(Config(tenants={"acme": ACME})) == Reloaded("done")


def test_what_was_spoilt_after_it_was_judged_is_refused_as_well_and_can_be_taken_later() -> None:
    reloading = Reloading(Config())
    problem = Problem("tenants.acme.keys", "read again", "is gone", "Try once more.")
    reloading.spoilt = ConfigError([problem])
    assert reloading.to(Config(tenants={"acme": ACME})) == Reloaded("refused", (str(problem),))
    reloading.spoilt = None
    assert reloading.to(Config(tenants={"acme": ACME})).added == ("acme",)


def test_what_needs_a_restart_is_named_every_time_until_there_is_one(caplog: pytest.LogCaptureFixture) -> None:
    reloading = Reloading(Config())
    limits = Limits(mailbox=99, errors=99)
    config = Config(server=Server(port=9000, allowed_origins=("https://a.example",), tls=Tls("a", "b")), limits=limits)
    restart = ("server.port", "server.tls.cert", "server.tls.key", "limits.mailbox")
    for _ in range(2):
        assert reloading.to(config).restart == restart
    warned = [record.message.split()[0] for record in caplog.records if record.levelname == "WARNING"]
    assert warned == [*restart, *restart]


def test_the_level_of_the_log_is_reloaded() -> None:
    assert Reloading(Config()).to(Config(log=Log(level="error"))).restart == ()
    assert logging.getLogger().level == logging.ERROR


def test_a_fault_of_ours_while_reading_is_raised_and_the_next_reload_works() -> None:
    reloading = Reloading(Config())
    broken = reloading._read  # noqa: SLF001 - stands for a fault in any part of it
    reloading._reload._read = cast("Any", lambda: 1 / 0)  # noqa: SLF001 - as above
    with pytest.raises(ZeroDivisionError):
        reloading.to(Config())
    reloading._reload._read = broken  # noqa: SLF001 - as above
    assert reloading.to(Config()).outcome == "done"


def test_two_at_once_come_one_after_the_other() -> None:
    reloading = Reloading(Config())
    config = msgspec.structs.replace(Config(), tenants={"acme": ACME})
    jobs = [gevent.spawn(reloading.to, config) for _ in range(2)]
    assert sorted(job.get().added for job in jobs) == [(), ("acme",)]


class _Open:
    """Stands for a connection; what its outbox is told, when its actor is dead."""

    def __init__(self, peer: object) -> None:
        self.closed: list[tuple[int, str]] = []
        self.outbox = self
        self.peer = peer

    def close(self, code: int, says: str) -> None:
        self.closed.append((code, says))


class _Dead:
    """An actor that has ended."""

    def post(self, _message: object) -> bool:
        return False


def test_who_is_put_out_is_closed_by_its_actor_or_where_that_is_dead_by_its_connection() -> None:
    peer = NotingPeer()
    alive, orphan, ended = _Open(peer), _Open(_Dead()), _Open(None)
    put_out(cast("Any", [alive, orphan, ended]))
    (goodbye,) = peer.told
    assert isinstance(goodbye, Close)
    assert (goodbye.code, goodbye.reason) == (4403, None)
    assert alive.closed == ended.closed == []
    assert orphan.closed == [(4403, goodbye.says)]


def test_a_crowd_is_put_out_in_batches_with_turns_for_others_between(monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[float] = []
    count: Callable[[float], None] = turns.append
    monkeypatch.setattr("gateway.reload.gevent.sleep", count)
    put_out(cast("Any", [_Open(NotingPeer()) for _ in range(2 * BATCH + 1)]))
    assert len(turns) == 2
