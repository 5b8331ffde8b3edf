"""C2SP tlog-tiles: the static form in which a log is read.

Entries travel in bundles of up to 256, each with a 16-bit length; hashes in tiles of up to 256.
"""

import re

from safeconduct.kernel.errors import Malformed
from safeconduct.ledger.merkle import HASH_BYTES, Tree

WIDTH = 256
MAX_ENTRY = 65_535


def index_path(number: int) -> str:
    """A tile's number as path elements of three digits: 1234067 is `x001/x234/067`."""
    parts = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        parts.append(f"x{number % 1000:03d}")
    return "/".join(reversed(parts))


_PATH = re.compile(r"^((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?$")


def parse_index_path(text: str) -> tuple[int, int]:
    """Number and width of a tile path.

    Raises:
        Malformed: another form, or a width of more than 255 in a partial tile.
    """
    match = _PATH.fullmatch(text)
    width = int(match[2]) if match and match[2] else WIDTH
    if match is None or width > WIDTH or (match[2] and width == WIDTH):
        raise Malformed(f"{text[:60]!r} is not a tile path")
    number = int(match[1].replace("x", "").replace("/", ""))
    if index_path(number) != match[1]:
        raise Malformed(f"{text[:60]!r} is not the shortest path of its tile")
    return number, width


def encode_bundle(entries: list[bytes]) -> bytes:
    """Entries of one bundle: each with its length as two bytes, big-endian."""
    if any(len(entry) > MAX_ENTRY for entry in entries):
        raise Malformed(f"an entry has more than {MAX_ENTRY} bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_bundle(data: bytes, count: int) -> list[bytes]:
    """The entries of a bundle.

    Raises:
        Malformed: truncated, or more or fewer than `count` entries.
    """
    out, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        entry = data[at + 2 : at + 2 + length]
        if len(data) < at + 2 or len(entry) != length:
            raise Malformed("the entry bundle is cut off")
        out.append(entry)
        at += 2 + length
    if len(out) != count:
        raise Malformed(f"the entry bundle holds {len(out)} entries, not {count}")
    return out


def hash_tile(tree: Tree, level: int, number: int, width: int) -> bytes:
    """A tile of hashes: `width` complete subtrees of 256**level leaves each."""
    first = number * WIDTH
    try:
        return b"".join(tree.hash_at(8 * level, first + i) for i in range(width))
    except IndexError as error:
        raise Malformed(f"the tree has no tile {level}/{number} of width {width}") from error


def decode_hash_tile(data: bytes, width: int) -> list[bytes]:
    """The hashes of a tile."""
    if len(data) != width * HASH_BYTES:
        raise Malformed(f"a tile of width {width} has {width * HASH_BYTES} bytes, not {len(data)}")
    return [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]
