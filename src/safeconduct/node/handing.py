"""Handing evidence over: one verdict of a data folder as one file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safeconduct.evidence import export
from safeconduct.kernel.errors import Refused
from safeconduct.kernel.records import Fact
from safeconduct.ledger.leaf import Entry
from safeconduct.ledger.merkle import Tree
from safeconduct.ledger.notes import Note, Signer
from safeconduct.node.clocks import SystemClock
from safeconduct.node.folder import Folder
from safeconduct.node.journal import Journal
from safeconduct.node.node import Node
from safeconduct.node.peerlog import PeerLog


class View:
    """A log as the evidence room reads it: the journal or the mirror, and who cosigned it."""

    def __init__(self, log: Journal | PeerLog, witness: Signer) -> None:
        self._log = log
        self._witness = witness
        self.party: str = log.party
        self.origin: str = log.origin

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self._log.size

    @property
    def tree(self) -> Tree:
        """The tree over the leaves."""
        return self._log.tree

    def leaf(self, index: int) -> bytes:
        """The bytes of a leaf."""
        return self._log.leaf(index)

    def entry(self, index: int) -> Entry | None:
        """The entry at an index, if its body is held here."""
        return self._log.entry(index)

    def fact(self, index: int) -> Fact | None:
        """The fact at an index, if it is open here."""
        return self._log.fact(index)

    def cosigned(self) -> Sequence[tuple[int, Note, int]]:
        """Heads of this log that the other party cosigned."""
        return self._log.cosigned_by(self._witness)

    def find(self, record_id: str) -> int | None:
        """The newest position of a record."""
        return self._log.find(record_id)


def hand_over(path: Path, verdict: str, made_at: int | None = None) -> bytes:
    """The evidence bundle of one verdict, from a node's folder.

    Args:
        path: the data folder; the node may be running.
        verdict: id of the verdict's record.
        made_at: what the manifest says (ms); by default the second of the newest cosignature.

    Raises:
        Refused: the verdict is unknown, or nothing can be proven yet; says what is missing.
    """
    node = Node(Folder(path), clock=SystemClock(), read_only=True)
    try:
        return of_node(node, verdict, made_at)
    finally:
        node.close()


def of_node(node: Node, verdict: str, made_at: int | None = None) -> bytes:
    """The evidence bundle of one verdict of an open node."""
    if node.peer is None:
        raise Refused("this node knows no other party yet", why="nobody has cosigned its log")
    own = View(node.journal, node.peer.card.witness)
    peer = View(node.peer, node.witness)
    cosigned = own.cosigned()
    when = made_at if made_at is not None else (cosigned[-1][2] * 1000 if cosigned else 0)
    text: Any = node.folder.read("agreement.json")
    return export(own, peer, text, verdict, node.key, when, node.vocabulary)
