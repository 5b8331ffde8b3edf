"""Merkle tree of RFC 6962 (inclusion, ranges), and C2SP notes, checkpoints and cosignatures."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from safeconduct_verify import ed25519
from safeconduct_verify.reading import key_bytes, malformed, unbase64

LOG_KEY = 0x01
COSIGNATURE = 0x04
_LINE = re.compile(r"— (\S{1,200}) (\S{1,400})")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,15}")


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def included(hashed: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    """Whether the leaf hash stands at `index` under `root` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or any(len(item) != 32 for item in (*path, hashed, root)):
        return False
    fn, sn, item = index, size - 1, hashed
    for sibling in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            item = node_hash(sibling, item)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            item = node_hash(item, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and item == root


def root_of_range(start: int, peaks: list[bytes], leaves: list[bytes]) -> bytes:
    """The root of the tree whose first `start` leaves have these peaks, and then these leaves."""
    if len(peaks) != start.bit_count() or any(len(item) != 32 for item in peaks):
        malformed(f"{len(peaks)} hashes cannot be the edge of a tree of {start} leaves")
    edge, size = list(peaks), start
    for leaf in leaves:
        position, item = size, leaf_hash(leaf)
        while position & 1:
            item = node_hash(edge.pop(), item)
            position >>= 1
        edge.append(item)
        size += 1
    if not edge:
        return hashlib.sha256().digest()
    item = edge[-1]
    for left in reversed(edge[:-1]):
        item = node_hash(left, item)
    return item


@dataclass(frozen=True)
class Note:
    """A signed note that holds a checkpoint."""

    origin: str
    size: int
    root: bytes
    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]


def parse_note(text: Any) -> Note:
    """Read a checkpoint note strictly: three lines, an empty line, signature lines."""
    if not isinstance(text, str) or len(text) > 4_000:
        malformed("a checkpoint note is not a text of at most 4,000 characters")
    body, separator, tail = text.rpartition("\n\n")
    lines = body.split("\n")
    if not separator or not tail.endswith("\n") or len(lines) != 3 or not lines[0]:
        malformed("a checkpoint note is not origin, size, root and signatures")
    if not _DECIMAL.fullmatch(lines[1]):
        malformed("a checkpoint's size is not a number")
    root = unbase64(lines[2], "a checkpoint's root")
    if len(root) != 32:
        malformed("a checkpoint's root has not 32 bytes")
    signatures = []
    for line in tail[:-1].split("\n"):
        match = _LINE.fullmatch(line)
        if match is None:
            malformed("a signature line of a checkpoint does not read")
        raw = unbase64(match[2], "a signature of a checkpoint")
        if len(raw) < 5:
            malformed("a signature of a checkpoint is too short")
        signatures.append((match[1], raw[:4], raw[4:]))
    if len(signatures) > 8:
        malformed("a checkpoint has more than 8 signatures")
    return Note(lines[0], int(lines[1]), root, body + "\n", tuple(signatures))


def _key_hash(name: str, algorithm: int, key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([algorithm]) + key).digest()[:4]


def signed_by(note: Note, public: str) -> bool:
    """Whether the log's key signed this checkpoint under the log's own name."""
    key = key_bytes(public) or b""
    wanted = (note.origin, _key_hash(note.origin, LOG_KEY, key))
    message = note.text.encode()
    return any(
        (name, mark) == wanted and ed25519.verify(key, message, signature)
        for name, mark, signature in note.signatures
    )


def cosigned_at(note: Note, name: str, public: str) -> int | None:
    """The second at which the witness of that name and key cosigned, or None."""
    key = key_bytes(public) or b""
    wanted = (name, _key_hash(name, COSIGNATURE, key))
    for signer, mark, raw in note.signatures:
        if (signer, mark) != wanted or len(raw) != 72:
            continue
        seconds = int.from_bytes(raw[:8], "big")
        message = f"cosignature/v1\ntime {seconds}\n{note.text}".encode()
        if seconds < 2**43 and ed25519.verify(key, message, raw[8:]):
            return seconds
    return None


def parse_proof(text: Any) -> tuple[int, list[bytes], str]:
    """Index, audit path and checkpoint note of a C2SP tlog-proof."""
    if not isinstance(text, str) or len(text) > 16_000:
        malformed("a proof is not a text of at most 16,000 characters")
    head, separator, tail = text.partition("\n\n")
    lines = head.split("\n")
    if not separator or len(lines) < 2 or lines[0] != "c2sp.org/tlog-proof@v1":
        malformed("a proof is not a tlog-proof")
    word, _, number = lines[1].partition(" ")
    if word != "index" or not _DECIMAL.fullmatch(number) or len(lines) > 66:
        malformed("a proof has no index, or too long a path")
    return int(number), [unbase64(line, "a hash of a proof") for line in lines[2:]], tail
