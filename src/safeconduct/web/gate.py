"""The gate: which hosts and origins may speak to a node at all, and how much they may send.

A page of another site that a duty officer happens to have open can send requests to loopback.
It cannot hide its Origin, nor choose the Host header, so both are lists of what is allowed.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from safeconduct.kernel.canonical import encode

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]

MAX_BODY = 256 * 1024
"""Ours. Largest request body in bytes: a record has at most 60,000, with openings twice that."""


class Gate:
    """An ASGI application around another one."""

    def __init__(self, app: App, hosts: frozenset[str], origins: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts
        self._origins = origins

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Refuse foreign hosts, foreign origins and oversized bodies; pass all else on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        host = headers.get(b"host", b"").decode("latin-1").lower()
        origin = headers.get(b"origin")
        if host not in self._hosts:
            await refuse(
                send,
                421,
                "the Host header names another host",
                "use the address that the node printed",
            )
            return
        if origin is not None and origin.decode("latin-1").lower() not in self._origins:
            await refuse(
                send, 403, "requests from another origin are refused", "open the node's own page"
            )
            return
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > MAX_BODY:
            await refuse(
                send, 413, f"the body is larger than {MAX_BODY} bytes", "send less at once"
            )
            return
        await self._app(scope, bounded(receive), send)


def bounded(receive: Receive) -> Receive:
    """Stop reading a body that is larger than it said."""
    seen = 0

    async def read() -> Any:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > MAX_BODY:
                return {"type": "http.disconnect"}
        return message

    return read


async def refuse(send: Send, status: int, what: str, do: str) -> None:
    """An error as every other one here: what, why, what to do."""
    body = encode({"error": what, "why": "", "do": do, "clause": None})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
