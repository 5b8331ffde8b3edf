"""What goes into a monitor and what comes out: events, verdicts, open obligations."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

Ref = str | int
"""A record's id, or the number of a trace's line (from 1)."""

TICK = "tick"
"""Type of a trace line that carries time alone; no rule may name it."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """One fact at one instant: `t` in milliseconds UTC, `type` the alias of its record type.

    `source` and `seq` say who numbered it; `party`, `acting`, `by` who answers for it, if known.
    `replaces` is the id of the record that it corrects. Within one instant the order in which
    events are handed in breaks ties between equally good witnesses, and nothing else.
    """

    t: int
    type: str
    source: str
    seq: int
    data: Mapping[str, Any]
    ref: Ref
    party: str | None = None
    acting: str | None = None
    by: str | None = None
    replaces: str | None = None


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """One judgement: `by` names the deciding records in the order of time, the trigger among them.

    `deadline` is null where the rule has none; `decided_at` is null where nothing was decided
    before the events ended. Both are milliseconds. `bindings` are the trigger's variables.
    """

    standard: str
    version: int
    verdict: Literal["kept", "breached", "cannot_tell"]
    trigger: Ref
    deadline: int | None
    decided_at: int | None
    by: tuple[Ref, ...]
    bindings: Mapping[str, Any]
    reason: str


class Obligation(msgspec.Struct, frozen=True, gc=False):
    """Something that is due: by `deadline` (inclusive, ms), counted from `since` (ms)."""

    standard: str
    version: int
    trigger: Ref
    since: int
    deadline: int
    bindings: Mapping[str, Any]


def order_of(ref: Ref) -> tuple[int, int, str]:
    """Sort key of a reference: line numbers as numbers, ids as text."""
    return (0, ref, "") if isinstance(ref, int) else (1, 0, ref)


def output_order(verdict: Verdict) -> tuple[Any, ...]:
    """The contract's order: by `decided_at` (null last), standard, trigger."""
    undecided = verdict.decided_at is None
    return (
        undecided,
        verdict.decided_at or 0,
        verdict.standard,
        order_of(verdict.trigger),
        verdict.version,
        verdict.deadline or 0,
    )
