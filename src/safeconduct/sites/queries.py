"""Questions to sites. Pure: they read a state and change nothing."""

from safeconduct.kernel.errors import Malformed
from safeconduct.registers.standing import Entry
from safeconduct.sites.episodes import fold
from safeconduct.sites.model import QueueReport, Site, Waiting
from safeconduct.sites.projection import (
    State,
    Where,
    events_of,
    places,
    standing_checks,
)


def waiting(state: State, at: int, *, with_checked: bool = False) -> list[Waiting]:
    """The vehicles that stand unchecked at that instant, longest first.

    Args:
        state: the state of sites.
        at: facts with a later time are not counted.
        with_checked: list those as well that were checked and still stand.
    """
    candidates = state.open if at >= state.newest else state.stands.keys()
    found = []
    for where in candidates:
        row = _at(state, where, at)
        if row is not None and (with_checked or not row.checked):
            found.append(row)
    return sorted(found, key=lambda row: (row.since, row.vehicle, row.site, row.zone))


def _at(state: State, where: Where, at: int) -> Waiting | None:
    stand = state.stands[where]
    if at < state.newest:
        earlier = fold(event for event in events_of(state, where) if event.time <= at)
        if earlier is None:
            return None
        stand = earlier
    if stand.ended_at is not None:
        return None
    vehicle, site, zone = where
    return Waiting(
        vehicle=vehicle,
        site=site,
        zone=zone,
        post=stand.post,
        since=stand.since,
        last_seen=stand.last_seen,
        checked=stand.checked_at is not None,
        record=stand.record,
    )


def post_report(state: State, post: str) -> QueueReport | None:
    """The newest queue report of a post; its `heard` says when the post was last heard."""
    return state.posts.get(post)


def post_reports(state: State) -> list[QueueReport]:
    """The newest queue report of every post, in order of name."""
    return [state.posts[post] for post in sorted(state.posts)]


def acknowledgers(state: State, subject: str) -> frozenset[str]:
    """Everybody who acknowledged an alert about the subject, or the subject itself."""
    names = {subject} | state.alerts_about.get(subject, set())
    return frozenset(by for name in names for by, _, _ in state.acks.get(name, ()))


def kept_from_check(state: State, vehicle: str, site: str, at: int) -> frozenset[str]:
    """Who acknowledged an alert about this vehicle that no check at the site has followed yet.

    An alert of an earlier visit, which a check ended, keeps nobody away: else whoever is on
    duty often could soon check nobody. An alert counts by when it was raised if that is known.
    """
    names = {vehicle} | state.alerts_about.get(vehicle, set())
    checks = standing_checks(state, vehicle)
    after = max((row.time for row in checks if row.site == site and row.time < at), default=None)
    return frozenset(
        by
        for name in names
        for by, time, alert in state.acks.get(name, ())
        if after is None or state.alerts.get(alert, time) > after
    )


def was_seen(state: State, vehicle: str) -> bool:
    """Whether anybody ever sighted this vehicle."""
    return vehicle in state.seen_at


def site(state: State, site: str) -> Site | None:
    """A site as it was last listed, or None if no record lists it."""
    entries = [
        rows[-1] for rows in state.sites.entries.get((site,), {}).values() if _stands(state, rows)
    ]
    if not entries:
        return None
    return _site(site, max(entries, key=lambda row: (row.time, row.seq, row.record)))


def sites(state: State) -> list[Site]:
    """Every listed site, in order of name."""
    found = (site(state, key[0]) for key in sorted(state.sites.entries))
    return [item for item in found if item is not None]


def site_of_zone(state: State, zone: str) -> Site | None:
    """The site to which a zone belongs; a zone's name is unique within its agreement."""
    return next((item for item in sites(state) if zone in item.zones), None)


def _stands(state: State, rows: list[Entry]) -> bool:
    newest = rows[-1]
    return newest.party not in state.sites.ended.get(newest.record, {})


def _site(name: str, entry: Entry) -> Site:
    get = entry.values.get
    try:
        known = places(get("place")) if get("place") is not None else None
    except Malformed:
        known = None
    return Site(
        site=name,
        party=entry.party,
        district=get("district", ""),
        kind=get("kind", ""),
        risk=get("risk", ""),
        zones=tuple(item for item in get("zones", ()) if isinstance(item, str)),
        review_due=get("review_due"),
        places=known,
    )
