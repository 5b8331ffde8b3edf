"""Make a scenario's track from a recorded GPX: metres from its first fix, and nothing else.

    python -m tools.make_track FILE.gpx > scenarios/airport-transfer/track.csv

Times, gaps, jitter and halts are those of the recording; the place it was recorded at is left
behind. Whoever plays the track sets it down on invented ground by a rigid move.
"""

import math
import re
import sys
from datetime import datetime
from pathlib import Path

EARTH_RADIUS_M = 6_371_008.8
_POINT = re.compile(r'<trkpt lat="([^"]+)" lon="([^"]+)">.*?<time>([^<]+)</time>', re.DOTALL)

HEADER = """\
# One recorded city bus run, as metres east and north of its first fix (whole centimetres).
# Recorded by B.A. MacGabhann (usage restrictions stated: none); taken from the tutorials' data of
# movingpandas/movingpandas, commit e981913e. Made by tools/make_track.py.
t_ms,east_cm,north_cm
"""


def convert(gpx: str) -> list[tuple[int, int, int]]:
    """Rows of (ms since the first fix, centimetres east, centimetres north)."""
    points = [
        (float(lat), float(lon), round(datetime.fromisoformat(time).timestamp() * 1000))
        for lat, lon, time in _POINT.findall(gpx)
    ]
    lat0, lon0, t0 = points[0]
    scale = math.radians(1) * EARTH_RADIUS_M * 100
    shrink = math.cos(math.radians(lat0))
    return [
        (t - t0, round((lon - lon0) * scale * shrink), round((lat - lat0) * scale))
        for lat, lon, t in points
    ]


def main() -> None:
    """Write the track of a GPX file to stdout."""
    rows = convert(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.stdout.write(HEADER + "".join(f"{t},{east},{north}\n" for t, east, north in rows))


if __name__ == "__main__":
    main()
