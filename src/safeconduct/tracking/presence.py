"""One vehicle against the zones, fix by fix: halts, going on, going in, going out.

Doubt works one way: a suspect fix may begin a halt but never yields `moved`, `entered` or
`left`, and an *unsure* one never yields `left`; both leave the state as it was.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from safeconduct.kernel.instants import MINUTE, SECOND
from safeconduct.kernel.places import metres
from safeconduct.tracking.model import Marked, Zone
from safeconduct.tracking.zones import about_inside, crossed, membership

HALT_MS = 20 * SECOND
"""Ours: shorter is a give-way or a speed bump."""

HALT_M = 15
"""Ours: the wander of a receiver that stands still, and about three lengths of a car."""

MOVED_M = 30
"""Ours: twice the halt's radius, so that wander does not end what it could begin."""

MOVING_MMS = 2_000
"""Ours: 7 km/h, faster than a receiver that stands still claims to be."""

AGREE_FIXES = 2
AGREE_MS = 20 * SECOND
"""Ours, from research: a change of membership needs two fixes, or 20 s without contradiction."""

LINE_MS = 5 * MINUTE
"""Ours: over a longer gap the straight line between two fixes says nothing of the road."""


class Seen(msgspec.Struct, frozen=True):
    """One thing a fix shows of one zone."""

    t: int
    alias: Literal["stopped", "moved", "entered", "left"]
    zone: Zone
    crossed: bool = False


class Presence(msgspec.Struct):
    """One vehicle and one zone: what is settled, and what is about to settle."""

    inside: bool | None = None
    turning: bool | None = None
    since: int = 0
    count: int = 0


class Track:
    """One vehicle's recent fixes; mutable."""

    def __init__(self) -> None:
        self.anchor: Marked | None = None
        self.halted: tuple[Zone, ...] = ()
        self.trusted: Marked | None = None
        self.presences: dict[str, Presence] = {}

    def step(self, fix: Marked, zones: Sequence[Zone]) -> list[Seen]:
        """Take one fix; what it shows, in order of time: going on, in, halting, going out."""
        out = self._moved(fix)
        if not fix.suspect:
            for zone in zones:
                out += self._settle(fix, zone)
            self.trusted = fix
        out += self._halted(fix, zones)
        rank = ("moved", "entered", "stopped", "left")
        return sorted(out, key=lambda seen: (seen.t, rank.index(seen.alias), seen.zone.name))

    def _moved(self, fix: Marked) -> list[Seen]:
        if not self.halted or self.anchor is None or fix.suspect or fix.t < self.anchor.t:
            return []
        away = metres(self.anchor.fix.point, fix.fix.point)
        fast = (fix.fix.speed_mms or 0) >= MOVING_MMS and away > HALT_M
        if not fast and away <= max(MOVED_M, fix.fix.doubt_m):
            return []
        out = [Seen(fix.t, "moved", zone) for zone in self.halted]
        self.anchor, self.halted = fix, ()
        return out

    def _halted(self, fix: Marked, zones: Sequence[Zone]) -> list[Seen]:
        """A halt of `HALT_MS` in a zone, or one that grows into a further zone."""
        if self.halted:
            return []
        anchor = self.anchor
        if anchor is None or fix.t < anchor.t or metres(anchor.fix.point, fix.fix.point) > HALT_M:
            # a suspect fix between two good ones must not keep a halt from being seen
            if anchor is None or anchor.suspect or not fix.suspect:
                self.anchor = fix
            return []
        if fix.t - anchor.t < HALT_MS:
            return []
        self.halted = tuple(zone for zone in zones if about_inside(zone, fix.fix))
        return [Seen(anchor.t, "stopped", zone) for zone in self.halted]

    def _settle(self, fix: Marked, zone: Zone) -> list[Seen]:
        state = self.presences.setdefault(zone.name, Presence())
        now = membership(zone, fix.fix)
        out: list[Seen] = []
        if passed := self._passed(fix, zone, state):
            out.append(passed)
        if now == "unsure":
            waited = state.turning is True and fix.t - state.since >= AGREE_MS
            return [*out, *self._turn(state, zone)] if waited else out
        inside = now == "inside"
        if inside == state.inside:
            state.turning, state.count = None, 0
            return out
        if state.turning is not inside:
            state.turning, state.since, state.count = inside, fix.t, 0
        state.count += 1
        if state.count >= AGREE_FIXES or fix.t - state.since >= AGREE_MS:
            out += self._turn(state, zone)
        return out

    def _turn(self, state: Presence, zone: Zone) -> list[Seen]:
        before, inside, since = state.inside, state.turning, state.since
        state.inside, state.turning, state.count = inside, None, 0
        if inside:
            return [Seen(since, "entered", zone, crossed=before is False)]
        return [Seen(since, "left", zone)] if before else []

    def _passed(self, fix: Marked, zone: Zone, state: Presence) -> Seen | None:
        """In and out between two fixes: surely outside before and after, surely inside between."""
        last = self.trusted
        if state.inside is not False or state.turning is not None or last is None:
            return None
        if not 0 < fix.t - last.t <= LINE_MS or membership(zone, fix.fix) != "outside":
            return None
        between, share = crossed(zone, last.fix, fix.fix)
        if between != "inside":
            return None
        state.inside = True
        return Seen(last.t + round(share * (fix.t - last.t)), "entered", zone, crossed=True)
