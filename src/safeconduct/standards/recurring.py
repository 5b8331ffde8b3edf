"""`from A until B need C every D` and `while valid A need B every D`: a chain of obligations.

A chain lives for one set of values of the first atom's variables. Its pending obligation counts
from the start or the last report; one silent interval is one breach, and after a breach nothing
is due until the next report. A report must come strictly after what it follows.
"""

from collections import deque
from typing import Any

import msgspec

from safeconduct.standards.compiled import Compiled
from safeconduct.standards.language import FromUntil, WhileValid, show_span
from safeconduct.standards.machine import ENDED, Machine, Noted, in_order, shared
from safeconduct.standards.matching import NO, YES, Key, Matcher, restored
from safeconduct.standards.past import Seen
from safeconduct.standards.standing import Standing
from safeconduct.standards.verdicts import Event, Obligation, Verdict
from safeconduct.standards.wording import lapse, name


class Chain(msgspec.Struct):
    """One chain. `since` is the instant from which the pending interval counts.

    `deadline` is None while nothing is due. `sure` is false where a compared field was missing
    in its start or end; `doubt` is a report of the pending interval that may be one.
    """

    key: tuple[str | int, ...]
    bindings: dict[str, Any]
    trigger: Seen
    since: int
    deadline: int | None
    sure: bool = True
    doubt: Seen | None = None


class Recurring(Machine):
    """State: the chains, by their values and by what a report or an end names of them."""

    def __init__(self, compiled: Compiled, rule: FromUntil | WhileValid, first: Matcher) -> None:
        super().__init__(compiled)
        self.every = rule.every
        self._first = first
        self._variables = first.atom.variables
        self._heard = Matcher(rule.heard)
        self._name = name(rule.heard)
        self._joins = [shared(rule.heard, self._variables)]
        self._heard_key = self._heard.projector(self._joins[0])
        self._chains: dict[Key, Chain] = {}
        self._index: list[dict[Key, dict[Key, None]]] = [{}]
        self._queue: deque[tuple[int, Key]] = deque()
        self._reports: list[Noted] = []

    def _part(self, key: Key, join: int) -> Key:
        return tuple(key[self._variables.index(var)] for var in self._joins[join])

    def _begin(self, chain: Chain) -> None:
        self._chains[chain.key] = chain
        for join, index in enumerate(self._index):
            index.setdefault(self._part(chain.key, join), {})[chain.key] = None
        self._await(chain)

    def _await(self, chain: Chain) -> None:
        """Count a new interval from `chain.since`."""
        chain.doubt = None
        chain.deadline = chain.since + self.every
        self._queue.append((chain.deadline, chain.key))

    def _stop(self, chain: Chain) -> None:
        del self._chains[chain.key]
        for join, index in enumerate(self._index):
            part = self._part(chain.key, join)
            del index[part][chain.key]
            if not index[part]:
                del index[part]

    def _along(self, join: int, part: Key) -> list[Chain]:
        return [self._chains[key] for key in self._index[join].get(part, ())]

    def _keep(
        self, chain: Chain, by: tuple[Seen, ...], reason: str, now: int, out: list[Verdict]
    ) -> None:
        trigger = chain.trigger
        self.say(out, "kept", trigger, by, chain.bindings, reason, deadline=chain.deadline, at=now)

    def _hear(self, now: int, out: list[Verdict]) -> None:
        """Reports of this instant discharge what was pending before it, and open the next."""
        for event, seen, sure in self._reports:
            for chain in self._along(0, self._heard_key(event)):
                if chain.since >= now:
                    continue
                if not sure:
                    chain.doubt = chain.doubt or seen
                    continue
                if chain.deadline is not None:
                    self._keep(
                        chain, (seen,), f"{self._name} after {lapse(now - chain.since)}", now, out
                    )
                chain.trigger, chain.since = seen, now
                self._next(chain)
        self._reports.clear()
        if len(self._queue) > 2 * len(self._chains) + 256:
            self._queue = deque(item for item in self._queue if self._pending(*item))

    def _next(self, chain: Chain) -> None:
        """Count the interval that begins with a report."""
        self._await(chain)

    def _expire(self, before: int, now: int, out: list[Verdict]) -> None:
        """Decide obligations whose deadline lies strictly before an instant."""
        queue = self._queue
        while queue and queue[0][0] < before:
            deadline, key = queue.popleft()
            chain = self._chains.get(key)
            if chain is None or chain.deadline != deadline:
                continue
            chain.deadline = None
            trigger = chain.trigger
            if chain.sure and chain.doubt is None:
                reason = f"no {self._name} for {show_span(self.every)}"
                by: tuple[Seen, ...] = ()
                self.say(
                    out, "breached", trigger, by, chain.bindings, reason, deadline=deadline, at=now
                )
            else:
                by = () if chain.doubt is None else (chain.doubt,)
                reason = "a compared field is missing"
                self.say(
                    out,
                    "cannot_tell",
                    trigger,
                    by,
                    chain.bindings,
                    reason,
                    deadline=deadline,
                    at=now,
                )

    def _pending(self, deadline: int, key: Key) -> bool:
        chain = self._chains.get(key)
        return chain is not None and chain.deadline == deadline

    def advance(self, now: int, out: list[Verdict]) -> None:
        """As `Machine.advance`."""
        self._expire(now, now, out)

    def due(self) -> int | None:
        """As `Machine.due`."""
        while self._queue and not self._pending(*self._queue[0]):
            self._queue.popleft()
        return self._queue[0][0] if self._queue else None

    def _waiting(self) -> list[Chain]:
        return [chain for chain in self._chains.values() if chain.deadline is not None]

    def open(self) -> list[Obligation]:
        """As `Machine.open`."""
        standard = self.standard
        return [
            Obligation(
                standard.id, standard.version, c.trigger.ref, c.since, c.deadline or 0, c.bindings
            )
            for c in self._waiting()
        ]

    def finish(self, out: list[Verdict]) -> None:
        """As `Machine.finish`."""
        for c in self._waiting():
            self.say(out, "cannot_tell", c.trigger, (), c.bindings, ENDED, deadline=c.deadline)

    def save(self) -> Any:
        """As `Machine.save`."""
        return [msgspec.to_builtins(chain) for chain in self._chains.values()]

    def load(self, value: Any) -> None:
        """As `Machine.load`."""
        self._chains, self._index = {}, [{} for _ in self._index]
        for item in value:
            chain = msgspec.convert(item, Chain)
            chain.bindings = in_order(chain.bindings, self._variables)
            self._chains[chain.key] = chain
            for join, index in enumerate(self._index):
                index.setdefault(self._part(chain.key, join), {})[chain.key] = None
        pending = [(c.deadline, c.key) for c in self._waiting() if c.deadline is not None]
        self._queue = deque(sorted(pending, key=lambda item: item[0]))


class FromUntilMachine(Recurring):
    """`from A until B need C every D`: B ends the chain and discharges what is pending."""

    def __init__(self, compiled: Compiled, rule: FromUntil) -> None:
        super().__init__(compiled, rule, Matcher(rule.start))
        self._end = Matcher(rule.end)
        self._joins.append(shared(rule.end, self._variables))
        self._index.append({})
        self._values = self._first.projector(self._variables)
        self._end_key = self._end.projector(self._joins[1])
        self._starts: list[Noted] = []
        self._ends: list[Noted] = []
        self.roles = [(rule.start.type, 0), (rule.heard.type, 1), (rule.end.type, 2)]

    def take(self, role: int, event: Event, seen: Seen) -> bool:
        """As `Machine.take`."""
        matcher, notes = (
            (self._first, self._starts),
            (self._heard, self._reports),
            (self._end, self._ends),
        )[role]
        fit = matcher.test(event)
        if fit == NO or (role == 0 and not self.governs(event.t)):
            return False
        notes.append((event, seen, fit == YES))
        return True

    def settle(self, now: int, out: list[Verdict]) -> None:
        """As `Machine.settle`."""
        self._hear(now, out)
        fresh = {self._start(noted, out) for noted in self._starts}
        self._starts.clear()
        for noted in self._ends:
            for chain in self._along(1, self._end_key(noted[0])):
                begun = chain.since < now or chain.key in fresh
                self._finish(chain, noted, now, out if begun else None)
        self._ends.clear()

    def _start(self, noted: Noted, out: list[Verdict]) -> Key:
        event, seen, sure = noted
        key = self._values(event)
        chain = self._chains.get(key)
        if chain is not None and (chain.sure or not sure):
            return ()  # already running: a second start demands nothing more
        if chain is not None:
            if chain.deadline is not None:
                reason = "whether it had begun cannot be told"
                self.say(
                    out,
                    "cannot_tell",
                    chain.trigger,
                    (seen,),
                    chain.bindings,
                    reason,
                    deadline=chain.deadline,
                    at=event.t,
                )
            self._stop(chain)
        bindings = self._first.bindings(event)
        self._begin(Chain(key, bindings, seen, event.t, None, sure))
        return key

    def _finish(self, chain: Chain, noted: Noted, now: int, out: list[Verdict] | None) -> None:
        """End a chain; without `out`, what began at this very instant owes nothing."""
        _, seen, sure = noted
        if not sure:
            chain.sure = False
            if chain.deadline is not None:
                chain.doubt = chain.doubt or seen
            return
        if chain.deadline is not None and out is not None:
            reason = f"{name(self._end.atom)} after {lapse(now - chain.since)}"
            self._keep(chain, (seen,), reason, now, out)
        self._stop(chain)


class WhileValidMachine(Recurring):
    """`while valid A need B every D`: first due D after A came to stand, never after its end."""

    def __init__(self, compiled: Compiled, rule: WhileValid) -> None:
        first = Matcher(rule.standing)
        super().__init__(compiled, rule, first)
        self._standing = Standing(first, self.identity(rule.standing), self._variables, ())
        self.roles = [(kind, 0) for kind in self._standing.types] + [(rule.heard.type, 1)]

    def take(self, role: int, event: Event, seen: Seen) -> bool:
        """As `Machine.take`."""
        if role == 0:
            self._standing.take(event, seen)
            return True
        fit = self._heard.test(event)
        if fit == NO:
            return False
        self._reports.append((event, seen, fit == YES))
        return True

    def advance(self, now: int, out: list[Verdict]) -> None:
        """As `Machine.advance`."""
        while (moment := self._standing.due()) is not None and moment < now:
            self._standing.pulse(moment)
            self._expire(moment, now, out)
            self._look(moment, now, out)
        self._expire(now, now, out)

    def settle(self, now: int, out: list[Verdict]) -> None:
        """As `Machine.settle`."""
        self._hear(now, out)
        self._standing.pulse(now)
        self._look(now, now, out)

    def _look(self, at: int, now: int, out: list[Verdict]) -> None:
        """Begin and end chains by what stands at the instant `at`."""
        for key in self._standing.touched:
            found, chain = self._standing.holds(key, at), self._chains.get(key)
            if found is not None and chain is None:
                bindings = {
                    var: restored(value) for var, value in zip(self._variables, key, strict=True)
                }
                since = max(at, self.standard.in_force_from or at)
                self._begin(Chain(key, bindings, found.seen, since, None, found.sure))
            elif found is not None and chain is not None:
                chain.sure = chain.sure and found.sure
            elif chain is not None:
                if chain.deadline is not None and chain.since < at:
                    reason = f"no longer {name(self._first.atom)}"
                    self._keep(chain, (), reason, now, out)
                self._stop(chain)
        self._standing.touched.clear()

    def _await(self, chain: Chain) -> None:
        until = self.standard.in_force_until
        if until is None or chain.since < until:
            super()._await(chain)
        else:
            chain.deadline = None

    def _next(self, chain: Chain) -> None:
        found = self._standing.holds(chain.key, chain.since)
        chain.sure = found is None or found.sure
        self._await(chain)

    def save(self) -> Any:
        """As `Machine.save`."""
        return {"chains": super().save(), "standing": self._standing.save()}

    def load(self, value: Any) -> None:
        """As `Machine.load`."""
        super().load(value["chains"])
        self._standing.load(value["standing"])

    def due(self) -> int | None:
        """As `Machine.due`."""
        moments = [m for m in (super().due(), self._standing.due()) if m is not None]
        return min(moments, default=None)
