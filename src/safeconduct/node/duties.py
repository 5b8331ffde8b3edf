"""Duties: the agreement in force, made ready for the rooms that act on it."""

from itertools import chain

import msgspec

from safeconduct import agreement as agreements
from safeconduct import standards, watch
from safeconduct.agreement import Agreement
from safeconduct.kernel.errors import Refused
from safeconduct.kernel.instants import MINUTE
from safeconduct.kernel.vocabulary import Vocabulary
from safeconduct.standards import language

RELEASE_WITHIN_MS = 30 * MINUTE
"""Ours: how old a yes to a release may be where no standard of the release clause says it."""


class CheckRule(msgspec.Struct, frozen=True):
    """Who may check, as the room of sites asks it."""

    roles: tuple[str, ...]
    rostered: bool
    not_by_acknowledger: bool
    clause: str
    separation_clause: str


class ReleaseRule(msgspec.Struct, frozen=True):
    """Who may lift a hold, as the room of movements asks it."""

    roles: tuple[str, ...]
    persons: int
    different: bool
    within_ms: int
    clause: str


class Duties:
    """What follows from one agreement text: standards, ladders and rules, ready to use.

    `decided_here` are the standards that this party can decide, since a clause opens to it every
    type that the rule reads; the others are decided by whoever sees them.
    """

    def __init__(self, text: Agreement, vocabulary: Vocabulary, party: str) -> None:
        self.agreement = text
        self.standards = tuple(
            standards.compile_standard(item, vocabulary, tuple(text.places))
            for item in standards.standards_from(agreements.standard_items(text))
            if text.clauses[item.clause].effective
        )
        self.decided_here = tuple(
            item for item in self.standards if _sees_all(item, text, vocabulary, party)
        )
        self.check = _check(text)
        self.release = _release(text, self.standards)
        self.ladders = tuple(
            watch.Ladder(
                ladder.id,
                ladder.standard,
                ladder.clause,
                tuple(watch.Step(step.at, step.do, step.to, step.offers) for step in ladder.steps),
                ladder.ends_on,
                ladder.counts_from,
            )
            for ladder in agreements.ladders(text)
        )
        self.infos = tuple(
            watch.StandardInfo(
                item.standard.id,
                item.standard.version,
                item.standard.severity,
                item.standard.owner,
                item.standard.clause,
            )
            for item in self.standards
        )

    def report_interval(self) -> tuple[int, str] | None:
        """How often a rostered post owes its report (ms), and the rostered role that owes it."""
        for item in self.standards:
            rule = item.rule
            if isinstance(rule, language.WhileValid) and rule.heard.type == "queue":
                roles = [
                    arg.value for arg in rule.standing.args if isinstance(arg, language.Equals)
                ]
                return rule.every, roles[0] if roles else ""
        return None

    def cordon_standards(self, zone: str) -> tuple[standards.Compiled, ...]:
        """The standards about what a post at this zone sees: unknown while it is silent."""
        return tuple(standards.cordon_standards_of(self.decided_here, zone))


def _sees_all(
    item: standards.Compiled, text: Agreement, vocabulary: Vocabulary, party: str
) -> bool:
    """Whether every type of the rule is open in full to this party, as its authors record it.

    The authors are the party of the role that owes the standard, and any party the rule names.
    """
    owner = text.roles.get(item.standard.owner)
    for atom in language.atoms_of(item.rule):
        kind = vocabulary.by_alias.get(atom.type)
        if kind is None:
            return False
        named = {
            arg.value
            for arg in atom.args
            if isinstance(arg, language.Equals) and arg.field == "party"
        }
        for author in named or ({owner.party} if owner else set(text.parties)):
            if agreements.view(text, kind.class_name, party, author).form != "full":
                return False
    return True


def _check(text: Agreement) -> CheckRule | None:
    try:
        rule = agreements.check_rule(text)
    except Refused:
        return None
    separation = next(
        (pair.clause for pair in agreements.separations(text) if pair.second == "check"),
        rule.clause,
    )
    return CheckRule(rule.roles, rule.rostered, rule.not_who_acknowledged, rule.clause, separation)


def _release(text: Agreement, compiled: tuple[standards.Compiled, ...]) -> ReleaseRule | None:
    try:
        rule = agreements.release_rule(text)
    except Refused:
        return None
    windows = [
        part.within
        for item in compiled
        if item.standard.clause == rule.clause and isinstance(item.rule, language.Before)
        for part in chain.from_iterable(item.rule.needs)
        if isinstance(part, language.Group) and part.within is not None
    ]
    within = windows[-1] if windows else RELEASE_WITHIN_MS
    return ReleaseRule(rule.roles, rule.persons, rule.different, within, rule.clause)
