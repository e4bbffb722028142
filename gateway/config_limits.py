"""`[limits]` of the configuration: what one connection, group or tenant may cost; and how a number with a range and a unit is written."""

from typing import Annotated

from msgspec import Meta, Struct

__all__ = ["Limits", "about", "seconds"]

_KIB, _MIB, _GIB = 2**10, 2**20, 2**30


def about(description: str, low: float, high: float, unit: str = "") -> Meta:
    """The annotation of a number from `low` to `high`: what it is for, and its unit in words."""
    return Meta(ge=low, le=high, description=description, extra={"unit": unit})


def seconds(description: str, low: float = 0.01, high: float = 3600) -> Meta:
    """As `about`, of a time."""
    return about(description, low, high, "seconds")


class Limits(Struct, frozen=True):
    """`[limits]`: what one connection, group or tenant may cost."""

    message_bytes: Annotated[int, about("largest frame and message", 64, 16 * _MIB, "bytes")] = 65_536
    fragments: Annotated[int, about("frames that one message may be split into", 1, 1_000_000, "frames")] = 256
    json_depth: Annotated[int, about("nesting of a payload", 1, 256, "levels")] = 64
    elements: Annotated[int, about("array items and object members of a payload, in all", 16, 1_000_000, "elements")] = 2048
    id_length: Annotated[int, about("longest peer, group and message id", 1, 255, "characters")] = 128
    metadata_bytes: Annotated[int, about("largest metadata of a peer", 0, 65_536, "bytes")] = 1024
    messages_per_second: Annotated[
        float, about("rate of messages that one connection may keep up", 0.01, 1_000_000, "messages per second")
    ] = 100.0
    messages_burst: Annotated[int, about("messages that it may send at once before that rate counts", 1, 1_000_000, "messages")] = 400
    bytes_per_second: Annotated[int, about("rate of bytes that one connection may keep up", 64, _GIB, "bytes per second")] = 1_048_576
    bytes_burst: Annotated[int, about("bytes that it may send at once before that rate counts", 64, _GIB, "bytes")] = 4_194_304
    registers_per_second: Annotated[float, about("rate of registers of one connection", 0.01, 1_000_000, "registers per second")] = 1.0
    registers_burst: Annotated[int, about("registers at once before that rate counts", 1, 1_000_000, "registers")] = 5
    errors: Annotated[int, about("bad messages after which a connection is closed with 4400", 1, 1_000_000, "messages")] = 100
    outbox_bytes: Annotated[
        int, about("what may wait for one client that reads slowly; beyond it is closed with 4413", 4096, _GIB, "bytes")
    ] = 262_144
    send_buffer_bytes: Annotated[int, about("kernel buffer of each socket (SO_SNDBUF), on top of the outbox", 4096, 16 * _MIB, "bytes")] = (
        65_536
    )
    early_messages: Annotated[
        int, about("messages of one client that wait for the answer to its register or leave", 1, 65_536, "messages")
    ] = 64
    held_messages: Annotated[
        int,
        about("messages of one sender to one peer that wait for the answer to its offer (group.hold_candidates)", 1, 65_536, "messages"),
    ] = 64
    held_bytes: Annotated[
        int,
        about("bytes of such messages, of all senders to one peer", 1024, _GIB, "bytes"),
    ] = 131_072
    hold_timeout: Annotated[float, seconds("longest wait for that answer; then the messages pass", high=60)] = 1.0
    mailbox: Annotated[int, about("messages that may wait for one actor", 16, 1_000_000, "messages")] = 4096
    connections: Annotated[int, about("open connections in all; beyond it: 503", 1, 1_000_000, "connections")] = 20_000
    connections_per_address: Annotated[int, about("open connections of one address, IPv6 by /64", 1, 1_000_000, "connections")] = 1000
    handshakes: Annotated[int, about("connections in all that have not finished their HTTP request", 1, 1_000_000, "connections")] = 2000
    handshakes_per_address: Annotated[
        int, about("of these, connections of one address, IPv6 by /64; beyond it: 429", 1, 1_000_000, "connections")
    ] = 1000
    memory_bytes: Annotated[
        int,
        about(
            "memory of the process; at 80 % newcomers get 503 and the slowest clients are closed with 1013; 0: what the system allows",
            0,
            2**50,
            "bytes",
        ),
    ] = 0
    connections_per_tenant: Annotated[
        int, about("open connections of a tenant; beyond it: 503; 0: as many as there may be in all", 0, 1_000_000, "connections")
    ] = 0
    tenant_messages_per_second: Annotated[
        float, about("rate of messages that all connections of a tenant together may keep up; 0: any", 0, 10_000_000, "messages per second")
    ] = 0.0
    tenant_messages_burst: Annotated[int, about("messages that they may send at once before it counts", 1, 10_000_000, "messages")] = 4000
    tenant_bytes_per_second: Annotated[
        int, about("rate of bytes that all connections of a tenant together may keep up; 0: any", 0, 64 * _GIB, "bytes per second")
    ] = 0
    tenant_bytes_burst: Annotated[int, about("bytes that they may send at once before it counts", 64, 64 * _GIB, "bytes")] = 67_108_864
    peers_per_group: Annotated[int, about("peers in one group", 1, 100_000, "peers")] = 1000
    peers_per_tenant: Annotated[int, about("peers in all groups of a tenant", 1, 10_000_000, "peers")] = 100_000
    groups_per_tenant: Annotated[int, about("groups that have a peer, per tenant", 1, 10_000_000, "groups")] = 10_000
    token_failures_per_minute: Annotated[
        float,
        about("rate of tokens that are not valid from one address, IPv6 by /64; beyond it: 429", 0.01, 1_000_000, "tokens per minute"),
    ] = 10.0
    token_failures_burst: Annotated[int, about("such tokens at once before that rate counts", 1, 1_000_000, "tokens")] = 20
    handshake_timeout: Annotated[float, seconds("time to finish the HTTP request")] = 10.0
    register_timeout: Annotated[float, seconds("time to register after the upgrade; then closed with 4408")] = 10.0
    message_timeout: Annotated[float, seconds("time to finish a message once its first byte is there; then closed with 1008")] = 10.0
    close_timeout: Annotated[float, seconds("time from a close frame to the end of TCP", high=60)] = 1.0
    header_bytes: Annotated[int, about("request line and headers of the handshake together", 1024, _MIB, "bytes")] = 16_384
    headers: Annotated[int, about("headers of the handshake", 8, 1000, "headers")] = 64
