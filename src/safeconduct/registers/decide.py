"""What may enter the registers. Powers are the agreement's; here stand only the facts."""

from safeconduct.kernel.errors import Refused
from safeconduct.kernel.ids import entity_id
from safeconduct.kernel.instants import show_instant
from safeconduct.kernel.records import Fact
from safeconduct.registers.projection import State
from safeconduct.registers.standing import Standing

FOUNDED = {
    "person_listed": "person",
    "unit_listed": "unit",
    "vehicle_listed": "vehicle",
    "rostered": "shift",
}
"""Which alias founds which kind of entity; the field has the kind's name."""


def decide(state: State, fact: Fact) -> None:
    """Refuse a record that must not enter the log; other aliases pass.

    Raises:
        Refused: the id is not the founding record's, the entry is another party's, or a span
            is empty.
    """
    kind = FOUNDED.get(fact.alias)
    if kind is not None:
        _founding(state, fact, kind)
    match fact.alias:
        case "person_listed":
            _own(state.people, fact, "person")
        case "unit_listed":
            _own(state.units, fact, "unit")
        case "vehicle_listed":
            _own(state.vehicles, fact, "vehicle")
        case "rostered":
            _span(fact)
        case "named":
            _naming(fact)


def _founding(state: State, fact: Fact, kind: str) -> None:
    entity = fact.get(kind)
    if entity is None or entity in state.known:
        return
    due = entity_id(kind, fact.record.id)
    if entity != due:
        raise Refused(
            f"the {kind} {entity} is unknown here",
            why=f"no record founded it, and an id founded by this record would be {due}",
            do=f"leave the {kind} out so that it is made from the record, or name a listed one",
        )


def _own(rows: Standing, fact: Fact, kind: str) -> None:
    entity = fact.get(kind)
    parties = rows.parties((entity,)) if entity is not None else frozenset()
    if parties and fact.record.party not in parties:
        raise Refused(
            f"the {kind} {entity} stands in the register of {', '.join(sorted(parties))}",
            why="each party lists its own people, units and vehicles",
            do="ask that party to correct its entry",
        )


def _span(fact: Fact) -> None:
    begins, until = fact.get("from"), fact.get("until")
    if begins is not None and until is not None and begins >= until:
        raise Refused(
            f"the shift ends at {show_instant(until)}, not after its begin",
            why=f"it begins at {show_instant(begins)}, and its end is exclusive",
            do="give an end later than the begin",
        )


def _naming(fact: Fact) -> None:
    until = fact.get("until")
    if until is not None and until <= fact.record.time:
        raise Refused(
            f"the naming would end at {show_instant(until)}, before it holds",
            why=f"it holds from {show_instant(fact.record.time)}",
            do="give a later end, or none",
        )
