"""The monitor: standards over a stream of events, one instant after another.

All events of one instant are one set: the order within it never matters. Bounds are inclusive,
and a deadline is decided by the first instant after it. The same engine judges the stream as it
comes, a whole log, a plan not yet carried out, and past events under a draft.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

import msgspec

from safeconduct.kernel.errors import Malformed, StateUnknown
from safeconduct.standards.compiled import Compiled
from safeconduct.standards.language import (
    Apart,
    Before,
    FromUntil,
    Never,
    Response,
    WhileValid,
    show,
)
from safeconduct.standards.machine import Machine
from safeconduct.standards.never import ApartMachine, NeverMachine
from safeconduct.standards.past import Seen
from safeconduct.standards.precondition import BeforeMachine
from safeconduct.standards.recurring import FromUntilMachine, WhileValidMachine
from safeconduct.standards.response import ResponseMachine
from safeconduct.standards.verdicts import TICK, Event, Obligation, Verdict, output_order

SNAPSHOT = 1
"""Version of the snapshot's shape; another one is not restored but recomputed."""

_FAR = 2**63
_time = attrgetter("t")
_Take = Callable[[int, Event, Seen], bool]


def _machine(compiled: Compiled) -> Machine:
    match compiled.rule:
        case Response() as rule:
            return ResponseMachine(compiled, rule)
        case Before() as rule:
            return BeforeMachine(compiled, rule)
        case FromUntil() as rule:
            return FromUntilMachine(compiled, rule)
        case WhileValid() as rule:
            return WhileValidMachine(compiled, rule)
        case Apart() as rule:
            return ApartMachine(compiled, rule)
        case Never() as rule:
            return NeverMachine(compiled, rule)


class Monitor:
    """Judges a stream. Owns its state; the same calls give the same verdicts everywhere."""

    def __init__(self, standards: Sequence[Compiled]) -> None:
        self._standards = tuple(standards)
        self._machines = [_machine(item) for item in self._standards]
        self._by_type: dict[str, list[tuple[_Take, int, int]]] = {}
        for index, machine in enumerate(self._machines):
            for kind, role in machine.roles:
                self._by_type.setdefault(kind, []).append((machine.take, role, index))
        self._now: int | None = None
        self._count = 0
        self._dues = [_FAR] * len(self._machines)
        self._next = _FAR

    @property
    def standards(self) -> tuple[Compiled, ...]:
        """The standards it judges."""
        return self._standards

    @property
    def now(self) -> int | None:
        """The last instant that it has seen, ms, or None."""
        return self._now

    def step(self, events: Sequence[Event], now: int) -> list[Verdict]:
        """All events of one instant, possibly none (a tick), and what they decide.

        Args:
            events: the events with `t == now`; their order breaks ties between witnesses only.
            now: milliseconds; strictly later than in the last call.

        Returns:
            Verdicts decided at `now`, in the order of output.

        Raises:
            Malformed: time does not advance, or an event is of another instant.
        """
        if self._now is not None and now <= self._now:
            raise Malformed(
                f"the instant {now} does not come after {self._now}",
                why="all events of one instant are one set and are judged together",
                do="merge them into one step, or recompute from a snapshot for a late event",
            )
        for event in events:
            if event.t != now:
                raise Malformed(f"an event of {event.t} was handed in at {now}")
        self._now = now
        return self._step(events, now)

    def _step(self, events: Iterable[Event], now: int) -> list[Verdict]:
        out: list[Verdict] = []
        touched: set[int] = set()
        if now >= self._next:
            for index, moment in enumerate(self._dues):
                if moment <= now:
                    self._machines[index].advance(now, out)
                    touched.add(index)
        by_type = self._by_type
        for event in events:
            subscribed = by_type.get(event.type)
            self._count += 1
            if subscribed is not None:
                seen = Seen(now, self._count, event.ref)
                for take, role, index in subscribed:
                    if take(role, event, seen):
                        touched.add(index)
        if touched:
            for index in touched:
                machine = self._machines[index]
                machine.settle(now, out)
                due = machine.due()
                self._dues[index] = _FAR if due is None else due
            self._next = min(self._dues)
        if len(out) > 1:
            out.sort(key=output_order)
        return out

    def next_deadline(self) -> int | None:
        """The earliest instant after which time alone may decide something, ms, or None.

        A timer that steps at this instant plus one decides it.
        """
        return min((m for x in self._machines if (m := x.due()) is not None), default=None)

    def open(self) -> list[Obligation]:
        """All open obligations, by deadline, then standard and trigger."""
        found = [item for machine in self._machines for item in machine.open()]
        return sorted(found, key=lambda o: (o.deadline, o.standard, o.version, str(o.trigger)))

    def finish(self) -> list[Verdict]:
        """The open obligations as `cannot_tell` that nothing decided; changes nothing."""
        out: list[Verdict] = []
        for machine in self._machines:
            machine.finish(out)
        return sorted(out, key=output_order)

    def _fingerprint(self) -> list[list[Any]]:
        return [
            [c.standard.id, c.standard.version, show(c.rule), c.standard.in_force_from,
             c.standard.in_force_until]
            for c in self._standards
        ]  # fmt: skip

    def snapshot(self) -> dict[str, Any]:
        """The whole state as a plain value that has a canonical form."""
        return {
            "snapshot": SNAPSHOT,
            "standards": self._fingerprint(),
            "now": self._now,
            "count": self._count,
            "state": msgspec.to_builtins([machine.save() for machine in self._machines]),
        }

    @classmethod
    def restore(cls, standards: Sequence[Compiled], snapshot: dict[str, Any]) -> "Monitor":
        """A monitor that goes on where the snapshot was taken.

        Raises:
            StateUnknown: it was taken for other standards or by another version; recompute.
        """
        monitor = cls(standards)
        same = snapshot.get("snapshot") == SNAPSHOT
        if not same or snapshot.get("standards") != monitor._fingerprint():
            raise StateUnknown(
                "the snapshot is not of these standards",
                why="a standard, its version or the snapshot's shape has changed",
                do="recompute from the log",
            )
        for machine, saved in zip(monitor._machines, snapshot["state"], strict=True):
            machine.load(saved)
        monitor._now, monitor._count = snapshot["now"], snapshot["count"]
        monitor._dues = [
            _FAR if (due := machine.due()) is None else due for machine in monitor._machines
        ]
        monitor._next = min(monitor._dues, default=_FAR)
        return monitor


def run(standards: Sequence[Compiled], events: Iterable[Event]) -> list[Verdict]:
    """Judge a whole trace, in any order: sort, merge instants, step, finish.

    Events of the type `tick` carry time alone. Events of one instant keep their given order.

    Returns:
        All verdicts in the order of output, the undecided last.
    """
    monitor = Monitor(standards)
    out: list[Verdict] = []
    step = monitor.step
    for now, group in groupby(sorted(events, key=_time), key=_time):
        out += step([event for event in group if event.type != TICK], now)
    out += monitor.finish()
    return out


def plan(standards: Sequence[Compiled], events: Iterable[Event]) -> list[Verdict]:
    """Judge what is only planned: the same engine over a hypothetical trace.

    Write each planned act as the event that it will be, at the instant for which it is planned,
    and end with a tick at the plan's last instant.
    """
    return run(standards, events)
