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
        body = Bounded(receive)

        async def reply(message: Any) -> None:
            # Whatever the application makes of half a body is not what the caller is told.
            if not body.exceeded:
                await send(message)

        await self._app(scope, body.read, reply)
        if body.exceeded:
            await refuse(
                send, 413, f"the body is larger than {MAX_BODY} bytes", "send less at once"
            )


class Bounded:
    """A request's body, which ends where it becomes too large."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._seen = 0
        self.exceeded = False

    async def read(self) -> Any:
        """The next message, or the caller's leaving once there was too much."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            if self._seen > MAX_BODY:
                self.exceeded = True
                return {"type": "http.disconnect"}
        return message


async def refuse(send: Send, status: int, what: str, do: str) -> None:
    """An error as every other one here: what, why, what to do."""
    body = encode({"error": what, "why": "", "do": do, "clause": None})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
