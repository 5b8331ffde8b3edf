"""The HTTP application of one node: persons by token, devices by token, the peer by signature."""

import asyncio
import sys
import traceback
from collections.abc import AsyncIterator, Callable
from typing import Any

from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import ServerSentEvent, ServerSentEventMessage

from safeconduct.federation.requests import WINDOW_MS, Signed, check_request
from safeconduct.identity import speaker
from safeconduct.kernel.canonical import decode, encode
from safeconduct.kernel.errors import Malformed, Refused, SafeconductError, StateUnknown
from safeconduct.ledger.tiles import parse_index_path
from safeconduct.node import serving
from safeconduct.node.clocks import DrivenClock, SystemClock
from safeconduct.node.enrolment import enrol, give_device, give_invite
from safeconduct.node.exchange import Exchange
from safeconduct.node.node import Node
from safeconduct.node.stores.desk import Token
from safeconduct.web import views
from safeconduct.web.gate import App, Gate
from safeconduct.web.osmand import Osmand

Req = Request[Any, Any, Any]

QUEUE = 1_000
"""Ids that a live reader may lag behind before it is told to fetch everything anew."""


class Ending:
    """How the server ends: on a signal with 0, or because own state is unknown with 3."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.code = 0

    def fail(self) -> None:
        """Own state is unknown: stop, and say so with the exit code."""
        self.code = StateUnknown.exit_code
        self.stop.set()


class Unknown(Refused):
    """The caller showed no valid token, code or signature."""


class Desk:
    """What the handlers share: one node, its exchange with the peer, an exercise's driver."""

    def __init__(
        self, node: Node, exchange: Exchange | None, driver: str | None, ending: Ending
    ) -> None:
        self.node = node
        self.exchange = exchange
        self.driver = driver
        self.ending = ending
        self.wall = SystemClock()

    def caller(self, request: Req) -> Token:
        """Who calls, by bearer token."""
        word, _, secret = request.headers.get("authorization", "").partition(" ")
        now = self.node.clock.now()
        token = self.node.desk.token(secret, now) if word.lower() == "bearer" else None
        speaks = token is not None and speaker(self.node.rooms.identity, token.public, now)
        if token is None or token.use != "person" or not speaks:
            raise Unknown(
                "the request carries no valid token",
                do="enrol with a one-time code and send the token",
            )
        return token

    def reader(self, request: Req) -> Token:
        """A caller whose role co-ordinates or tasks: only they read plans and movements."""
        token = self.caller(request)
        role = self.node.text.roles.get(token.role)
        if role is None or not {"co-ordinate", "task"} & set(role.may):
            raise Refused(
                f"the role {token.role} does not read this",
                why="it may neither co-ordinate nor task",
                do="ask the duty officer",
                clause=self.node.text.silence,
            )
        return token

    async def peer(self, request: Req) -> Signed:
        """Which party calls, by a signed request that was never seen before."""
        node = self.node
        if node.peer is None:
            raise Unknown("this node knows no other party yet")
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        try:
            signed = check_request(
                {name.lower(): value for name, value in request.headers.items()},
                request.method,
                target,
                await request.body(),
                audience=node.file.origin,
                keys={node.peer.party: node.peer.card.keys["node"]},
                now=self.wall.now(),
            )
        except Refused as error:
            raise Unknown(error.what, why=error.why, do=error.do) from error
        if not node.desk.fresh(f"{signed.party}/{signed.nonce}", self.wall.now(), 2 * WINDOW_MS):
            raise Unknown(
                "this request was seen before",
                why="each request is good for one use",
                do="sign a new one",
            )
        return signed

    def drives(self, request: Req) -> DrivenClock:
        """The exercise's driver, who moves the clock."""
        if self.driver is None or not isinstance(self.node.clock, DrivenClock):
            raise Unknown(
                "this node's clock is not driven", why=f"its mode is {self.node.file.mode}"
            )
        if request.headers.get("authorization", "") != f"Bearer {self.driver}":
            raise Unknown("only the exercise's driver moves the clock")
        return self.node.clock


def _desk(request: Req) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


async def _body(request: Req) -> dict[str, Any]:
    value = decode(await request.body())
    if not isinstance(value, dict):
        raise Malformed("the body is not a JSON object")
    return value


# ---------------------------------------------------------------------- persons
@post("/v1/enrol")
async def post_enrol(request: Req) -> dict[str, Any]:
    """Redeem a one-time code: `{code, public}` -> token, person, role, source."""
    value = await _body(request)
    if not isinstance(value.get("code"), str) or not isinstance(value.get("public"), str):
        raise Malformed("an enrolment has code and public")
    done = enrol(_desk(request).node, value["code"], value["public"])
    return {name: getattr(done, name) for name in done.__struct_fields__}


@post("/v1/records")
async def post_record(request: Req) -> dict[str, Any]:
    """Take a signed record: `{envelope, sealed}` -> position and signed receipt."""
    desk = _desk(request)
    token = desk.caller(request)
    value = await _body(request)
    if set(value) != {"envelope", "sealed"} or not isinstance(value["sealed"], dict):
        raise Malformed("a submission has envelope and sealed")
    return desk.node.submit(encode(value["envelope"]), value["sealed"], token)


@post("/v1/devices")
async def post_device(request: Req) -> dict[str, str]:
    """Give a vehicle's device a token for one movement: `{vehicle, movement}`."""
    desk = _desk(request)
    return give_device(desk.node, desk.caller(request), await _body(request))


@post("/v1/invites")
async def post_invite(request: Req) -> dict[str, str]:
    """Invite a person to a role: `{role, about, until}` -> a one-time code and the person's id."""
    desk = _desk(request)
    return give_invite(desk.node, desk.caller(request), await _body(request))


def _read(path: str, view: Callable[[Node], Any], *, guarded: bool = False) -> HTTPRouteHandler:
    """A page of the node's state: for every enrolled person, or for who co-ordinates or tasks."""

    @get(path)
    async def read(request: Req) -> Any:
        desk = _desk(request)
        (desk.reader if guarded else desk.caller)(request)
        return view(desk.node)

    return read


READS = (
    _read("/v1/status", views.status),
    _read("/v1/clocks", views.clocks),
    _read("/v1/alerts", views.alert_rows),
    _read("/v1/verdicts", views.verdict_rows),
    _read("/v1/movements", views.movement_rows, guarded=True),
    _read("/v1/waiting", views.waiting_rows),
    _read("/v1/holds", views.hold_rows),
)


@get("/v1/records/{record_id:str}")
async def get_record(request: Req, record_id: FromPath[str]) -> dict[str, Any]:
    """One record that is open here, if the caller's role reads its class."""
    desk = _desk(request)
    desk.caller(request)
    shown = views.record(desk.node, record_id)
    if shown["class"] in views.GUARDED:
        desk.reader(request)
    return shown


@get("/v1/live")
async def get_live(request: Req) -> ServerSentEvent:
    """Ids of records as they come; readers fetch with their own rights."""
    desk = _desk(request)
    desk.caller(request)
    return ServerSentEvent(_live(desk))


async def _live(desk: Desk) -> AsyncIterator[ServerSentEventMessage]:
    queue: asyncio.Queue[str] = asyncio.Queue(QUEUE)

    def listen(ids: list[str]) -> None:
        for item in ids:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(item)

    desk.node.listeners.append(listen)
    try:
        yield ServerSentEventMessage(event="ready", data="")
        while not desk.ending.stop.is_set():
            try:
                yield ServerSentEventMessage(
                    event="record", data=await asyncio.wait_for(queue.get(), 1.0)
                )
            except TimeoutError:
                yield ServerSentEventMessage(comment="alive")
    finally:
        desk.node.listeners.remove(listen)


# ---------------------------------------------------------------------- the peer
@get("/federation/checkpoint", media_type=MediaType.TEXT)
async def get_checkpoint(request: Req, at_most: FromQuery[int] = 2**53 - 1) -> str:
    """A published head of this log."""
    desk = _desk(request)
    await desk.peer(request)
    return serving.head(desk.node, at_most).encode()


@get("/federation/tile/entries/{path:path}")
async def get_entries(request: Req, path: FromPath[str]) -> Response[bytes]:
    """A tile of leaves."""
    desk = _desk(request)
    await desk.peer(request)
    number, width = parse_index_path(str(path).lstrip("/"))
    return Response(
        serving.entries(desk.node, number, width), media_type="application/octet-stream"
    )


@get("/federation/tile/{level:int}/{path:path}")
async def get_hashes(request: Req, level: FromPath[int], path: FromPath[str]) -> Response[bytes]:
    """A tile of hashes."""
    desk = _desk(request)
    await desk.peer(request)
    number, width = parse_index_path(str(path).lstrip("/"))
    data = serving.hashes(desk.node, level, number, width)
    return Response(data, media_type="application/octet-stream")


@get("/federation/bodies")
async def get_bodies(
    request: Req, start: FromQuery[int], limit: FromQuery[int] = 100
) -> Response[bytes]:
    """What the caller's party gets of each leaf."""
    desk = _desk(request)
    signed = await desk.peer(request)
    rows = serving.parcels(desk.node, signed.party, max(0, start), min(max(0, limit), 500))
    data = encode([[row.position, row.form, row.opening] for row in rows])
    return Response(data, media_type=MediaType.JSON)


@get("/federation/cosigned")
async def get_cosigned(request: Req) -> Response[bytes]:
    """The caller's newest head as this node cosigned it; empty if there is none."""
    desk = _desk(request)
    await desk.peer(request)
    note = desk.node.peer.newest() if desk.node.peer else None
    return Response(note.encode().encode() if note else b"", media_type=MediaType.TEXT)


# ---------------------------------------------------------------------- the exercise's driver
@post("/exercise/clock")
async def post_clock(request: Req) -> dict[str, int]:
    """Move the exercise's clock on: `{now}`."""
    desk = _desk(request)
    clock = desk.drives(request)
    now = (await _body(request)).get("now")
    if not isinstance(now, int):
        raise Malformed("the clock needs now, in milliseconds")
    desk.node.advance(now)
    return {"now": clock.now()}


@post("/exercise/sync")
async def post_sync(request: Req) -> dict[str, int]:
    """Run one round with the peer now."""
    desk = _desk(request)
    desk.drives(request)
    if desk.exchange is not None:
        await desk.exchange.round()
    return {"size": desk.node.journal.size}


@post("/exercise/end")
async def post_end(request: Req) -> dict[str, int]:
    """Seal what is pending and publish the last head."""
    desk = _desk(request)
    desk.drives(request)
    desk.node.seal_all()
    desk.node.publish()
    return {"size": desk.node.journal.size}


HANDLERS = (
    *READS,
    post_enrol,
    post_record,
    post_device,
    post_invite,
    get_record,
    get_live,
    get_checkpoint,
    get_entries,
    get_hashes,
    get_bodies,
    get_cosigned,
    post_clock,
    post_sync,
    post_end,
)


def _answer(error: SafeconductError, status: int) -> Response[bytes]:
    body = {"error": error.what, "why": error.why, "do": error.do, "clause": error.clause}
    return Response(encode(body), status_code=status, media_type=MediaType.JSON)


STATUS = ((Unknown, 401), (Malformed, 400), (Refused, 403))
"""What each family answers, most special first."""


def _refused(request: Req, error: Exception) -> Response[bytes]:
    for kind, status in STATUS:
        if isinstance(error, kind):
            return _answer(error, status)
    if isinstance(error, HTTPException):
        told = Refused(error.detail or "the request does not fit")
        return _answer(told, error.status_code)
    if isinstance(error, StateUnknown):
        # Our own state is unknown: answer, then let the server stop. It is never retried.
        _desk(request).ending.fail()
        return _answer(error, 500)
    return _recovered(request, error)


def _recovered(request: Req, error: Exception) -> Response[bytes]:
    # A defect of ours: its place goes to the operator's log, without values. Only `commit` makes
    # anything durable, so the state is read back from the logs and the node goes on.
    frames = " < ".join(
        f"{f.name}:{f.lineno}" for f in reversed(traceback.extract_tb(error.__traceback__)[-6:])
    )
    sys.stderr.write(f"internal error: {type(error).__name__} at {frames}\n")
    desk = _desk(request)
    try:
        desk.node.recover()
    except SafeconductError as unknown:
        desk.ending.fail()
        return _answer(unknown, 500)
    told = Refused("an internal error; nothing was recorded", do="report it with the node's log")
    return _answer(told, 500)


def create_app(
    node: Node,
    *,
    exchange: Exchange | None,
    hosts: frozenset[str],
    origins: frozenset[str],
    driver: str | None,
    ending: Ending,
) -> App:
    """The whole application: gate, positions, and the handlers behind them."""
    app = Litestar(
        route_handlers=list(HANDLERS),
        exception_handlers={Exception: _refused},
        openapi_config=None,
        debug=False,
        logging_config=None,
    )
    app.state.desk = Desk(node, exchange, driver, ending)
    return Gate(Osmand(app, node, ending.fail), hosts, origins)
