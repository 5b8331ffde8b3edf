"""The other party's log on this node: every leaf, and of the bodies what the peer gave."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from safeconduct.federation.cards import Card
from safeconduct.federation.forms import read_full, read_milestone
from safeconduct.federation.mirror import Advance, advance
from safeconduct.kernel.errors import Malformed, Refused, SafeconductError, StateUnknown
from safeconduct.kernel.records import Fact
from safeconduct.kernel.vocabulary import Vocabulary
from safeconduct.ledger.leaf import Entry
from safeconduct.ledger.merkle import Tree, leaf_hash
from safeconduct.ledger.notes import Note, Signer
from safeconduct.node.stores.ledger import LedgerStore

Body = tuple[int, str, dict[str, Any]]
"""Position, form and opening, as the peer gave them."""


class PeerLog:
    """The mirror. It implements the same view as the journal, with gaps where bodies are closed."""

    def __init__(self, store: LedgerStore, vocabulary: Vocabulary, card: Card) -> None:
        self.store = store
        self.card = card
        self.party = card.party
        self.origin = card.origin
        self._vocabulary = vocabulary
        self.tree = Tree()
        self._leaves: list[bytes] = []
        self._entries: dict[int, Entry] = {}
        self._facts: dict[int, Fact] = {}
        self._closed: dict[int, str] = {}
        self._aside: set[int] = set()
        self._index: dict[str, int] = {}
        self._notes: dict[int, Note] = {}
        self.bodies_until = 0
        self._load()

    def _load(self) -> None:
        for position, leaf in self.store.peer_leaves():
            if position != len(self._leaves):
                raise StateUnknown(f"leaf {len(self._leaves)} of the peer's log is missing")
            self._leaves.append(leaf)
            self.tree.append(leaf_hash(leaf))
        try:
            self._notes = dict(self.store.peer_checkpoints())
        except SafeconductError as error:
            why = error.sentence()
            raise StateUnknown("a checkpoint of the peer is damaged here", why=why) from error
        if max(self._notes, default=0) != self.size:
            raise StateUnknown(
                "the mirrored leaves and the peer's newest checkpoint differ in size"
            )
        for position, form, opening, counts in self.store.peer_bodies():
            try:
                self._take(position, form, opening, counts=counts)
            except SafeconductError as error:
                raise StateUnknown(
                    f"the peer's body {position} is damaged here", why=error.sentence()
                ) from error
            self.bodies_until = position + 1

    @property
    def size(self) -> int:
        """Number of mirrored leaves."""
        return len(self._leaves)

    def extend(self, note: Note, leaves: Sequence[bytes], cosigned: Note) -> Advance:
        """Verify and keep new leaves, with the checkpoint as this node cosigned it.

        Durable before it is counted: a cosignature never leaves before its leaves are on disk.
        """
        step = advance(self.tree, note, self.card.log, leaves)
        self.store.mirror(step.start, step.leaves, step.checkpoint.size, cosigned)
        for leaf in step.leaves:
            self._leaves.append(leaf)
            self.tree.append(leaf_hash(leaf))
        self._notes[step.checkpoint.size] = cosigned
        return step

    def keep(
        self, bodies: Sequence[Body], judge: Callable[[Fact, Entry | None], bool]
    ) -> list[Fact]:
        """Read bodies against their leaves, judge each, keep all durably; returns what counts.

        `judge` is asked once, on arrival, in order of the log; its answer is kept, so that a
        restart finds what was known then.

        Raises:
            Malformed, Refused: a body does not match its leaf; nothing of them is kept.
        """
        rows = []
        for position, form, opening in bodies:
            if position in self._facts:
                self.bodies_until = max(self.bodies_until, position + 1)
                continue
            entry, fact = self._read(position, form, opening)
            rows.append((position, form, opening, fact is None or judge(fact, entry)))
        self.store.save_peer_bodies(rows)
        out = []
        for position, form, opening, counts in rows:
            fact = self._take(position, form, opening, counts=counts)
            if fact is not None and counts:
                out.append(fact)
            self.bodies_until = max(self.bodies_until, position + 1)
        return out

    def _read(
        self, position: int, form: str, opening: Mapping[str, Any]
    ) -> tuple[Entry | None, Fact | None]:
        if not 0 <= position < self.size:
            raise Refused(
                f"the peer gave a body for leaf {position}", why=f"{self.size} leaves are mirrored"
            )
        if form == "full":
            return read_full(
                self.party, position, self._leaves[position], opening, self._vocabulary
            )
        if form == "milestone":
            node_key = self.card.keys["node"]
            return None, read_milestone(
                self.party, self.origin, position, opening, node_key, self._vocabulary
            )
        if form == "withheld" and set(opening) == {"clause"} and isinstance(opening["clause"], str):
            return None, None
        raise Malformed(f"the peer gave a body in the form {form!r}")

    def _take(
        self, position: int, form: str, opening: Mapping[str, Any], *, counts: bool
    ) -> Fact | None:
        entry, fact = self._read(position, form, opening)
        if entry is not None:
            self._entries[position] = entry
        if fact is None:
            self._closed[position] = str(opening["clause"])
            return None
        self._facts[position] = fact
        self._closed.pop(position, None)
        if not counts:
            self._aside.add(position)
        self._index[fact.record.id] = position
        return fact

    def ask_again(self) -> None:
        """Ask anew for what was withheld: a clause that came into force may open it now."""
        self.bodies_until = min(self._closed, default=self.bodies_until)

    # ------------------------------------------------------------------ reading
    def leaf(self, position: int) -> bytes:
        """The leaf at a position."""
        return self._leaves[position]

    def entry(self, position: int) -> Entry | None:
        """The entry at a position, where its body is held in full."""
        return self._entries.get(position)

    def fact(self, position: int) -> Fact | None:
        """The fact at a position, in full or as a milestone."""
        return self._facts.get(position)

    def facts(self) -> list[Fact]:
        """The facts that are open here and count, in order of the log."""
        return [self._facts[at] for at in sorted(self._facts) if at not in self._aside]

    def set_aside(self) -> list[Fact]:
        """Facts signed without the power to: evidence, and nothing else."""
        return [self._facts[at] for at in sorted(self._aside)]

    def withheld(self) -> dict[int, str]:
        """Positions of withheld bodies, each with its clause."""
        return dict(self._closed)

    def find(self, record_id: str) -> int | None:
        """Position of a record that is open here."""
        return self._index.get(record_id)

    def note(self, size: int) -> Note | None:
        """The peer's checkpoint of that size, as this node cosigned it."""
        return self._notes.get(size)

    def newest(self) -> Note | None:
        """The newest checkpoint of the peer that was verified here."""
        return self._notes.get(self.size) if self._notes else None

    def cosigned_by(self, witness: Signer) -> list[tuple[int, Note, int]]:
        """The peer's checkpoints that the witness cosigned: size, note, second."""
        out = []
        for size, note in sorted(self._notes.items()):
            seconds = note.cosigned_at(witness)
            if seconds is not None:
                out.append((size, note, seconds))
        return out
