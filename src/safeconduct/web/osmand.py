"""The OsmAnd endpoint as a raw ASGI application: positions are most of a node's requests.

`/osmand/<token>?id=...&lat=...&lon=...` as OsmAnd, Traccar Client and GPSLogger send it, by GET
or POST. 200 means durable; a device that gets anything else keeps the fix and sends it again.
"""

from collections.abc import Callable
from typing import Any

from safeconduct.kernel.errors import Malformed, Refused, SafeconductError
from safeconduct.node.node import Node
from safeconduct.node.stores.desk import Token
from safeconduct.web.gate import App, Receive, Send, refuse

PREFIX = "/osmand/"


class Osmand:
    """Answers `/osmand/`, and passes all else on."""

    def __init__(self, app: App, node: Node, fail: Callable[[], None]) -> None:
        self._app = app
        self._node = node
        self._fail = fail

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Take the fixes of one request."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        if scope["method"] not in ("GET", "POST"):
            await refuse(
                send, 405, "a position comes by GET or POST", "set the client to OsmAnd's protocol"
            )
            return
        body = b""
        while scope["method"] == "POST":
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        node = self._node
        token = node.desk.token(scope["path"][len(PREFIX) :], node.clock.now())
        if token is None or token.use != "device":
            await refuse(
                send, 401, "the device is not known", "ask the movement planner for a device token"
            )
            return
        content_type = dict(scope["headers"]).get(b"content-type", b"").decode("latin-1")
        refusal = self._take(token, scope["query_string"].decode("latin-1"), body, content_type)
        if refusal is not None:
            await refuse(send, *refusal)
            return
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]}
        )
        await send({"type": "http.response.body", "body": b""})

    def _take(
        self, token: Token, query: str, body: bytes, content_type: str
    ) -> tuple[int, str, str] | None:
        """Give the fixes to the node; what to answer if it does not take them."""
        try:
            self._node.positions(token, query, body, content_type)
        except Malformed as error:
            return 400, error.what, error.do or error.why
        except Refused as error:
            return 503, error.what, error.do
        except SafeconductError as error:
            # Our own state is unknown: the position is not acknowledged, and the node stops.
            self._fail()
            return 500, error.what, error.do
        return None
