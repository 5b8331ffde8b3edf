"""Rebuild the watch from the log: what was said is taken in, what was done is not done again.

The record of an intent must carry the intent's `at` as its `time`, and the record of a verdict
the `now` that was given to `on_verdict`. After the last fact call `tick(now)`: it hands out what
had fallen due and was not recorded before the stop, each with its own instant.
"""

from collections.abc import Mapping
from typing import Any

from safeconduct.kernel.records import Fact
from safeconduct.watch.machine import Watch
from safeconduct.watch.model import Verdict

PLACES = ("site", "zone", "movement")


def project(
    watch: Watch,
    fact: Fact,
    bindings: Mapping[str, Any] | None = None,
    trigger_time: int | None = None,
) -> None:
    """Take one fact of the log in, in log order, without emitting anything.

    A verdict's record has neither bindings nor the trigger's time. A node that replays its
    monitor has both and passes them. Without them they are read back from the deadline and from
    `raised`; then an ending event must name the subject itself.
    """
    match fact.alias:
        case "verdict":
            _verdict(watch, fact, bindings, trigger_time)
        case "raised":
            _raised(watch, fact)
        case "told":
            _told(watch, fact)
        case "ack":
            about = str(fact.get("alert") or fact.get("about"))
            watch.acknowledge(about, fact.record.by, fact.record.time)
        case "escalated":
            _done(watch, fact, ("escalate", fact.get("step"), fact.get("to_role")))
        case "alert_changed":
            state = str(fact.get("state"))
            watch.changed(str(fact.get("alert")), state, fact.record.by, fact.record.time)
        case "hold":
            episode = watch.holds.get(str(fact.get("hold")))
            if episode is not None:
                episode.done.add(("hold",))
        case "hold_released":
            watch.on_released(str(fact.get("hold")))
    watch.happened(fact.alias, fact.values, fact.record.time, fact.record.id)


def _verdict(
    watch: Watch, fact: Fact, bindings: Mapping[str, Any] | None, trigger_time: int | None
) -> None:
    standard, deadline = str(fact.get("standard")), fact.get("deadline")
    verdict = Verdict(standard, int(fact.get("version", 1)), str(fact.get("verdict")), deadline)
    if trigger_time is None:
        ladder = watch.ladders.get(standard)
        wait = ladder.steps[0].at_ms if ladder is not None else 0
        trigger_time = fact.record.time if deadline is None else deadline - wait
    watch.judge(
        verdict,
        str(fact.get("about", fact.record.subject)),
        bindings or {},
        trigger_time,
        str(fact.get("trigger")),
        fact.record.id,
        fact.record.time,
        partial=bindings is None,
    )


def _raised(watch: Watch, fact: Fact) -> None:
    episode = watch.alerts.get(str(fact.get("alert")))
    if episode is None:
        return
    if episode.partial:
        episode.trigger_time += fact.record.time - episode.falls(episode.ladder.steps[0])
        for name in PLACES:
            if fact.get(name) is not None:
                episode.bindings[name] = fact.get(name)
    episode.done.add(("raise", episode.generation))
    episode.next_at = 0


def _told(watch: Watch, fact: Fact) -> None:
    """A recipient who is no role of the ladder, or whose name is closed here, stands for all."""
    episode = watch.alerts.get(str(fact.get("alert")))
    if episode is None:
        return
    key = ("tell", fact.get("step"), fact.record.time)
    roles = {role for step in episode.ladder.steps for role in step.to}
    recipient = fact.get("recipient")
    episode.done.add((*key, recipient) if recipient in roles else key)


def _done(watch: Watch, fact: Fact, key: tuple[Any, ...]) -> None:
    episode = watch.alerts.get(str(fact.get("alert")))
    if episode is not None:
        episode.done.add(key)
