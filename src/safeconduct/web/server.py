"""Serving one node: one process, one loop, one writer."""

import asyncio
import contextlib
import signal
import socket
import sys

from granian.constants import Interfaces
from granian.server.embed import Server

from safeconduct.kernel.errors import Refused, SafeconductError
from safeconduct.kernel.instants import SECOND
from safeconduct.node.clocks import DrivenClock
from safeconduct.node.exchange import Exchange
from safeconduct.node.node import Node
from safeconduct.web.app import Ending, create_app

LOOPBACK = "127.0.0.1"
SYNC_EVERY_S = 5.0
"""Ours: how often a live node runs a round with its peer."""
RETRY_S = 1.0
"""Ours: how soon a timer that could not be recorded is tried again."""
LONGEST_SLEEP_S = 0.5
"""A live node looks at its timers at least this often; a clock step is noticed so late at most."""


def check_port(port: int) -> None:
    """Refuse a port that is taken, before anything is started.

    Raises:
        Refused: another process listens there, or the port may not be used.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except (OSError, OverflowError) as error:
            raise Refused(
                f"port {port} cannot be used",
                why=getattr(error, "strerror", None) or str(error),
                do="stop the program that listens there, or choose another port with --port",
            ) from error


async def serve(node: Node, *, port: int, peer: str | None, driver: str | None) -> int:
    """Serve until a signal or an unknown state; returns the exit code."""
    check_port(port)
    ending = Ending()
    stop = ending.stop
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    exchange = Exchange(node, peer) if peer else None
    names = frozenset({f"{LOOPBACK}:{port}", f"localhost:{port}"})
    app = create_app(
        node,
        exchange=exchange,
        hosts=names,
        origins=frozenset(f"http://{name}" for name in names),
        driver=driver,
        ending=ending,
    )
    server = Server(
        app,
        address=LOOPBACK,
        port=port,
        interface=Interfaces.ASGI,
        log_enabled=False,
        websockets=False,
    )
    serving = asyncio.create_task(server.serve())
    ticking = asyncio.create_task(_tick(node, exchange, stop))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, ticking, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if ticking.done() and not ticking.cancelled() and ticking.exception() is not None:
        sys.stderr.write(f"state unknown: {ticking.exception()}\n")
        ending.fail()
    stop.set()
    server.stop()  # type: ignore[no-untyped-call]
    ticking.cancel()
    with contextlib.suppress(asyncio.CancelledError, SafeconductError):
        await ticking
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    if exchange is not None:
        await exchange.close()
    return ending.code


async def _tick(node: Node, exchange: Exchange | None, stop: asyncio.Event) -> None:
    """A live node's own heart: timers as they fall due. Nothing here waits for the network."""
    if isinstance(node.clock, DrivenClock):
        await stop.wait()
        return
    syncing = asyncio.create_task(_sync(exchange, stop)) if exchange is not None else None
    while not stop.is_set():
        wait = LONGEST_SLEEP_S
        try:
            node.advance(node.clock.now())
            due = node.next_due()
            if due is not None:
                wait = min(wait, max(0.001, (due - node.clock.now()) / SECOND))
            node.trouble = None
        except Refused as error:
            # A full disk: nothing was written, the state is known, and the timer is still due.
            node.trouble = error.sentence()
            sys.stderr.write(f"a timer could not be recorded: {node.trouble}\n")
            wait = RETRY_S
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait)
    if syncing is not None:
        syncing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await syncing


async def _sync(exchange: Exchange, stop: asyncio.Event) -> None:
    """Rounds with the peer, at a cadence. A peer that is away is an ordinary state."""
    while not stop.is_set():
        try:
            await exchange.round()
            exchange.trouble = None
        except Refused as error:
            exchange.trouble = error.sentence()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), SYNC_EVERY_S)


def run(node: Node, *, port: int, peer: str | None, driver: str | None) -> int:
    """Serve a node in this process."""
    try:
        return asyncio.run(serve(node, port=port, peer=peer, driver=driver))
    finally:
        node.close()
