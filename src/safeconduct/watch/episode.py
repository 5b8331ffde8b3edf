"""One episode: a standard that was not kept, from its trigger, and the rungs that follow.

All that an episode wants is a function of its inputs (verdict, acknowledgement, ending event,
retraction) less what is already `done`. So a restart that reads the same log wants the same
things, and a late tick wants what a punctual one wanted, with the same instants.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from safeconduct.watch.model import (
    Change,
    Escalate,
    Intent,
    Ladder,
    PlaceHold,
    Raise,
    StandardInfo,
    Step,
    Tell,
)

NEVER = 2**53
"""Later than any instant."""

AFTER = 1
"""Bounds are inclusive: an act exactly at a rung's instant keeps, so the rung falls 1 ms later."""

PAGE_EVERY_MS = 120_000
"""Ours: short enough to lose one rung of five minutes at most to a missed call."""

PAGE_TIMES = 30
"""Ours: one hour of pages; whoever has not answered by then is not reached by a thirty-first."""

_RANK = {Raise: 0, Escalate: 1, PlaceHold: 2, Tell: 3, Change: 4}


class Episode(msgspec.Struct):
    """Mutable; owned by one `Watch`. Times are instants in ms, `None` while they have not come."""

    standard: StandardInfo
    ladder: Ladder
    subject: str
    trigger_ref: str
    trigger_time: int
    alert_id: str
    hold_id: str
    deadline: int
    bindings: dict[str, Any]
    partial: bool = False
    """True if the bindings were read back from `raised`, which has fewer of them."""
    acknowledged_at: int | None = None
    acknowledged_by: str = ""
    ended_at: int | None = None
    ended_by: str = ""
    retracted_at: int | None = None
    retracted_by: str = ""
    generation: int = 0
    """How often the verdict came back after a retraction."""
    pages_from: int = 0
    """Pages due before this instant are left out: they fell while the verdict was retracted."""
    released: bool = False
    next_at: int = 0
    """When something is wanted next; 0 if an input came since that was computed."""
    done: set[tuple[Any, ...]] = msgspec.field(default_factory=set)

    def falls(self, step: Step) -> int:
        """The first instant at which that rung has fallen."""
        return self.trigger_time + step.at_ms + AFTER

    @property
    def raised(self) -> bool:
        """Whether the alert is on record, in this generation."""
        return ("raise", self.generation) in self.done

    @property
    def held(self) -> bool:
        """Whether its hold stands."""
        return ("hold",) in self.done and not self.released

    @property
    def over(self) -> bool:
        """Whether the ladder has ended, by an event or by retraction."""
        return self.ended_at is not None or self.retracted_at is not None

    def agrees(self, values: Mapping[str, Any]) -> bool:
        """Whether an event speaks of this episode: equal on every name that both have.

        The subject must be named: a `left` without its vehicle ends nobody's clock.
        """
        if any(name in values and values[name] != mine for name, mine in self.bindings.items()):
            return False
        pinned = [name for name, mine in self.bindings.items() if mine == self.subject]
        if self.partial or not self.bindings:
            return self.subject in values.values()
        if pinned:
            return all(name in values for name in pinned)
        return any(name in values for name in self.bindings)

    def undone(self) -> Iterator[Intent]:
        """What is wanted now or later and not done yet, as if nothing more came in."""
        for intent in self._wanted():
            if not self.is_done(intent):
                yield intent

    def take(self, now: int) -> list[Intent]:
        """What has fallen due by `now`; it counts as done from here on."""
        out = []
        self.next_at = NEVER
        for intent in list(self.undone()):
            if intent.at <= now:
                self.done.add(self.key(intent))
                out.append(intent)
            else:
                self.next_at = min(self.next_at, intent.at)
        return out

    def due_next(self) -> int:
        """When something is wanted next if nothing comes in, or `NEVER`."""
        if not self.next_at:
            self.next_at = min((intent.at for intent in self.undone()), default=NEVER)
        return self.next_at

    def is_done(self, intent: Intent) -> bool:
        """Whether it was emitted or is on record."""
        if isinstance(intent, Tell) and ("tell", intent.step, intent.at) in self.done:
            return True
        return self.key(intent) in self.done

    def key(self, intent: Intent) -> tuple[Any, ...]:
        """What makes an intent of this episode one and the same."""
        match intent:
            case Raise():
                return ("raise", self.generation)
            case Tell():
                return ("tell", intent.step, intent.at, intent.role)
            case Escalate():
                return ("escalate", intent.step, intent.role)
            case PlaceHold():
                return ("hold",)
            case Change():
                return ("change", intent.state, self.generation)

    def _wanted(self) -> Iterator[Intent]:
        about, alert = self.subject, self.alert_id
        if self.retracted_at is not None:
            if self.raised:
                reason = f"retracted: {self.retracted_by}"
                yield Change(alert, about, "closed", reason, self.retracted_at)
            return
        fallen = [
            (number, step)
            for number, step in enumerate(self.ladder.steps, start=1)
            if self.ended_at is None or self.falls(step) <= self.ended_at
        ]
        for number, step in fallen:
            yield from self._rung(number, step)
        yield from self._pages(fallen)
        if self.ended_at is not None and (fallen or self.raised):
            yield Change(alert, about, "returned", self.ended_by, self.ended_at)

    def _rung(self, number: int, step: Step) -> Iterator[Intent]:
        at, place = self.falls(step), self.bindings.get
        if number == 1:
            yield Raise(
                self.alert_id,
                self.standard.id,
                self.standard.version,
                self.subject,
                place("site"),
                place("zone"),
                place("movement"),
                self.standard.severity,
                self.standard.owner,
                self._act_by(),
                at,
            )
        if step.do == "escalate":
            for role in step.to:
                yield Escalate(self.alert_id, self.subject, number, role, at)
        elif step.do == "hold":
            yield PlaceHold(
                self.hold_id,
                self.alert_id,
                place("zone"),
                place("site"),
                step.offers,
                self.ladder.clause,
                at,
                place("movement"),
            )
        for role in step.to:
            yield Tell(self.alert_id, self.subject, role, number, at)

    def _act_by(self) -> int:
        steps = self.ladder.steps
        return self.trigger_time + steps[1].at_ms if len(steps) > 1 else self.deadline

    def _pages(self, fallen: list[tuple[int, Step]]) -> Iterator[Intent]:
        if not fallen:
            return
        first = self.falls(fallen[0][1])
        for page in range(1, PAGE_TIMES + 1):
            at = first + page * PAGE_EVERY_MS
            if self.acknowledged_at is not None and at > self.acknowledged_at:
                return
            if self.ended_at is not None and at > self.ended_at:
                return
            if at < self.pages_from:
                continue
            told: dict[str, int] = {}
            for number, step in fallen:
                if self.falls(step) < at:
                    told.update({role: number for role in step.to if role not in told})
            for role, number in told.items():
                yield Tell(self.alert_id, self.subject, role, number, at, page)


def order(intent: Intent) -> tuple[int, int, str, int, str]:
    """The order in which intents are handed out: by instant, then by kind, then by name."""
    step = intent.step if isinstance(intent, Tell | Escalate) else 0
    role = intent.role if isinstance(intent, Tell | Escalate) else ""
    return (intent.at, _RANK[type(intent)], intent.alert_id, step, role)
