"""What may enter the log about sites: who saw what, and who may say that a check was done."""

from safeconduct.kernel.errors import Refused
from safeconduct.kernel.ids import entity_id, is_id
from safeconduct.kernel.instants import show_instant
from safeconduct.kernel.records import Fact
from safeconduct.registers import State as Registers
from safeconduct.registers import knows, rostered_at
from safeconduct.sites.model import CheckRule
from safeconduct.sites.projection import State, places
from safeconduct.sites.queries import kept_from_check, site, site_of_zone, waiting, was_seen

AT_A_POST = ("sighted", "checked", "unchecked", "queue")


def decide(state: State, fact: Fact, *, registers: Registers, rule: CheckRule | None) -> None:
    """Refuse a record that must not enter the log; other aliases pass.

    Args:
        state: the state of sites.
        fact: the proposed record.
        registers: who is rostered where, and which vehicles are known.
        rule: the agreement's check clause in force, None if no clause speaks of checks.

    Raises:
        Refused: names the fact, the reason, the way out and the clause.
    """
    if fact.alias in AT_A_POST:
        _place(state, fact)
    match fact.alias:
        case "site_listed":
            _listing(state, fact)
        case "sighted":
            _sighting(state, fact, registers)
            _departure(state, fact, registers, rule)
        case "checked":
            _check(state, fact, registers, rule)
        case "queue":
            _queue(fact)


def _place(state: State, fact: Fact) -> None:
    known = site(state, fact.get("site", ""))
    if known is None:
        return
    zone, post = fact.get("zone"), fact.get("post")
    if known.zones and zone not in known.zones:
        raise Refused(
            f"{zone} is no zone of {known.site}",
            why=f"its zones are {', '.join(known.zones)}",
            do="name the zone in which the post stands",
        )
    if known.posts and post not in known.posts:
        raise Refused(
            f"{post} is no post of {known.site}",
            why=f"its posts are {', '.join(known.posts)}",
            do="name the post at which this was seen",
        )


def _listing(state: State, fact: Fact) -> None:
    name, party = fact.get("site", ""), fact.record.party
    known = site(state, name)
    if known is None and is_id(name, "site") and name != entity_id("site", fact.record.id):
        raise Refused(
            f"the site {name} is unknown here",
            why="no record founded it, and it is not founded by this record",
            do="name the site as the agreement does, or leave its id to be made from the record",
        )
    if known is not None and known.party != party:
        raise Refused(
            f"the site {name} is listed by {known.party}",
            why="a site has one party that answers for it",
            do=f"ask {known.party} to correct it",
        )
    zones = fact.get("zones", [])
    for index, zone in enumerate(zones):
        other = site_of_zone(state, zone) if isinstance(zone, str) else None
        if not isinstance(zone, str) or zone in zones[:index]:
            raise Refused(f"the zone {zone!r} is doubled or no name", do="name each zone once")
        if other is not None and other.site != name:
            raise Refused(
                f"{zone} is a zone of {other.site}",
                why="a zone's name is unique within its agreement",
                do="give the zone a name of its own",
            )
    if fact.get("place") is not None:
        places(fact.get("place"))


def _sighting(state: State, fact: Fact, registers: Registers) -> None:
    vehicle, first = fact.get("vehicle", ""), fact.get("first_seen", fact.record.time)
    if first > fact.record.time:
        raise Refused(
            f"the vehicle was first seen at {show_instant(first)}, after the sighting itself",
            why=f"the sighting is of {show_instant(fact.record.time)}",
            do="give the instant at which it was first seen",
        )
    due = entity_id("vehicle", fact.record.id)
    if vehicle != due and not was_seen(state, vehicle) and not knows(registers, vehicle):
        raise Refused(
            f"the vehicle {vehicle} is unknown here",
            why=f"nobody saw or listed it, and an id founded by this sighting would be {due}",
            do="leave the vehicle out so that its id is made from this sighting",
        )


def _check(state: State, fact: Fact, registers: Registers, rule: CheckRule | None) -> None:
    vehicle = fact.get("vehicle", "")
    clause = rule.clause if rule is not None else None
    if not was_seen(state, vehicle):
        raise Refused(
            f"the vehicle {vehicle} was never seen here",
            why="a check ends the clock of a vehicle that was sighted",
            do="log the sighting first, then the check",
            clause=clause,
        )
    if rule is None:
        return
    if rule.roles and fact.record.acting not in rule.roles:
        raise Refused(
            f"a check is not made as {fact.record.acting}",
            why=f"the clause names {', '.join(rule.roles)}",
            do="have somebody in one of these roles check the vehicle",
            clause=rule.clause,
        )
    _ends_clock(state, fact, registers, rule, "a check")


def _departure(state: State, fact: Fact, registers: Registers, rule: CheckRule | None) -> None:
    """A vehicle that was not checked is said to have gone: that ends its clock as a check does."""
    vehicle = fact.get("vehicle", "")
    if rule is None or fact.get("motion") == "stopped":
        return
    waits = {row.vehicle for row in waiting(state, fact.record.time)}
    if vehicle in waits:
        _ends_clock(state, fact, registers, rule, "a departure")


def _ends_clock(state: State, fact: Fact, registers: Registers, rule: CheckRule, what: str) -> None:
    """Who may end a check clock: a rostered person, and not the one who acknowledged."""
    vehicle, post = fact.get("vehicle", ""), fact.get("post", "")
    by, time = fact.record.by, fact.record.time
    if rule.rostered and not rostered_at(registers, by, post, time):
        raise Refused(
            f"{by} is not rostered at {post} at {show_instant(time)}",
            why=f"{what} counts only from whoever is on the roster of the post",
            do="have a rostered person check the vehicle, or enter the shift first",
            clause=rule.clause,
        )
    if rule.not_by_acknowledger and by in kept_from_check(
        state, vehicle, fact.get("site", ""), time
    ):
        raise Refused(
            f"{by} acknowledged the alert about {vehicle} and may not end it with {what}",
            why="who acknowledges an alert and who checks are two persons",
            do="have another rostered person check the vehicle",
            clause=rule.separation_clause,
        )


def _queue(fact: Fact) -> None:
    waiting, unchecked = fact.get("waiting", 0), fact.get("unchecked", 0)
    if unchecked > waiting:
        raise Refused(
            f"{unchecked} vehicles unchecked, but only {waiting} waiting",
            why="an unchecked vehicle is one of those that wait",
            do="count again: unchecked is at most waiting",
        )
