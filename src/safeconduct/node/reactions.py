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
    out = []
    for intent in intents:
        match intent:
            case watch.Raise():
                values: dict[str, Any] = {
                    "alert": intent.alert_id,
                    "standard": intent.standard,
                    "about": intent.about,
                    "severity": SEVERITIES.get(intent.severity, "other"),
                    "owner": intent.owner,
                    "due": intent.due,
                }
                for name in ("movement", "site", "zone"):
                    if getattr(intent, name) is not None:
                        values[name] = getattr(intent, name)
                out.append(
                    Draft(
                        alias="raised",
                        values=values,
                        time=_when(intent.at, now),
                        causes=(intent.alert_id, intent.at),
                    )
                )
            case watch.Tell():
                if intent.page and intent.at < now - PAGE_EVERY_MS:
                    continue
                out.append(
                    Draft(
                        alias="told",
                        values={
                            "about": intent.about,
                            "alert": intent.alert_id,
                            "recipient": intent.role,
                            "channel": "node",
                            "state": "sent",
                            "step": intent.step,
                        },
                        time=_when(intent.at, now),
                        causes=(intent.alert_id, intent.step, intent.role, intent.at),
                    )
                )
            case watch.Escalate():
                out.append(
                    Draft(
                        alias="escalated",
                        values={
                            "alert": intent.alert_id,
                            "about": intent.about,
                            "step": intent.step,
                            "to_role": intent.role,
                        },
                        time=_when(intent.at, now),
                        causes=(intent.alert_id, intent.step, intent.role),
                    )
                )
            case watch.PlaceHold():
                values = {
                    "hold": intent.hold_id,
                    "alert": intent.alert_id,
                    "offers": list(intent.offers),
                    "clause": intent.clause,
                }
                for name in ("movement", "zone", "site"):
                    if getattr(intent, name) is not None:
                        values[name] = getattr(intent, name)
                out.append(
                    Draft(
                        alias="hold",
                        values=values,
                        time=_when(intent.at, now),
                        causes=(intent.hold_id,),
                    )
                )
            case watch.Change():
                out.append(
                    Draft(
                        alias="alert_changed",
                        values={
                            "alert": intent.alert_id,
                            "about": intent.about,
                            "state": intent.state,
                            "reason": intent.reason,
                        },
                        time=_when(intent.at, now),
                        causes=(intent.alert_id, intent.state, intent.at),
                    )
                )
    return out
