"""Tracking: where are the vehicles, how old and how sure is that, which zone, stopped since when.

Its records: `fixes` (a sealed segment), and the derived `stopped`, `moved`, `entered`, `left`,
`silent`. It reads `sighted` and `queue` by alias and imports nothing of the rooms that own them.

Invariants:
- Integers only, converted exactly from a device's digits; what a device did not state is *not
  stated*, never zero.
- A suspect fix is marked, never dropped. It may open an obligation and never ends one; an
  *unsure* membership never yields `left`.
- A stay at a zone is opened once. Seen again within 30 min of a "gone" it goes on from its
  original time, so a false "gone" buys no time.
- Silence falls with no input at all, and only the owed report ends it.
- The same inputs in the same order give the same events; nothing here reads a clock.

It must never hold: who sits in a vehicle, whose phone a device is, a route still to come.
"""

from safeconduct.tracking.derive import REJOIN_MS, Derive, Episode
from safeconduct.tracking.fixes import MAX_SPEED_KMH, REASONS, Marker, open_segment, seal
from safeconduct.tracking.model import (
    DEFAULT_ACCURACY_M,
    Derived,
    Fix,
    Marked,
    Sealed,
    Zone,
)
from safeconduct.tracking.osmand import parse_osmand
from safeconduct.tracking.picture import Picture, Shown
from safeconduct.tracking.presence import HALT_M, HALT_MS, MOVED_M
from safeconduct.tracking.silence import Expected, Interval, Silence
from safeconduct.tracking.zones import Membership, about_inside, crossed, membership

__all__ = [
    "DEFAULT_ACCURACY_M",
    "HALT_M",
    "HALT_MS",
    "MAX_SPEED_KMH",
    "MOVED_M",
    "REASONS",
    "REJOIN_MS",
    "Derive",
    "Derived",
    "Episode",
    "Expected",
    "Fix",
    "Interval",
    "Marked",
    "Marker",
    "Membership",
    "Picture",
    "Sealed",
    "Shown",
    "Silence",
    "Zone",
    "about_inside",
    "crossed",
    "membership",
    "open_segment",
    "parse_osmand",
    "seal",
]
