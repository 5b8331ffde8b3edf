"""The state of movements and how a fact changes it.

A life is a set of marks, not a pointer that moves: whichever log a fact comes from and whenever
it arrives, the same facts give the same life.
"""

from typing import Any

import msgspec

from safeconduct.kernel.records import Fact
from safeconduct.movements.model import Hold, Mark, Order, Request
from safeconduct.registers.standing import Key, Standing

STEPS = ("landed", "depart", "arrived", "aborted", "closed")
"""Aliases that mark a step of a movement's life."""


class Life(msgspec.Struct):
    """All that is on record about one movement."""

    requests: set[Request] = msgspec.field(default_factory=set)
    orders: set[Order] = msgspec.field(default_factory=set)
    marks: dict[str, set[Mark]] = msgspec.field(default_factory=dict)
    notices: set[Mark] = msgspec.field(default_factory=set)
    clearances: set[Key] = msgspec.field(default_factory=set)
    vehicles: set[Key] = msgspec.field(default_factory=set)
    escorts: set[Key] = msgspec.field(default_factory=set)
    last_radio: int | None = None


class State(msgspec.Struct):
    """Owned by its caller; changed by `project` only.

    `holds` has each party's own record of a hold, since both nodes compute the same one and
    neither may weaken the other's. `released` may name a hold that has not come yet: it may lie
    in the other log. `replaced` has for a record id the party and alias of what corrects it: only
    the same party and type do. `of_vehicle` has the movements that a vehicle was ever assigned to.
    """

    lives: dict[str, Life] = msgspec.field(default_factory=dict)
    cleared: Standing = msgspec.field(default_factory=Standing)
    assigned: Standing = msgspec.field(default_factory=Standing)
    escorts: Standing = msgspec.field(default_factory=Standing)
    approved: Standing = msgspec.field(default_factory=Standing)
    approvals_about: dict[str, set[Key]] = msgspec.field(default_factory=dict)
    holds: dict[str, dict[str, Hold]] = msgspec.field(default_factory=dict)
    released: dict[str, Mark] = msgspec.field(default_factory=dict)
    replaced: dict[str, set[tuple[str, str]]] = msgspec.field(default_factory=dict)
    of_vehicle: dict[str, set[str]] = msgspec.field(default_factory=dict)


def project(state: State, fact: Fact) -> None:
    """Enter one fact; an alias that movements do not read changes nothing."""
    match fact.alias:
        case "hold":
            _hold(state, fact)
        case "hold_released":
            _released(state, fact)
        case "approved":
            _approved(state, fact)
        case "revoked":
            for rows in (state.cleared, state.assigned, state.escorts, state.approved):
                rows.end(fact)
        case _ if fact.alias in _OF_MOVEMENT and fact.get("movement") is not None:
            if fact.record.replaces is not None:
                by = state.replaced.setdefault(fact.record.replaces, set())
                by.add((fact.record.party, fact.alias))
            life = state.lives.setdefault(fact.get("movement"), Life())
            _enter(state, life, fact)


def _enter(state: State, life: Life, fact: Fact) -> None:
    movement = fact.get("movement")
    match fact.alias:
        case "requested":
            life.requests.add(_request(fact))
        case "ordered" | "changed":
            life.orders.add(_order(fact))
        case "notified":
            life.notices.add(_mark(fact, fact.get("kind", "")))
        case "radio":
            if fact.get("ok", True):
                life.last_radio = max(life.last_radio or 0, fact.record.time)
        case "cleared" if fact.get("district") is not None:
            # The authority is shown to nobody in the milestone form; a district still is.
            clearance = (movement, fact.get("district"), fact.get("authority", ""))
            state.cleared.add(fact, clearance, fact.get("until"))
            life.clearances.add(clearance)
        case "assigned":
            # The milestone form counts vehicles without naming them: the record stands for one.
            vehicle = fact.get("vehicle", fact.record.id)
            state.assigned.add(fact, (movement, vehicle))
            life.vehicles.add((movement, vehicle))
            state.of_vehicle.setdefault(vehicle, set()).add(movement)
        case "escort":
            escort = (movement, fact.get("unit", fact.record.id), str(fact.get("leg", "")))
            state.escorts.add(fact, escort)
            life.escorts.add(escort)
        case step if step in STEPS:
            detail = fact.get("outcome", fact.get("site", ""))
            life.marks.setdefault(step, set()).add(_mark(fact, detail))


_OF_MOVEMENT = frozenset(
    {
        "requested",
        "ordered",
        "changed",
        "notified",
        "radio",
        "cleared",
        "assigned",
        "escort",
        *STEPS,
    }
)


def _mark(fact: Fact, detail: str = "") -> Mark:
    record = fact.record
    return Mark(record.time, record.seq, record.id, record.party, detail)


def _order(fact: Fact) -> Order:
    record = fact.record
    return Order(
        version=fact.get("version", 0),
        time=record.time,
        seq=record.seq,
        record=record.id,
        party=record.party,
        changed=fact.get("what", "") if fact.alias == "changed" else None,
        gate=fact.get("gate"),
        due=fact.get("new_due"),
    )


def _request(fact: Fact) -> Request:
    record = fact.record
    return Request(
        time=record.time,
        seq=record.seq,
        record=record.id,
        party=record.party,
        group=fact.get("group"),
        purpose=fact.get("purpose"),
        persons=fact.get("persons", 0),
        origin=fact.get("origin"),
        destination=fact.get("destination"),
        starts=fact.get("starts"),
        ends=fact.get("ends"),
        districts=_names(fact.get("districts")),
    )


def _names(value: Any) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return None
    return tuple(item for item in value if isinstance(item, str))


def _hold(state: State, fact: Fact) -> None:
    name = fact.get("hold")
    if name is None:
        return
    record = fact.record
    hold = Hold(
        hold=name,
        movement=fact.get("movement"),
        zone=fact.get("zone"),
        site=fact.get("site"),
        alert=fact.get("alert"),
        offers=_names(fact.get("offers")) or (),
        clause=fact.get("clause", ""),
        time=record.time,
        seq=record.seq,
        record=record.id,
        party=record.party,
        rev=record.rev,
    )
    known = state.holds.setdefault(name, {}).get(hold.party)
    if known is None or _rank(hold) > _rank(known):
        state.holds[name][hold.party] = hold


def _rank(hold: Hold) -> tuple[int, int, int, str]:
    return hold.rev, -hold.time, -hold.seq, hold.record


def _released(state: State, fact: Fact) -> None:
    name = fact.get("hold")
    if name is None:
        return
    mark = _mark(fact, fact.get("reason", ""))
    state.released[name] = min(state.released.get(name, mark), mark)


def _approved(state: State, fact: Fact) -> None:
    about = fact.get("about")
    if about is None:
        return
    key = (about, fact.get("of", ""), fact.record.by)
    state.approved.add(fact, key, fact.get("until"))
    state.approvals_about.setdefault(about, set()).add(key)
