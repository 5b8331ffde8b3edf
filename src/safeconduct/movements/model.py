"""Values of movements: a movement as it stands, holds, and the rule that says who lifts one."""

from collections.abc import Collection
from typing import Protocol

import msgspec


class ReleaseRule(Protocol):
    """What the agreement's release clause asks of whoever lifts a hold."""

    @property
    def roles(self) -> Collection[str]:
        """The roles that may release, and whose yes counts."""
        ...

    @property
    def persons(self) -> int:
        """How many persons it takes, the releasing one included."""
        ...

    @property
    def different(self) -> bool:
        """Whether these must be different persons."""
        ...

    @property
    def within_ms(self) -> int:
        """How old a yes may be at the release."""
        ...

    @property
    def clause(self) -> str:
        """The clause of the release."""
        ...


class Mark(msgspec.Struct, frozen=True, order=True):
    """That a step was recorded, when and by whose record; `detail` is the outcome or site."""

    time: int
    seq: int
    record: str
    party: str
    detail: str = ""


class Order(msgspec.Struct, frozen=True, order=True):
    """An order version or a change to one. Its order is: version first, then time."""

    version: int
    time: int
    seq: int
    record: str
    party: str
    changed: str | None
    gate: str | None
    due: int | None


class Request(msgspec.Struct, frozen=True):
    """A request as far as it is open here; None where a field stays closed."""

    time: int
    seq: int
    record: str
    party: str
    group: str | None
    purpose: str | None
    persons: int
    origin: str | None
    destination: str | None
    starts: int | None
    ends: int | None
    districts: tuple[str, ...] | None


class Hold(msgspec.Struct, frozen=True):
    """Passage stops for one movement, a gate zone or a site. `offers` are the ways round it."""

    hold: str
    movement: str | None
    zone: str | None
    site: str | None
    alert: str | None
    offers: tuple[str, ...]
    clause: str
    time: int
    seq: int
    record: str
    party: str
    rev: int

    @property
    def scope(self) -> str:
        """What is held, in words: the named things from small to large."""
        parts = (self.movement, self.zone, self.site)
        return " at ".join(item for item in parts if item is not None)


class Movement(msgspec.Struct, frozen=True):
    """A movement as it stands.

    `state` is one of requested, cleared, ordered, under_way, arrived, aborted, closed; `held` is
    a flag beside it. `districts` is None where they stay closed on this node.
    """

    movement: str
    state: str
    held: bool
    holds: tuple[str, ...]
    gate: str | None
    version: int
    vehicles: tuple[str, ...]
    escorts: tuple[str, ...]
    party: str | None
    group: str | None
    purpose: str | None
    persons: int
    origin: str | None
    destination: str | None
    starts: int | None
    ends: int | None
    due: int | None
    districts: tuple[str, ...] | None
    cleared: tuple[str, ...]
    notices: tuple[str, ...]
    requested_at: int | None
    ordered_at: int | None
    landed_at: int | None
    departed_at: int | None
    arrived_at: int | None
    aborted_at: int | None
    closed_at: int | None
    last_radio: int | None
    outcome: str | None


FINAL = ("arrived", "aborted", "closed")
"""States in which nothing rolls any more, so that no hold can stop it."""
