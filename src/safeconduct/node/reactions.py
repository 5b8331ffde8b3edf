"""Reactions: what the node puts on record when a verdict is reached or a rung of a ladder falls."""

from collections.abc import Iterable
from typing import Any

from safeconduct import watch
from safeconduct.kernel.instants import SECOND
from safeconduct.node.drafts import Draft
from safeconduct.node.lane import Judged
from safeconduct.watch import PAGE_EVERY_MS, Intent

LATE_MS = SECOND
"""Ours: a timer that fires within a second of its instant is in time; later is known late."""

SEVERITIES = {"critical": "critical", "high": "high"}
"""Severities that keep their name in an alert; all others are `other`."""


def _when(at: int, now: int) -> int:
    """The time of an intent's record: when it was due, unless this node learnt of it late.

    What fell due before a late sighting came in was not done then, and the record does not say so.
    """
    return at if at > now - LATE_MS else now


def verdict_draft(judged: Judged, about: str, now: int) -> Draft:
    """The record of a verdict. Its id comes from standard, version, subject and trigger."""
    verdict = judged.verdict
    values: dict[str, Any] = {
        "standard": verdict.standard,
        "about": about,
        "version": verdict.version,
        "verdict": verdict.verdict,
        "trigger": str(verdict.trigger),
        "rev": judged.rev,
        "reason": verdict.reason,
    }
    if verdict.deadline is not None:
        values["deadline"] = verdict.deadline
    return Draft(
        alias="verdict",
        values=values,
        time=now,
        causes=(verdict.standard, verdict.version, about, str(verdict.trigger)),
        basis=tuple(str(ref) for ref in verdict.by),
        rev=judged.rev,
    )


def intent_drafts(intents: Iterable[Intent], now: int) -> list[Draft]:
    """The records of what fell due. A page that is staler than one round is not sent late."""
    return [
        _draft(intent, now)
        for intent in intents
        if not (isinstance(intent, watch.Tell) and intent.page and intent.at < now - PAGE_EVERY_MS)
    ]


def _draft(intent: Intent, now: int) -> Draft:
    """The record of one intent: its type, its values, and the causes that make its id."""
    values: dict[str, Any] = {"alert": intent.alert_id}
    causes: tuple[str | int, ...]
    match intent:
        case watch.Raise():
            alias, causes = "raised", (intent.alert_id, intent.at)
            values |= {
                "standard": intent.standard,
                "about": intent.about,
                "severity": SEVERITIES.get(intent.severity, "other"),
                "owner": intent.owner,
                "due": intent.due,
                **_places(intent),
            }
        case watch.Tell():
            alias, causes = "told", (intent.alert_id, intent.step, intent.role, intent.at)
            values |= {
                "about": intent.about,
                "recipient": intent.role,
                "channel": "node",
                "state": "sent",
                "step": intent.step,
            }
        case watch.Escalate():
            alias, causes = "escalated", (intent.alert_id, intent.step, intent.role)
            values |= {"about": intent.about, "step": intent.step, "to_role": intent.role}
        case watch.PlaceHold():
            alias, causes = "hold", (intent.hold_id,)
            values |= {
                "hold": intent.hold_id,
                "offers": list(intent.offers),
                "clause": intent.clause,
                **_places(intent),
            }
        case _:
            alias, causes = "alert_changed", (intent.alert_id, intent.state, intent.at)
            values |= {"about": intent.about, "state": intent.state, "reason": intent.reason}
    return Draft(alias=alias, values=values, time=_when(intent.at, now), causes=causes)


def _places(intent: watch.Raise | watch.PlaceHold) -> dict[str, str]:
    """Where it is, as far as the intent says."""
    found = {"movement": intent.movement, "site": intent.site, "zone": intent.zone}
    return {name: place for name, place in found.items() if place is not None}
