"""From one line of text to a rule: LALR(1), every refusal with column, piece and what fits.

What the vocabulary foresees but this version cannot judge yet is recognised first and refused
by name, so that it is never read as something else.
"""

import re
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken, VisitError

from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.instants import DAY, HOUR, MINUTE, SECOND
from safeconduct.standards.language import (
    Absent,
    Apart,
    Arg,
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
)

MAX_RULE = 4_000
"""Longest rule line in characters; the longest of the seventy has about 270."""

MAX_SPAN = 36_525 * DAY
"""A hundred years: keeps every deadline an exact integer in every JSON reader."""

_GRAMMAR = r"""
?start: response | before | periodic | standing | apart | never
response: "when" atom "then" "within" span ":" fact ("or" fact)*
before: ("before" | "at") atom need (";" need)*
need: "need" _alternative ("or" _alternative)*
_alternative: group | earlier | count | absent | notsince
group: fact ("and" fact)* window? where?
earlier: atom "at" "least" span "earlier"
count: "at" bound INT NAME "in" fact window?
bound: LEAST | MOST
absent: "no" fact window?
notsince: atom "not" "since" atom
periodic: "from" atom "until" atom "need" atom "every" span
standing: "while" valid "need" atom "every" span
apart: "never" atom "within" span "of" atom where?
never: "never" atom
window: "within" span
where: "where" NAME "!=" NAME
?fact: atom | valid
valid: "valid" atom
atom: NAME "(" _arg ("," _arg)* ")"
_arg: bind | equals | compares | holds
bind: NAME ("as" NAME)?
equals: NAME "=" TEXT
compares: NAME (OP | EQ) INT NAME?
holds: NAME "=" (TRUE | FALSE)
span: INT NAME
LEAST: "least"
MOST: "most"
TRUE: "true"
FALSE: "false"
OP: "<=" | ">=" | "<" | ">"
EQ: "="
TEXT: /"[^"\\\n]*"/
NAME: /[a-z][a-z0-9_]*/
INT: /[0-9]+/
%ignore /[ \t\r\n]+/
"""

_UNITS = {"ms": 1, "s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY}

_LATER = (
    (r"\$[a-z_]", "a parameter ($name)", "write the number"),
    (r"\bworking\s+d", "working days", "write the days as `d`, or leave this line out"),
    (r"\bby\s+night\b", "`by night at`", "record `night` as a field and compare it"),
    (r"\bsum\s+[a-z]", "a sum over a window", "let the source record the sum as a field"),
    (r"^\s*each\b", "a calendar period (`each day`)", "write `while valid ... every`"),
    (r"\bneed\s+every\b|\bor\s+every\b", "`every A has P`", "pair `at least N` with a line each"),
    (r"\b[a-z_]+\s+has\s+[a-z]", "walking a list (`has`)", "record one fact an entry"),
    (r"\bby\s+[a-z_]+\s*\+", "a deadline from a field (`by field + time`)", "write `within`"),
    (r"%|\bneed\s+count\b", "a share of a count (`count ... %`)", "write `at least N`"),
    (r"^\s*from\b[^:]*\)\s*:", "a scope (`from A until B: rule`)", "write the rule alone"),
    (r"\bfrom\s+[a-z_]+\s*[-+]", "a window around a field", "write `within`"),
)

_PLAIN = {
    "NAME": "a name",
    "INT": "a whole number",
    "TEXT": 'a text in "double quotes"',
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
    "COLON": ":",
    "SEMICOLON": ";",
    "EQ": "=",
    "EQUAL": "=",
    "OP": "< <= > >=",
    "__ANON_0": "!=",
    "$END": "the end of the rule",
}


class _Build(Transformer[Token, Any]):
    """Turns the parse tree into the values of `language`, bottom up."""

    def span(self, parts: list[Token]) -> int:
        number, unit = parts
        if str(unit) not in _UNITS:
            raise _Bad(unit, "is not a unit of time", "s, min, h or d")
        ms = int(number) * _UNITS[str(unit)] if len(number) < 12 else MAX_SPAN + 1
        if ms > MAX_SPAN:
            raise _Bad(number, "is too long a time", "at most a hundred years")
        return ms

    def bind(self, parts: list[Token]) -> Arg:
        return Bind(str(parts[0]), str(parts[-1]))

    def equals(self, parts: list[Token]) -> Arg:
        return Equals(str(parts[0]), str(parts[-1])[1:-1])

    def compares(self, parts: list[Token]) -> Arg:
        field, op, number = parts[:3]
        if len(number) > 15:
            raise _Bad(number, "is too large a number", "fewer than 16 digits")
        return Compares(str(field), str(op), int(number), str(parts[3]) if len(parts) > 3 else None)

    def holds(self, parts: list[Token]) -> Arg:
        return Compares(str(parts[0]), "=", parts[-1].type == "TRUE")

    def atom(self, parts: list[Any]) -> Atom:
        return Atom(str(parts[0]), tuple(parts[1:]))

    def valid(self, parts: list[Atom]) -> Atom:
        return Atom(parts[0].type, parts[0].args, valid=True)

    def window(self, parts: list[int]) -> tuple[str, int]:
        return ("within", parts[0])

    def where(self, parts: list[Token]) -> tuple[str, tuple[str, str]]:
        return ("where", (str(parts[0]), str(parts[1])))

    def group(self, parts: list[Any]) -> Group:
        tail = dict(part for part in parts if not isinstance(part, Atom))
        atoms = tuple(part for part in parts if isinstance(part, Atom))
        return Group(atoms, tail.get("within"), tail.get("where"))

    def earlier(self, parts: list[Any]) -> Earlier:
        return Earlier(parts[0], parts[1])

    def bound(self, parts: list[Token]) -> str:
        return str(parts[0])

    def count(self, parts: list[Any]) -> Count:
        if len(parts[1]) > 9:
            raise _Bad(parts[1], "is too large a number", "fewer than 10 digits")
        within = parts[4][1] if len(parts) > 4 else None
        return Count(parts[0], int(parts[1]), str(parts[2]), parts[3], within)

    def absent(self, parts: list[Any]) -> Absent:
        return Absent(parts[0], parts[1][1] if len(parts) > 1 else None)

    def notsince(self, parts: list[Atom]) -> NotSince:
        return NotSince(parts[0], parts[1])

    def need(self, parts: list[Any]) -> tuple[Any, ...]:
        return tuple(parts)

    def response(self, parts: list[Any]) -> Rule:
        return Response(parts[0], parts[1], tuple(parts[2:]))

    def before(self, parts: list[Any]) -> Rule:
        return Before(parts[0], tuple(parts[1:]))

    def periodic(self, parts: list[Any]) -> Rule:
        return FromUntil(*parts)

    def standing(self, parts: list[Any]) -> Rule:
        return WhileValid(*parts)

    def apart(self, parts: list[Any]) -> Rule:
        return Apart(parts[0], parts[2], parts[1], parts[3][1] if len(parts) > 3 else None)

    def never(self, parts: list[Atom]) -> Rule:
        return Never(parts[0])


class _Bad(Exception):
    """A piece that parses but means nothing; becomes a `Malformed` with its place."""

    def __init__(self, token: Token, why: str, wanted: str) -> None:
        super().__init__(why)
        self.token, self.why, self.wanted = token, why, wanted


_parser = Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False)
_build = _Build()


def _words(names: set[str]) -> str:
    out = {_PLAIN.get(name, name.lower() if name.isalpha() else name) for name in names}
    return " | ".join(sorted(out))


def _refuse(where: str, line: int, column: int, piece: str, why: str, wanted: str) -> Malformed:
    return Malformed(
        f"{where}, line {line} column {column}: {piece!r}", why=why, do=f"write {wanted} there"
    )


def parse_rule(text: str, standard: str = "rule", line: int = 1) -> Rule:
    """The rule that a line says.

    Args:
        text: the rule, at most `MAX_RULE` characters.
        standard: id of the standard, named in errors.
        line: number of the line in its file, for errors; columns count in the rule, from 1.

    Raises:
        Malformed: standard, line, column, the piece, and what would be valid there; or the name
            of a notation that this version cannot judge.
    """
    where = f"standard {standard}, rule"
    if len(text) > MAX_RULE:
        raise Malformed(f"{where}: longer than {MAX_RULE} characters", do="part it into two rules")
    bare = re.sub(r'"[^"\n]*"', lambda match: '"' + " " * (len(match[0]) - 2) + '"', text)
    for pattern, name, instead in _LATER:
        match = re.search(pattern, bare)
        if match is not None:
            raise Malformed(
                f"{where}, line {line} column {match.start() + 1}: {match[0].strip()!r}",
                why=f"{name} is not supported by this version",
                do=instead,
            )
    try:
        tree = _parser.parse(text)
        rule: Rule = _build.transform(tree)
    except UnexpectedToken as error:
        ended = error.token.type == "$END"
        piece = "the end" if ended else str(error.token)
        row, column = (1, len(text) + 1) if ended else (error.line, error.column)
        wanted = _words(error.accepts or error.expected)
        why = "the rule stops too early" if ended else "this does not fit here"
        raise _refuse(where, line + row - 1, column, piece, why, wanted) from error
    except UnexpectedCharacters as error:
        wanted = _words(set(error.allowed or ()))
        piece = text[error.pos_in_stream :][:12]
        row, column = line + error.line - 1, error.column
        raise _refuse(where, row, column, piece, "this cannot be read", wanted) from error
    except UnexpectedEOF as error:
        raise Malformed(f"{where}, line {line}: the rule stops too early") from error
    except VisitError as error:
        bad = error.orig_exc
        if not isinstance(bad, _Bad):
            raise
        row, column = line + (bad.token.line or 1) - 1, bad.token.column or 1
        raise _refuse(where, row, column, str(bad.token), bad.why, bad.wanted) from error
    return rule
