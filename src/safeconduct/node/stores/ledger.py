"""The ledger's file: leaves, bodies apart from them, checkpoints, and the mirror of the peer."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw
import msgspec

from safeconduct.kernel.canonical import decode, encode
from safeconduct.kernel.errors import Refused
from safeconduct.ledger.leaf import Entry
from safeconduct.ledger.notes import Note, parse_note
from safeconduct.node.stores.sqlite import Store, translate

VERSION = 1


class Row(msgspec.Struct, frozen=True):
    """One record to be appended; `received` is the node's instant of receipt in ms."""

    entry: Entry
    leaf: bytes
    record_id: str
    rev: int
    source: str
    seq: int
    received: int


class LedgerStore(Store):
    """Owned by the journal alone: no other part of a node writes here."""

    def __init__(self, folder: Path, *, create: bool = False, read_only: bool = False) -> None:
        super().__init__(
            folder / "ledger.db", "ledger", VERSION, create=create, read_only=read_only
        )

    def belongs_to(self, party: str, origin: str) -> None:
        """Write down at the first time, and check ever after, whose log this file is.

        Raises:
            Refused: the file is of another party or of another log of this one.
        """
        held = dict(self.all("SELECT name, value FROM meta"))
        if not held:
            self.run("INSERT INTO meta VALUES ('party', ?), ('origin', ?)", party, origin)
        elif held != {"party": party, "origin": origin}:
            raise Refused(
                f"ledger.db is the log of {held.get('party')}, {held.get('origin')}",
                why=f"this folder is that of {party}, {origin}",
                do="use the data folder that belongs to this node; nothing was changed",
            )

    # ------------------------------------------------------------------ own log
    def append(self, position: int, rows: Sequence[Row]) -> None:
        """Append records in one durable transaction; on any error nothing of them is written."""
        try:
            with self.db:
                self.db.executemany(
                    "INSERT INTO leaf VALUES (?, ?)",
                    [(position + offset, row.leaf) for offset, row in enumerate(rows)],
                )
                self.db.executemany(
                    "INSERT INTO body VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [
                        (
                            position + offset,
                            row.record_id,
                            row.rev,
                            row.source,
                            row.seq,
                            row.received,
                            row.entry.encode(),
                        )
                        for offset, row in enumerate(rows)
                    ],
                )
        except apsw.ConstraintError as error:
            raise Refused(
                "the record was not recorded: its id or its number is taken",
                why="a source numbers its records 1, 2, 3, and an id is used once",
                do="send a new record with the next number of its source",
            ) from error
        except apsw.Error as error:
            raise translate(error, "the record") from error

    def leaves(self, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """Position and bytes of the own leaves from `start` on."""
        yield from self.all(
            "SELECT position, leaf FROM leaf WHERE position >= ? ORDER BY position", start
        )

    def bodies(self) -> Iterator[tuple[int, str, int, str, int, int, bytes]]:
        """Position, record id, rev, source, seq, receipt time and opening of the own bodies."""
        yield from self.all(
            "SELECT position, record_id, rev, source, seq, received, opening FROM body"
            " ORDER BY position"
        )

    def save_checkpoint(self, size: int, note: Note) -> None:
        """Keep an own checkpoint, or the same one with more cosignatures."""
        self.run("INSERT OR REPLACE INTO checkpoint VALUES (?, ?)", size, note.encode())

    def checkpoints(self) -> list[tuple[int, Note]]:
        """Own checkpoints by size."""
        return [
            (size, parse_note(text))
            for size, text in self.all("SELECT * FROM checkpoint ORDER BY size")
        ]

    # ------------------------------------------------------------------ telemetry
    def save_segment(self, digest: str, fixes: bytes) -> None:
        """Keep a sealed segment of positions under its hash."""
        self.run("INSERT OR IGNORE INTO segment VALUES (?, ?)", digest, fixes)

    def segments(self) -> list[tuple[str, bytes]]:
        """All sealed segments."""
        return list(self.all("SELECT hash, fixes FROM segment"))

    # ------------------------------------------------------------------ the peer's log
    def mirror(self, position: int, leaves: Sequence[bytes], size: int, note: Note) -> None:
        """Keep verified leaves of the peer and the checkpoint over them, together or not at all."""
        try:
            with self.db:
                self.db.executemany(
                    "INSERT INTO peer_leaf VALUES (?, ?)",
                    [(position + offset, leaf) for offset, leaf in enumerate(leaves)],
                )
                self.db.execute(
                    "INSERT OR REPLACE INTO peer_checkpoint VALUES (?, ?)", (size, note.encode())
                )
        except apsw.Error as error:
            raise translate(error, "the peer's log") from error

    def peer_leaves(self) -> Iterator[tuple[int, bytes]]:
        """Position and bytes of the mirrored leaves."""
        yield from self.all("SELECT position, leaf FROM peer_leaf ORDER BY position")

    def peer_checkpoints(self) -> list[tuple[int, Note]]:
        """The peer's checkpoints that were verified here, by size."""
        return [
            (size, parse_note(text))
            for size, text in self.all("SELECT * FROM peer_checkpoint ORDER BY size")
        ]

    def save_peer_bodies(self, bodies: Sequence[tuple[int, str, dict[str, object], bool]]) -> None:
        """Keep what the peer gave, `(position, form, opening, counts)`, all or none of it."""
        try:
            with self.db:
                self.db.executemany(
                    "INSERT OR REPLACE INTO peer_body VALUES (?, ?, ?, ?)",
                    [
                        (position, form, encode(opening), int(counts))
                        for position, form, opening, counts in bodies
                    ],
                )
        except apsw.Error as error:
            raise translate(error, "the peer's bodies") from error

    def peer_bodies(self) -> Iterator[tuple[int, str, dict[str, object], bool]]:
        """Position, form, opening, and whether it counts, of what the peer gave."""
        rows = self.all("SELECT position, form, opening, counts FROM peer_body ORDER BY position")
        for position, form, opening, counts in rows:
            yield position, form, decode(opening), bool(counts)
