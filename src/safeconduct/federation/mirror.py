"""The other party's log as this node has verified it.

The mirror holds every leaf, so consistency is not argued but recomputed: new leaves extend the
tree that stands here, and the signed root must come out. What was accepted once can not change.
"""

from collections.abc import Sequence

import msgspec

from safeconduct.kernel.errors import Refused
from safeconduct.ledger.merkle import Tree, leaf_hash
from safeconduct.ledger.notes import Checkpoint, Note, Signer, parse_checkpoint


class Advance(msgspec.Struct, frozen=True):
    """A verified step of the peer's log: its new head and the leaves that lead there."""

    checkpoint: Checkpoint
    note: Note
    start: int
    leaves: tuple[bytes, ...]


def check_head(note: Note, log: Signer, size: int) -> Checkpoint:
    """The peer's checkpoint, if it is signed by its log and does not fall behind `size`.

    Raises:
        Refused: another origin, a bad signature, or a log that has shrunk.
    """
    checkpoint = parse_checkpoint(note)
    if checkpoint.origin != log.name:
        raise Refused(
            f"the checkpoint is of {checkpoint.origin!r}",
            why=f"the peer's log is {log.name!r}",
            do="ask whether the peer opened a new epoch",
        )
    if not note.signed_by(log):
        raise Refused("the checkpoint is not signed by the peer's log")
    if checkpoint.size < size:
        raise Refused(
            f"the peer's log has shrunk from {size} to {checkpoint.size}",
            why="a log only grows; both signed heads together prove it",
            do="keep both heads and lodge a concern",
        )
    return checkpoint


def advance(tree: Tree, note: Note, log: Signer, leaves: Sequence[bytes]) -> Advance:
    """Verify that `leaves` extend the mirrored tree to the signed head. The tree is not changed.

    Raises:
        Refused: see `check_head`; or the leaves do not lead to the signed root.
    """
    start = tree.size
    checkpoint = check_head(note, log, start)
    if len(leaves) != checkpoint.size - start:
        raise Refused(
            f"the peer gave {len(leaves)} leaves, and {checkpoint.size - start} are missing"
        )
    for leaf in leaves:
        tree.append(leaf_hash(leaf))
    root = tree.root()
    tree.truncate(start)
    if root != checkpoint.root:
        raise Refused(
            "the peer's leaves do not lead to its signed head",
            why="the log was rewritten, or the transfer was altered",
            do="pull again; if it stays so, keep the head: it is evidence",
        )
    return Advance(checkpoint, note, start, tuple(leaves))
