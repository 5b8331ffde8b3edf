"""What happens when nobody acts, who ends it, and which standards are demanded at all.

Ladders, the release of a hold, the check that ends a clock, separations between two acts,
waivers: each is read from the clauses that have effect, with the clause to cite.
"""

from typing import Any, Literal

import msgspec

from safeconduct.agreement.model import Agreement, OwnedStandard, effects, one_of
from safeconduct.agreement.powers import Decision
from safeconduct.kernel.errors import Refused

SEVERITY = {"medium": "other", "low": "other"}
"""Severities that a text may write, and the vocabulary's word for them."""


class LadderStep(msgspec.Struct, frozen=True):
    """One step: milliseconds after the start, what is done, to which roles, by whose power."""

    at: int
    do: Literal["alarm", "escalate", "hold"]
    to: tuple[str, ...]
    by: str
    act: str
    place: str
    auto: bool
    offers: tuple[str, ...]


class Ladder(msgspec.Struct, frozen=True):
    """The steps for one standard, counted from its trigger or from the last report.

    `ends_on` names the record types that end it; `cannot_tell` says that what happened meanwhile
    cannot be told.
    """

    id: str
    standard: str
    clause: str
    counts_from: Literal["trigger", "last-report"]
    steps: tuple[LadderStep, ...]
    ends_on: tuple[str, ...]
    cannot_tell: bool

    @property
    def hold(self) -> LadderStep | None:
        """The first step that places a hold, or None."""
        return next((step for step in self.steps if step.do == "hold"), None)


class ReleaseRule(msgspec.Struct, frozen=True):
    """How a hold ends: so many persons in these roles, with this power, with a written reason."""

    roles: tuple[str, ...]
    persons: int
    different: bool
    act: str
    place: str
    tells: tuple[str, ...]
    clause: str


class CheckRule(msgspec.Struct, frozen=True):
    """Who may end a check clock: these roles, on the roster, and not who acknowledged."""

    roles: tuple[str, ...]
    rostered: bool
    not_who_acknowledged: bool
    clause: str


class Separation(msgspec.Struct, frozen=True):
    """Two acts that one person may not do about one thing."""

    first: str
    second: str
    clause: str


def ladders(agreement: Agreement) -> tuple[Ladder, ...]:
    """All ladders that have effect, in the order of the text."""
    return tuple(
        Ladder(
            text.id,
            text.standard,
            clause,
            text.counts_from,
            tuple(
                LadderStep(s.ms, s.do, s.to, s.by, s.act, s.place, s.auto, s.offers)
                for s in text.steps
            ),
            text.ends_on,
            text.meanwhile == "cannot-tell",
        )
        for clause, does in effects(agreement)
        for text in does.ladders
    )


def ladder_for(agreement: Agreement, standard_id: str) -> Ladder | None:
    """The ladder of a standard, or None if no clause gives it one.

    Raises:
        Malformed: the agreement has no such standard.
    """
    one_of("standard", standard_id, agreement.standards)
    return next((one for one in ladders(agreement) if one.standard == standard_id), None)


def release_rule(agreement: Agreement) -> ReleaseRule:
    """How a hold is released.

    Raises:
        Refused: no clause releases a hold; then none may be released.
    """
    for clause, does in effects(agreement):
        if (rule := does.release) is not None:
            return ReleaseRule(
                rule.roles, rule.persons, rule.different, rule.act, rule.place, rule.tells, clause
            )
    raise Refused(
        "no clause says how a hold is released", do="amend the agreement", clause=agreement.silence
    )


def check_rule(agreement: Agreement) -> CheckRule:
    """Who may check a vehicle.

    Raises:
        Refused: no clause says who may check; then nobody's check ends a clock.
    """
    for clause, does in effects(agreement):
        if (rule := does.check) is not None:
            return CheckRule(rule.by, rule.rostered, rule.not_by is not None, clause)
    raise Refused(
        "no clause says who may check", do="amend the agreement", clause=agreement.silence
    )


def separations(agreement: Agreement) -> tuple[Separation, ...]:
    """The pairs of acts that need two people."""
    return tuple(
        Separation(pair.first, pair.second, clause)
        for clause, does in effects(agreement)
        for pair in does.separate
    )


def waivable(agreement: Agreement, standard_id: str) -> Decision:
    """Whether a standard may be waived in one case, and under which clause.

    Raises:
        Malformed: the agreement has no such standard.
    """
    one_of("standard", standard_id, agreement.standards)
    under = agreement.standards[standard_id].clause
    for clause, does in effects(agreement):
        if (rule := does.waiver) is not None:
            approvers = " and ".join(rule.approvers)
            if under in rule.never_of:
                return Decision(
                    granted=False,
                    clause=clause,
                    reason=f"clause {clause} allows no waiver of {under}",
                )
            return Decision(
                granted=True,
                clause=clause,
                reason=f"{approvers} may waive {standard_id} under clause {clause}",
            )
    return Decision(granted=False, clause=agreement.silence, reason="no clause allows a waiver")


def demanded(agreement: Agreement, standard: OwnedStandard, at: int) -> bool:
    """Whether a standard is demanded at an instant: its clause has effect, its interval holds."""
    clause = agreement.clauses.get(standard.clause)
    if clause is None or not clause.effective:
        return False
    return standard.in_force is None or standard.in_force.holds(at)


def standards_in_force(agreement: Agreement, at: int) -> tuple[OwnedStandard, ...]:
    """The standards demanded at an instant (milliseconds), in the order of the text."""
    return tuple(one for one in agreement.standards.values() if demanded(agreement, one, at))


def standard_items(agreement: Agreement, at: int | None = None) -> list[dict[str, Any]]:
    """The standards as plain items for `safeconduct.standards.standards_from`.

    Args:
        agreement: the text.
        at: only those demanded then; without it, all that the text holds.

    The vocabulary knows the severities critical, high and other; a text that writes medium or
    low means other.
    """
    wanted = {one.id for one in standards_in_force(agreement, at)} if at is not None else None
    return [
        {**item, "severity": SEVERITY.get(item["severity"], item["severity"])}
        for item in agreement.tree["standards"]
        if wanted is None or item["id"] in wanted
    ]
