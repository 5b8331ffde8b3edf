"""The recorded track, rigidly moved to invented ground: turned, set down, or mirrored."""

import math
from collections.abc import Sequence
from pathlib import Path

import msgspec

from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.places import EARTH_RADIUS_M, Point


class Seen(msgspec.Struct, frozen=True):
    """One fix of the track: milliseconds since the first one, and where."""

    t: int
    point: Point


class Ground:
    """Invented ground with the track on it. All moves keep distances (to 0.1 % here)."""

    def __init__(
        self, rows: Sequence[tuple[int, int, int]], lat: int, lon: int, turn_deg: int
    ) -> None:
        self._lat, self._lon = lat, lon
        angle = math.radians(turn_deg)
        self._cos, self._sin = math.cos(angle), math.sin(angle)
        self.rows = [(t, east / 100, north / 100) for t, east, north in rows]

    def place(self, east: float, north: float) -> Point:
        """A point of the track's own plane (metres) on the invented ground."""
        x = east * self._cos - north * self._sin
        y = east * self._sin + north * self._cos
        degree = math.radians(1) * EARTH_RADIUS_M
        lat = self._lat + y / degree * 1e6
        lon = self._lon + x / (degree * math.cos(math.radians(self._lat / 1e6))) * 1e6
        return Point(round(lat), round(lon))

    def mirror(self, east: float, north: float) -> tuple[float, float]:
        """The point on the other side of the line from the track's start to its end."""
        _, ex, ey = self.rows[-1]
        length = math.hypot(ex, ey)
        along = (east * ex + north * ey) / length
        aside = (east * ey - north * ex) / length
        return (along * ex - aside * ey) / length, (along * ey + aside * ex) / length

    def track(self, way: str) -> list[Seen]:
        """The whole track, `recorded` or `mirrored`."""
        out = []
        for t, east, north in self.rows:
            at = (east, north) if way == "recorded" else self.mirror(east, north)
            out.append(Seen(t, self.place(*at)))
        return out

    def gate(self, row: int, way: str) -> Point:
        """Where a way passes the cordon."""
        _, east, north = self.rows[row]
        return self.place(*((east, north) if way == "recorded" else self.mirror(east, north)))

    def beside(self, row: int, metres: float) -> Point:
        """A place so far beside the recorded track at a row."""
        (_, ax, ay), (_, bx, by) = self.rows[row - 5], self.rows[row + 5]
        length = math.hypot(bx - ax, by - ay) or 1.0
        _, east, north = self.rows[row]
        return self.place(east - (by - ay) / length * metres, north + (bx - ax) / length * metres)


def read_track(path: Path) -> list[tuple[int, int, int]]:
    """Rows `(ms, centimetres east, centimetres north)` of a track file.

    Raises:
        Malformed: a row is not three whole numbers, or times do not rise.
    """
    rows: list[tuple[int, int, int]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line or line.startswith(("#", "t_ms")):
            continue
        try:
            t, east, north = (int(item) for item in line.split(","))
        except ValueError as error:
            raise Malformed(f"{path.name}, line {number}: not three whole numbers") from error
        if rows and t < rows[-1][0]:
            raise Malformed(f"{path.name}, line {number}: time goes back")
        rows.append((t, east, north))
    return rows
