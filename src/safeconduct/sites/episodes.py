"""Episodes: since when a vehicle stands at a zone, told from all its events in their own order.

The fold reads facts by the time they state, so two nodes that hold the same records tell the
same story in whatever order these arrived.
"""

from collections.abc import Iterable

import msgspec

from safeconduct.kernel.instants import MINUTE
from safeconduct.sites.model import Event, Stand

REJOIN_MS = 30 * MINUTE
"""A vehicle seen standing again within this time of being called gone rejoins its old episode and
its clock, so that a false "gone" buys no time. The number is ours (vocabulary, section 4)."""

STANDS, CHECKED, GONE = 0, 1, 2


def fold(events: Iterable[Event]) -> Stand | None:
    """The newest episode of one vehicle at one zone, or None if it was never seen to stand.

    Args:
        events: sightings at the zone and checks at its site, in `Event` order.
    """
    stand: Stand | None = None
    last_check: int | None = None
    for event in events:
        if event.rank == CHECKED:
            last_check = event.time
            if stand is not None and stand.checked_at is None:
                stand = msgspec.structs.replace(stand, checked_at=event.time)
        elif event.rank == GONE:
            if stand is not None and stand.ended_at is None:
                stand = msgspec.structs.replace(stand, ended_at=event.time)
        else:
            stand = _standing(stand, event, last_check)
    return stand


def _standing(stand: Stand | None, event: Event, last_check: int | None) -> Stand:
    began = min(event.first_seen, event.time)
    if stand is None or _anew(stand, began):
        return Stand(
            since=began,
            last_seen=event.time,
            post=event.post,
            record=event.record,
            checked_at=last_check if last_check is not None and last_check >= began else None,
        )
    return msgspec.structs.replace(stand, last_seen=event.time, ended_at=None)


def _anew(stand: Stand, began: int) -> bool:
    """Whether a sighting that stands since `began` starts a new episode.

    A standing vehicle that nobody checked goes on with its clock. One that was checked starts
    anew only if it is said to stand since after the check.
    """
    if stand.checked_at is not None:
        return began > stand.checked_at
    return stand.ended_at is not None and began - stand.ended_at > REJOIN_MS
