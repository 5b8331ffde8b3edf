"""`valid A`: the newest record of one thing that is not replaced, not taken back and not over.

Per party and identity key, the record newest by time and then by number governs. It stands from
its `from` (if it has one) until its `until` (exclusive), unless a later `revoked` names it (`of`)
or its subject (`about`), a `hold_released` names its hold, or another record of the same type
and party `replaces` it. Positions in a log play no part: two logs have no common order.
"""

import heapq
from collections.abc import Iterator
from typing import Any

import msgspec

from safeconduct.standards.matching import NO, YES, Key, Matcher, read, same
from safeconduct.standards.past import Found, Seen
from safeconduct.standards.verdicts import Event

REVOKED = "revoked"
RELEASED = "hold_released"
HOLD = "hold"

MAX_VERSIONS = 64
"""Versions of one thing kept for the case that the newest is replaced; older ones are dropped."""


class _Version(msgspec.Struct):
    """One record under an identity key, with what the atom reads from it."""

    t: int
    seq: int
    n: int
    ref: str | int
    fit: int
    key: tuple[str | int, ...]
    free: tuple[str | int, ...]
    start: int | None
    until: int | None
    subject: str | int | None
    ended: bool = False

    def over(self, now: int) -> bool:
        return self.ended or (self.until is not None and self.until <= now)


def _moment(event: Event, field: str) -> int | None:
    value = event.data.get(field)
    return value if type(value) is int else None


class Standing:
    """All records that one `valid` atom must know. `touched` holds keys whose state may differ."""

    def __init__(
        self,
        matcher: Matcher,
        identity: tuple[str, ...],
        bound: tuple[str, ...],
        free: tuple[str, ...],
    ) -> None:
        self.matcher = matcher
        self.bound = bound
        self.window: int | None = None
        self.touched: dict[Key, None] = {}
        self._identity = identity
        self._key = matcher.projector(bound)
        self._free = matcher.projector(free)
        self._groups: dict[Key, list[_Version]] = {}
        self._by_key: dict[Key, dict[Key, int]] = {}
        self._by_ref: dict[str, Key] = {}
        self._by_subject: dict[str | int, dict[Key, None]] = {}
        self._revoked: set[str] = set()
        self._replaced: set[tuple[str, str]] = set()
        self._timers: list[tuple[int, Key]] = []

    @property
    def types(self) -> tuple[str, ...]:
        """Record types that must be handed to `take`."""
        more = (RELEASED,) if self.matcher.atom.type == HOLD else ()
        return (self.matcher.atom.type, REVOKED, *more)

    def due(self) -> int | None:
        """The next instant at which something begins or ends by itself."""
        return self._timers[0][0] if self._timers else None

    def take(self, event: Event, seen: Seen) -> None:
        """Take a record of one of `types`; time never runs backwards."""
        if event.type == self.matcher.atom.type:
            self._add(event, seen)
        if event.type == REVOKED:
            self._revoke(event)
        elif event.type == RELEASED and self.matcher.atom.type == HOLD:
            self._end(same(event.data.get(HOLD)), event.t)

    def _add(self, event: Event, seen: Seen) -> None:
        party = event.party or ""
        if event.replaces is not None:
            self._replaced.add((party, event.replaces))
            self._drop(event.replaces, party)
        ref = str(event.ref)
        if (party, ref) in self._replaced:
            return
        fit = self.matcher.test(event)
        about = event.data.get("about")
        if about is None and self._identity:
            about = read(event, self._identity[0])
        version = _Version(
            event.t,
            event.seq,
            seen.n,
            event.ref,
            fit,
            self._key(event) if fit != NO else (),
            self._free(event) if fit != NO else (),
            _moment(event, "from"),
            _moment(event, "until"),
            None if about is None else same(about),
            ref in self._revoked,
        )
        group = (party, *(same(read(event, field)) for field in self._identity))
        versions = self._groups.setdefault(group, [])
        versions.append(version)
        versions.sort(key=lambda item: (item.t, item.seq, item.n))
        if len(versions) > MAX_VERSIONS:
            self._unlink(group, versions.pop(0))
        self._by_ref[ref] = group
        if version.subject is not None:
            self._by_subject.setdefault(version.subject, {})[group] = None
        if fit != NO:
            keys = self._by_key.setdefault(version.key, {})
            keys[group] = keys.get(group, 0) + 1
        for moment in (version.start, version.until):
            if moment is not None and moment > event.t:
                heapq.heappush(self._timers, (moment, group))
        self._touch(group)

    def _touch(self, group: Key) -> None:
        for version in self._groups.get(group, ()):
            if version.fit != NO:
                self.touched[version.key] = None

    def _unlink(self, group: Key, version: _Version) -> None:
        self._by_ref.pop(str(version.ref), None)
        if version.fit != NO:
            keys = self._by_key[version.key]
            keys[group] -= 1
            if not keys[group]:
                del keys[group]
                if not keys:
                    del self._by_key[version.key]

    def _drop(self, ref: str, party: str) -> None:
        group = self._by_ref.get(ref)
        if group is None or group[0] != party:
            return
        self._touch(group)
        versions = self._groups[group]
        for version in versions:
            if str(version.ref) == ref:
                self._unlink(group, version)
        self._groups[group] = [item for item in versions if str(item.ref) != ref]

    def _revoke(self, event: Event) -> None:
        of = event.data.get("of")
        named = of is not None and (not isinstance(event.ref, int) or str(of).isdecimal())
        if named:  # in a trace only a line's number names a record; other texts are passed over
            self._revoked.add(str(of))
            group = self._by_ref.get(str(of))
            if group is not None:
                for version in self._groups[group]:
                    version.ended = version.ended or str(version.ref) == str(of)
                self._touch(group)
                self._forget(group, event.t)
            return
        about = event.data.get("about")
        if about is not None:
            self._end(same(about), event.t)

    def _end(self, subject: str | int, t: int) -> None:
        for group in list(self._by_subject.get(subject, ())):
            for version in self._groups.get(group, ()):
                if version.subject == subject and version.t < t:
                    version.ended = True
            self._touch(group)
            self._forget(group, t)

    def _forget(self, group: Key, now: int) -> None:
        """Drop a thing none of whose versions can ever stand again."""
        versions = self._groups.get(group)
        if versions is None or not all(version.over(now) for version in versions):
            return
        for version in versions:
            self._unlink(group, version)
            if version.subject is not None:
                groups = self._by_subject.get(version.subject, {})
                groups.pop(group, None)
                if not groups:
                    self._by_subject.pop(version.subject, None)
        del self._groups[group]

    def pulse(self, now: int) -> None:
        """Let what begins or ends by itself up to `now` count as touched."""
        while self._timers and self._timers[0][0] <= now:
            _, group = heapq.heappop(self._timers)
            self._touch(group)
            self._forget(group, now)

    def candidates(self, key: Key, now: int, apart: Seen | None = None) -> Iterator[Found]:
        """Records that stand at `now` and fit the key, newest first."""
        found = []
        for group in self._by_key.get(key, ()):
            newest = self._groups[group][-1]
            if newest.fit == NO or newest.key != key or newest.over(now):
                continue
            if newest.start is not None and now < newest.start:
                continue
            if self.window is not None and newest.t < now - self.window:
                continue
            seen = Seen(newest.t, newest.n, newest.ref)
            if apart is not None and seen.n == apart.n:
                continue
            found.append(Found(newest.free, seen, newest.fit == YES))
        found.sort(key=lambda item: item.seen, reverse=True)
        return iter(found)

    def holds(self, key: Key, now: int) -> Found | None:
        """The surest, then newest, record that stands at `now` for the key."""
        found = list(self.candidates(key, now))
        return next((item for item in found if item.sure), found[0] if found else None)

    def save(self) -> Any:
        """The state as a plain value."""
        return {
            "versions": [
                [list(group), [msgspec.to_builtins(version) for version in versions]]
                for group, versions in self._groups.items()
            ],
            "revoked": sorted(self._revoked),
            "replaced": sorted(map(list, self._replaced)),
            "timers": [[moment, list(group)] for moment, group in self._timers],
        }

    def load(self, value: Any) -> None:
        """Take back what `save` gave."""
        self._groups, self._by_key, self._by_ref, self._by_subject = {}, {}, {}, {}
        for raw, versions in value["versions"]:
            group = tuple(raw)
            self._groups[group] = [msgspec.convert(item, _Version) for item in versions]
            for version in self._groups[group]:
                self._by_ref[str(version.ref)] = group
                if version.subject is not None:
                    self._by_subject.setdefault(version.subject, {})[group] = None
                if version.fit != NO:
                    keys = self._by_key.setdefault(version.key, {})
                    keys[group] = keys.get(group, 0) + 1
        self._revoked = set(value["revoked"])
        self._replaced = {(party, ref) for party, ref in value["replaced"]}
        self._timers = [(moment, tuple(group)) for moment, group in value["timers"]]
        heapq.heapify(self._timers)
