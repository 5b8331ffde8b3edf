"""The state of the registers and how a fact changes it."""

from bisect import insort

import msgspec

from safeconduct.kernel.records import Fact
from safeconduct.registers.standing import Key, Standing

Until = dict[str, list[tuple[int, Key]]]
"""Shift keys in order of their end, so that a query skips all that are over."""


class State(msgspec.Struct):
    """Owned by its caller; changed by `project` only.

    `known` holds every entity id that a record has founded or, for vehicles, sighted.
    """

    people: Standing = msgspec.field(default_factory=Standing)
    units: Standing = msgspec.field(default_factory=Standing)
    vehicles: Standing = msgspec.field(default_factory=Standing)
    namings: Standing = msgspec.field(default_factory=Standing)
    shifts: Standing = msgspec.field(default_factory=Standing)
    known: set[str] = msgspec.field(default_factory=set)
    about_of: dict[str, set[tuple[str, str]]] = msgspec.field(default_factory=dict)
    by_post: Until = msgspec.field(default_factory=dict)
    by_role: Until = msgspec.field(default_factory=dict)
    by_person: Until = msgspec.field(default_factory=dict)


def project(state: State, fact: Fact) -> None:
    """Enter one fact; an alias that the registers do not read changes nothing."""
    match fact.alias:
        case "person_listed":
            _list(state, state.people, fact, fact.get("person"))
        case "unit_listed":
            _list(state, state.units, fact, fact.get("unit"))
        case "vehicle_listed":
            _list(state, state.vehicles, fact, fact.get("vehicle"))
        case "named":
            _name(state, fact)
        case "rostered":
            _roster(state, fact)
        case "sighted":
            if fact.get("vehicle") is not None:
                state.known.add(fact.get("vehicle"))
        case "revoked":
            for rows in (state.people, state.units, state.vehicles, state.namings, state.shifts):
                rows.end(fact)


def _list(state: State, rows: Standing, fact: Fact, entity: str | None) -> None:
    if entity is not None:
        state.known.add(entity)
        rows.add(fact, (entity,))


def _name(state: State, fact: Fact) -> None:
    role, about = fact.get("role"), fact.get("about")
    if role is not None and about is not None:
        state.namings.add(fact, (role, about, str(fact.get("holder"))), fact.get("until"))
        state.about_of.setdefault(role, set()).add((about, str(fact.get("holder"))))


def _roster(state: State, fact: Fact) -> None:
    shift, post, until = fact.get("shift"), fact.get("post"), fact.get("until")
    if shift is None or post is None or until is None or fact.get("from") is None:
        return
    person = fact.get("person")
    # A closed person still fills the post; the record's id keeps two of them apart.
    key = (shift, person if person is not None else fact.record.id)
    state.known.add(shift)
    state.shifts.add(fact, key, until)
    for index, name in (
        (state.by_post, post),
        (state.by_role, fact.get("role")),
        (state.by_person, person),
    ):
        if name is not None:
            rows = index.setdefault(name, [])
            if (until, key) not in rows:
                insort(rows, (until, key))
