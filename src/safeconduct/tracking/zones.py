"""Zones: is a disc of doubt inside, outside, or can it not be told; was a zone crossed."""

import math
from typing import Literal

from safeconduct.kernel.places import EARTH_RADIUS_M, Point, metres
from safeconduct.tracking.model import Fix, Zone

Membership = Literal["inside", "outside", "unsure"]


def membership(zone: Zone, fix: Fix) -> Membership:
    """Three-valued: `inside` and `outside` are said of the whole disc only."""
    return _judge(zone, metres(zone.centre, fix.point), fix.doubt_m)


def about_inside(zone: Zone, fix: Fix) -> bool:
    """Whether the stated point lies in the zone, doubt aside: enough to open an obligation."""
    return metres(zone.centre, fix.point) <= zone.radius_m


def crossed(zone: Zone, a: Fix, b: Fix) -> tuple[Membership, float]:
    """Membership of the nearest point of the straight line from `a` to `b`, and where on it.

    Judged with the worse of the two doubts. The second value runs from 0 at `a` to 1 at `b`.
    """
    ax, ay = _plane(zone.centre, a.point)
    bx, by = _plane(zone.centre, b.point)
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    share = 0.0 if length == 0 else min(1.0, max(0.0, -(ax * dx + ay * dy) / length))
    distance = math.hypot(ax + share * dx, ay + share * dy)
    return _judge(zone, distance, max(a.doubt_m, b.doubt_m)), share


def _judge(zone: Zone, distance: float, doubt: int) -> Membership:
    if distance + doubt <= zone.radius_m:
        return "inside"
    if distance - doubt > zone.radius_m:
        return "outside"
    return "unsure"


def _plane(origin: Point, point: Point) -> tuple[float, float]:
    """Metres east and north; flat, good to a few metres within the tens of kilometres needed."""
    east = (point.lon - origin.lon + 180_000_000) % 360_000_000 - 180_000_000
    scale = math.radians(1e-6) * EARTH_RADIUS_M
    return (
        east * scale * math.cos(math.radians(origin.lat / 1e6)),
        (point.lat - origin.lat) * scale,
    )
