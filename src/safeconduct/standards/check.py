"""Names and types of a rule: against a vocabulary, against places, and against itself."""

from collections.abc import Collection
from difflib import get_close_matches

from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.vocabulary import SHARED, RecordType, Vocabulary
from safeconduct.standards.compiled import Compiled
from safeconduct.standards.explain import notes_of
from safeconduct.standards.language import (
    Apart,
    Arg,
    Atom,
    Before,
    Bind,
    Compares,
    Count,
    Equals,
    FromUntil,
    Group,
    Response,
    Rule,
    WhileValid,
    atoms_of,
    mapped,
    show_atom,
    trigger_of,
)
from safeconduct.standards.literals import kind_of, resolve_place, resolve_value, to_units
from safeconduct.standards.standard import Standard
from safeconduct.standards.verdicts import TICK


def compile_standard(
    standard: Standard,
    vocabulary: Vocabulary | None = None,
    places: Collection[str] | None = None,
    *,
    strict: bool = True,
) -> Compiled:
    """A standard made ready for a monitor.

    Args:
        standard: as `load_standards` gives it.
        vocabulary: the known record types. With it, every type, field, choice, unit and join
            is checked. Without it, names are free, as plain traces need.
        places: the agreement's place names, such as `zone:outer-cordon`. With them, a text for a
            zone, post, site or district must be one; `outer-cordon` alone is completed.
        strict: if false, the vocabulary only lends identity keys and units to the types that it
            knows, and other names stay free.

    Raises:
        Malformed: standard, the atom or literal, why, and what would be valid.
    """
    where = f"standard {standard.id}"
    checker = _Checker(where, vocabulary, places, strict=strict)
    for atom in atoms_of(standard.rule):
        checker.check_type(atom)
    _check_shape(where, standard.rule)
    rule: Rule = mapped(standard.rule, checker.resolve)
    checker.check_joins(rule)
    known = vocabulary.by_alias if vocabulary is not None else {}
    identities = {
        atom.type: known[atom.type].identity
        for atom in atoms_of(rule)
        if atom.valid and atom.type in known and known[atom.type].identity
    }
    return Compiled(standard, rule, identities, notes_of(rule, vocabulary if strict else None))


def _near(word: str, known: Collection[str]) -> str:
    close = get_close_matches(word, sorted(known), 3, 0.6)
    return f"did you mean {' or '.join(close)}?" if close else ""


class _Checker:
    """Checks the atoms of one rule and resolves their literals."""

    def __init__(
        self,
        where: str,
        vocabulary: Vocabulary | None,
        places: Collection[str] | None,
        *,
        strict: bool,
    ) -> None:
        self.where = where
        self.places = places
        self.known = vocabulary.by_alias if vocabulary is not None else {}
        self.strict = strict and vocabulary is not None

    def check_type(self, atom: Atom) -> None:
        """The type is one that events can have, and `valid` knows its identity."""
        if atom.type == TICK:
            raise Malformed(f"{self.where}: `tick` is not a type", why="it carries time alone")
        if not self.strict:
            return
        kind = self.known.get(atom.type)
        if kind is None:
            raise Malformed(
                f"{self.where}: there is no type {atom.type!r}",
                do=_near(atom.type, self.known) or "see `safeconduct standards vocabulary`",
            )
        if atom.valid and not kind.identity:
            raise Malformed(
                f"{self.where}: `valid {atom.type}`",
                why=f"{atom.type} has no identity key, so no record of it replaces another",
                do="leave out `valid`",
            )
        for arg in atom.args:
            if arg.field not in SHARED and kind.field(arg.field) is None:
                names = [field.name for field in kind.fields] + list(SHARED)
                raise Malformed(
                    f"{self.where}: {atom.type} has no field {arg.field!r}",
                    do=_near(arg.field, names) or f"its fields are {', '.join(names)}",
                )

    def resolve(self, atom: Atom) -> Atom:
        """The atom with its places completed and its numbers in whole units of the field."""
        kind = self.known.get(atom.type)
        return Atom(atom.type, tuple(self._arg(atom.type, kind, a) for a in atom.args), atom.valid)

    def _arg(self, alias: str, kind: RecordType | None, arg: Arg) -> Arg:
        if self.strict and kind is not None:
            resolve_value(self.where, kind, arg)
        if isinstance(arg, Equals) and self.places is not None:
            return resolve_place(self.where, arg, self.places)
        if isinstance(arg, Compares):
            field = kind.field(arg.field) if kind is not None else None
            return to_units(self.where, alias, field, arg, strict=self.strict)
        return arg

    def check_joins(self, rule: Rule) -> None:
        """A variable is of one kind, and a field is compared with one kind of value."""
        kinds: dict[str, tuple[str, str]] = {}
        compared: dict[tuple[str, str], str] = {}
        for atom in atoms_of(rule):
            for arg in atom.args:
                if not isinstance(arg, Bind):
                    self._one_kind(compared, atom, arg)
                elif self.strict:
                    self._one_join(kinds, self.known[atom.type], arg)

    def _one_kind(
        self, compared: dict[tuple[str, str], str], atom: Atom, arg: Equals | Compares
    ) -> None:
        kind = {str: "text", bool: "true or false", int: "number"}[type(arg.value)]
        before = compared.setdefault((atom.type, arg.field), kind)
        if before != kind:
            raise Malformed(
                f"{self.where}: {atom.type}.{arg.field} is a {before} in one place, a {kind} "
                f"in another"
            )

    def _one_join(self, kinds: dict[str, tuple[str, str]], kind: RecordType, arg: Bind) -> None:
        what = kind_of(kind, arg.field)
        if what is None:
            return
        here = f"{kind.alias}.{arg.field}"
        before, there = kinds.setdefault(arg.var, (what, here))
        if before != what:
            raise Malformed(
                f"{self.where}: {arg.var!r} is a {before} in {there}, a {what} in {here}",
                why="a name that stands twice joins, and these can never be equal",
                do=f"write `{arg.field} as other` in {kind.alias}",
            )


def _check_shape(where: str, rule: Rule) -> None:
    """What is wrong with a rule whatever its words mean."""
    match rule:
        case Response(trigger=trigger, answers=answers):
            for answer in answers:
                if answer.type == trigger.type and set(answer.args) <= set(trigger.args):
                    raise Malformed(
                        f"{where}: {show_atom(answer)} answers itself",
                        why="every trigger would keep the rule at once",
                        do="say what the answer has that the trigger has not",
                    )
        case FromUntil(every=0) | WhileValid(every=0):
            raise Malformed(f"{where}: `every` needs a time of more than zero")
        case Apart(trigger=trigger, other=other, where=pair):
            _check_where(where, pair, {*trigger.variables, *other.variables})
        case Before(needs=needs):
            names = set(trigger_of(rule).variables)
            for part in (part for need in needs for part in need):
                if isinstance(part, Group):
                    every = {var for atom in part.atoms for var in atom.variables}
                    _check_where(where, part.where, names | every)
                elif isinstance(part, Count):
                    _check_count(where, part, names)
        case _:
            pass


def _check_where(where: str, pair: tuple[str, str] | None, names: set[str]) -> None:
    for var in pair or ():
        if var not in names:
            raise Malformed(
                f"{where}: `where` names {var!r}, which nothing binds",
                do=f"name one of {', '.join(sorted(names))}",
            )
    if pair is not None and pair[0] == pair[1]:
        raise Malformed(f"{where}: {pair[0]!r} never differs from itself")


def _check_count(where: str, part: Count, names: set[str]) -> None:
    if part.var not in part.atom.variables:
        raise Malformed(
            f"{where}: {part.var!r} is counted, but {show_atom(part.atom)} does not bind it",
            do=f"write it in {part.atom.type}(...)",
        )
    if part.var in names:
        raise Malformed(
            f"{where}: {part.var!r} is counted, but the trigger fixes it to one value",
            do=f"write `{part.var} as other` in {part.atom.type}(...) and count `other`",
        )
    if part.bound == "least" and part.number == 0:
        raise Malformed(f"{where}: `at least 0` asks for nothing", do="write at least 1")
