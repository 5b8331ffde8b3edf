"""Segments of fixes: marked, never dropped; sealed as canonical bytes whose hash is a record."""

import hashlib
from collections.abc import Sequence
from typing import Any

from safeconduct.kernel.canonical import decode, encode
from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.instants import MINUTE
from safeconduct.kernel.places import metres
from safeconduct.tracking.model import Fix, Marked, Sealed

MAX_SPEED_KMH = 200
"""Ours: no vehicle of a protected movement is faster; what seems so is a jump of the receiver."""

FUTURE_MS = 5 * MINUTE
"""Ours: more than any honest skew of a phone that takes its time from the network."""

PERFECT_M = 1
"""Ours: a stated accuracy that good is not to be had on the road."""

REPEATED = 5
"""Ours: so many times the same microdegree at perfect accuracy is a replayed position."""

ZERO_ISLAND = 10_000
"""Microdegrees (1.1 km) about 0, 0, open sea, where broken receivers say they are."""

SETTLED = 5
"""Ours: so many fixes in a row that agree with each other after a jump are believed again,
else one wild first fix would make all later ones suspect."""

REASONS = ("jump", "backwards", "future", "mock", "invalid", "repeated", "zero-island")


class Marker:
    """Doubts fixes, one device by one; mutable, owned by the caller, fed in order of receipt.

    A fix is measured against the last trusted one and the last one at all. State is rebuilt by
    feeding the same fixes again.
    """

    def __init__(self) -> None:
        self._trails: dict[str, _Trail] = {}

    def mark(self, fix: Fix, received: int) -> Marked:
        """The fix with its time, and every reason to doubt it."""
        return self._trails.setdefault(fix.device, _Trail()).mark(fix, received)


class _Trail:
    """What must be known of one device's past."""

    def __init__(self) -> None:
        self.trusted: tuple[Fix, int] | None = None
        self.last: tuple[Fix, int] | None = None
        self.latest = 0
        self.agreeing = 0
        self.same = 0

    def mark(self, fix: Fix, received: int) -> Marked:
        t = received if fix.t is None else fix.t
        doubts = {
            "jump": self._jumped(fix, t),
            "backwards": t < self.latest,
            "future": t > received + FUTURE_MS,
            "mock": fix.mock,
            "invalid": not fix.valid,
            "repeated": self._repeated(fix),
            "zero-island": max(abs(fix.lat), abs(fix.lon)) < ZERO_ISLAND,
        }
        suspect = tuple(name for name in REASONS if doubts[name])
        self.last = (fix, t)
        if not doubts["future"]:
            self.latest = max(self.latest, t)
        if not suspect:
            self.trusted = self.last
        return Marked(fix, t, suspect)

    def _jumped(self, fix: Fix, t: int) -> bool:
        if self.trusted is None or not _too_fast(self.trusted, (fix, t)):
            self.agreeing = 0
            return False
        if self.last is not None and not _too_fast(self.last, (fix, t)):
            self.agreeing += 1
        else:
            self.agreeing = 0
        return self.agreeing < SETTLED

    def _repeated(self, fix: Fix) -> bool:
        perfect = 0 < fix.accuracy_m <= PERFECT_M
        again = self.last is not None and self.last[0].point == fix.point
        self.same = (self.same + 1 if again else 1) if perfect else 0
        return self.same >= REPEATED


def _too_fast(a: tuple[Fix, int], b: tuple[Fix, int]) -> bool:
    """Whether even the nearest points of both discs are too far apart for the time between."""
    apart = metres(a[0].point, b[0].point) - a[0].doubt_m - b[0].doubt_m
    if apart <= 0:
        return False
    return apart * 3_600 > MAX_SPEED_KMH * abs(b[1] - a[1])  # m * 3,600,000 ms/h / 1,000 m/km


def seal(fixes: Sequence[Marked]) -> Sealed:
    """Seal one device's fixes, in the order given.

    Raises:
        Malformed: there are none, or they are of several devices.
    """
    if not fixes:
        raise Malformed("a segment holds at least one fix")
    device = fixes[0].fix.device
    if any(item.fix.device != device for item in fixes):
        raise Malformed("a segment holds the fixes of one device")
    payload = encode({"device": device, "fixes": [_row(item) for item in fixes]})
    times = [item.t for item in fixes]
    return Sealed(
        payload,
        hashlib.sha256(payload).hexdigest(),
        len(fixes),
        min(times),
        max(times),
        max(item.fix.doubt_m for item in fixes),
    )


def open_segment(payload: bytes) -> list[Marked]:
    """The fixes of a segment, exactly as they were sealed.

    Raises:
        Malformed: the bytes are no segment.
    """
    value = decode(payload)
    if not isinstance(value, dict) or set(value) != {"device", "fixes"}:
        raise Malformed("the bytes are not a segment of fixes")
    device, rows = value["device"], value["fixes"]
    if not isinstance(device, str) or not isinstance(rows, list) or not rows:
        raise Malformed("the segment has no device or no fixes")
    return [_read(device, row) for row in rows]


def _row(item: Marked) -> dict[str, Any]:
    fix = item.fix
    row: dict[str, Any] = {
        "t": item.t,
        "lat": fix.lat,
        "lon": fix.lon,
        "accuracy": fix.accuracy_m,
        "stated": fix.t,
        "speed": fix.speed_mms,
        "heading": fix.heading_cdeg,
        "mock": fix.mock,
        "valid": fix.valid,
        "suspect": list(item.suspect),
    }
    return row


_SHAPE: dict[str, tuple[type, ...]] = {
    "t": (int,),
    "lat": (int,),
    "lon": (int,),
    "accuracy": (int,),
    "stated": (int, type(None)),
    "speed": (int, type(None)),
    "heading": (int, type(None)),
    "mock": (bool,),
    "valid": (bool,),
    "suspect": (list,),
}


def _read(device: str, row: Any) -> Marked:
    if not isinstance(row, dict) or set(row) != set(_SHAPE):
        raise Malformed("a fix of the segment has other fields than it should")
    for name, kinds in _SHAPE.items():
        if type(row[name]) not in kinds:
            raise Malformed(f"the field {name} of a fix has the wrong type")
    if not set(map(str, row["suspect"])) <= set(REASONS):
        raise Malformed("a fix of the segment is marked with an unknown reason")
    fix = Fix(
        device,
        row["stated"],
        row["lat"],
        row["lon"],
        row["accuracy"],
        row["speed"],
        row["heading"],
        row["mock"],
        row["valid"],
    )
    if fix.accuracy_m < 0:
        raise Malformed("the accuracy of a fix is negative")
    _ = fix.point
    return Marked(fix, row["t"], tuple(row["suspect"]))
