"""The keeper: a process beside a v1 client that cannot do TLS, tokens or reconnects, and does these for it.

It listens where the PSync daemon looks for a server, and has one connection upstream for each local one. The local one stays open while the
upstream one is made again. The command line hands over to it with `exec`, so it runs on asyncio and without gevent. Where to look::

    command        the command line
    keeper         listens, admits, ends
    ward           one local client and its connection upstream
    presence       whom the local client knows, and what it is told when the server has forgotten everyone
    waiting        what the local client sends while nobody can take it
    token_file     the token
    frames         v1, as the local client speaks it
"""
