"""The Merkle tree of RFC 6962, section 2.1: roots, inclusion and consistency proofs.

Own code, because it is small, is what the project's proof rests on, and must equal the
stand-alone verifier's. `CompactRange` (a tree's right edge) lets a reader extend a prefix by
the leaves of a range without holding the prefix.
"""

import hashlib
from collections.abc import Iterable, Sequence

from safeconduct.kernel.errors import Malformed

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf): RFC 6962, 2.1."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right): RFC 6962, 2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """Largest power of two smaller than `size` (size >= 2)."""
    return 1 << ((size - 1).bit_length() - 1)


class Tree:
    """A growing tree over leaf hashes. Level k holds the hashes of complete subtrees of 2**k."""

    def __init__(self, hashes: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for item in hashes:
            self.append(item)

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self._levels[0])

    def append(self, hashed: bytes) -> int:
        """Add a leaf hash; returns its index."""
        if len(hashed) != HASH_BYTES:
            raise Malformed("a leaf hash has 32 bytes")
        index = self.size
        self._levels[0].append(hashed)
        level, position = 0, index
        while position & 1:
            pair = node_hash(self._levels[level][position - 1], self._levels[level][position])
            level, position = level + 1, position >> 1
            if level == len(self._levels):
                self._levels.append([])
            self._levels[level].append(pair)
        return index

    def truncate(self, size: int) -> None:
        """Forget leaves from `size` on: only for leaves that never became durable."""
        for level, hashes in enumerate(self._levels):
            del hashes[size >> level :]

    def hash_at(self, level: int, position: int) -> bytes:
        """The hash of one complete subtree of 2**level leaves."""
        return self._levels[level][position]

    def _range(self, start: int, end: int) -> bytes:
        size = end - start
        if size & (size - 1) == 0 and start % size == 0:
            level = size.bit_length() - 1
            return self._levels[level][start >> level]
        middle = start + _split(size)
        return node_hash(self._range(start, middle), self._range(middle, end))

    def root(self, size: int | None = None) -> bytes:
        """The tree head over the first `size` leaves (all, by default)."""
        size = self.size if size is None else size
        if not 0 <= size <= self.size:
            raise Malformed(f"the tree has no size {size}", why=f"it holds {self.size} leaves")
        return self._range(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The audit path of a leaf in the tree of `size`: RFC 6962, 2.1.1."""
        if not 0 <= index < size <= self.size:
            raise Malformed(f"no leaf {index} in a tree of {size}")
        path: list[bytes] = []
        start, end = 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self._range(middle, end))
                end = middle
            else:
                path.append(self._range(start, middle))
                start = middle
        return path[::-1]

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the tree of `old` is a prefix of that of `new`: RFC 6962, 2.1.2."""
        if not 0 < old <= new <= self.size:
            raise Malformed(f"no consistency proof from {old} to {new}")
        path: list[bytes] = []
        start, end, whole = 0, new, True
        while old != end:
            middle = start + _split(end - start)
            if old <= middle:
                path.append(self._range(middle, end))
                end = middle
            else:
                path.append(self._range(start, middle))
                start, whole = middle, False
        if not whole:
            path.append(self._range(start, end))
        return path[::-1]

    def peaks(self, size: int) -> list[bytes]:
        """Hashes of the complete subtrees that make up the first `size` leaves, left to right."""
        out, start = [], 0
        for level in range(size.bit_length() - 1, -1, -1):
            if size >> level & 1:
                out.append(self._levels[level][start >> level])
                start += 1 << level
        return out


class CompactRange:
    """The right edge of a tree: enough to extend it by leaves and to know its root."""

    def __init__(self, size: int, peaks: Sequence[bytes]) -> None:
        if len(peaks) != size.bit_count() or any(len(item) != HASH_BYTES for item in peaks):
            raise Malformed(f"{len(peaks)} hashes cannot be the edge of a tree of {size}")
        self.size = size
        self._peaks = list(peaks)

    def append(self, hashed: bytes) -> None:
        """Add one leaf hash."""
        position, item = self.size, hashed
        while position & 1:
            item = node_hash(self._peaks.pop(), item)
            position >>= 1
        self._peaks.append(item)
        self.size += 1

    def root(self) -> bytes:
        """The tree head at the current size."""
        if not self._peaks:
            return EMPTY_ROOT
        item = self._peaks[-1]
        for left in reversed(self._peaks[:-1]):
            item = node_hash(left, item)
        return item


def _hashes(path: Sequence[bytes], *others: bytes) -> bool:
    return all(len(item) == HASH_BYTES for item in (*path, *others))


def verify_inclusion(
    hashed: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> bool:
    """Whether the leaf hash stands at `index` under `root` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or not _hashes(path, hashed, root):
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


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether the tree of `old` is a prefix of that of `new` (RFC 9162, 2.1.4.2).

    Size 0 is never a provable statement here; a witness treats its first sight separately.
    """
    if not 0 < old <= new or not _hashes(path, old_root, new_root):
        return False
    if old == new:
        return not path and old_root == new_root
    items = list(path)
    if old & (old - 1) == 0:
        items.insert(0, old_root)
    if not items:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    first = second = items[0]
    for item in items[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            first, second = node_hash(item, first), node_hash(item, second)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = node_hash(second, item)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and first == old_root and second == new_root
