"""Frozen values of watch: what an agreement says about a ladder, and the intents it leads to."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec


class Step(msgspec.Struct, frozen=True):
    """One rung: so long after the count began (inclusive bound), do this, and tell these roles.

    `do` is `alarm`, `escalate` or `hold`; `offers` are the other ways that a hold leaves open.
    """

    at_ms: int
    do: str
    to: tuple[str, ...]
    offers: tuple[str, ...] = ()


class Ladder(msgspec.Struct, frozen=True):
    """What happens by itself while nobody acts on a standard that was not kept.

    `ends_on` are aliases of events that end it; `counts_from` is `trigger` or `last-report`: the
    caller passes that instant as `trigger_time`.
    """

    id: str
    standard: str
    clause: str
    steps: tuple[Step, ...]
    ends_on: tuple[str, ...] = ()
    counts_from: str = "trigger"


class StandardInfo(msgspec.Struct, frozen=True):
    """What watch needs of a standard in force."""

    id: str
    version: int
    severity: str
    owner: str
    clause: str


class VerdictLike(Protocol):
    """The part of a verdict that watch reads; the monitor's own value fits."""

    @property
    def standard(self) -> str:
        """The standard's id."""

    @property
    def version(self) -> int:
        """Its version."""

    @property
    def verdict(self) -> str:
        """One of kept, breached, cannot_tell."""

    @property
    def deadline(self) -> int | None:
        """The last instant at which it could be kept, if it has one."""


class Verdict(msgspec.Struct, frozen=True):
    """A verdict for callers that have no value of their own."""

    standard: str
    version: int
    verdict: str
    deadline: int | None = None
    reason: str = ""


class Raise(msgspec.Struct, frozen=True):
    """Becomes `raised`. `due` is when the next rung falls, or the deadline that has passed."""

    alert_id: str
    standard: str
    version: int
    about: str
    site: str | None
    zone: str | None
    movement: str | None
    severity: str
    owner: str
    due: int
    at: int


class Tell(msgspec.Struct, frozen=True):
    """Becomes `told`, one for each recipient in the role; `page` 0 is the rung, 1.. a repeat."""

    alert_id: str
    about: str
    role: str
    step: int
    at: int
    page: int = 0


class Escalate(msgspec.Struct, frozen=True):
    """Becomes `escalated`."""

    alert_id: str
    about: str
    step: int
    role: str
    at: int


class PlaceHold(msgspec.Struct, frozen=True):
    """Becomes `hold`. It stands until the named role releases it; nothing here takes it back."""

    hold_id: str
    alert_id: str
    zone: str | None
    site: str | None
    offers: tuple[str, ...]
    clause: str
    at: int
    movement: str | None = None


class Change(msgspec.Struct, frozen=True):
    """Becomes `alert_changed`: the condition `returned`, or the alert `closed` as retracted."""

    alert_id: str
    about: str
    state: str
    reason: str
    at: int


Intent = Raise | Tell | Escalate | PlaceHold | Change


class Obligation(msgspec.Struct, frozen=True):
    """Something owed and still open, from the monitor; not an alert yet."""

    standard: str
    version: int
    about: str
    due: int
    trigger_ref: str
    bindings: Mapping[str, Any] = {}


class NextStep(msgspec.Struct, frozen=True):
    """The rung that falls next if nobody ends the ladder."""

    step: int
    do: str
    to: tuple[str, ...]
    at: int


class Clock(msgspec.Struct, frozen=True):
    """One row of the duty officer's list.

    `what` is `owed`, `over` or `held`; `level` one of `LEVELS`; `left_ms` is the distance to
    `due`, negative once over. `bindings` name vehicle, zone and the like for the reader.
    """

    what: str
    level: str
    standard: str
    version: int
    clause: str
    about: str
    owner: str
    due: int
    left_ms: int
    next_step: NextStep | None
    acknowledged: bool
    held: bool
    alert_id: str | None = None
    hold_id: str | None = None
    bindings: Mapping[str, Any] = {}


LEVELS = ("critical", "serious", "caution", "normal", "standby", "off")
"""Levels from worst to least, as the screen shows them."""
