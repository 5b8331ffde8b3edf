"""`before A need P or Q; need R`: judged at the instant of A, whose other events count too."""

from typing import Any

from safeconduct.standards.compiled import Compiled
from safeconduct.standards.language import Before
from safeconduct.standards.machine import Machine, Noted, Source
from safeconduct.standards.matching import DOUBT, NO, YES, Matcher
from safeconduct.standards.needs import Finding, need_of
from safeconduct.standards.past import Seen
from safeconduct.standards.standing import Standing
from safeconduct.standards.verdicts import Event, Verdict


class BeforeMachine(Machine):
    """State: what happened, as far back as each precondition looks."""

    def __init__(self, compiled: Compiled, rule: Before) -> None:
        super().__init__(compiled)
        self._trigger = Matcher(rule.trigger)
        self._variables = rule.trigger.variables
        self._values = self._trigger.projector(self._variables)
        self._needs = [
            [need_of(self, part, self._variables) for part in need] for need in rule.needs
        ]
        self._sources: list[Source] = [
            source for need in self._needs for part in need for source in part.sources
        ]
        self._started: list[Noted] = []
        self.roles = [(rule.trigger.type, -1)]
        for i, source in enumerate(self._sources):
            own = (source.matcher.atom.type,)
            types = source.types if isinstance(source, Standing) else own
            self.roles += [(name, i) for name in types]

    def take(self, role: int, event: Event, seen: Seen) -> bool:
        """As `Machine.take`."""
        if role == -1:
            fit = self._trigger.test(event)
            if fit == NO or not self.governs(event.t):
                return False
            self._started.append((event, seen, fit == YES))
            return True
        source = self._sources[role]
        if isinstance(source, Standing):
            source.take(event, seen)
            source.touched.clear()
            return True
        elif (fit := source.matcher.test(event)) != NO:
            source.take(event, seen, fit)
        return False

    def settle(self, now: int, out: list[Verdict]) -> None:
        """As `Machine.settle`."""
        for event, seen, sure in self._started:
            finding = self._judge(event, seen)
            bindings = self._trigger.bindings(event)
            if finding.truth == YES:
                self.say(out, "kept", seen, finding.by, bindings, finding.reason, at=now)
            elif finding.truth == DOUBT or not sure:
                self.say(out, "cannot_tell", seen, finding.by, bindings, finding.reason, at=now)
            else:
                self.say(out, "breached", seen, finding.by, bindings, finding.reason, at=now)
        self._started.clear()
        for source in self._sources:
            if isinstance(source, Standing):
                source.pulse(now)
                source.touched.clear()

    def _judge(self, event: Event, seen: Seen) -> Finding:
        values = dict(zip(self._variables, self._values(event), strict=True))
        worst: Finding | None = None
        by: tuple[Seen, ...] = ()
        reasons = []
        for need in self._needs:
            finding = _best([part.judge(values, seen) for part in need])
            if worst is None or _RANK[finding.truth] < _RANK[worst.truth]:
                worst = finding
            by += finding.by
            reasons.append(finding.reason)
        if worst is None or worst.truth == YES:
            return Finding(YES, by, "; ".join(reasons))
        return worst

    def due(self) -> int | None:
        """As `Machine.due`."""
        moments = [
            moment
            for source in self._sources
            if isinstance(source, Standing) and (moment := source.due()) is not None
        ]
        return min(moments, default=None)

    def save(self) -> Any:
        """As `Machine.save`."""
        return [source.save() for source in self._sources]

    def load(self, value: Any) -> None:
        """As `Machine.load`."""
        for source, saved in zip(self._sources, value, strict=True):
            source.load(saved)


_RANK = {NO: 0, DOUBT: 1, YES: 2}


def _best(findings: list[Finding]) -> Finding:
    """Of alternatives: the first that holds, else the first in doubt, else all that is lacking."""
    for wanted in (YES, DOUBT):
        for finding in findings:
            if finding.truth == wanted:
                return finding
    by = tuple(seen for finding in findings for seen in finding.by)
    return Finding(NO, by, ", nor ".join(finding.reason for finding in findings))
