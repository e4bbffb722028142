"""Why a peer is refused, told, hidden or closed: the one table behind the wire, the logs, the metrics and the docs.

The error tree of this package::

    BrokerError
    ├── MailboxFull      an actor's mailbox is at its bound; the teller decides what its own sender is told
    └── GroupConflict    two actors claim the same group; a fault in this program, never in a client
"""

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

__all__ = [
    "CLOSES",
    "ERRORS",
    "BrokerError",
    "CloseCode",
    "CloseWords",
    "ErrorCode",
    "ErrorWords",
    "GroupConflict",
    "LeaveReason",
    "MailboxFull",
]


class BrokerError(Exception):
    """Base of every error that this package raises."""


class MailboxFull(BrokerError):
    """An actor's mailbox holds as many messages as it may; the message was not accepted."""


class GroupConflict(BrokerError):
    """A second actor asked the backplane for a group that has an owner."""


class ErrorCode(enum.StrEnum):
    """What an ``error`` message says in ``code`` (``docs/protocol.md``: Error codes). Also a metric's label."""

    BAD_MESSAGE = "bad_message"
    UNKNOWN_TYPE = "unknown_type"
    NOT_REGISTERED = "not_registered"
    BAD_REGISTER = "bad_register"
    UNSUPPORTED_FORMAT = "unsupported_format"
    UNREPRESENTABLE = "unrepresentable"
    SOURCE_MISMATCH = "source_mismatch"
    UNKNOWN_PEER = "unknown_peer"
    PEER_AWAY = "peer_away"
    SLOW_PEER = "slow_peer"
    UNDELIVERED = "undelivered"
    PEER_ID_TAKEN = "peer_id_taken"
    GROUP_FULL = "group_full"
    TENANT_FULL = "tenant_full"
    RATE_LIMITED = "rate_limited"
    TOO_LARGE = "too_large"
    NOT_ALLOWED = "not_allowed"
    REPLACED = "replaced"
    DRAINING = "draining"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


class CloseCode(enum.IntEnum):
    """The status of a close frame (RFC 6455 section 7.4, ``docs/protocol.md``: Close codes). Also a metric's label."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    WRONG_TYPE = 1003
    NOT_UTF8 = 1007
    POLICY = 1008
    TOO_BIG = 1009
    SERVER_FAULT = 1011
    RESTART = 1012
    TRY_LATER = 1013
    TOO_MANY_ERRORS = 4400
    NOT_AUTHENTICATED = 4401
    NOT_ALLOWED = 4403
    REGISTER_TIMEOUT = 4408
    REPLACED = 4409
    KICKED = 4410
    SLOW_CONSUMER = 4413
    RATE_ABUSED = 4429


class LeaveReason(enum.StrEnum):
    """What ``peer_left`` says in ``reason``."""

    LEFT = "left"
    LOST = "lost"
    AWAY = "away"
    REPLACED = "replaced"
    KICKED = "kicked"


class ErrorWords(NamedTuple):
    """What a client is told beside the code: whether a later try can succeed, and the sentence when none is more exact."""

    temporary: bool
    says: str


class CloseWords(NamedTuple):
    """What a close code means and what a client should do: ``no``, ``backoff``, ``slot``, ``new token`` or nothing (``-``)."""

    reconnect: str
    says: str


ERRORS: Mapping[ErrorCode, ErrorWords] = MappingProxyType(
    {
        ErrorCode.BAD_MESSAGE: ErrorWords(temporary=False, says="the message does not have the form of the protocol"),
        ErrorCode.UNKNOWN_TYPE: ErrorWords(temporary=False, says="no message of this type is taken from a client"),
        ErrorCode.NOT_REGISTERED: ErrorWords(temporary=True, says="send register first and wait for peer_list"),
        ErrorCode.BAD_REGISTER: ErrorWords(temporary=False, says="the payload of register does not have the form of the protocol"),
        ErrorCode.UNSUPPORTED_FORMAT: ErrorWords(temporary=False, says="this frame type does not belong to the connection's profile"),
        ErrorCode.UNREPRESENTABLE: ErrorWords(
            temporary=False,
            says="the payload has no form in the encoding of the receiving peer; send only what JSON and MessagePack both have",
        ),
        ErrorCode.SOURCE_MISMATCH: ErrorWords(
            temporary=False, says="source_id is not the id that this connection registered; leave it out"
        ),
        ErrorCode.UNKNOWN_PEER: ErrorWords(temporary=True, says="no peer of this id is in the group"),
        ErrorCode.PEER_AWAY: ErrorWords(temporary=True, says="the peer is away: it has been silent for too long"),
        ErrorCode.SLOW_PEER: ErrorWords(temporary=True, says="the peer does not read fast enough; the message was dropped"),
        ErrorCode.UNDELIVERED: ErrorWords(temporary=True, says="the peer went before the message could be handed over"),
        ErrorCode.PEER_ID_TAKEN: ErrorWords(temporary=True, says="another live connection of this group has this peer_id"),
        ErrorCode.GROUP_FULL: ErrorWords(temporary=True, says="the group has as many peers as it may"),
        ErrorCode.TENANT_FULL: ErrorWords(temporary=True, says="the tenant has as many groups or peers as it may"),
        ErrorCode.RATE_LIMITED: ErrorWords(temporary=True, says="too many in too short a time; the message was dropped"),
        ErrorCode.TOO_LARGE: ErrorWords(temporary=False, says="larger than this server takes"),
        ErrorCode.NOT_ALLOWED: ErrorWords(temporary=False, says="this connection may not do that"),
        ErrorCode.REPLACED: ErrorWords(
            temporary=False, says="a newer connection registered this peer_id; this one is no longer in the group"
        ),
        ErrorCode.DRAINING: ErrorWords(temporary=True, says="the server is going down; connect again"),
        ErrorCode.UNAVAILABLE: ErrorWords(temporary=True, says="the group cannot take the message now"),
        ErrorCode.INTERNAL: ErrorWords(temporary=True, says="a fault in the server; the message may be lost"),
    }
)

CLOSES: Mapping[CloseCode, CloseWords] = MappingProxyType(
    {
        CloseCode.NORMAL: CloseWords("-", "normal"),
        CloseCode.GOING_AWAY: CloseWords("-", "going away"),
        CloseCode.PROTOCOL_ERROR: CloseWords("no", "protocol error"),
        CloseCode.WRONG_TYPE: CloseWords("no", "wrong frame type for the profile"),
        CloseCode.NOT_UTF8: CloseWords("no", "text that is not UTF-8"),
        CloseCode.POLICY: CloseWords("no", "policy"),
        CloseCode.TOO_BIG: CloseWords("no", "frame or message too big"),
        CloseCode.SERVER_FAULT: CloseWords("backoff", "server fault"),
        CloseCode.RESTART: CloseWords("slot", "server restarts"),
        CloseCode.TRY_LATER: CloseWords("backoff", "full, try later"),
        CloseCode.TOO_MANY_ERRORS: CloseWords("no", "too many bad messages"),
        CloseCode.NOT_AUTHENTICATED: CloseWords("new token", "not authenticated"),
        CloseCode.NOT_ALLOWED: CloseWords("new token", "not allowed"),
        CloseCode.REGISTER_TIMEOUT: CloseWords("backoff", "did not register in time"),
        CloseCode.REPLACED: CloseWords("no", "replaced by a newer connection"),
        CloseCode.KICKED: CloseWords("no", "removed by an operator"),
        CloseCode.SLOW_CONSUMER: CloseWords("backoff", "slow consumer: outbox full"),
        CloseCode.RATE_ABUSED: CloseWords("backoff", "message rate abused after warnings"),
    }
)
