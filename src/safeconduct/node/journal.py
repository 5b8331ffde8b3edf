"""The journal: this party's log, in memory and on disk, and the only writer of it.

Order of a commit: entries are built, written in one transaction with `synchronous=FULL`, and
only then counted, projected and acknowledged. A crash before the commit leaves nothing; after
it, everything. A checkpoint is signed only over leaves that the commit made durable.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from safeconduct.kernel.canonical import decode
from safeconduct.kernel.errors import Refused, SafeconductError, StateUnknown
from safeconduct.kernel.ports import Clock, Random
from safeconduct.kernel.records import Fact, Record
from safeconduct.kernel.signatures import Envelope, Key
from safeconduct.kernel.vocabulary import Vocabulary
from safeconduct.ledger.leaf import Entry, join_keys, open_full
from safeconduct.ledger.merkle import Tree, leaf_hash
from safeconduct.ledger.notes import Checkpoint, Note, Signer, sign_checkpoint
from safeconduct.node.stores.ledger import LedgerStore, Row


class Journal:
    """One party's log. Implements the view that evidence and federation read."""

    def __init__(
        self,
        store: LedgerStore,
        vocabulary: Vocabulary,
        *,
        party: str,
        origin: str,
        clock: Clock,
        salts: Random,
    ) -> None:
        self.store = store
        self.party = party
        self.origin = origin
        self._vocabulary = vocabulary
        self._clock = clock
        self._salts = salts
        self.tree = Tree()
        self._leaves: list[bytes] = []
        self._entries: list[Entry] = []
        self._facts: list[Fact] = []
        self._index: dict[str, int] = {}
        self._numbers: dict[str, tuple[int, str]] = {}
        self._pairs: set[tuple[str, int]] = set()
        self._notes: dict[int, Note] = {}
        self._load()

    def _load(self) -> None:
        """Read the log back and check each leaf against its body: the path of every start."""
        try:
            for position, leaf in self.store.leaves():
                if position != len(self._leaves):
                    raise StateUnknown(f"leaf {len(self._leaves)} is missing from the log")
                self._leaves.append(leaf)
                self.tree.append(leaf_hash(leaf))
            for position, _id, _rev, _source, _seq, _received, opening in self.store.bodies():
                if position != len(self._entries):
                    raise StateUnknown(f"the body of leaf {len(self._entries)} is missing")
                entry, record, values = open_full(self._leaves[position], decode(opening))
                self._keep(entry, record, values)
            self._notes = dict(self.store.checkpoints())
        except StateUnknown:
            raise
        except SafeconductError as error:
            raise StateUnknown(
                "the stored log contradicts itself",
                why=error.sentence(),
                do="run `safeconduct ledger fsck` and recover from the partner's mirror",
            ) from error
        if len(self._entries) != len(self._leaves):
            raise StateUnknown(f"the body of leaf {len(self._entries)} is missing")

    def _keep(self, entry: Entry, record: Record, values: Mapping[str, Any]) -> Fact:
        kind = self._vocabulary.by_name.get(record.type)
        position = len(self._entries)
        fact = Fact(
            alias=kind.alias if kind else record.type,
            record=record,
            values=values,
            log=self.party,
            position=position,
        )
        self._entries.append(entry)
        self._facts.append(fact)
        self._index[record.id] = position
        self._pairs.add((record.source, record.seq))
        last, _ = self._numbers.get(record.source, (0, ""))
        if record.seq > last:
            payload = hashlib.sha256(record.encode()).hexdigest()
            self._numbers[record.source] = (record.seq, payload)
        return fact

    # ------------------------------------------------------------------ writing
    def make_entry(self, envelope: Envelope, record: Record, openings: Mapping[str, Any]) -> Entry:
        """An entry for a signed record, with fresh salts."""
        return Entry(
            envelope=envelope.encode(),
            body_salt=self._salts.draw(16),
            keys_salt=self._salts.draw(16),
            type=record.type,
            keys=join_keys(self._vocabulary.by_name.get(record.type), record),
            sealed=dict(openings),
        )

    def check_free(self, record: Record) -> None:
        """Refuse a record whose id and revision, or source and number, the log has already."""
        held = self._index.get(record.id)
        if held is not None and self._facts[held].record.rev >= record.rev:
            raise Refused(
                f"the record {record.id} is in the log already",
                do="draw a new id; the same record is acknowledged once",
            )
        if (record.source, record.seq) in self._pairs:
            raise Refused(
                f"the number {record.seq} of {record.source} is taken",
                why="a source numbers its records 1, 2, 3 and uses each number once",
                do=f"use {self._numbers[record.source][0] + 1}",
            )

    def commit(self, batch: Sequence[tuple[Entry, Record, Mapping[str, Any]]]) -> list[Fact]:
        """Make records durable, all or none, and only then count them.

        Raises:
            Refused: an id or number is taken, or the disk is full; nothing was written.
            StateUnknown: the store failed otherwise; the process must stop.
        """
        start = len(self._entries)
        now = self._clock.now()
        leaves = [entry.leaf() for entry, _, _ in batch]
        self.store.append(
            start,
            [
                Row(entry, leaf, record.id, record.rev, record.source, record.seq, now)
                for (entry, record, _), leaf in zip(batch, leaves, strict=True)
            ],
        )
        facts = []
        for (entry, record, values), leaf in zip(batch, leaves, strict=True):
            self._leaves.append(leaf)
            self.tree.append(leaf_hash(leaf))
            facts.append(self._keep(entry, record, values))
        return facts

    def checkpoint(self, key: Key) -> Note:
        """Sign the head over what is durable; the same head is signed once."""
        note = self._notes.get(self.size)
        if note is None:
            note = sign_checkpoint(Checkpoint(self.origin, self.size, self.tree.root()), key)
            self.store.save_checkpoint(self.size, note)
            self._notes[self.size] = note
        return note

    def add_cosignature(self, size: int, line: tuple[str, bytes, bytes]) -> None:
        """Keep a cosignature (already verified) on an own checkpoint."""
        note = self._notes.get(size)
        if note is None:
            raise Refused(f"this log has no checkpoint of size {size}")
        note = note.with_signature(line)
        self.store.save_checkpoint(size, note)
        self._notes[size] = note

    # ------------------------------------------------------------------ reading
    @property
    def size(self) -> int:
        """Number of records that are durable."""
        return len(self._entries)

    def leaf(self, position: int) -> bytes:
        """The leaf at a position."""
        return self._leaves[position]

    def entry(self, position: int) -> Entry | None:
        """The entry at a position."""
        return self._entries[position]

    def fact(self, position: int) -> Fact | None:
        """The fact at a position."""
        return self._facts[position]

    def facts(self) -> list[Fact]:
        """All facts in order of the log."""
        return list(self._facts)

    def find(self, record_id: str) -> int | None:
        """Position of the newest revision of a record."""
        return self._index.get(record_id)

    def last_number(self, source: str) -> tuple[int, str]:
        """A source's newest number and the hash of that record (0 and empty if none)."""
        return self._numbers.get(source, (0, ""))

    def note(self, size: int) -> Note | None:
        """The own checkpoint of that size."""
        return self._notes.get(size)

    def notes(self) -> list[tuple[int, Note]]:
        """Own checkpoints by size."""
        return sorted(self._notes.items())

    def cosigned_by(self, witness: Signer) -> list[tuple[int, Note, int]]:
        """Own checkpoints that the witness cosigned: size, note, second."""
        out = []
        for size, note in self.notes():
            seconds = note.cosigned_at(witness)
            if seconds is not None:
                out.append((size, note, seconds))
        return out
