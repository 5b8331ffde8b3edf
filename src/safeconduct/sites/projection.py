"""The state of sites and how a fact changes it."""

from bisect import insort
from typing import Any

import msgspec

from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.places import Point
from safeconduct.kernel.records import Fact
from safeconduct.registers.standing import Standing
from safeconduct.sites.episodes import CHECKED, GONE, STANDS, fold
from safeconduct.sites.model import Event, Place, QueueReport, Stand

Where = tuple[str, str, str]
"""Vehicle, site, zone."""


class State(msgspec.Struct):
    """Owned by its caller; changed by `project` only.

    `stands` and `open` are computed from `sightings` and `checks` and are always up to date.
    `acks` has for each alert and each thing: who acknowledged, when, and which alert.
    """

    sites: Standing = msgspec.field(default_factory=Standing)
    sightings: dict[Where, list[Event]] = msgspec.field(default_factory=dict)
    checks: dict[str, list[Event]] = msgspec.field(default_factory=dict)
    replaced: dict[str, set[str]] = msgspec.field(default_factory=dict)
    seen_at: dict[str, set[Where]] = msgspec.field(default_factory=dict)
    stands: dict[Where, Stand] = msgspec.field(default_factory=dict)
    open: set[Where] = msgspec.field(default_factory=set)
    newest: int = 0
    posts: dict[str, QueueReport] = msgspec.field(default_factory=dict)
    acks: dict[str, set[tuple[str, int, str]]] = msgspec.field(default_factory=dict)
    alerts: dict[str, int] = msgspec.field(default_factory=dict)
    alerts_about: dict[str, set[str]] = msgspec.field(default_factory=dict)


def project(state: State, fact: Fact) -> None:
    """Enter one fact; an alias that sites does not read changes nothing.

    `unchecked` is not read: a check that was not possible ends no clock.
    """
    match fact.alias:
        case "site_listed":
            if fact.get("site") is not None:
                state.sites.add(fact, (fact.get("site"),))
        case "sighted":
            _sighted(state, fact)
        case "checked":
            _checked(state, fact)
        case "queue":
            _queue(state, fact)
        case "ack":
            _acknowledged(state, fact)
        case "raised":
            _raised(state, fact)
        case "revoked":
            state.sites.end(fact)


def events_of(state: State, where: Where) -> list[Event]:
    """All that is told of a vehicle at a zone: its sightings there and checks at the site."""
    vehicle, site, _ = where
    checks = (item for item in standing_checks(state, vehicle) if item.site == site)
    return sorted((*state.sightings[where], *checks))


def standing_checks(state: State, vehicle: str) -> list[Event]:
    """The checks of a vehicle that no later record of the same party corrects."""
    rows = state.checks.get(vehicle, [])
    return [row for row in rows if row.party not in state.replaced.get(row.record, ())]


def places(entries: Any) -> tuple[Place, ...]:
    """Places from `[name, lat, lon, radius_m]` rows.

    Raises:
        Malformed: names the row that does not read.
    """
    if not isinstance(entries, list):
        raise Malformed("the places of a site are not a list")
    found = []
    for row in entries:
        numbers = row[1:] if isinstance(row, list) and len(row) == 4 else []
        whole = all(isinstance(item, int) and not isinstance(item, bool) for item in numbers)
        if not numbers or not whole or not isinstance(row[0], str) or row[3] <= 0:
            raise Malformed(
                f"the place {row!r} does not read",
                do="write [name, latitude and longitude in microdegrees, radius in metres]",
            )
        found.append(Place(row[0], Point(row[1], row[2]), row[3]))
    return tuple(found)


def _event(fact: Fact, rank: int, first_seen: int) -> Event:
    record = fact.record
    return Event(
        time=record.time,
        rank=rank,
        source=record.source,
        seq=record.seq,
        record=record.id,
        party=record.party,
        site=fact.get("site", ""),
        zone=fact.get("zone", ""),
        post=fact.get("post", ""),
        first_seen=first_seen,
    )


def _sighted(state: State, fact: Fact) -> None:
    vehicle, time = fact.get("vehicle"), fact.record.time
    if vehicle is None or fact.get("zone") is None:
        return
    # A milestone shows no more than vehicle, site, zone, first_seen and motion: enough.
    rank = STANDS if fact.get("motion") == "stopped" else GONE
    event = _event(fact, rank, fact.get("first_seen", time))
    where = (vehicle, event.site, event.zone)
    rows = state.sightings.setdefault(where, [])
    if event not in rows:
        insort(rows, event)
    state.seen_at.setdefault(vehicle, set()).add(where)
    state.newest = max(state.newest, time)
    _refold(state, where)


def _checked(state: State, fact: Fact) -> None:
    vehicle = fact.get("vehicle")
    if vehicle is None:
        return
    event = _event(fact, CHECKED, fact.record.time)
    rows = state.checks.setdefault(vehicle, [])
    if event not in rows:
        insort(rows, event)
    state.newest = max(state.newest, fact.record.time)
    touched = {vehicle}
    if fact.record.replaces is not None:
        # A check entered for another vehicle by mistake: that one's clock runs again.
        state.replaced.setdefault(fact.record.replaces, set()).add(fact.record.party)
        touched |= {
            name
            for name, checks in state.checks.items()
            if any(item.record == fact.record.replaces for item in checks)
        }
    for name in touched:
        for where in state.seen_at.get(name, ()):
            _refold(state, where)


def _refold(state: State, where: Where) -> None:
    stand = fold(events_of(state, where))
    if stand is None:
        return
    state.stands[where] = stand
    if stand.ended_at is None:
        state.open.add(where)
    else:
        state.open.discard(where)


def _queue(state: State, fact: Fact) -> None:
    post = fact.get("post")
    if post is None:
        return
    report = QueueReport(
        post=post,
        site=fact.get("site", ""),
        zone=fact.get("zone", ""),
        waiting=fact.get("waiting", 0),
        unchecked=fact.get("unchecked", 0),
        passed=fact.get("passed", 0),
        oldest=fact.get("oldest", 0),
        heard=fact.record.time,
        seq=fact.record.seq,
        record=fact.record.id,
    )
    known = state.posts.get(post)
    if known is None or _rank(report) > _rank(known):
        state.posts[post] = report


def _rank(report: QueueReport) -> tuple[int, int, str]:
    return report.heard, report.seq, report.record


def _acknowledged(state: State, fact: Fact) -> None:
    alert, about = fact.get("alert", ""), fact.get("about", "")
    for name in {alert, about} - {""}:
        state.acks.setdefault(name, set()).add((fact.record.by, fact.record.time, alert))


def _raised(state: State, fact: Fact) -> None:
    alert, about = fact.get("alert"), fact.get("about")
    if alert is None or about is None:
        return
    time = fact.record.time
    state.alerts[alert] = min(state.alerts.get(alert, time), time)
    state.alerts_about.setdefault(about, set()).add(alert)
