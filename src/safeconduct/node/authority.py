"""Authority: who speaks with this key, and does the agreement in force let them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from safeconduct import identity, movements, registers, sites
from safeconduct.agreement import Agreement, authorise
from safeconduct.agreement.powers import Decision
from safeconduct.kernel.errors import Refused
from safeconduct.kernel.records import Fact
from safeconduct.kernel.vocabulary import RecordType
from safeconduct.node.rooms import Rooms, root_places

ROOT = "root"
ENROLMENT = "enrolment"
BY_ROOT = ("signed", "key", "named")
REGISTERS = ("unit_listed", "vehicle_listed", "site_listed")
BY_ENROLMENT = ("key", "named", "person_listed")


def speaks(rooms: Rooms, fact: Fact, keyid: str) -> None:
    """Refuse a record whose key does not speak for the party, person and role it names.

    Raises:
        Refused: unknown or ended key, another party's, another person's, a role not held.
    """
    record = fact.record
    if record.acting == ROOT:
        if (
            fact.alias not in BY_ROOT
            or rooms.roots.get(record.party) != keyid
            or record.by != keyid
        ):
            raise Refused(f"the root key of {record.party} did not sign this {fact.alias}")
        return
    info = identity.speaker(rooms.identity, keyid, record.time)
    if info is None:
        raise Refused(
            "the key that signed this record does not speak for anybody at that time",
            why="it is unknown here, has ended, or its time is over",
            do="enrol a key for your role",
        )
    if info.party != record.party:
        raise Refused(f"the key speaks for {info.party}, and the record for {record.party}")
    if record.acting in ("node", ENROLMENT):
        if info.use != record.acting:
            raise Refused(f"the key is not the {record.acting} key of {record.party}")
        if record.acting == ENROLMENT and fact.alias not in BY_ENROLMENT:
            raise Refused(f"an enrolment key may not sign {fact.alias}")
        return
    if info.use != "person" or (info.holder is not None and info.holder != record.by):
        raise Refused(
            f"the key does not speak for {record.by}",
            do="sign with the key that was enrolled for you",
        )
    if record.acting not in registers.roles_of(rooms.registers, record.by, record.time):
        raise Refused(
            f"{record.by} does not hold the role {record.acting} at that time",
            do="ask the duty officer to be named, or act in a role that you hold",
        )


def allowed(
    rooms: Rooms,
    agreement: Agreement,
    kind: RecordType,
    fact: Fact,
    *,
    owners: Mapping[str, tuple[str, str]],
    taken_back: RecordType | None = None,
) -> Decision:
    """What the agreement says of a record: the first alternative of its author column that grants.

    Args:
        owners: the role that owns an alert and the clause that names it, by alert.
        taken_back: for `revoked`, the type of the record that it takes back.
    """
    record = fact.record
    refusals = []
    own = agreement.roles.get(record.acting)
    if fact.alias in REGISTERS and own is not None and "co-ordinate" not in own.may:
        why = "who keeps the registers must be able to co-ordinate"
        return Decision(granted=False, clause=agreement.silence, reason=why)
    for alternative in kind.author:
        one = msgspec.structs.replace(kind, author=(alternative,))
        if alternative == "owner":
            role, clause = owners.get(str(fact.get("alert")), ("", agreement.silence))
            granted = record.acting == role
            refusals.append(
                Decision(granted, clause, "only the role that owns an alert may change it")
            )
            if granted:
                return refusals[-1]
            continue
        mute = fact.alias in BY_ENROLMENT or own is None or "co-ordinate" not in own.may
        if alternative == "self" and record.acting not in (ROOT, ENROLMENT) and mute:
            why = "a party speaks of itself by its own keys, or by a role that may co-ordinate"
            refusals.append(Decision(granted=False, clause=agreement.silence, reason=why))
            continue
        if alternative == "taken-back":
            if taken_back is None:
                why = "what it takes back is not in this party's log"
                return Decision(granted=False, clause=agreement.silence, reason=why)
            return allowed(rooms, agreement, taken_back, fact, owners=owners)
        if fact.alias == "named" and not _may_name(agreement, fact):
            why = "nobody names themselves, nor to a role that may more than their own"
            refusals.append(Decision(granted=False, clause=agreement.silence, reason=why))
            continue
        places = places_for(rooms, agreement, alternative, fact)
        decision = authorise(agreement, one, record.party, record.acting, places)
        if decision.granted:
            return decision
        refusals.append(decision)
    return min(refusals, key=lambda one: one.clause == agreement.silence)


def _may_name(agreement: Agreement, fact: Fact) -> bool:
    """Whether a person may give this role: to somebody else, and no power that they lack."""
    if fact.record.acting in (ROOT, ENROLMENT):
        return True
    own, given = (agreement.roles.get(str(name)) for name in (fact.record.acting, fact.get("role")))
    if own is None or given is None or fact.get("holder") == fact.record.by:
        return False
    return given.party == own.party and set(given.may) <= set(own.may)


def places_for(rooms: Rooms, agreement: Agreement, alternative: str, fact: Fact) -> list[str]:
    """The places at which an act must be granted, resolved from what the record names."""
    _act, _, where = alternative.partition(" @ ")
    named = _named(fact, agreement)
    if where in ("post", "zone", "site", "meeting"):
        own = [place for place in named if place.startswith(f"{where}:")]
        return own or _subject(rooms, agreement, fact) or root_places(agreement)
    if where == "territory":
        return rooms.territory(fact, agreement)
    if where in ("subject", "place"):
        return _subject(rooms, agreement, fact) or named or root_places(agreement)
    return []


def _named(fact: Fact, agreement: Agreement) -> list[str]:
    values: list[Any] = [
        fact.get(name) for name in ("post", "zone", "site", "to", "about", "district")
    ]
    return [value for value in values if isinstance(value, str) and value in agreement.places]


def _subject(rooms: Rooms, agreement: Agreement, fact: Fact) -> list[str]:
    """The place of what a record is about: a vehicle's zone, a hold's zone, a movement's way."""
    about = fact.get("about") or fact.get("hold")
    if not isinstance(about, str):
        return []
    if about in agreement.places:
        return [about]
    for waiting in sites.waiting(rooms.sites, fact.record.time, with_checked=True):
        if waiting.vehicle == about:
            return [waiting.zone]
    for hold in movements.holds_in_force(rooms.movements):
        if hold.hold == about:
            named = [str(place) for place in (hold.zone, hold.site) if place]
            return [place for place in named if place in agreement.places][:1]
    if about.startswith("mv_"):
        # A yes or no to a journey is given at the table, not on the road.
        cells = [name for name, place in agreement.places.items() if place.kind == "cell"]
        return cells or rooms.territory(fact, agreement)
    return []
