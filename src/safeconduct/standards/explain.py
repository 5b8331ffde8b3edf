"""A rule in plain English, with its joins spelled out and what is easily missed."""

from safeconduct.kernel.instants import show_instant
from safeconduct.kernel.vocabulary import Vocabulary
from safeconduct.standards.language import (
    Absent,
    Alternative,
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
    show_atom,
    show_span,
    trigger_of,
)
from safeconduct.standards.literals import PLACES
from safeconduct.standards.standard import Standard


def explain(standard: Standard, vocabulary: Vocabulary | None = None) -> str:
    """What the standard says, in one paragraph, then one line for each warning.

    With a vocabulary, fields that the author may have forgotten are named too.
    """
    lines = [sentence(standard.rule)]
    if standard.in_force_from is not None:
        lines.append(f"It governs from {show_instant(standard.in_force_from)} on.")
    if standard.in_force_until is not None:
        lines.append(f"It ends at {show_instant(standard.in_force_until)}.")
    lines += [f"Note: {note}" for note in notes_of(standard.rule, vocabulary)]
    return "\n".join(lines)


def sentence(rule: Rule) -> str:
    """The rule as one English sentence."""
    met: set[str] = set()
    match rule:
        case Response(trigger=trigger, within=within, answers=answers):
            head = f"Whenever {_fact(trigger, met)}, then within {show_span(within)} there is "
            parts = [_fact(atom, set(met)) for atom in answers]
            return head + ", or ".join(parts) + "; exactly at the deadline is in time."
        case Before(trigger=trigger, needs=needs):
            head = f"Before {_fact(trigger, met)}, "
            parts = [" or ".join(_need(part, set(met)) for part in need) for need in needs]
            return head + "there must be " + "; and also ".join(parts) + "."
        case FromUntil(start=start, end=end, heard=heard, every=every):
            first = _fact(start, met)
            return (
                f"From {first} until {_fact(end, set(met))}, there is {_fact(heard, set(met))} "
                f"at least every {show_span(every)}; nothing is due after the end."
            )
        case WhileValid(standing=standing, heard=heard, every=every):
            first = _fact(standing, met)
            return (
                f"As long as {first} stands, there is {_fact(heard, set(met))} at least every "
                f"{show_span(every)}, first {show_span(every)} after it came to stand."
            )
        case Apart(trigger=trigger, other=other, within=within, where=where):
            first = _fact(trigger, met)
            return (
                f"Never {first} when in the {show_span(within)} before it there was "
                f"another record {_fact(other, met)}{_differ(where)}."
            )
        case Never(trigger=trigger):
            return f"Never {_fact(trigger, met)}."


def _differ(where: tuple[str, str] | None) -> str:
    return f", with {where[0]} and {where[1]} not the same" if where else ""


def _window(within: int | None) -> str:
    return "at any time before" if within is None else f"in the {show_span(within)} before"


def _need(part: Alternative, met: set[str]) -> str:
    match part:
        case Group(atoms=atoms, within=within, where=where):
            facts = " and ".join([_fact(atom, met) for atom in atoms])
            return f"{facts}, {_window(within)}{_differ(where)}"
        case Earlier(atom=atom, by=by):
            return f"{_fact(atom, met)}, at least {show_span(by)} earlier"
        case Count(bound=bound, number=number, var=var, atom=atom, within=within):
            what = _fact(atom, met)
            return f"at {bound} {number} different values of {var} in {what}, {_window(within)}"
        case Absent(atom=atom, within=within):
            return f"no {_fact(atom, met)}, {_window(within)}"
        case NotSince(atom=atom, breaker=breaker):
            first = _fact(atom, met)
            return f"{first}, with no {_fact(breaker, met)} after it"


def _fact(atom: Atom, met: set[str]) -> str:
    """An atom in words; variables met before are `the same`, others are added to them."""
    words: list[str] = []
    same: list[str] = []
    other: list[str] = []
    asked: list[str] = []
    for arg in atom.args:
        match arg:
            case Bind(field=field, var=var):
                label = field if field == var else f"{var} as {field}"
                (same if var in met else other).append(label)
                met.add(var)
            case Equals(field=field, value=value):
                asked.append(f'{field} "{value}"')
            case Compares(field=field, op=op, value=value, unit=unit):
                shown = str(value).lower() if isinstance(value, bool) else str(value)
                asked.append(f"{field} {op} {shown}" + (f" {unit}" if unit else ""))
    if same:
        words.append("the same " + " and ".join(same))
    if other:
        words.append("some " + " and ".join(other))
    if asked:
        words.append("with " + " and ".join(asked))
    named = {arg.field for arg in atom.args}
    words += [f"any {field}" for field in ("zone",) if atom.type == "left" and field not in named]
    return f"{'a valid ' if atom.valid else ''}`{atom.type}` ({'; '.join(words)})"


def notes_of(rule: Rule, vocabulary: Vocabulary | None = None) -> tuple[str, ...]:
    """What is easily missed in a rule: joins that are not there, places and states left open."""
    trigger = trigger_of(rule)
    asked = {arg.field: arg.value for arg in trigger.args if isinstance(arg, Equals)}
    notes = []
    for atom in list(atoms_of(rule))[1:]:
        named = {arg.field for arg in atom.args}
        kind = vocabulary.by_alias.get(atom.type) if vocabulary is not None else None
        for field, value in asked.items():
            has = kind.field(field) is not None if kind is not None else field in PLACES
            if field in PLACES and field not in named and has:
                notes.append(
                    f"{show_atom(atom)} names no {field}: any {field} will do, not only "
                    f'"{value}". Write {field}="{value}" in it if that is meant.'
                )
        if trigger.variables and not set(atom.variables) & set(trigger.variables):
            linked = any(
                set(atom.variables) & set(other.variables)
                for other in atoms_of(rule)
                if other is not atom
            )
            if not linked:
                notes.append(f"{show_atom(atom)} shares no name with the rest: any one will do.")
    for atom in atoms_of(rule):
        kind = vocabulary.by_alias.get(atom.type) if vocabulary is not None else None
        state = kind.field("state") if kind is not None else None
        if state is not None and all(arg.field != "state" for arg in atom.args):
            notes.append(f"{show_atom(atom)} is met in any state: {', '.join(state.choices)}.")
    return tuple(dict.fromkeys(notes))
