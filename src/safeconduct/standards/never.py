"""`never A`, and `never A within D of B where x != y`: judged at the instant of A."""

from typing import Any

from safeconduct.standards.compiled import Compiled
from safeconduct.standards.language import Apart, Never, show_span
from safeconduct.standards.machine import Machine, Noted, key_in, shared
from safeconduct.standards.matching import NO, YES, Matcher
from safeconduct.standards.past import Past, Seen
from safeconduct.standards.verdicts import Event, Verdict
from safeconduct.standards.wording import name


class NeverMachine(Machine):
    """No state: each A is a breach."""

    def __init__(self, compiled: Compiled, rule: Never) -> None:
        super().__init__(compiled)
        self._trigger = Matcher(rule.trigger)
        self._started: list[Noted] = []
        self._reason = f"{name(rule.trigger)} is never allowed"
        self.roles = [(rule.trigger.type, -1)]

    def take(self, role: int, event: Event, seen: Seen) -> bool:
        """As `Machine.take`."""
        fit = self._trigger.test(event) if role == -1 else NO
        if fit == NO or not self.governs(event.t):
            return False
        self._started.append((event, seen, fit == YES))
        return True

    def settle(self, now: int, out: list[Verdict]) -> None:
        """As `Machine.settle`."""
        for event, seen, sure in self._started:
            bindings = self._trigger.bindings(event)
            if sure:
                self.say(out, "breached", seen, (), bindings, self._reason, at=now)
            else:
                reason = "a compared field is missing"
                self.say(out, "cannot_tell", seen, (), bindings, reason, at=now)
        self._started.clear()


class ApartMachine(Machine):
    """State: each B of the window, by the variables that it shares with A."""

    def __init__(self, compiled: Compiled, rule: Apart) -> None:
        super().__init__(compiled)
        self.rule = rule
        self._trigger = Matcher(rule.trigger)
        self._variables = rule.trigger.variables
        self._values = self._trigger.projector(self._variables)
        self._bound = shared(rule.other, self._variables)
        self._free = tuple(
            var
            for var in rule.other.variables
            if var in (rule.where or ()) and var not in self._variables
        )
        self._past = Past(Matcher(rule.other), self._bound, self._free)
        self._past.window = rule.within
        self._started: list[Noted] = []
        self.roles = [(rule.other.type, 0), (rule.trigger.type, -1)]

    def take(self, role: int, event: Event, seen: Seen) -> bool:
        """As `Machine.take`."""
        if role == 0:
            fit = self._past.matcher.test(event)
            if fit != NO:
                self._past.take(event, seen, fit)
            return False
        fit = self._trigger.test(event)
        if fit == NO or not self.governs(event.t):
            return False
        self._started.append((event, seen, fit == YES))
        return True

    def settle(self, now: int, out: list[Verdict]) -> None:
        """As `Machine.settle`."""
        for noted in self._started:
            self._judge(noted, now, out)
        self._started.clear()

    def _judge(self, noted: Noted, now: int, out: list[Verdict]) -> None:
        event, seen, sure = noted
        bindings = self._trigger.bindings(event)
        doubtful: Seen | None = None
        words = f"{name(self.rule.other)} in the {show_span(self.rule.within)} before"
        values = dict(zip(self._variables, self._values(event), strict=True))
        for found in self._past.candidates(key_in(self._bound, values), now, seen):
            here = {**values, **dict(zip(self._free, found.free, strict=True))}
            where = self.rule.where
            if where is not None and here[where[0]] == here[where[1]]:
                continue
            if found.sure and sure:
                self.say(out, "breached", seen, (found.seen,), bindings, words, at=now)
                return
            doubtful = doubtful or found.seen
        if doubtful is not None:
            reason = f"{words}: a compared field is missing"
            self.say(out, "cannot_tell", seen, (doubtful,), bindings, reason, at=now)
        else:
            self.say(out, "kept", seen, (), bindings, f"no {words}", at=now)

    def save(self) -> Any:
        """As `Machine.save`."""
        return self._past.save()

    def load(self, value: Any) -> None:
        """As `Machine.load`."""
        self._past.load(value)
