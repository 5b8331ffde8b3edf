"""Values of sites: places, stands, reports, and the rule that says who may check."""

from collections.abc import Collection
from typing import Protocol

import msgspec

from safeconduct.kernel.places import Point


class CheckRule(Protocol):
    """What the agreement's check clause asks of whoever checks a vehicle."""

    @property
    def roles(self) -> Collection[str]:
        """The roles in which a check may be made; none named means any."""
        ...

    @property
    def rostered(self) -> bool:
        """Whether the author must be rostered at that post at that time."""
        ...

    @property
    def not_by_acknowledger(self) -> bool:
        """Whether whoever acknowledged the alert is kept from the check."""
        ...

    @property
    def clause(self) -> str:
        """The clause of the check."""
        ...

    @property
    def separation_clause(self) -> str:
        """The clause that parts acknowledging from checking."""
        ...


class Place(msgspec.Struct, frozen=True):
    """A zone or post on the ground: a circle around a point."""

    name: str
    point: Point
    radius_m: int


class Site(msgspec.Struct, frozen=True):
    """A site as it was last listed; `places` is None where they stay closed on this node."""

    site: str
    party: str
    district: str
    kind: str
    risk: str
    zones: tuple[str, ...]
    review_due: int | None
    places: tuple[Place, ...] | None

    @property
    def posts(self) -> tuple[str, ...]:
        """The names among the places that are not zones."""
        return tuple(item.name for item in self.places or () if item.name not in self.zones)


class Event(msgspec.Struct, frozen=True, order=True):
    """What one record says about a vehicle at a zone. Its order is the order of the story.

    `rank` orders facts of one millisecond: 0 stands, 1 checked, 2 moving or gone.
    """

    time: int
    rank: int
    source: str
    seq: int
    record: str
    party: str
    site: str
    zone: str
    post: str
    first_seen: int


class Stand(msgspec.Struct, frozen=True):
    """One episode: a vehicle stands at a zone. `record` is the sighting that began it."""

    since: int
    last_seen: int
    post: str
    record: str
    checked_at: int | None = None
    ended_at: int | None = None


class Waiting(msgspec.Struct, frozen=True):
    """A vehicle that stands at a zone now."""

    vehicle: str
    site: str
    zone: str
    post: str
    since: int
    last_seen: int
    checked: bool
    record: str


class QueueReport(msgspec.Struct, frozen=True):
    """The last report of a post, heard at `heard`."""

    post: str
    site: str
    zone: str
    waiting: int
    unchecked: int
    passed: int
    oldest: int
    heard: int
    seq: int
    record: str
