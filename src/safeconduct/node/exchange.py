"""The exchange: one bounded round with the peer. Pull is truth; a cut link loses nothing.

A round pulls the peer's head and leaves, verifies and keeps them, cosigns, pulls the bodies that
the agreement opens, and fetches the peer's cosignatures of the own log. Every step can be
repeated; what was verified stays.
"""

import asyncio

import httpx

from safeconduct.federation.requests import sign_request
from safeconduct.kernel.canonical import decode
from safeconduct.kernel.errors import Malformed, Refused
from safeconduct.ledger.notes import Note, parse_checkpoint, parse_note
from safeconduct.ledger.tiles import WIDTH, decode_bundle, index_path
from safeconduct.node.clocks import SystemClock
from safeconduct.node.node import Node

BODIES_A_ROUND = 500
LEAVES_A_ROUND = 16 * WIDTH
"""Ours: about this many a round, so that a peer that is far ahead cannot hold us up."""

MAX_ANSWER = 16 * 1024 * 1024
"""Largest answer that is read, in bytes: 4,096 leaves and 500 bodies take less."""

ROUND_S = 20
"""Ours: a peer that answers slower than this is away."""


class Exchange:
    """Talks to one peer over HTTP. Owned by the node's loop; a round runs alone."""

    def __init__(self, node: Node, url: str) -> None:
        self.node = node
        self.url = url.rstrip("/")
        self.trouble: str | None = None
        self._wall = SystemClock()
        self._client = httpx.AsyncClient(timeout=10, trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _get(self, target: str) -> bytes:
        node = self.node
        if node.peer is None:
            raise Refused("there is no peer yet", do="exchange cards first")
        headers = sign_request(
            node.key,
            "GET",
            target,
            b"",
            audience=node.peer.origin,
            party=node.party,
            date=self._wall.now(),
            nonce=node.salts.draw(16).hex(),
        )
        try:
            async with self._client.stream("GET", self.url + target, headers=headers) as answer:
                body = await _read(answer)
        except httpx.HTTPError as error:
            raise Refused(
                "the peer does not answer",
                why=str(error) or type(error).__name__,
                do="try again later",
            ) from error
        if answer.status_code != 200:
            words = body[:200].decode(errors="replace")
            raise Refused(f"the peer refused {target.partition('?')[0]}", why=words)
        return body

    async def round(self) -> None:
        """One round, bounded in time; what it verified stays.

        Raises:
            Refused: the peer does not answer, is too slow, or does not check out.
            Malformed: its answers are not what they should be, whatever they are.
        """
        try:
            async with asyncio.timeout(ROUND_S):
                await self._round()
        except TimeoutError as error:
            raise Refused(f"the peer did not finish a round within {ROUND_S} s") from error
        except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
            # Whatever a peer sends, it is the peer's answer that is wrong, and this node goes on.
            what = type(error).__name__
            raise Malformed("the peer's answer has another form", why=what) from error

    async def _round(self) -> None:
        node = self.node
        if node.peer is None:
            raise Refused("there is no peer yet", do="exchange cards first")
        node.publish()
        limit = node.peer.size + LEAVES_A_ROUND
        note = parse_note(_text(await self._get(f"/federation/checkpoint?at_most={limit}")))
        head = parse_checkpoint(note)
        leaves = await self._leaves(node.peer.size, head.size) if head.size > node.peer.size else []
        if head.size:
            node.cosign_peer(note, leaves)
        await self._bodies()
        await self._cosignatures()

    async def _leaves(self, start: int, end: int) -> list[bytes]:
        """Entries from `start` to `end`, from the tiles in which they stand."""
        out: list[bytes] = []
        for number in range(start // WIDTH, (end + WIDTH - 1) // WIDTH):
            width = min(WIDTH, end - number * WIDTH)
            partial = "" if width == WIDTH else f".p/{width}"
            data = await self._get(f"/federation/tile/entries/{index_path(number)}{partial}")
            entries = decode_bundle(data, width)
            out += entries[max(0, start - number * WIDTH) :]
        return out

    async def _bodies(self) -> None:
        node = self.node
        if node.peer is None or node.peer.bodies_until >= node.peer.size:
            return
        target = f"/federation/bodies?start={node.peer.bodies_until}&limit={BODIES_A_ROUND}"
        value = decode(await self._get(target))
        if not isinstance(value, list):
            raise Malformed("the peer's bodies are not a list")
        bodies = []
        for item in value:
            shape = [type(part) for part in item] if isinstance(item, list) else []
            if shape != [int, str, dict]:
                raise Malformed("a body of the peer is not [position, form, opening]")
            if item[0] < node.peer.size:
                bodies.append((item[0], item[1], item[2]))
        if bodies:
            node.take_bodies(bodies)

    async def _cosignatures(self) -> None:
        """The peer's newest cosignature of the own log, checked before it is kept."""
        node = self.node
        if node.peer is None:
            return
        data = await self._get("/federation/cosigned")
        if not data:
            return
        theirs: Note = parse_note(_text(data))
        head = parse_checkpoint(theirs)
        own = node.journal.note(head.size)
        witness = node.peer.card.witness
        if own is None or own.text != theirs.text or theirs.cosigned_at(witness) is None:
            raise Refused("the peer's cosignature does not stand under a head of this log")
        # Of several lines under the witness's name only the one that stands is kept.
        line = next(
            item
            for item in theirs.signatures
            if Note(theirs.text, (item,)).cosigned_at(witness) is not None
        )
        node.journal.add_cosignature(head.size, line)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Malformed("the peer's answer is not text in UTF-8") from error


async def _read(answer: httpx.Response) -> bytes:
    """An answer's body, as far as it is bounded."""
    body = b""
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > MAX_ANSWER:
            raise Malformed(f"the peer's answer has more than {MAX_ANSWER} bytes")
    return body
