"""The picture: the newest fix of each vehicle, how old it is at an instant, and how sure."""

import msgspec

from safeconduct.tracking.model import Fix, Marked

REACH_MMS = 14_000
"""Ours: 50 km/h, taken where a device states no speed, for how far it may have come since."""


class Shown(msgspec.Struct, frozen=True):
    """One vehicle on the map. `doubt_m` grows with age; `suspect` says why to doubt this fix.

    `contested` is the newest suspect fix if it is newer than the trusted one shown.
    """

    vehicle: str
    fix: Fix
    t: int
    age_ms: int
    doubt_m: int
    suspect: tuple[str, ...]
    ref: str
    contested: Marked | None = None


class Picture:
    """Newest trusted and newest suspect fix of each vehicle; mutable, owned by the caller."""

    def __init__(self) -> None:
        self._trusted: dict[str, tuple[Marked, str]] = {}
        self._suspect: dict[str, tuple[Marked, str]] = {}

    def on_fix(self, vehicle: str, fix: Marked, segment_ref: str) -> None:
        """Take a fix; an older one than the newest known changes nothing."""
        kept = self._suspect if fix.suspect else self._trusted
        known = kept.get(vehicle)
        if known is None or fix.t >= known[0].t:
            kept[vehicle] = (fix, segment_ref)

    def newest(self, vehicle: str, at: int) -> Shown | None:
        """The newest trusted fix, or for want of one the newest suspect; None if never heard."""
        trusted, suspect = self._trusted.get(vehicle), self._suspect.get(vehicle)
        chosen = trusted or suspect
        if chosen is None:
            return None
        marked, ref = chosen
        age = max(0, at - marked.t)
        speed = marked.fix.speed_mms
        reach = age * (REACH_MMS if speed is None else speed)
        contested = suspect[0] if trusted and suspect and suspect[0].t > trusted[0].t else None
        return Shown(
            vehicle,
            marked.fix,
            marked.t,
            age,
            marked.fix.doubt_m + -(-reach // 1_000_000),
            marked.suspect,
            ref,
            contested,
        )

    def all(self, at: int) -> list[Shown]:
        """Every vehicle ever heard, the longest unheard first."""
        vehicles = sorted({*self._trusted, *self._suspect})
        shown = [item for v in vehicles if (item := self.newest(v, at)) is not None]
        return sorted(shown, key=lambda item: (-item.age_ms, item.vehicle))
