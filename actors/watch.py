"""Watch: the PeerActor's eye on its client: pings, deadlines and challenges, on one lazily re-armed timer."""

import math

from actors.client import Client
from actors.liveness import Liveness, Verdict
from actors.ports import Clock, Metrics, Timer
from actors.reasons import CloseCode
from actors.seat import Seat

__all__ = ["Watch"]


class Watch:
    """Asks the client for signs of life, hides a silent one from its group, brings it back, and says when to give it up.

    `joined` says whether the peer is in its group: only then does the group hear of any of this.
    """

    __slots__ = ("_challenge", "_client", "_clock", "_liveness", "_metrics", "_seat", "_timer")

    def __init__(self, client: Client, seat: Seat, liveness: Liveness, timer: Timer, clock: Clock, metrics: Metrics) -> None:
        self._client = client
        self._seat = seat
        self._liveness = liveness
        self._timer = timer
        self._clock = clock
        self._metrics = metrics
        self._challenge: int | None = None

    @property
    def away(self) -> bool:
        """Whether the peer is hidden from its group."""
        return self._liveness.away

    def start(self) -> None:
        """Set the timer for the next deadline."""
        wait = self._liveness.next_deadline() - self._clock.monotonic()
        self._timer.start(max(0.0, min(wait, self.token_seconds())))

    def token_seconds(self) -> float:
        """Seconds until the client's token expires, at least 0; infinite without one that ends its connection.

        By the time of day, which is what a token speaks of. It may be set anew meanwhile: it is asked again at each deadline.
        """
        expires = self._seat.grant.expires
        return math.inf if expires is None else max(0.0, expires - self._clock.wall())

    def stop(self) -> None:
        """Nobody is left to watch."""
        self._timer.stop()

    def heard(self, now: float) -> bool:
        """A frame came: a sign of life. Whether somebody waits for one, so that `answer` has something to do; mostly nobody does."""
        liveness = self._liveness
        liveness.last_heard = now
        return liveness.away or self._challenge is not None

    def answer(self, now: float, *, joined: bool, pong: bool) -> None:
        """A sign of life revives a peer that was away, and answers a challenge. A pong revives even a deaf one."""
        back = self._liveness.ponged(now) if pong else self._liveness.heard(now)
        if not joined:
            return
        if back:
            self._liveness.revived()
            self._seat.revive()
        if self._challenge is not None:
            self._seat.alive(self._challenge)
            self._challenge = None

    def joined(self) -> None:
        """The client has registered, and is there."""
        self._liveness.registered()
        self._liveness.revived()
        self._challenge = None

    def challenge(self, nonce: int) -> None:
        """Someone else wants this id: the next sign of life goes to the group with `nonce`."""
        self._challenge = nonce
        self._client.ping()

    def restored(self) -> None:
        """The group has a new actor, which may have missed that the client went silent, or came back."""
        if self._liveness.away:
            self._seat.hide()
        else:
            self._seat.revive()

    def check(self, now: float, *, joined: bool) -> tuple[CloseCode, str] | None:
        """Do what is due and set the timer anew. What comes back says that the client is to be given up, and why."""
        expires = self._seat.grant.expires
        if expires is not None and self._clock.wall() >= expires:
            return CloseCode.NOT_AUTHENTICATED, "the token has expired"
        for verdict in self._liveness.check(now):
            if verdict is Verdict.PING:
                self._client.ping()
            elif verdict is Verdict.AWAY:
                if joined:
                    self._metrics.increment("expirations")
                    self._seat.hide()
            elif verdict is Verdict.CLOSE:
                return CloseCode.GOING_AWAY, "silent for too long"
            else:
                return CloseCode.REGISTER_TIMEOUT, ""
        self.start()
        return None
