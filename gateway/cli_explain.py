"""`python -m gateway explain TENANT GROUP A B`: asks a server's listener for operators what passed between two peers."""

import argparse
import http.client
import json
import os
import sys
from collections.abc import Sequence
from urllib.parse import quote, urlencode, urlsplit

__all__ = ["main"]

TIMEOUT = 10.0
"""Seconds to wait for the server."""

TOKEN = "PSYNC_OPERATOR__TOKEN"  # noqa: S105 - the name of a variable
UNREACHABLE, REFUSED = 1, 2


def main(arguments: Sequence[str]) -> int:
    """Ask, and print the answer; `arguments` are those behind the command.

    Returns the exit code: 0, 1 when there is no answer, 2 for a refusal or a wrong command line.
    """
    options = _parser().parse_args(arguments)
    url = urlsplit(options.operator)
    if url.scheme not in {"http", "https"} or not url.hostname:
        print(f"--operator: {options.operator!r} is not a URL such as http://127.0.0.1:8081", file=sys.stderr)  # noqa: T201 - a command line talks
        return REFUSED
    path = f"/api/v1/tenants/{quote(options.tenant, safe='')}/groups/{quote(options.group, safe='')}/explain"
    query = urlencode({"a": options.a, "b": options.b})
    try:
        status, body = _ask(url.scheme, url.netloc, f"{path}?{query}")
        answer = json.loads(body)
    except (OSError, http.client.HTTPException, ValueError) as error:
        print(f"no answer from {options.operator}: {error}", file=sys.stderr)  # noqa: T201 - as above
        return UNREACHABLE
    if status != http.client.OK:
        print(f"{answer['error']['field']}: {answer['error']['message']}", file=sys.stderr)  # noqa: T201 - as above
        return REFUSED
    print(answer["says"], json.dumps(answer["peers"], indent=2, ensure_ascii=False), sep="\n")  # noqa: T201 - what the command is for
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gateway explain",
        description="What passed between two peers of a group: offers, answers, candidates by type, and how far they got.",
        epilog=f"Where the operator's listener asks for a token, it is taken from {TOKEN}.",
    )
    parser.add_argument("tenant", help="'-' for the default one")
    for name in ("group", "a", "b"):
        parser.add_argument(name)
    parser.add_argument("--operator", metavar="URL", default="http://127.0.0.1:8081", help="the operator's listener (default: %(default)s)")
    return parser


def _ask(scheme: str, server: str, target: str) -> tuple[int, bytes]:
    kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    connection = kind(server, timeout=TIMEOUT)
    token = os.environ.get(TOKEN)
    try:
        connection.request("GET", target, headers={"Authorization": f"Bearer {token}"} if token else {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
