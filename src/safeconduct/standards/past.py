"""What has happened: fitting events of the past, kept as long as a rule can still ask for them."""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from safeconduct.standards.matching import DOUBT, Key, Matcher
from safeconduct.standards.verdicts import Event, Ref


class Seen(NamedTuple):
    """An event as evidence: its instant (ms), its place in the order of arrival, its reference."""

    t: int
    n: int
    ref: Ref


class Found(NamedTuple):
    """A candidate: values of the free variables, the evidence, and whether it surely fits."""

    free: Key
    seen: Seen
    sure: bool


class Past:
    """Newest events of one atom, by the key that a trigger gives and the values it leaves free.

    Only the newest event of each (key, free values) matters to a window that ends now, and the
    one before it where a trigger must not find itself. Events older than the window are
    forgotten as time goes on; without a window the newest of each key stay.
    """

    def __init__(self, matcher: Matcher, bound: tuple[str, ...], free: tuple[str, ...]) -> None:
        self.matcher = matcher
        self.bound = bound
        self._key = matcher.projector(bound)
        self._free = matcher.projector(free)
        self._facts: dict[Key, dict[tuple[Key, bool], tuple[Seen, Seen | None]]] = {}
        self._age: deque[tuple[int, Key, tuple[Key, bool]]] = deque()
        self.window: int | None = None

    def take(self, event: Event, seen: Seen, fit: int) -> None:
        """Remember a fitting event; time never runs backwards."""
        key = self._key(event)
        free = (self._free(event), fit != DOUBT)
        facts = self._facts.setdefault(key, {})
        before = facts.pop(free, None)
        facts[free] = (seen, before[0] if before else None)
        if self.window is not None:
            self._age.append((seen.t, key, free))
            self._forget(seen.t - self.window)

    def _forget(self, since: int) -> None:
        age = self._age
        while age and age[0][0] < since:
            t, key, free = age.popleft()
            facts = self._facts.get(key)
            if facts is not None and free in facts and facts[free][0].t <= t:
                del facts[free]
                if not facts:
                    del self._facts[key]

    def candidates(self, key: Key, now: int, apart: Seen | None = None) -> Iterator[Found]:
        """Fitting events in the window that ends now, newest first; `apart` is not found."""
        facts = self._facts.get(key)
        if facts is None:
            return
        since = None if self.window is None else now - self.window
        for (free, sure), (newest, before) in reversed(facts.items()):
            if since is not None and newest.t < since:
                return
            seen = newest if apart is None or newest.n != apart.n else before
            if seen is not None and (since is None or seen.t >= since):
                yield Found(free, seen, sure)

    def save(self) -> Any:
        """The state as a plain value."""
        return [
            [list(key), [[list(free), sure, *pair] for (free, sure), pair in facts.items()]]
            for key, facts in self._facts.items()
        ]

    def load(self, value: Any) -> None:
        """Take back what `save` gave."""
        self._facts = {
            tuple(key): {
                (tuple(free), sure): (Seen(*newest), Seen(*before) if before else None)
                for free, sure, newest, before in facts
            }
            for key, facts in value
        }
        if self.window is not None:
            ages = [
                (pair[0].t, key, free)
                for key, facts in self._facts.items()
                for free, pair in facts.items()
            ]
            self._age = deque(sorted(ages, key=lambda age: age[0]))


class Aged:
    """Events of one atom by key, for `at least D earlier`: the newest that is old enough.

    Of those old enough only the newest is kept; the younger ones wait until they are.
    """

    def __init__(self, matcher: Matcher, bound: tuple[str, ...], by: int) -> None:
        self.matcher = matcher
        self.bound = bound
        self._key = matcher.projector(bound)
        self._by = by
        self._facts: dict[Key, dict[bool, list[Seen]]] = {}

    def take(self, event: Event, seen: Seen, fit: int) -> None:
        """Remember a fitting event; time never runs backwards."""
        facts = self._facts.setdefault(self._key(event), {}).setdefault(fit != DOUBT, [])
        facts.append(seen)
        old = bisect_right(facts, seen.t - self._by, key=lambda item: item.t)
        if old > 1:
            del facts[: old - 1]

    def candidates(self, key: Key, now: int) -> Iterator[Found]:
        """The newest event at or before `now` minus the notice, sure ones first."""
        for sure in (True, False):
            facts = self._facts.get(key, {}).get(sure, [])
            old = bisect_right(facts, now - self._by, key=lambda item: item.t)
            if old:
                yield Found((), facts[old - 1], sure)

    def save(self) -> Any:
        """The state as a plain value."""
        return [
            [list(key), [[sure, list(facts)] for sure, facts in kinds.items()]]
            for key, kinds in self._facts.items()
        ]

    def load(self, value: Any) -> None:
        """Take back what `save` gave."""
        self._facts = {
            tuple(key): {sure: [Seen(*item) for item in facts] for sure, facts in kinds}
            for key, kinds in value
        }
