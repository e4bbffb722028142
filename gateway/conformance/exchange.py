"""The step that is no WebSocket: one request over plain HTTP, and its answer."""

import asyncio
import http.client
import json

from gateway.conformance.connection import Unmet
from gateway.conformance.facts import Facts
from gateway.conformance.message import parsed
from gateway.conformance.pattern import difference, shown
from gateway.conformance.steps import Request
from gateway.conformance.target import Answer, Target

__all__ = ["exchange"]


async def exchange(step: Request, target: Target, facts: Facts) -> None:
    """Ask, and hold the answer against what is demanded.

    Raises:
        Unmet: it is another, or none.
        OSError: the server cannot be reached.

    """
    path = facts.text(step.path)
    asked = f"{step.method} {facts.text(step.path.replace('$token', '…'))}"
    headers = {name: facts.text(value) for name, value in step.headers.items()}
    try:
        answer = await asyncio.to_thread(target.request, step.method, path, headers, handshake=step.handshake, token=step.token)
    except http.client.HTTPException as error:
        raise Unmet(f"{asked} was answered with no HTTP: {error!r}") from None
    except TimeoutError:
        raise Unmet(f"{asked} was not answered within {target.patience:g} s") from None
    if fault := _fault(step, answer):
        raise Unmet(f"{asked}: {fault}")


def _fault(step: Request, answer: Answer) -> str | None:
    if answer.status != step.status:
        return f"{answer.status} {shown(answer.body)}, not {step.status}"
    if step.body is not None and answer.body != step.body:
        return f"the body {shown(answer.body)}, not {shown(step.body)}"
    if fault := difference(step.answers, dict(answer.headers), "headers"):
        return fault
    if not bytes(step.json):
        return None
    try:
        return difference(json.loads(bytes(step.json)), parsed(answer.body), "body")
    except ValueError as error:
        return f"the body {shown(answer.body)}, which is no JSON: {error}"
