"""The live lane: from facts to events, from events to verdicts. No input, no output, no clock.

Two truths about time are kept here. Events are evaluated at once, in the order in which they
come; one that comes late (its instant has passed) rewinds the monitor to the snapshot before
that instant and replays. What comes out differently is a revision, never a silent edit.
"""

import bisect
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from safeconduct.standards import Event, Monitor, Verdict

SNAPSHOT_EVERY = 128
"""Ours. Events between two snapshots: bounds both the cost of a late event and of the snapshots."""
SNAPSHOTS_KEPT = 64
"""Ours. A fact later than these reach back replays from the start of the log."""


class Judged(msgspec.Struct, frozen=True):
    """A verdict that is new or has changed, and which one it replaces (rev 0 if none)."""

    verdict: Verdict
    rev: int


class Lane:
    """Monitor, its events in order of time, and the verdicts reached so far."""

    def __init__(self, standards: Sequence[Any]) -> None:
        self._standards = tuple(standards)
        self.monitor = Monitor(self._standards)
        self._events: list[Event] = []
        self._times: list[int] = []
        self._last = -1
        self._snapshots: list[tuple[int, int, Any]] = []
        self._since = 0
        self._stale = False
        self._held: dict[tuple[str, int, Any], tuple[str, int]] = {}
        self._verdicts: dict[tuple[str, int, Any], Verdict] = {}
        self._by_ref: dict[Any, Event] = {}

    @property
    def last(self) -> int:
        """The newest instant that was evaluated."""
        return self._last

    def add(self, events: Sequence[Event]) -> list[Judged]:
        """Evaluate events; late ones rewind. Events of one instant are one time point."""
        if not events:
            return []
        instants: dict[int, list[Event]] = {}
        for event in events:
            instants.setdefault(event.t, []).append(event)
        earliest = min(instants)
        if self._stale:
            self._stale, earliest = False, -1
            self._snapshots.clear()
        if earliest > self._last:
            out = []
            for t in sorted(instants):
                self._insert(instants[t])
                out += self._step(sorted(instants[t], key=_order), t)
            return self._judge(out)
        for group in instants.values():
            self._insert(group)
        return self._judge(self._rewind(earliest))

    def tick(self, now: int) -> list[Judged]:
        """Let time pass with no input: deadlines before `now` are decided."""
        if now <= self._last:
            return []
        return self._judge(self._step([], now))

    def next_due(self) -> int | None:
        """The first instant at which an open deadline is breached if nothing comes."""
        deadline = self.monitor.next_deadline()
        return None if deadline is None else deadline + 1

    def adopt(self, key: tuple[str, int, Any], verdict: str, rev: int) -> None:
        """Take a verdict that stands in the log, so that it is not recorded twice."""
        self._held[key] = (verdict, rev)

    def verdict(self, key: tuple[str, int, Any]) -> Verdict | None:
        """The newest verdict computed for a standard, version and trigger."""
        return self._verdicts.get(key)

    def event(self, ref: Any) -> Event | None:
        """The event behind a reference: of several read from one record, the derived one."""
        return self._by_ref.get(ref)

    def withdraw(self, refs: Sequence[str]) -> None:
        """Take derived departures back that, as known now, were none; the next `add` replays."""
        if not refs:
            return
        gone = set(refs)
        kept = [
            event
            for event in self._events
            if not (event.ref in gone and event.type in ("left", "moved"))
        ]
        if len(kept) < len(self._events):
            self._events = kept
            self._times = [event.t for event in kept]
            self._stale = True

    # ------------------------------------------------------------------ inside
    def _insert(self, events: Sequence[Event]) -> None:
        """Put events of one instant in their place: by source and number, not by arrival."""
        t = events[0].t
        first, last = bisect.bisect_left(self._times, t), bisect.bisect_right(self._times, t)
        together = sorted((*self._events[first:last], *events), key=_order)
        self._events[first:last] = together
        self._times[first:last] = [t] * len(together)
        for event in events:
            if event.type != "sighted" or event.ref not in self._by_ref:
                self._by_ref[event.ref] = event

    def _step(self, events: Sequence[Event], now: int) -> list[Verdict]:
        out = self.monitor.step(events, now)
        self._last = now
        self._since += len(events)
        if self._since >= SNAPSHOT_EVERY:
            self._since = 0
            self._snapshots.append(
                (now, bisect.bisect_right(self._times, now), self.monitor.snapshot())
            )
            del self._snapshots[:-SNAPSHOTS_KEPT]
        return out

    def _rewind(self, earliest: int) -> list[Verdict]:
        until = self._last
        while self._snapshots and self._snapshots[-1][0] >= earliest:
            self._snapshots.pop()
        if self._snapshots:
            self._last, start, state = self._snapshots[-1]
            self.monitor = Monitor.restore(self._standards, state)
        else:
            self._last, start = -1, 0
            self.monitor = Monitor(self._standards)
        self._since, since = 0, self._last
        out: list[Verdict] = []
        while start < len(self._events):
            t = self._times[start]
            end = bisect.bisect_right(self._times, t)
            out += self._step(self._events[start:end], t)
            start = end
        if until > self._last:
            out += self._step([], until)
        return out + self._withdrawn(out, since)

    def _withdrawn(self, found: Sequence[Verdict], since: int) -> list[Verdict]:
        """Verdicts reached after the snapshot that the replay knows nothing of any more.

        As known now nothing was owed there: a late end of a movement, say, came before the
        trigger. That is said as a revision, so that an alert which rests on it is closed.
        """
        again = {_key(verdict) for verdict in found}
        again |= {(item.standard, item.version, item.trigger) for item in self.monitor.open()}
        gone = [
            verdict
            for key, verdict in self._verdicts.items()
            if key not in again and (verdict.decided_at or 0) > since
        ]
        for verdict in gone:
            del self._verdicts[_key(verdict)]
        return [
            msgspec.structs.replace(
                verdict,
                verdict="kept",
                by=(verdict.trigger,),
                reason="withdrawn: as known now nothing was owed here",
            )
            for verdict in gone
        ]

    def _judge(self, verdicts: Sequence[Verdict]) -> list[Judged]:
        out = []
        for verdict in verdicts:
            key = _key(verdict)
            self._verdicts[key] = verdict
            held = self._held.get(key)
            if held is not None and held[0] == verdict.verdict:
                continue
            rev = 0 if held is None else held[1] + 1
            self._held[key] = (verdict.verdict, rev)
            out.append(Judged(verdict, rev))
        return out


def _key(verdict: Verdict) -> tuple[str, int, Any]:
    return (verdict.standard, verdict.version, verdict.trigger)


def _order(event: Event) -> tuple[str, int, str, str]:
    """Within one instant: by who numbered it; of one record the derived event comes last."""
    return (event.source, event.seq, str(event.ref), "" if event.type == "sighted" else event.type)


def event_of(  # noqa: PLR0913 - an event has that many attributes
    alias: str,
    t: int,
    values: Mapping[str, Any],
    *,
    source: str,
    seq: int,
    ref: str,
    party: str | None,
    acting: str | None,
    by: str | None,
    replaces: str | None = None,
) -> Event:
    """An event as the monitor reads it."""
    return Event(
        t=t,
        type=alias,
        source=source,
        seq=seq,
        data=dict(values),
        ref=ref,
        party=party,
        acting=acting,
        by=by,
        replaces=replaces,
    )
