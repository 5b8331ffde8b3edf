"""Silence: posts that owe a report and do not send it. The deadline falls with no input at all.

Only the owed report (`queue`) ends a silence. A guard who acknowledges an alert, or logs a
sighting, and does not report the queue, stays silent: else one tap would stand for a look.
"""

import msgspec

from safeconduct.tracking.model import Derived

AFTER = 1
"""Bounds are inclusive: a report exactly at the interval's end is in time."""


class Expected(msgspec.Struct, frozen=True):
    """A span in which a post owes a report every `interval_ms`; `valid_until` is exclusive."""

    post: str
    site: str
    zone: str
    interval_ms: int
    valid_from: int
    valid_until: int


class Interval(msgspec.Struct, frozen=True):
    """A silence that lasts: since when nothing was heard, and the last report that was."""

    post: str
    site: str
    zone: str
    silent_since: int
    last_ref: str | None


class _Post:
    """What is owed and heard of one post; mutable."""

    def __init__(self) -> None:
        self.spans: list[Expected] = []
        self.heard_at: int | None = None
        self.ref: str | None = None
        self.silent: Interval | None = None
        self.said_at = 0
        self.until = 0

    def since(self, span: Expected) -> int:
        """When counting began: the last report, or the start of the shifts that adjoin."""
        start = span.valid_from
        for earlier in reversed(self.spans):
            if earlier.valid_from < start <= earlier.valid_until:
                start = earlier.valid_from
        return start if self.heard_at is None else max(start, self.heard_at)

    def due(self) -> tuple[int, Expected] | None:
        """The instant of the next silence, if nothing is heard, and the span it falls in."""
        if self.silent is not None:
            return None
        for span in self.spans:
            at = max(self.since(span) + span.interval_ms + AFTER, span.valid_from)
            if self.until <= at < span.valid_until:
                return at, span
        return None

    def lapse(self, now: int) -> None:
        """End a silence unheard when no span goes on from it; a later one begins afresh."""
        if self.silent is None:
            return
        end = max((s.valid_until for s in self.spans if s.valid_from <= self.said_at), default=0)
        for span in self.spans:
            if span.valid_from <= end:
                end = max(end, span.valid_until)
        if now >= end:
            self.silent, self.until = None, end
            self.spans = [span for span in self.spans if span.valid_until > end]


class Silence:
    """Expected reports of all posts; mutable, owned by the caller, which gives every instant."""

    def __init__(self) -> None:
        self._posts: dict[str, _Post] = {}

    def expect(
        self,
        post: str,
        site: str,
        zone: str,
        interval_ms: int,
        valid_from: int,
        valid_until: int,
    ) -> None:
        """Note that a post owes a report in this span.

        Shifts that adjoin are one stretch of duty: taking over buys no further interval.
        """
        state = self._posts.setdefault(post, _Post())
        span = Expected(post, site, zone, interval_ms, valid_from, valid_until)
        if span not in state.spans and valid_from < valid_until:
            state.spans.append(span)
            state.spans.sort(key=lambda item: (item.valid_from, item.valid_until))

    def heard(self, post: str, t: int, ref: str) -> list[Derived]:
        """The owed report that held at `t`. Also says the silence that it ends, if no tick did.

        A report that comes late but held in time ends the silence at the instant it began.
        """
        state = self._posts.setdefault(post, _Post())
        out = self._advance(post, state, t)
        if state.heard_at is not None and t <= state.heard_at:
            return out
        state.heard_at, state.ref = t, ref
        if state.silent is not None and t > state.silent.silent_since:
            out.append(self._event(state, max(t, state.said_at), "heard", ref))
            state.silent = None
        if state.silent is None:
            past = [span for span in state.spans if span.valid_until <= t]
            state.spans = past[-1:] + [span for span in state.spans if span.valid_until > t]
        return out

    def tick(self, now: int) -> list[Derived]:
        """The silences that have begun by `now`, in order of time."""
        out = [e for post, state in self._posts.items() for e in self._advance(post, state, now)]
        return sorted(out, key=lambda event: (event.t, event.source))

    def next_due(self) -> int | None:
        """The instant at which `tick` next has something, if nothing is heard, or None."""
        found = [due[0] for state in self._posts.values() if (due := state.due())]
        return min(found, default=None)

    def interval(self, post: str) -> Interval | None:
        """The silence of a post that lasts, or None."""
        state = self._posts.get(post)
        return None if state is None else state.silent

    def intervals(self) -> list[Interval]:
        """All silences that last, by post."""
        return [s.silent for _, s in sorted(self._posts.items()) if s.silent is not None]

    def _advance(self, post: str, state: _Post, now: int) -> list[Derived]:
        out: list[Derived] = []
        state.lapse(now)
        while (due := state.due()) is not None and due[0] <= now:
            at, span = due
            state.silent = Interval(post, span.site, span.zone, state.since(span), state.ref)
            state.said_at = at
            out.append(self._event(state, at, "silent", state.ref))
            state.lapse(now)
        return out

    def _event(self, state: _Post, t: int, word: str, ref: str | None) -> Derived:
        silent = state.silent
        assert silent is not None
        span = max(
            (s for s in state.spans if s.valid_from <= state.said_at),
            key=lambda item: item.valid_from,
        )
        data = {
            "origin": silent.post,
            "site": silent.site,
            "post": silent.post,
            "state": word,
            "expected": span.interval_ms,
        }
        return Derived(t, "silent", silent.post, 0, data, () if ref is None else (ref,))
