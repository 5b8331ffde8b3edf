"""Places: names as an agreement writes them, points in whole microdegrees, metres between them."""

import math
import re

import msgspec

from safeconduct.kernel.errors import Malformed

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius R1 of the GRS 80 ellipsoid (Moritz, Journal of Geodesy 74, 2000)."""

_NAME = re.compile(r"^([a-z][a-z-]*):([a-z0-9][a-z0-9-]*)$")


class Point(msgspec.Struct, frozen=True):
    """A point on the ground in WGS 84, whole microdegrees (about 0.11 m of latitude)."""

    lat: int
    lon: int

    def __post_init__(self) -> None:
        if not (-90_000_000 <= self.lat <= 90_000_000 and -180_000_000 <= self.lon <= 180_000_000):
            raise Malformed("the point is not on Earth", why="latitude or longitude out of range")


def microdegrees(text: str) -> int:
    """Whole microdegrees of a decimal number as a device writes it; no float is involved.

    Raises:
        Malformed: if it is not a plain decimal number.
    """
    match = re.fullmatch(r"(-?)([0-9]{1,3})(?:\.([0-9]{1,18}))?", text.strip())
    if match is None:
        raise Malformed(f"{text[:40]!r} is not a coordinate", do="send decimal degrees")
    digits = (match[3] or "").ljust(7, "0")
    value = int(match[2]) * 1_000_000 + int(digits[:6]) + (1 if digits[6] >= "5" else 0)
    return -value if match[1] else value


def metres(a: Point, b: Point) -> float:
    """Great-circle distance in metres (haversine), good to 0.5 % anywhere."""
    la, lb = math.radians(a.lat / 1e6), math.radians(b.lat / 1e6)
    dlat, dlon = lb - la, math.radians((b.lon - a.lon) / 1e6)
    h = math.sin(dlat / 2) ** 2 + math.cos(la) * math.cos(lb) * math.sin(dlon / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(h)))


def place_kind(name: str) -> str:
    """The kind of a place name such as `zone:outer-cordon`.

    Raises:
        Malformed: if the name is not kind:name in lower case.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise Malformed(
            f"{name!r} is not a place", do="write kind:name, for example zone:outer-cordon"
        )
    return match[1]
