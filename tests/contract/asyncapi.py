"""`python -m tests.contract.asyncapi` writes docs/asyncapi.yaml: the contract as an AsyncAPI 3.0 document, from the code's own tables.

It describes the server, so its `send` is what clients receive.
"""

import re
import tomllib
from typing import Any

import yaml

from gateway.config import Config, keys_of
from tests.contract.messages import MESSAGES, Message, envelope
from tests.contract.payloads import definitions
from tests.contract.schema import Schema, schemas
from tests.sources import ROOT

__all__ = ["PATH", "document", "written"]

PATH = ROOT / "docs" / "asyncapi.yaml"

_HEAD = "# Written by `make contract` from the tables and structures of the code. Change those, not this.\n"
_CHANNELS = {
    "default": ("/ws", "The default tenant."),
    "tenant": ("/t/{tenant}/ws", "A named tenant. The same group name in two tenants is two groups."),
}


def document() -> dict[str, Any]:
    """The document, as plain values."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "PSync Signal",
            "version": project["version"],
            "description": "What a client says to this server and hears from it. docs/protocol.md is the same for people.",
            "license": {"name": project["license"]},
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {"host": "127.0.0.1:8080", "protocol": "ws", "description": "What `make run` serves."},
            "public": {
                "host": "{host}",
                "protocol": "wss",
                "description": "Where the server, or a proxy before it, ends TLS.",
                "variables": {"host": {"description": "Host, and port where it is not 443."}},
            },
        },
        "channels": {name: _channel(name) for name in _CHANNELS},
        "operations": {f"{name}{channel.capitalize()}": _operation(name, channel) for channel in _CHANNELS for name in ("receive", "send")},
        "components": {
            "messages": {message.name: _message(message) for message in MESSAGES},
            "schemas": {**schemas(), **definitions()},
        },
        "x-limits": _limits(),
    }


def written() -> str:
    """The file's text."""
    return _HEAD + yaml.dump(document(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=140)


class _Dumper(yaml.SafeDumper):
    """Writes what is there twice twice: an alias is hard to read."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _channel(name: str) -> dict[str, Any]:
    address, summary = _CHANNELS[name]
    parameters = {"parameters": {"tenant": {"description": "Its name in the server's configuration."}}} if "{tenant}" in address else {}
    return {
        "address": address,
        "title": summary,
        "description": "One WebSocket. A text frame is one JSON object, a binary frame the same in MessagePack. With no subprotocol it is "
        "profile v1, answered in the format of its register; with psync.v2.json or psync.v2.msgpack it is v2 in that format "
        "alone. How the server closes it: components.schemas.CloseCode.",
        **parameters,
        "messages": {message.name: {"$ref": f"#/components/messages/{message.name}"} for message in MESSAGES},
        "bindings": {"ws": {"method": "GET"}},
    }


def _operation(action: str, channel: str) -> dict[str, Any]:
    sender = "client" if action == "receive" else "server"
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": "What a client says." if sender == "client" else "What a client hears.",
        "messages": [
            {"$ref": f"#/channels/{channel}/messages/{message.name}"}
            for message in MESSAGES
            if (message.sender == "client") == (sender == "client")
        ],
    }


def _message(message: Message) -> dict[str, Any]:
    payload: Schema = envelope(message)
    examples = {"examples": message.examples} if message.examples else {}
    tags = [{"name": profile} for profile in message.profiles]
    return {"name": message.kind, "title": message.name, "summary": message.summary, "tags": tags, "payload": payload, **examples}


def _limits() -> dict[str, Any]:
    """The limits that clients feel: those of the page's table, as the configuration has them."""
    section = (ROOT / "docs" / "protocol.md").read_text().partition("\n## Limits\n")[2].partition("\n## ")[0]
    felt = re.findall(r"`limits\.(\w+)`", section)
    keys = {key.path[-1]: key for key in keys_of(Config) if key.path[0] == "limits"}
    return {name: {"default": keys[name].default, "unit": keys[name].unit, "description": keys[name].description} for name in felt}


if __name__ == "__main__":
    PATH.write_text(written())
