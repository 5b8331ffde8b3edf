"""A log as the evidence room reads it: leaves, what is open here, and who cosigned which head."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from safeconduct.kernel.records import Fact
from safeconduct.ledger.leaf import Entry
from safeconduct.ledger.merkle import Tree
from safeconduct.ledger.notes import Note


class LogView(Protocol):
    """One party's log as this node holds it: its own, or its verified mirror of the other's.

    A view may also have `stub(i) -> Mapping | None`, the opening to type and join keys of a leaf
    whose body is withheld here (without it such a leaf stays closed, and no absence across it can
    be shown), and `withheld() -> Mapping[int, str]`, the clause by which each body is withheld.
    """

    @property
    def party(self) -> str:
        """Whose log it is."""
        ...

    @property
    def origin(self) -> str:
        """The name of the log in its checkpoints."""
        ...

    @property
    def size(self) -> int:
        """Number of leaves."""
        ...

    @property
    def tree(self) -> Tree:
        """The tree over the leaves."""
        ...

    def leaf(self, index: int) -> bytes:
        """The bytes of a leaf."""
        ...

    def entry(self, index: int) -> Entry | None:
        """The record of a leaf as its log keeps it, or None where the body is not held."""
        ...

    def fact(self, index: int) -> Fact | None:
        """The record as projections read it, or None where nothing of it is open here."""
        ...

    def cosigned(self) -> Sequence[tuple[int, Note, int]]:
        """Heads of this log that the other party cosigned: size, note, second; sorted by size."""
        ...

    def find(self, record_id: str) -> int | None:
        """Where the newest revision of a record stands, or None."""
        ...


def stub_of(log: LogView, index: int) -> Mapping[str, Any] | None:
    """The opening to type and join keys of a leaf, or None where this node does not hold it."""
    entry = log.entry(index)
    if entry is not None:
        return entry.stub()
    read = getattr(log, "stub", None)
    return read(index) if read is not None else None


def held(log: LogView) -> Iterator[tuple[int, Fact, Entry]]:
    """Every record of the log that is held here in full, in order."""
    for index in range(log.size):
        entry, fact = log.entry(index), log.fact(index)
        if entry is not None and fact is not None and fact.form == "full":
            yield index, fact, entry
