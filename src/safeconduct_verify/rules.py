"""The rule of a standard, read from the agreement's own text: a small recursive-descent parser.

Only what `follow` can judge is read; everything else is refused by name and is never proven.
"""

import re
from dataclasses import dataclass
from typing import NoReturn

from safeconduct_verify.reading import not_proven
from safeconduct_verify.words import SCALE, TYPES, UNITS

MAX_RULE = 4_000

_TOKEN = re.compile(r'\s*(?:("[^"\\\n]*")|([0-9]+)|([a-z][a-z0-9_]*)|(<=|>=|!=|[<>=(),;:]))')


@dataclass(frozen=True)
class Arg:
    """One condition on a field: `join` binds it to a variable, else it is compared."""

    field: str
    op: str
    value: str | int | bool = ""
    unit: str | None = None


@dataclass(frozen=True)
class Atom:
    """One event pattern."""

    alias: str
    args: tuple[Arg, ...]
    valid: bool = False


@dataclass(frozen=True)
class Need:
    """One precondition: kind is group, earlier, count, absent or since."""

    kind: str
    atoms: tuple[Atom, ...]
    span: int | None = None
    bound: str = ""
    count: int = 0
    field: str = ""
    apart: tuple[str, str] | None = None


@dataclass(frozen=True)
class Rule:
    """A rule: its form, its trigger, and the parts that this form has."""

    form: str
    trigger: Atom
    span: int | None = None
    others: tuple[Atom, ...] = ()
    needs: tuple[tuple[Need, ...], ...] = ()
    apart: tuple[str, str] | None = None
    end: Atom | None = None

    def atoms(self) -> tuple[Atom, ...]:
        """Every atom but the trigger."""
        some = [atom for group in self.needs for need in group for atom in need.atoms]
        return (*self.others, *some, *((self.end,) if self.end else ()))


def _unable(why: str) -> NoReturn:
    not_proven(f"this verifier cannot evaluate the rule: {why}")


class _Reader:
    """The tokens of one rule, taken from the left."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_RULE:
            _unable("it is too long")
        self.tokens: list[str] = []
        at, text = 0, text.strip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                _unable(f"it does not read at {text[at : at + 20]!r}")
            self.tokens.append(match[match.lastindex or 0])
            at = match.end()
        self.at = 0

    def peek(self) -> str:
        """The next token, or an empty text at the end."""
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        """Take the next token, which must be one of those wanted, if any are named."""
        token = self.peek()
        if not token or (wanted and token not in wanted):
            _unable(f"{token or 'its end'!r} stands where {' or '.join(wanted) or 'more'} should")
        self.at += 1
        return token

    def got(self, *words: str) -> bool:
        """Take these tokens if they come next."""
        if self.tokens[self.at : self.at + len(words)] == list(words):
            self.at += len(words)
            return True
        return False

    def name(self) -> str:
        """Take a name."""
        token = self.take()
        if not token[0].isalpha():
            _unable(f"{token!r} is not a name")
        return token

    def number(self) -> int:
        """Take a whole number."""
        token = self.take()
        if not token.isdigit() or len(token) > 15:
            _unable(f"{token!r} is not a number")
        return int(token)

    def duration(self) -> int:
        """Take a duration: milliseconds."""
        number, unit = self.number(), self.name()
        if unit not in ("ms", "s", "min", "h", "d"):
            _unable(f"{unit!r} is not a unit of time")
        return number * SCALE[unit][1]

    def within(self) -> int | None:
        """Take `within` and a duration, if they come next."""
        return self.duration() if self.got("within") else None

    def atom(self) -> Atom:
        """Take an event pattern."""
        valid = self.got("valid")
        alias = self.name()
        if alias not in TYPES:
            _unable(f"the word {alias!r} is unknown to it")
        self.take("(")
        args = [self.arg(alias)]
        while self.got(","):
            args.append(self.arg(alias))
        self.take(")")
        return Atom(alias, tuple(args), valid)

    def arg(self, alias: str) -> Arg:
        """Take one condition of an atom."""
        field = self.name()
        if self.got("as"):
            return Arg(field, "join", self.name())
        if self.peek() in ("=", "<", "<=", ">", ">=", "!="):
            op = self.take()
            token = self.peek()
            if token.startswith('"') and op in ("=", "!="):
                return Arg(field, op, self.take()[1:-1])
            if token in ("true", "false") and op in ("=", "!="):
                return Arg(field, op, self.take() == "true")
            value = self.number()
            unit = self.name() if self.peek()[:1].isalpha() else None
            if unit is not None:
                own = UNITS.get(alias, {}).get(field)
                if unit not in SCALE or own is None or SCALE[own][0] != SCALE[unit][0]:
                    _unable(f"{alias}.{field} is not measured in {unit}")
            return Arg(field, op, value, unit)
        return Arg(field, "join", field)


def parse(text: str) -> Rule:
    """The rule of a text; one that cannot be judged here is refused."""
    read = _Reader(text)
    form = read.take("when", "before", "at", "from", "while", "never")
    rule = {
        "when": _when,
        "before": _before,
        "at": _before,
        "from": _from,
        "while": _while,
        "never": _never,
    }[form](read)
    if read.peek():
        _unable(f"{read.peek()!r} stands after its end")
    if rule.trigger.valid and rule.form != "while":
        _unable("its trigger is a state, not an event")
    return rule


def _when(read: _Reader) -> Rule:
    trigger = read.atom()
    read.take("then")
    read.take("within")
    span = read.duration()
    read.take(":")
    others = [read.atom()]
    while read.got("or"):
        others.append(read.atom())
    return Rule("when", trigger, span, tuple(others))


def _before(read: _Reader) -> Rule:
    trigger, needs = read.atom(), []
    while True:
        read.take("need")
        some = [_need(read)]
        while read.got("or"):
            some.append(_need(read))
        needs.append(tuple(some))
        if not read.got(";"):
            return Rule("before", trigger, needs=tuple(needs))


def _need(read: _Reader) -> Need:
    if read.got("no"):
        return Need("absent", (read.atom(),), read.within())
    if read.got("at"):
        bound = read.take("least", "most")
        count, field = read.number(), read.name()
        read.take("in")
        atom = read.atom()
        return Need("count", (atom,), read.within(), bound, count, field)
    if read.peek() == "every":
        _unable("`every A has P`")
    first = read.atom()
    if read.got("at", "least"):
        span = read.duration()
        read.take("earlier")
        return Need("earlier", (first,), span)
    if read.got("not", "since"):
        return Need("since", (first, read.atom()))
    atoms = [first]
    while read.got("and"):
        atoms.append(read.atom())
    return Need("group", tuple(atoms), read.within(), apart=_where(read))


def _from(read: _Reader) -> Rule:
    start = read.atom()
    read.take("until")
    end = read.atom()
    read.take("need")
    need = read.atom()
    read.take("every")
    return Rule("from", start, read.duration(), (need,), end=end)


def _while(read: _Reader) -> Rule:
    standing = read.atom()
    if not standing.valid:
        _unable("`while` without `valid`")
    read.take("need")
    need = read.atom()
    read.take("every")
    return Rule("while", standing, read.duration(), (need,))


def _never(read: _Reader) -> Rule:
    trigger = read.atom()
    span = read.within()
    if span is None:
        return Rule("never", trigger)
    read.take("of")
    return Rule("never", trigger, span, (read.atom(),), apart=_where(read))


def _where(read: _Reader) -> tuple[str, str] | None:
    if not read.got("where"):
        return None
    left = read.name()
    read.take("!=")
    return (left, read.name())
