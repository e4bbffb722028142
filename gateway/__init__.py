"""The gateway meets the world: sockets, HTTP, frames, encodings, configuration. It imports the actors, never the other way.

Where to look::

    cli, app           the command line; the composition root: builds all, starts in order, stops in reverse
    config             every key; config_sources reads it from file, environment and flags
    upgrade, handshake HTTP up to the 101, bounded; then the socket is detached
    admission, routes  who may connect; /health, /ready and what is wrong with every other path
    proxies            trusted proxies: forwarded reads their headers, proxy_protocol what comes ahead of them; networks
    connection         one detached socket: read events -> frames -> messages -> its PeerActor
    outbox             what waits to be written to one client
    frames             RFC 6455, bytes in and out
    wire               JSON and MessagePack <-> messages; gate, members, registration and translation are its parts
    ice                ICE servers with credentials for TURN; candidates, candidate_gate: which candidates may pass
    scheduler          turns and deadlines of the actors on gevent's hub
    backplane          where groups have their order of joins: memory
    operator           the operator's listener: metrics, probes, API; who may use it
    exchange, answer   one HTTP request, bounded, and what it is answered with
    bench              the load generator, a program of its own that no server loads
    conformance        the judge of servers, this one or others; a program of its own, too
    logs               JSON lines or text
"""
