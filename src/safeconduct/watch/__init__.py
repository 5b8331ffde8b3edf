"""Watch: what must I do by when; who owns this alert; what comes next if nobody answers.

Verdicts, facts, acknowledgements and ticks go into `Watch`; *intents* come out, and the node
turns them into records. Its records: `raised`, `told`, `ack`, `escalated`, `alert_changed`,
`tasked` (and it asks for the `hold` that movements owns).

Invariants:
- An alert's and a hold's id is a function of standard, version, subject and first deciding
  record, so both parties' nodes name the same alert.
- A rung falls at the first instant *after* its time (1 ms later); an act exactly at it keeps.
- An intent carries the instant at which it was due, whenever the tick came: replays agree, and a
  late tick also hands out the pages that it missed (a carrier may leave out the stale ones).
- An acknowledgement, a confirmation or a closing by a person stops paging and nothing else.
- Only an ending event that names the same things, or a retracted verdict, ends a ladder. A
  hold that has been placed stays until released, even when its cause returned or was retracted.
- `cannot_tell` raises nothing; the silence behind it raises its own alert.
- The state is rebuilt from the log (`project`) and never re-emits what is recorded.

It must never hold: names of persons, plates, positions, the text of an itinerary.
"""

from safeconduct.watch.clocks import LATER_MS, SOON_MS, clocks
from safeconduct.watch.episode import AFTER, PAGE_EVERY_MS, PAGE_TIMES, Episode
from safeconduct.watch.machine import REMEMBER_MS, Watch
from safeconduct.watch.model import (
    LEVELS,
    Change,
    Clock,
    Escalate,
    Intent,
    Ladder,
    NextStep,
    Obligation,
    PlaceHold,
    Raise,
    StandardInfo,
    Step,
    Tell,
    Verdict,
    VerdictLike,
)
from safeconduct.watch.projection import project

__all__ = [
    "AFTER",
    "LATER_MS",
    "LEVELS",
    "PAGE_EVERY_MS",
    "PAGE_TIMES",
    "REMEMBER_MS",
    "SOON_MS",
    "Change",
    "Clock",
    "Episode",
    "Escalate",
    "Intent",
    "Ladder",
    "NextStep",
    "Obligation",
    "PlaceHold",
    "Raise",
    "StandardInfo",
    "Step",
    "Tell",
    "Verdict",
    "VerdictLike",
    "Watch",
    "clocks",
    "project",
]
