"""Which stretch of time, and of which log, a verdict rests on."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from safeconduct.kernel.instants import DAY
from safeconduct.kernel.records import Fact
from safeconduct.kernel.vocabulary import SHARED, Vocabulary
from safeconduct.standards.language import (
    Absent,
    Apart,
    Atom,
    Before,
    Bind,
    Compares,
    Count,
    Earlier,
    Equals,
    FromUntil,
    Group,
    Never,
    NotSince,
    Response,
    Rule,
    WhileValid,
    atoms_of,
)

SIGHTED = "sites.vehicle.sighted"
MOTION = {"stopped": "stopped", "moved": "moving", "left": "gone"}
"""Derived events that one sighting shows: alias to the motion seen."""

LOOK_BACK = DAY
"""A stay is shown to begin at a sighting by this much of the log before it (verifier's rule)."""

_PLACES = ("zone", "post", "site", "premises", "district", "road", "cell", "meeting", "territory")


class Window(msgspec.Struct, frozen=True):
    """What must be complete: from `low` (None: from the log's first leaf) until after `high`."""

    low: int | None
    high: int
    logs: tuple[str, ...]
    atoms: tuple[Atom, ...]


def moment(alias: str, fact: Fact) -> int:
    """The time of the event that an alias sees in a record."""
    seen = fact.values.get("first_seen")
    if alias == "stopped" and fact.record.type == SIGHTED and isinstance(seen, int):
        return min(seen, fact.record.time)
    return fact.record.time


def plain(name: str, value: Any) -> Any:
    """A value as it is compared: a place may stand with or without its kind."""
    if isinstance(value, str) and ":" in value:
        kind, _, rest = value.partition(":")
        if kind in _PLACES and (name == kind or name not in _PLACES):
            return rest
    return value


def type_matches(vocabulary: Vocabulary, atom: Atom, type_name: str) -> bool:
    """Whether a record of this type could be such an event."""
    kind = vocabulary.by_alias.get(atom.type)
    named = kind is not None and kind.name == type_name
    return named or (atom.type in MOTION and type_name == SIGHTED)


def bind(vocabulary: Vocabulary, atom: Atom, fact: Fact) -> dict[str, Any] | None:
    """The variables that an atom binds in a fact, or None if the fact is no such event."""
    record = fact.record
    if not type_matches(vocabulary, atom, record.type):
        return None
    if (
        atom.type in MOTION
        and record.type == SIGHTED
        and fact.values.get("motion") != MOTION[atom.type]
    ):
        return None
    out: dict[str, Any] = {}
    for arg in atom.args:
        value = getattr(record, arg.field) if arg.field in SHARED else fact.values.get(arg.field)
        match arg:
            case Bind(var=var):
                if value is None or (
                    var in out and plain(arg.field, out[var]) != plain(arg.field, value)
                ):
                    return None
                out[var] = value
            case Equals(value=wanted):
                if plain(arg.field, value) != plain(arg.field, wanted):
                    return None
            case Compares():
                pass  # the node that reached the verdict compared it; the verifier does so again
    return out


def could(
    vocabulary: Vocabulary,
    atom: Atom,
    type_name: str,
    keys: Mapping[str, Any],
    bound: Mapping[str, Any],
) -> bool:
    """Whether a leaf that is open to type and join keys could be such an event."""
    if not type_matches(vocabulary, atom, type_name):
        return False
    for arg in atom.args:
        value = keys.get(arg.field)
        if value is None or (isinstance(value, str) and value.startswith("sealed:")):
            continue
        wanted = bound.get(arg.var) if isinstance(arg, Bind) else getattr(arg, "value", None)
        if wanted is None or isinstance(arg, Compares):
            continue
        if plain(arg.field, value) != plain(arg.field, wanted):
            return False
    return True


def _logs(owner: str, atoms: tuple[Atom, ...]) -> tuple[str, ...]:
    named = {
        arg.value
        for atom in atoms
        for arg in atom.args
        if isinstance(arg, Equals) and arg.field == "party"
    }
    plain_atom = any(
        not any(isinstance(arg, Equals) and arg.field == "party" for arg in atom.args)
        for atom in atoms
    )
    return tuple(sorted(named | ({owner} if plain_atom else set())))


def _reaches(needs: tuple[Any, ...]) -> Iterator[int | None]:
    """How far back each precondition looks; None: to the first leaf."""
    for alternative in needs:
        match alternative:
            case Group(atoms=atoms, within=within):
                yield None if any(atom.valid for atom in atoms) else within
            case Count(atom=atom, within=within) | Absent(atom=atom, within=within):
                yield None if atom.valid else within
            case Earlier() | NotSince():
                yield None


def window_of(  # noqa: PLR0911 - one form of rule, one answer
    rule: Rule, owner: str, trigger: Fact, verdict: str, starts: int | None
) -> Window | None:
    """The window of a verdict, or None where records alone decide it.

    Args:
        rule: the standard's rule.
        owner: the party that owes it.
        trigger: the triggering record.
        verdict: kept or breached.
        starts: when the obligation began to run, for a rule with a beginning and an end; when
            the oldest standing record was made that keeps a rule with `valid`.
    """
    first, *rest = atoms_of(rule)
    others = tuple(rest)
    time = moment(first.type, trigger)
    low: int | None
    if verdict == "kept" and not isinstance(rule, Before):
        return None
    match rule:
        case Response(within=within, answers=answers):
            low = time - LOOK_BACK if first.type == "stopped" else time
            low = None if any(atom.valid for atom in answers) else low
            return Window(low, time + within, _logs(owner, others), others)
        case FromUntil(every=every):
            low = time if starts is None else starts
            return Window(low, trigger.record.time + every, _logs(owner, others), (first, *others))
        case Before(needs=needs):
            some = [alternative for need in needs for alternative in need]
            if verdict == "kept" and not any(_negative(item) for item in some):
                return (
                    None if starts is None else Window(starts, time, _logs(owner, others), others)
                )
            reach = list(_reaches(tuple(some)))
            far = None if None in reach else max(span for span in reach if span is not None)
            low = None if far is None else time - far
            return Window(low, time, _logs(owner, others), others)
        case WhileValid(every=every):
            begun = trigger.values.get("from") if trigger.alias == first.type else None
            time = max(time, begun) if isinstance(begun, int) else time
            low = trigger.record.time if starts is None else starts
            return Window(low, time + every, (owner,), (first, *others))
        case Apart() | Never():
            return None


def _negative(alternative: Any) -> bool:
    return isinstance(alternative, (Absent, NotSince)) or (
        isinstance(alternative, Count) and alternative.bound == "most"
    )
