"""The state machine: verdicts, facts, acknowledgements and ticks in, intents out.

```
Watch(ladders, standards)
  on_verdict on_fact on_ack on_changed on_released tick   -> list[Intent], to be recorded
  judge happened acknowledge changed                      the same inputs without emitting
```
`on_verdict` and `on_fact` first take the input in and then hand out what has fallen due by now,
so an act that was done in time stops a rung even if the tick that would drop it comes late.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.ids import computed_id
from safeconduct.kernel.instants import DAY
from safeconduct.watch.episode import AFTER, NEVER, Episode, order
from safeconduct.watch.model import Intent, Ladder, StandardInfo, Step, VerdictLike

REMEMBER_MS = DAY
"""Ours: an ending event that comes before its verdict is remembered so long, since within one
batch the verdict may be decided by the very record that also ends the ladder."""


class Watch:
    """Open and past episodes of one node. Mutable; the caller owns it and gives every instant."""

    def __init__(self, ladders: Iterable[Ladder], standards: Iterable[StandardInfo]) -> None:
        self.ladders: dict[str, Ladder] = {}
        self.standards: dict[tuple[str, int], StandardInfo] = {}
        self.episodes: dict[tuple[str, str], Episode] = {}
        self.alerts: dict[str, Episode] = {}
        self.holds: dict[str, Episode] = {}
        self._live: dict[str, Episode] = {}
        self._ended: dict[str, list[tuple[int, str, dict[str, Any]]]] = {}
        self.adopt(ladders, standards)

    def adopt(self, ladders: Iterable[Ladder], standards: Iterable[StandardInfo]) -> None:
        """Take ladders and standards of a version that comes into force.

        Open episodes keep the ladder under which they began.
        """
        for ladder in ladders:
            times = [step.at_ms for step in ladder.steps]
            if not times or times != sorted(set(times)):
                raise Malformed(
                    f"the steps of the ladder {ladder.id} do not rise",
                    why="a step that comes no later than the one before is never reached",
                    do="give each step a later time than the one before",
                )
            self.ladders[ladder.standard] = ladder
        self.standards.update({(item.id, item.version): item for item in standards})

    # ---- inputs that hand out intents

    def on_verdict(
        self,
        verdict: VerdictLike,
        subject: str,
        bindings: Mapping[str, Any],
        trigger_time: int,
        trigger_ref: str,
        ref: str,
        now: int,
    ) -> list[Intent]:
        """Take a verdict or its revision.

        `breached` opens an episode; `kept` and `cannot_tell` open none and retract an open one;
        the same verdict twice changes nothing.
        """
        self.judge(verdict, subject, bindings, trigger_time, trigger_ref, ref, now)
        return self.tick(now)

    def on_fact(
        self, alias: str, values: Mapping[str, Any], t: int, ref: str, now: int
    ) -> list[Intent]:
        """An event that held at `t`: ends the ladders that end on it and agree with it."""
        self.happened(alias, values, t, ref)
        return self.tick(now)

    def on_ack(self, about: str, by: str, t: int) -> list[Intent]:
        """Somebody has it, by alert id or by subject: stops paging and nothing else."""
        self.acknowledge(about, by, t)
        return []

    def on_changed(self, alert_id: str, state: str, by: str, t: int) -> list[Intent]:
        """A person confirmed or closed an alert: counts as an acknowledgement, no more.

        Nobody silences a ladder by closing its alert; only the ending event does, or a
        retracted verdict.
        """
        self.changed(alert_id, state, by, t)
        return []

    def on_released(self, hold_id: str) -> list[Intent]:
        """The named role lifted the hold; its ladder is not begun anew."""
        if hold_id in self.holds:
            self.holds[hold_id].released = True
        return []

    def tick(self, now: int) -> list[Intent]:
        """What has fallen due by `now`, in order; each intent's `at` is when it was due."""
        out: list[Intent] = []
        for alert_id, episode in list(self._live.items()):
            if episode.due_next() <= now:
                out += episode.take(now)
            if episode.over and episode.next_at == NEVER:
                del self._live[alert_id]
        return sorted(out, key=order)

    def next_due(self) -> int | None:
        """The instant at which `tick` has something next if nothing comes in, or None."""
        soonest = min((episode.due_next() for episode in self._live.values()), default=NEVER)
        return None if soonest == NEVER else soonest

    # ---- the same inputs without emitting: what a replay of the log calls

    def judge(
        self,
        verdict: VerdictLike,
        subject: str,
        bindings: Mapping[str, Any],
        trigger_time: int,
        trigger_ref: str,
        ref: str,
        at: int,
        *,
        partial: bool = False,
    ) -> None:
        """Take a verdict in; `at` is the time of its record."""
        episode = self.episodes.get((verdict.standard, trigger_ref))
        if verdict.verdict != "breached":
            if episode is not None and episode.retracted_at is None:
                episode.retracted_at = at
                episode.retracted_by = f"now {verdict.verdict} ({ref})"
                self._wake(episode)
            return
        if episode is None:
            self._begin(
                verdict, subject, dict(bindings), trigger_time, trigger_ref, partial=partial
            )
        elif episode.retracted_at is not None:
            episode.retracted_at, episode.pages_from = None, at
            episode.generation += 1
            self._wake(episode)
            self._recall(episode)

    def happened(self, alias: str, values: Mapping[str, Any], t: int, ref: str) -> None:
        """Take an event in: end what it ends, and remember it for a verdict still to come."""
        if not any(alias in ladder.ends_on for ladder in self.ladders.values()):
            return
        known = self._ended.setdefault(alias, [])
        known.append((t, ref, dict(values)))
        if known[0][0] < t - REMEMBER_MS:
            self._ended[alias] = [item for item in known if item[0] >= t - REMEMBER_MS]
        for episode in list(self._live.values()):
            self._end(episode, alias, values, t, ref)

    def acknowledge(self, about: str, by: str, t: int) -> None:
        """Take an acknowledgement in; the earliest of several counts."""
        named = self.alerts.get(about)
        found = [named] if named else [e for e in self._live.values() if e.subject == about]
        for episode in found:
            if episode.acknowledged_at is None or t < episode.acknowledged_at:
                episode.acknowledged_at, episode.acknowledged_by = t, by
                episode.next_at = 0

    def changed(self, alert_id: str, state: str, by: str, t: int) -> None:
        """Take a change of an alert in, by a person or by a node."""
        episode = self.alerts.get(alert_id)
        if episode is not None:
            episode.done.add(("change", state, episode.generation))
            episode.next_at = 0
            if not episode.over:
                self.acknowledge(alert_id, by, t)

    # ---- inside

    def _begin(
        self,
        verdict: VerdictLike,
        subject: str,
        bindings: dict[str, Any],
        trigger_time: int,
        trigger_ref: str,
        *,
        partial: bool,
    ) -> None:
        standard = self._standard(verdict.standard, verdict.version)
        ladder = self.ladders.get(verdict.standard) or _owner_only(standard, verdict, trigger_time)
        causes = (standard.id, verdict.version, subject, trigger_ref)
        deadline = verdict.deadline
        episode = Episode(
            standard=standard,
            ladder=ladder,
            subject=subject,
            trigger_ref=trigger_ref,
            trigger_time=trigger_time,
            alert_id=computed_id("alert", *causes),
            hold_id=computed_id("hold", *causes),
            deadline=trigger_time + ladder.steps[0].at_ms if deadline is None else deadline,
            bindings=bindings,
            partial=partial,
        )
        self.episodes[standard.id, trigger_ref] = episode
        self.alerts[episode.alert_id] = episode
        self._wake(episode)
        self.holds[episode.hold_id] = episode
        self._recall(episode)

    def _wake(self, episode: Episode) -> None:
        episode.next_at = 0
        self._live[episode.alert_id] = episode

    def _recall(self, episode: Episode) -> None:
        for alias in episode.ladder.ends_on:
            for t, ref, values in self._ended.get(alias, ()):
                self._end(episode, alias, values, t, ref)

    def _standard(self, name: str, version: int) -> StandardInfo:
        known = self.standards.get((name, version))
        if known is None:
            raise Malformed(
                f"the standard {name}, version {version}, is unknown to the watch",
                why="an alert needs its owner and severity",
                do="adopt the standards of the agreement that was in force at the trigger",
            )
        return known

    def _end(
        self, episode: Episode, alias: str, values: Mapping[str, Any], t: int, ref: str
    ) -> None:
        if alias not in episode.ladder.ends_on or t <= episode.trigger_time or episode.over:
            return
        if episode.agrees(values):
            episode.ended_at, episode.ended_by = t, f"{alias} ({ref})"
            episode.next_at = 0


def _owner_only(standard: StandardInfo, verdict: VerdictLike, trigger_time: int) -> Ladder:
    """Without a ladder one alert goes to the owner, after the deadline or at the trigger."""
    wait = -AFTER if verdict.deadline is None else max(-AFTER, verdict.deadline - trigger_time)
    return Ladder("owner", standard.id, standard.clause, (Step(wait, "alarm", (standard.owner,)),))
