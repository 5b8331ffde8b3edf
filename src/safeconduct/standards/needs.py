"""Preconditions: each looks back from an instant and says whether it holds, and by what."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from safeconduct.standards.language import (
    Absent,
    Alternative,
    Count,
    Earlier,
    Group,
    NotSince,
    show_span,
)
from safeconduct.standards.machine import Machine, Source, key_in, shared
from safeconduct.standards.matching import DOUBT, NO, YES, Matcher
from safeconduct.standards.past import Aged, Found, Seen
from safeconduct.standards.wording import many, name

Values = Mapping[str, str | int]


class Finding(NamedTuple):
    """YES, NO or DOUBT; the deciding events besides the trigger; the reason."""

    truth: int
    by: tuple[Seen, ...]
    reason: str


def _before(within: int | None) -> str:
    return "before" if within is None else f"in the {show_span(within)} before"


class Need(ABC):
    """One precondition with its memories. `judge` looks at them and changes nothing."""

    sources: list[Source]

    @abstractmethod
    def judge(self, values: Values, trigger: Seen) -> Finding:
        """What holds at the trigger's instant for the trigger's variables."""


class GroupNeed(Need):
    """`A and B within D where x != y`: values for the free variables that fit all atoms."""

    def __init__(self, machine: Machine, part: Group, variables: tuple[str, ...]) -> None:
        self.part = part
        uses: dict[str, int] = {}
        for atom in part.atoms:
            for var in atom.variables:
                uses[var] = uses.get(var, 0) + 1
        linked = {var for var, count in uses.items() if count > 1} | set(part.where or ())
        self._free = [
            tuple(var for var in atom.variables if var in linked and var not in variables)
            for atom in part.atoms
        ]
        self._bound = [shared(atom, variables) for atom in part.atoms]
        self.sources = [
            machine.source(atom, bound, free, part.within)
            for atom, bound, free in zip(part.atoms, self._bound, self._free, strict=True)
        ]

    def judge(self, values: Values, trigger: Seen) -> Finding:
        """As `Need.judge`."""
        options = [
            list(source.candidates(key_in(bound, dict(values)), trigger.t))
            for source, bound in zip(self.sources, self._bound, strict=True)
        ]
        for sure in (True, False):
            chosen = next(self._fits(0, options, dict(values), sure=sure), None)
            if chosen is not None:
                names = " and ".join(name(atom) for atom in self.part.atoms)
                if sure:
                    return Finding(YES, chosen, f"{names} {_before(self.part.within)}")
                return Finding(DOUBT, chosen, f"{names}: a compared field is missing")
        lacking = [
            name(atom) for atom, found in zip(self.part.atoms, options, strict=True) if not found
        ]
        what = f"no {' and no '.join(lacking)}" if lacking else "none that fit together"
        if not lacking and self.part.where:
            what = f"none in which {self.part.where[0]} and {self.part.where[1]} differ"
        return Finding(NO, (), f"{what} {_before(self.part.within)}")

    def _fits(
        self, i: int, options: list[list[Found]], values: dict[str, str | int], *, sure: bool
    ) -> Iterator[tuple[Seen, ...]]:
        if i == len(options):
            where = self.part.where
            if where is None or values[where[0]] != values[where[1]]:
                yield ()
            return
        for found in options[i]:
            if sure and not found.sure:
                continue
            more = dict(zip(self._free[i], found.free, strict=True))
            if all(values.get(var, value) == value for var, value in more.items()):
                for rest in self._fits(i + 1, options, {**values, **more}, sure=sure):
                    yield (found.seen, *rest)


class EarlierNeed(Need):
    """`A at least D earlier`."""

    def __init__(self, part: Earlier, variables: tuple[str, ...]) -> None:
        self.part = part
        self._bound = shared(part.atom, variables)
        self.sources = [Aged(Matcher(part.atom), self._bound, part.by)]

    def judge(self, values: Values, trigger: Seen) -> Finding:
        """As `Need.judge`."""
        span = show_span(self.part.by)
        what = f"{name(self.part.atom)} at least {span} earlier"
        for found in self.sources[0].candidates(key_in(self._bound, dict(values)), trigger.t):
            if found.sure:
                return Finding(YES, (found.seen,), what)
            return Finding(DOUBT, (found.seen,), f"{what}: a compared field is missing")
        return Finding(NO, (), f"no {what}")


class CountNeed(Need):
    """`at least N var in A within D`, `at most N`: different values; none counts as zero."""

    def __init__(self, machine: Machine, part: Count, variables: tuple[str, ...]) -> None:
        self.part = part
        self._bound = shared(part.atom, variables)
        self.sources = [machine.source(part.atom, self._bound, (part.var,), part.within)]

    def judge(self, values: Values, trigger: Seen) -> Finding:
        """As `Need.judge`."""
        sure: dict[object, Seen] = {}
        every: dict[object, Seen] = {}
        for found in self.sources[0].candidates(key_in(self._bound, dict(values)), trigger.t):
            every.setdefault(found.free, found.seen)
            if found.sure:
                sure.setdefault(found.free, found.seen)
        number, least = self.part.number, self.part.bound == "least"
        words = f"at {self.part.bound} {many(number, self.part.var)} {_before(self.part.within)}"
        some = len(sure) if len(sure) == len(every) else f"{len(sure)} to {len(every)}"
        reason = f"{some} of {words}"
        if least:
            if len(sure) >= number:
                return Finding(YES, tuple(_newest(sure.values(), number)), reason)
            truth = DOUBT if len(every) >= number else NO
            return Finding(truth, tuple((every if truth == DOUBT else sure).values()), reason)
        if len(sure) > number:
            return Finding(NO, tuple(_newest(sure.values(), number + 1)), reason)
        return Finding(YES if len(every) <= number else DOUBT, tuple(every.values()), reason)


def _newest(seen: Iterable[Seen], number: int) -> list[Seen]:
    return sorted(seen, reverse=True)[:number]


class AbsentNeed(Need):
    """`no A within D`; the trigger itself is not such an A."""

    def __init__(self, machine: Machine, part: Absent, variables: tuple[str, ...]) -> None:
        self.part = part
        self._bound = shared(part.atom, variables)
        self._source = machine.source(part.atom, self._bound, (), part.within)
        self.sources = [self._source]

    def judge(self, values: Values, trigger: Seen) -> Finding:
        """As `Need.judge`."""
        key = key_in(self._bound, dict(values))
        found = list(self._source.candidates(key, trigger.t, trigger))
        what = f"{name(self.part.atom)} {_before(self.part.within)}"
        for item in found:
            if item.sure:
                return Finding(NO, (item.seen,), what)
        if found:
            return Finding(DOUBT, (found[0].seen,), f"{what}: a compared field is missing")
        return Finding(YES, (), f"no {what}")


class NotSinceNeed(Need):
    """`A not since B`: an A with no B strictly after it, up to and with the trigger's instant."""

    def __init__(self, machine: Machine, part: NotSince, variables: tuple[str, ...]) -> None:
        self.part = part
        self._bound = shared(part.atom, variables)
        self._free = tuple(
            var
            for var in part.atom.variables
            if var in part.breaker.variables and var not in variables
        )
        self._breaks = shared(part.breaker, (*variables, *self._free))
        self.sources = [
            machine.source(part.atom, self._bound, self._free, None),
            machine.source(part.breaker, self._breaks, (), None),
        ]

    def judge(self, values: Values, trigger: Seen) -> Finding:
        """As `Need.judge`."""
        good, bad = name(self.part.atom), name(self.part.breaker)
        best: Finding | None = None
        for found in self.sources[0].candidates(key_in(self._bound, dict(values)), trigger.t):
            here = {**values, **dict(zip(self._free, found.free, strict=True))}
            truth = YES if found.sure else DOUBT
            by: tuple[Seen, ...] = (found.seen,)
            for breaker in self.sources[1].candidates(key_in(self._breaks, here), trigger.t):
                if breaker.seen.t > found.seen.t:
                    by = (found.seen, breaker.seen)
                    truth = NO if breaker.sure else DOUBT
                    if truth == NO:
                        break
            broken = "since then" if truth == NO else "no"
            finding = Finding(truth, by, f"{good} and {broken} {bad}")
            if truth == YES:
                return finding
            if best is None or (best.truth == NO and truth == DOUBT):
                best = finding
        return best or Finding(NO, (), f"no {good} before")


def need_of(machine: Machine, part: Alternative, variables: tuple[str, ...]) -> Need:
    """The precondition ready to judge, its memories belonging to the machine."""
    match part:
        case Group():
            return GroupNeed(machine, part, variables)
        case Earlier():
            return EarlierNeed(part, variables)
        case Count():
            return CountNeed(machine, part, variables)
        case Absent():
            return AbsentNeed(machine, part, variables)
        case NotSince():
            return NotSinceNeed(machine, part, variables)
