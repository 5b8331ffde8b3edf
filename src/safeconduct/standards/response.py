"""`when A then within D: B or C`: each A opens an obligation that the first B or C discharges."""

from collections import deque
from typing import Any

import msgspec

from safeconduct.standards.compiled import Compiled
from safeconduct.standards.language import Response, show_span
from safeconduct.standards.machine import ENDED, Answer, Machine, Noted, in_order
from safeconduct.standards.matching import DOUBT, NO, YES, Key, Matcher
from safeconduct.standards.past import Seen
from safeconduct.standards.standing import Standing
from safeconduct.standards.verdicts import Event, Obligation, Verdict
from safeconduct.standards.wording import lapse, name, neither


class Due(msgspec.Struct):
    """An open obligation.

    `keys` are its join keys, one for each set of variables that answers share; `doubt` is an
    event that may be an answer, `sure` is false where a compared field of the trigger is missing.
    """

    seen: Seen
    deadline: int
    keys: list[tuple[str | int, ...]]
    bindings: dict[str, Any]
    sure: bool = True
    doubt: Seen | None = None
    done: bool = False


class ResponseMachine(Machine):
    """State: open obligations in the order of their deadlines, and by join key of each answer."""

    def __init__(self, compiled: Compiled, rule: Response) -> None:
        super().__init__(compiled)
        self.rule = rule
        self._trigger = Matcher(rule.trigger)
        self._variables = rule.trigger.variables
        bounds = [
            tuple(var for var in self._variables if var in atom.variables) for atom in rule.answers
        ]
        joins = list(dict.fromkeys(bounds))
        self._join = [joins.index(bound) for bound in bounds]
        self._own = [self._trigger.projector(join) for join in joins]
        self._answers = [Matcher(atom) for atom in rule.answers]
        self._keys = [
            matcher.projector(bound) for matcher, bound in zip(self._answers, bounds, strict=True)
        ]
        self._standing = {
            i: Standing(self._answers[i], self.identity(atom), bounds[i], ())
            for i, atom in enumerate(rule.answers)
            if atom.valid
        }
        self._names = [name(atom) for atom in rule.answers]
        self._late = f"{neither(rule.answers)} within {show_span(rule.within)}"
        self._waiting: list[dict[Key, dict[int, Due]]] = [{} for _ in joins]
        self._queue: deque[Due] = deque()
        self._open = 0
        self._started: list[Noted] = []
        self._answered: list[tuple[int, Event, Seen, int]] = []
        self.roles = [(rule.trigger.type, -1)]
        for i, atom in enumerate(rule.answers):
            types = self._standing[i].types if atom.valid else (atom.type,)
            self.roles += [(name, i) for name in types]

    def take(self, role: int, event: Event, seen: Seen) -> bool:
        """As `Machine.take`."""
        if role == -1:
            fit = self._trigger.test(event)
            if fit == NO or not self.governs(event.t):
                return False
            self._started.append((event, seen, fit == YES))
            return True
        if role in self._standing:
            self._standing[role].take(event, seen)
            return True
        fit = self._answers[role].test(event)
        if fit == NO:
            return False
        self._answered.append((role, event, seen, fit))
        return True

    def settle(self, now: int, out: list[Verdict]) -> None:
        """As `Machine.settle`."""
        opened = [self._start(noted) for noted in self._started]
        self._started.clear()
        for role, event, seen, fit in self._answered:
            waiting = self._waiting[self._join[role]].get(self._keys[role](event))
            if waiting:
                for due in list(waiting.values()):
                    self._answer(role, due, seen, fit, now, out)
        self._answered.clear()
        for role, standing in self._standing.items():
            standing.pulse(now)
            for due in opened:
                standing.touched[due.keys[self._join[role]]] = None
            self._look(role, standing, now, now, out)
        if len(self._queue) > 2 * self._open + 256:
            self._queue = deque(due for due in self._queue if not due.done)

    def _look(self, role: int, standing: Standing, at: int, now: int, out: list[Verdict]) -> None:
        """Discharge what waits for a record that stands at the instant `at`."""
        for key in standing.touched:
            waiting = self._waiting[self._join[role]].get(key)
            found = standing.holds(key, at) if waiting else None
            if waiting and found is not None:
                for due in list(waiting.values()):
                    if due.seen.t <= at <= due.deadline:
                        self._answer(role, due, found.seen, YES if found.sure else DOUBT, now, out)
        standing.touched.clear()

    def _start(self, noted: Noted) -> Due:
        event, seen, sure = noted
        keys = [own(event) for own in self._own]
        due = Due(seen, event.t + self.rule.within, keys, self._trigger.bindings(event), sure)
        for waiting, key in zip(self._waiting, keys, strict=True):
            waiting.setdefault(key, {})[due.seen.n] = due
        self._queue.append(due)
        self._open += 1
        return due

    def _answer(
        self, role: int, due: Due, seen: Seen, fit: int, now: int, out: list[Verdict]
    ) -> None:
        if fit == DOUBT:
            due.doubt = due.doubt or seen
            return
        self._close(due)
        self.say(
            out,
            "kept",
            due.seen,
            (seen,),
            due.bindings,
            f"{self._names[role]} after {lapse(now - due.seen.t)}",
            deadline=due.deadline,
            at=now,
        )

    def _close(self, due: Due) -> None:
        due.done = True
        self._open -= 1
        for waiting, key in zip(self._waiting, due.keys, strict=True):
            group = waiting[key]
            del group[due.seen.n]
            if not group:
                del waiting[key]

    def advance(self, now: int, out: list[Verdict]) -> None:
        """As `Machine.advance`."""
        for role, standing in self._standing.items():
            while (moment := standing.due()) is not None and moment < now:
                standing.pulse(moment)
                self._look(role, standing, moment, now, out)
        queue = self._queue
        while queue and (queue[0].done or queue[0].deadline < now):
            due = queue.popleft()
            if not due.done:
                self._close(due)
                self._missed(due, now, out)

    def _missed(self, due: Due, now: int, out: list[Verdict]) -> None:
        by = () if due.doubt is None else (due.doubt,)
        told: Answer = "breached" if due.sure and due.doubt is None else "cannot_tell"
        reason = self._late if told == "breached" else "a compared field is missing"
        self.say(
            out,
            told,
            due.seen,
            by,
            due.bindings,
            reason,
            deadline=due.deadline,
            at=now,
        )

    def due(self) -> int | None:
        """As `Machine.due`."""
        queue = self._queue
        while queue and queue[0].done:
            queue.popleft()
        soonest = queue[0].deadline if queue else None
        for item in self._standing.values():
            moment = item.due()
            if moment is not None and (soonest is None or moment < soonest):
                soonest = moment
        return soonest

    def open(self) -> list[Obligation]:
        """As `Machine.open`."""
        return [
            Obligation(
                self.standard.id,
                self.standard.version,
                due.seen.ref,
                due.seen.t,
                due.deadline,
                due.bindings,
            )
            for due in self._queue
            if not due.done
        ]

    def finish(self, out: list[Verdict]) -> None:
        """As `Machine.finish`."""
        for due in self._queue:
            if not due.done:
                at = due.deadline
                self.say(out, "cannot_tell", due.seen, (), due.bindings, ENDED, deadline=at)

    def save(self) -> Any:
        """As `Machine.save`."""
        return {
            "open": [msgspec.to_builtins(due) for due in self._queue if not due.done],
            "standing": [item.save() for item in self._standing.values()],
        }

    def load(self, value: Any) -> None:
        """As `Machine.load`."""
        self._queue = deque(msgspec.convert(item, Due) for item in value["open"])
        self._open = len(self._queue)
        self._waiting = [{} for _ in self._own]
        for due in self._queue:
            due.bindings = in_order(due.bindings, self._variables)
            for waiting, key in zip(self._waiting, due.keys, strict=True):
                waiting.setdefault(key, {})[due.seen.n] = due
        for item, saved in zip(self._standing.values(), value["standing"], strict=True):
            item.load(saved)
