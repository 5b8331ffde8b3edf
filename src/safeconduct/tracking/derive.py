"""Derived events: stopped, moved, entered, left, from sightings and from fixes.

An *episode* is one vehicle's stay at one zone. It is opened once; later sightings do not restart
it. A vehicle that is seen standing again within `REJOIN_MS` of having gone (or moved on) rejoins
its old episode: the *same* `stopped` comes again, with the original time, source, seq and
founding basis, so that a false "gone" buys no time, and `withdraws` names what the `left` or
`moved` in between had been read from. Dropping that event is the caller's matter. Only a `moved`
read from fixes is believed as it is: standing again after it is a new `stopped` of the same stay.

Events may lie in the past of the fix that shows them (a halt is known 20 s after it began).
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from safeconduct.kernel.instants import MINUTE
from safeconduct.kernel.records import Fact
from safeconduct.tracking.model import Derived, Marked, Zone
from safeconduct.tracking.presence import Track

REJOIN_MS = 30 * MINUTE
"""Ours: long enough that driving round the block is no new stop."""


class Episode(msgspec.Struct):
    """One vehicle at one zone. `ended_at` is when it went, `moved_at` when it went on inside."""

    vehicle: str
    zone: str
    site: str | None
    first: Derived | None = None
    """The `stopped` that opened it; None if the vehicle was seen leaving, never standing."""
    standing: bool = False
    seen_at: int = 0
    """When it was last seen standing; older news of its going is no news."""
    moved_at: int | None = None
    ended_at: int | None = None
    doubtful: tuple[str, ...] = ()
    """Bases of the `moved` and `left` since it stood last."""


class Derive:
    """Mutable; the caller owns it and feeds facts and fixes in order of receipt."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        self.zones = tuple(zones)
        self.episodes: dict[tuple[str, str], Episode] = {}
        self._tracks: dict[str, Track] = {}

    def on_sighted(self, fact: Fact) -> list[Derived]:
        """What one `sighted` says; nothing if its key fields are closed here."""
        vehicle, zone, motion = (fact.get(name) for name in ("vehicle", "zone", "motion"))
        if not (vehicle and zone and motion):
            return []
        site, record = fact.get("site"), fact.record
        episode = self._episode(vehicle, zone, site)
        data = _data(vehicle=vehicle, site=site, zone=zone)
        event = Derived(record.time, "", record.source, record.seq, data, (record.id,))
        if motion == "gone":
            gone = msgspec.structs.replace(
                event, alias="left", data={**data, "read_from": "sighting"}
            )
            return self._leave(episode, gone, again=False)
        if motion == "moving":
            return self._move(episode, msgspec.structs.replace(event, alias="moved"), doubtful=True)
        more = _data(vehicle_type=fact.get("vehicle_type"), read_from="sighting")
        stands = msgspec.structs.replace(
            event,
            alias="stopped",
            t=min(int(fact.get("first_seen", record.time)), record.time),
            data={**data, **more},
        )
        return self._stand(episode, stands, record.time)

    def on_fix(
        self, vehicle: str, movement: str | None, fix: Marked, segment_ref: str
    ) -> list[Derived]:
        """What one more fix of a vehicle shows. `basis` is the segment that holds the fix."""
        track = self._tracks.setdefault(vehicle, Track())
        out: list[Derived] = []
        for seen in track.step(fix, self.zones):
            zone = seen.zone
            data = _data(vehicle=vehicle, movement=movement, site=zone.site, zone=zone.name)
            event = Derived(seen.t, seen.alias, fix.fix.device, 0, data, (segment_ref,))
            if seen.alias == "entered":
                data = {**data, "crossed": seen.crossed}
                out.append(msgspec.structs.replace(event, data=data))
                continue
            episode = self._episode(vehicle, zone.name, zone.site)
            if seen.alias == "moved":
                out += self._move(episode, event, doubtful=False)
                continue
            data = {**data, "read_from": "fixes"}
            event = msgspec.structs.replace(event, data=data)
            if seen.alias == "left":
                # fixes saw it inside since, so an earlier end does not make this one a repetition
                out += self._leave(episode, event, again=True)
            else:
                out += self._stand(episode, event, fix.t)
        return out

    def open_since(self, vehicle: str, zone: str) -> int | None:
        """Since when the vehicle stays at the zone, if an episode is open there."""
        episode = self.episodes.get((vehicle, zone))
        if episode is None or episode.first is None or episode.ended_at is not None:
            return None
        return episode.first.t

    def _episode(self, vehicle: str, zone: str, site: str | None) -> Episode:
        return self.episodes.setdefault((vehicle, zone), Episode(vehicle, zone, site))

    def _stand(self, episode: Episode, event: Derived, seen_at: int) -> list[Derived]:
        over = episode.ended_at if episode.ended_at is not None else episode.moved_at
        episode.seen_at = max(episode.seen_at, seen_at)
        if over is not None and seen_at < over:
            # an old sighting that comes after the news that it went: a stay already over
            if episode.first is not None:
                return []
            episode.first = event
            return [event]
        first = episode.first
        if first is not None and episode.standing:
            return []
        if first is None or over is None or seen_at - over > REJOIN_MS:
            episode.first = again = event
        elif episode.ended_at is None and not episode.doubtful:
            again = event
        else:
            more = tuple(ref for ref in event.basis if ref not in first.basis)
            again = msgspec.structs.replace(
                first, basis=first.basis + more, withdraws=episode.doubtful
            )
        episode.standing, episode.moved_at, episode.ended_at = True, None, None
        episode.doubtful = ()
        return [again]

    def _move(self, episode: Episode, event: Derived, *, doubtful: bool) -> list[Derived]:
        if not episode.standing or event.t < episode.seen_at:
            return []
        episode.standing, episode.moved_at = False, event.t
        if doubtful:
            episode.doubtful += event.basis
        return [event]

    def _leave(self, episode: Episode, event: Derived, *, again: bool) -> list[Derived]:
        if (episode.ended_at is not None and not again) or event.t < episode.seen_at:
            return []
        episode.standing, episode.ended_at = False, event.t
        episode.doubtful += event.basis
        return [event]


def _data(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
