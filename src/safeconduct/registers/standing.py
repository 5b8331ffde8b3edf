"""Standing facts: what holds until it is replaced, taken back or ended.

The newest record of one party under one identity key counts, by its own time and then its number;
never by log position, since two logs have no common order. An older record does not come back
when the newest one is taken back.
"""

from bisect import insort
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from safeconduct.kernel.records import Fact

Key = tuple[str, ...]


class Entry(msgspec.Struct, frozen=True):
    """One standing record, as far as it is open here."""

    time: int
    seq: int
    record: str
    party: str
    by: str
    acting: str
    err: int
    key: Key
    until: int | None
    values: Mapping[str, Any]


def _order(entry: Entry) -> tuple[int, int, str]:
    return entry.time, entry.seq, entry.record


class Standing(msgspec.Struct):
    """Standing records of one type; owned and changed by one projection only.

    `entries` is ordered by time and number within a key and party. `ended` and `replaced` may
    name a record that has not come yet: it may lie in the other log.
    """

    entries: dict[Key, dict[str, list[Entry]]] = msgspec.field(default_factory=dict)
    ended: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    replaced: dict[str, set[str]] = msgspec.field(default_factory=dict)

    def add(self, fact: Fact, key: Key, until: int | None = None) -> None:
        """Enter a record under its identity key."""
        record = fact.record
        entry = Entry(
            time=record.time,
            seq=record.seq,
            record=record.id,
            party=record.party,
            by=record.by,
            acting=record.acting,
            err=record.err,
            key=key,
            until=until,
            values=dict(fact.values),
        )
        rows = self.entries.setdefault(key, {}).setdefault(record.party, [])
        if entry not in rows:
            insort(rows, entry, key=_order)
        if record.replaces is not None:
            self.replaced.setdefault(record.replaces, set()).add(record.party)

    def end(self, fact: Fact) -> None:
        """Enter a `revoked`: it ends the record it names, if that is of the same party."""
        of = fact.get("of")
        if isinstance(of, str):
            parties = self.ended.setdefault(of, {})
            earlier = parties.get(fact.record.party)
            time = fact.record.time
            parties[fact.record.party] = time if earlier is None else min(earlier, time)

    def valid(self, key: Key, at: int) -> list[Entry]:
        """What held at that instant, at most one entry a party."""
        found = []
        for party, rows in sorted(self.entries.get(key, {}).items()):
            newest = self._newest(row for row in reversed(rows) if row.time <= at)
            if newest is not None and self._runs(newest, at, self._end(newest, party)):
                found.append(newest)
        return found

    def current(self, key: Key, at: int) -> list[Entry]:
        """What stands in the log and has not expired at that instant.

        For decisions: two devices' clocks may differ by seconds, so a record that is already in
        the log counts though its own time is a little later, and one taken back never counts.
        """
        found = []
        for party, rows in sorted(self.entries.get(key, {}).items()):
            newest = self._newest(reversed(rows))
            if newest is None or self._end(newest, party) is not None:
                continue
            if self._runs(newest, at, None):
                found.append(newest)
        return found

    def parties(self, key: Key) -> frozenset[str]:
        """The parties that have a record under this key."""
        return frozenset(self.entries.get(key, {}))

    def _newest(self, rows: Iterator[Entry]) -> Entry | None:
        for row in rows:
            if row.party not in self.replaced.get(row.record, ()):
                return row
        return None

    def _end(self, entry: Entry, party: str) -> int | None:
        return self.ended.get(entry.record, {}).get(party)

    @staticmethod
    def _runs(entry: Entry, at: int, ended: int | None) -> bool:
        return (entry.until is None or at < entry.until) and (ended is None or at < ended)
