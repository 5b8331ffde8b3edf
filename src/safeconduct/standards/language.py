"""The rule language as values: atoms, preconditions and the six kinds of rule.

Durations are milliseconds. A rule's text and its value say the same: `show` prints a rule so
that the parser reads it back to the same value (tested). The value's canonical JSON, with the
class name as tag, is what an agreement may sign.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from safeconduct.kernel.instants import DAY, HOUR, MINUTE, SECOND


class _Node(msgspec.Struct, frozen=True, tag=True, tag_field="is"):
    """Every part of a rule is a frozen value that names its own class when encoded."""


class Bind(_Node, frozen=True):
    """`field` or `field as var`: the field's value gets a name; one name twice is a join."""

    field: str
    var: str


class Equals(_Node, frozen=True):
    """`field="text"`: the field is there and holds exactly this text."""

    field: str
    value: str


class Compares(_Node, frozen=True):
    """`field < 98 m`, `field=true`. The field's value times `scale` is compared with `value`.

    As parsed, `unit` is what was written and `scale` is 1; the check against a vocabulary
    converts both to whole numbers of one unit. A field that is absent leaves it in doubt.
    """

    field: str
    op: str
    value: int | bool
    unit: str | None = None
    scale: int = 1


Arg = Bind | Equals | Compares


class Atom(_Node, frozen=True):
    """`type(args)`: an event of that type; `valid` asks for the newest that still stands."""

    type: str
    args: tuple[Arg, ...]
    valid: bool = False

    @property
    def binds(self) -> tuple[Bind, ...]:
        """The arguments that bind a variable, in written order."""
        return tuple(arg for arg in self.args if isinstance(arg, Bind))

    @property
    def variables(self) -> tuple[str, ...]:
        """Names that the atom binds, each once, in written order."""
        return tuple(dict.fromkeys(bind.var for bind in self.binds))


class Group(_Node, frozen=True):
    """`A and B within D where x != y`: all of them, in one window that ends at the trigger."""

    atoms: tuple[Atom, ...]
    within: int | None = None
    where: tuple[str, str] | None = None


class Earlier(_Node, frozen=True):
    """`A at least D earlier`."""

    atom: Atom
    by: int


class Count(_Node, frozen=True):
    """`at least N var in A within D` (or `at most`): different values, an empty group is zero."""

    bound: str
    number: int
    var: str
    atom: Atom
    within: int | None = None


class Absent(_Node, frozen=True):
    """`no A within D`."""

    atom: Atom
    within: int | None = None


class NotSince(_Node, frozen=True):
    """`A not since B`: there is an A after which no B came."""

    atom: Atom
    breaker: Atom


Alternative = Group | Earlier | Count | Absent | NotSince


class Response(_Node, frozen=True):
    """`when A then within D: B or C`."""

    trigger: Atom
    within: int
    answers: tuple[Atom, ...]


class Before(_Node, frozen=True):
    """`before A need P or Q; need R`. `needs` holds the alternatives of each need."""

    trigger: Atom
    needs: tuple[tuple[Alternative, ...], ...]


class FromUntil(_Node, frozen=True):
    """`from A until B need C every D`."""

    start: Atom
    end: Atom
    heard: Atom
    every: int


class WhileValid(_Node, frozen=True):
    """`while valid A need B every D`."""

    standing: Atom
    heard: Atom
    every: int


class Apart(_Node, frozen=True):
    """`never A within D of B where x != y`: B lies in the past of A, another record than A."""

    trigger: Atom
    other: Atom
    within: int
    where: tuple[str, str] | None = None


class Never(_Node, frozen=True):
    """`never A`."""

    trigger: Atom


Rule = Response | Before | FromUntil | WhileValid | Apart | Never

PATTERN = {
    Response: "response",
    Before: "precondition",
    FromUntil: "periodic",
    WhileValid: "standing",
    Apart: "apart",
    Never: "never",
}
"""The word for each kind of rule."""


def atoms_of(part: Rule | Alternative) -> Iterator[Atom]:
    """All atoms of a rule or precondition, the trigger first."""
    match part:
        case Response(trigger=trigger, answers=answers):
            yield trigger
            yield from answers
        case Before(trigger=trigger, needs=needs):
            yield trigger
            for need in needs:
                for alternative in need:
                    yield from atoms_of(alternative)
        case FromUntil(start=start, end=end, heard=heard):
            yield from (start, end, heard)
        case WhileValid(standing=standing, heard=heard):
            yield from (standing, heard)
        case Apart(trigger=trigger, other=other):
            yield from (trigger, other)
        case Never(trigger=trigger):
            yield trigger
        case Group(atoms=atoms):
            yield from atoms
        case Earlier(atom=atom) | Count(atom=atom) | Absent(atom=atom):
            yield atom
        case NotSince(atom=atom, breaker=breaker):
            yield from (atom, breaker)


def trigger_of(rule: Rule) -> Atom:
    """The atom whose event starts an obligation or a judgement."""
    return next(atoms_of(rule))


def show_span(ms: int) -> str:
    """A duration as the notation writes it, in the largest unit that divides it."""
    for unit, size in (("d", DAY), ("h", HOUR), ("min", MINUTE), ("s", SECOND)):
        if ms and ms % size == 0:
            return f"{ms // size} {unit}"
    return f"{ms} ms"


def _show_arg(arg: Arg) -> str:
    match arg:
        case Bind(field=field, var=var):
            return field if field == var else f"{field} as {var}"
        case Equals(field=field, value=value):
            return f'{field}="{value}"'
        case Compares(field=field, value=bool(value)):
            return f"{field}={'true' if value else 'false'}"
        case Compares(field=field, op=op, value=value, unit=unit):
            return f"{field} {op} {value}" + (f" {unit}" if unit else "")


def show_atom(atom: Atom) -> str:
    """An atom in the notation."""
    return ("valid " if atom.valid else "") + f"{atom.type}({', '.join(map(_show_arg, atom.args))})"


def _window(within: int | None) -> str:
    return "" if within is None else f" within {show_span(within)}"


def _where(where: tuple[str, str] | None) -> str:
    return "" if where is None else f" where {where[0]} != {where[1]}"


def show_alternative(part: Alternative) -> str:
    """A precondition in the notation."""
    match part:
        case Group(atoms=atoms, within=within, where=where):
            return " and ".join(map(show_atom, atoms)) + _window(within) + _where(where)
        case Earlier(atom=atom, by=by):
            return f"{show_atom(atom)} at least {show_span(by)} earlier"
        case Count(bound=bound, number=number, var=var, atom=atom, within=within):
            return f"at {bound} {number} {var} in {show_atom(atom)}{_window(within)}"
        case Absent(atom=atom, within=within):
            return f"no {show_atom(atom)}{_window(within)}"
        case NotSince(atom=atom, breaker=breaker):
            return f"{show_atom(atom)} not since {show_atom(breaker)}"


def show(rule: Rule) -> str:
    """A rule in the notation; parsing it gives the same rule."""
    match rule:
        case Response(trigger=trigger, within=within, answers=answers):
            tail = " or ".join(map(show_atom, answers))
            return f"when {show_atom(trigger)} then within {show_span(within)}: {tail}"
        case Before(trigger=trigger, needs=needs):
            parts = ["need " + " or ".join(map(show_alternative, need)) for need in needs]
            return f"before {show_atom(trigger)} {'; '.join(parts)}"
        case FromUntil(start=start, end=end, heard=heard, every=every):
            span = f"from {show_atom(start)} until {show_atom(end)}"
            return f"{span} need {show_atom(heard)} every {show_span(every)}"
        case WhileValid(standing=standing, heard=heard, every=every):
            return f"while {show_atom(standing)} need {show_atom(heard)} every {show_span(every)}"
        case Apart(trigger=trigger, other=other, within=within, where=where):
            span = f"within {show_span(within)} of {show_atom(other)}"
            return f"never {show_atom(trigger)} {span}{_where(where)}"
        case Never(trigger=trigger):
            return f"never {show_atom(trigger)}"


def mapped(value: Any, change: Callable[[Atom], Atom]) -> Any:
    """The same rule (or part of one) with every atom changed."""
    if isinstance(value, Atom):
        return change(value)
    if isinstance(value, tuple):
        return tuple(mapped(item, change) for item in value)
    if isinstance(value, _Node):
        fields = {name: mapped(getattr(value, name), change) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **fields)
    return value
