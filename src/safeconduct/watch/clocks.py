"""The duty officer's list: every obligation that runs, is over or holds a movement, worst first."""

from collections.abc import Iterable

from safeconduct.kernel.instants import HOUR, MINUTE
from safeconduct.watch.episode import Episode
from safeconduct.watch.machine import Watch
from safeconduct.watch.model import LEVELS, Clock, NextStep, Obligation

SOON_MS = 5 * MINUTE
"""Ours: less than this is *ends soon*, the time a post needs for one check."""

LATER_MS = HOUR
"""Ours, from the screen's design: more than an hour away is *standby*."""


def clocks(watch: Watch, obligations: Iterable[Obligation], now: int) -> list[Clock]:
    """Rows by level, then by time. An obligation whose alert runs is shown once, as the alert.

    A hold whose cause is gone stays in the list until it is released: somebody must lift it.
    """
    rows, shown = [], set()
    for key, episode in watch.episodes.items():
        if episode.raised and (not episode.over or episode.held):
            rows.append(_alert(episode, now))
            shown.add(key)
    rows += [
        _owed(watch, owed, now)
        for owed in obligations
        if (owed.standard, owed.trigger_ref) not in shown
    ]
    rows.sort(key=lambda row: (LEVELS.index(row.level), row.due, row.standard, row.about))
    return rows


def _alert(episode: Episode, now: int) -> Clock:
    return Clock(
        what="held" if episode.held else "over",
        level="critical" if episode.held else "serious",
        standard=episode.standard.id,
        version=episode.standard.version,
        clause=episode.standard.clause,
        about=episode.subject,
        owner=episode.standard.owner,
        due=episode.deadline,
        left_ms=episode.deadline - now,
        next_step=None if episode.over else _next(episode, now),
        acknowledged=episode.acknowledged_at is not None and episode.acknowledged_at <= now,
        held=episode.held,
        alert_id=episode.alert_id,
        hold_id=episode.hold_id if episode.held else None,
        bindings=dict(episode.bindings),
    )


def _next(episode: Episode, now: int) -> NextStep | None:
    for number, step in enumerate(episode.ladder.steps, start=1):
        if episode.falls(step) > now:
            return NextStep(number, step.do, step.to, episode.falls(step))
    return None


def _owed(watch: Watch, owed: Obligation, now: int) -> Clock:
    ladder = watch.ladders.get(owed.standard)
    standard = watch.standards.get((owed.standard, owed.version))
    left = owed.due - now
    step = None
    if ladder is not None:
        # the first rung falls with the deadline
        first = ladder.steps[0]
        step = NextStep(1, first.do, first.to, owed.due + 1)
    if left < 0:
        level = "serious"
    elif left > LATER_MS:
        level = "standby"
    elif left < SOON_MS or (ladder is not None and any(s.do == "hold" for s in ladder.steps)):
        level = "caution"
    else:
        level = "normal"
    return Clock(
        what="over" if left < 0 else "owed",
        level=level,
        standard=owed.standard,
        version=owed.version,
        clause=standard.clause if standard else "",
        about=owed.about,
        owner=standard.owner if standard else "",
        due=owed.due,
        left_ms=left,
        next_step=step,
        acknowledged=False,
        held=False,
        bindings=dict(owed.bindings),
    )
