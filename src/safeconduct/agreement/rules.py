"""A standard's rule as a drafter's text: which names and which numbers stand in it.

The meaning of a rule belongs to `safeconduct.standards`; the linter needs only its names, to hold
them against the agreement's, and its numbers, to hold them against the words.
"""

import re

import msgspec

_ATOM = re.compile(r"\b([a-z][a-z_]*)\s*\(([^()]*)\)")
_EQUALS = re.compile(r'^([a-z][a-z_]*)\s*=\s*"([^"]*)"$')
_FIELD = re.compile(r"^([a-z][a-z_]*)\b")
_TEXT = re.compile(r'"[^"]*"')
_NUMBER = re.compile(r"\b(\d{1,9})\s*(ms|s|min|h|d)?\b")


class RuleAtom(msgspec.Struct, frozen=True):
    """One typed event that a rule names: its alias, the fields named, the texts asked for."""

    alias: str
    fields: tuple[str, ...]
    texts: tuple[tuple[str, str], ...]


def rule_atoms(rule: str) -> tuple[RuleAtom, ...]:
    """The events that a rule names, in the order of the line."""
    out = []
    for match in _ATOM.finditer(rule):
        parts = [part.strip() for part in match[2].split(",") if part.strip()]
        equals = [found for part in parts if (found := _EQUALS.match(part))]
        fields = [found[1] for part in parts if (found := _FIELD.match(part))]
        out.append(
            RuleAtom(match[1], tuple(fields), tuple((found[1], found[2]) for found in equals))
        )
    return tuple(out)


def rule_numbers(rule: str) -> tuple[tuple[int, str], ...]:
    """The numbers of a rule with their unit (or an empty text), outside quotes."""
    bare = _TEXT.sub('""', rule)
    return tuple((int(match[1]), match[2] or "") for match in _NUMBER.finditer(bare))


def first_span(rule: str) -> tuple[int, str] | None:
    """The first number with a unit of time: what the rule allows before it is breached."""
    return next(((count, unit) for count, unit in rule_numbers(rule) if unit), None)
