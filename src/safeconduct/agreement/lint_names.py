"""Lint, part 1: every name that a clause, a standard or the first part uses is defined."""

from collections.abc import Iterable, Mapping
from typing import Any

from safeconduct.agreement.effects import Does, Power
from safeconduct.agreement.findings import Finding, error, unknown
from safeconduct.agreement.ladder import standard_items
from safeconduct.agreement.model import Agreement, Clause
from safeconduct.agreement.rules import rule_atoms
from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.vocabulary import ACTS, SHARED, Field, RecordType, Vocabulary
from safeconduct.standards import compile_standard, standards_from

PLACE_FIELDS = ("zone", "post", "site", "district", "province", "road")
"""Fields whose texts in a rule are the names of places of that kind."""

OWNERS = ("lodger", "complainant", "each")
"""Whose a class may be besides a party: decided by the record."""


def reader_vocabulary(events: Mapping[str, tuple[str, ...]]) -> Vocabulary:
    """The events that a text lists for its readers, as record types without any more meaning."""
    return Vocabulary.of(
        RecordType(
            alias=alias,
            name=f"reader.event.{alias}",
            meaning="listed by the agreement",
            kinds="S",
            author=("self",),
            fields=tuple(Field(name, "id", key=True) for name in fields if name not in SHARED),
            class_name="owed",
            words="full",
            identity=tuple(name for name in fields if name not in SHARED),
        )
        for alias, fields in events.items()
    )


class _Names:
    """Collects findings; `here` is the clause or section under which a name stands."""

    def __init__(self, agreement: Agreement) -> None:
        self.agreement = agreement
        self.found: list[Finding] = []
        self.known: dict[str, Iterable[str]] = {
            "party": agreement.parties,
            "place": agreement.places,
            "role": agreement.roles,
            "act": agreement.acts,
            "kind": agreement.kinds,
            "class": agreement.classes,
            "unit": [unit.id for unit in agreement.units],
            "clause": agreement.clauses,
            "standard": agreement.standards,
        }

    def need(self, here: str, kind: str, *names: str | None) -> None:
        for name in names:
            if name is not None and name not in self.known[kind]:
                self.found.append(error(here, f"{here}: {unknown(kind, name, self.known[kind])}"))

    def power(self, here: str, power: Power, verb: str) -> None:
        self.need(here, "party", power.party)
        self.need(here, "act", *power.acts)
        self.need(here, "place", *power.places)
        if isinstance(power.kinds, str):
            if verb == "grants":
                self.found.append(
                    error(
                        here,
                        f"{here} grants {power.party} {', '.join(power.acts)} for any kind "
                        "of personnel. "
                        "A grant names its kinds one by one.",
                    )
                )
        else:
            self.need(here, "kind", *power.kinds)

    def does(self, here: str, does: Does) -> None:
        for power in does.grants:
            self.power(here, power, "grants")
        for power in does.refuses:
            self.power(here, power, "refuses")
        for duty in does.duties:
            self.need(here, "standard", duty.standard)
            self.need(here, "party", *duty.owed_to)
            for need in duty.needs:
                self.need(here, "act", need.act)
                self.need(here, "place", need.place)
                self.need(here, "kind", need.kind)
        self.need(here, "unit", *does.commands)
        self.need(here, "role", does.under)
        if (territory := does.territory) is not None:
            self.need(here, "party", territory.party)
            self.need(here, "kind", *territory.kinds)
            self.need(here, "place", *territory.only, *territory.also)
            self.need(here, "role", territory.under)
        self.watch(here, does)
        self.information(here, does)
        self.conduct(here, does)
        self.life(here, does)

    def watch(self, here: str, does: Does) -> None:
        for ladder in does.ladders:
            self.need(here, "standard", ladder.standard)
            for step in ladder.steps:
                self.need(here, "role", step.by, *step.to)
                self.need(here, "act", step.act)
                self.need(here, "place", step.place)
        if (release := does.release) is not None:
            self.need(here, "role", *release.roles, *release.tells)
            self.need(here, "act", release.act)
            self.need(here, "place", release.place)
        if does.check is not None:
            self.need(here, "role", *does.check.by)
        if does.waiver is not None:
            self.need(here, "role", *does.waiver.approvers)
            self.need(here, "clause", *does.waiver.never_of)
        if does.two_persons is not None:
            self.need(here, "act", *does.two_persons.acts)
            self.need(here, "class", *does.two_persons.early_opening_of)
        if (less := does.derogation) is not None:
            self.need(here, "standard", less.of, less.instead, *less.in_return)
            self.need(here, "place", *less.places)

    def information(self, here: str, does: Does) -> None:
        for row in does.visibility:
            self.need(here, "class", str(row["info"]))
            self.need(here, "party", *(name for name in row if name not in ("info", "ours")))
        self.need(here, "class", *(row.info for row in does.retention))
        for row_ in does.disclosure:
            self.need(here, "class", row_.info)
            self.need(here, "role", row_.to)
        if does.break_glass is not None:
            self.need(here, "role", *does.break_glass.roles)
            self.need(here, "party", *does.break_glass.tells)
        if does.legal_hold is not None:
            self.need(here, "role", *does.legal_hold.roles)
            self.need(here, "party", *does.legal_hold.told)
        if does.question is not None:
            self.need(here, "party", *does.question.answers)
            self.need(here, "role", *does.question.answers.values())

    def conduct(self, here: str, does: Does) -> None:
        for pair in does.stand_in:
            self.need(here, "party", pair.absent, pair.by)
        for roles in does.sides.values():
            self.need(here, "role", *roles)
        if does.draw is not None:
            self.need(here, "party", *does.draw.commits)
        if does.witness is not None:
            self.need(here, "party", *does.witness.cosigns)
        if (meeting := does.meeting) is not None:
            self.need(here, "place", meeting.place)
            self.need(here, "role", meeting.convened_by, *meeting.secretaries.values())
            self.need(here, "party", *meeting.quorum, *meeting.secretaries)
            self.need(here, "party", *(seat.get("party") for seat in meeting.seats))
        if (process := does.process) is not None:
            self.need(here, "place", process.place)
            self.need(here, "act", process.act)
            self.need(here, "party", *process.observers, *process.text_seen_by)
            if not isinstance(process.opens, str):
                self.need(here, "role", *process.opens)
        for step in does.dispute.steps if does.dispute is not None else ():
            self.need(here, "role", *step.get("between", ()))

    def life(self, here: str, does: Does) -> None:
        if (life := does.life) is not None:
            if life.in_force is not None:
                self.need(here, "party", *life.in_force.signatures, *life.in_force.in_logs)
            if life.amendment is not None:
                self.need(here, "party", *life.amendment.signatures)
            if life.suspension is not None:
                self.need(here, "party", *life.suspension.by)
                self.need(here, "clause", *life.suspension.stays)
            if life.exit is not None:
                self.need(here, "party", *life.exit.by)
                self.need(here, "clause", *life.exit.survives)

    def clause(self, clause: Clause) -> None:
        refusals = {line.clause for line in self.agreement.lines if not line.grants}
        parts: list[tuple[str, tuple[str, ...], Does | None]] = [
            (clause.id, clause.notwithstanding, clause.does)
        ]
        parts += [(option.id, option.notwithstanding, option.does) for option in clause.options]
        for here, beats, does in parts:
            for name in beats:
                if name not in refusals:
                    self.found.append(
                        error(here, f"{here}: notwithstanding {name}, but {name} refuses nothing.")
                    )
            if does is not None:
                self.does(here, does)
        self.need(clause.id, "party", clause.by, *(option.by for option in clause.options))
        if clause.reservation is not None:
            here = f"{clause.id}/reservation"
            self.need(here, "party", clause.reservation.by)
            self.need(here, "party", *(answer.party for answer in clause.reservation.answers))
            for power in clause.reservation.does.refuses:
                self.power(here, power, "refuses")

    def first_part(self) -> None:
        text = self.agreement.text
        for act in text.acts:
            if act not in ACTS:
                self.found.append(error("acts", f"acts: {unknown('act', act, ACTS)}"))
        self.need("pen", "party", text.pen)
        for party in text.parties:
            self.need("parties", "party", party.stand_in)
        for unit in text.units:
            self.need("units", "party", unit.party)
            self.need("units", "kind", unit.kind)
        for place in text.places:
            self.need("places", "party", place.of)
        for role in text.roles:
            self.need("roles", "act", *role.may)
            self.need("roles", "role", role.stand_in)
        for name, item in text.information.items():
            if item.of not in OWNERS:
                self.need(f"information, {name}", "party", item.of)
        for standard in text.standards:
            here = f"standard {standard.id}"
            self.need(here, "clause", standard.clause)
            self.need(here, "role", standard.owner)
        self.need("open_clauses", "clause", *text.open_clauses)


def lint_names(agreement: Agreement) -> list[Finding]:
    """Findings about names in the first part, the clauses and the standards' envelopes."""
    names = _Names(agreement)
    names.first_part()
    for clause in agreement.clauses.values():
        names.clause(clause)
    return names.found


def lint_rules(agreement: Agreement, vocabulary: Vocabulary | None) -> list[Finding]:
    """Findings about the names that the rules use, and about rules that do not compile."""
    if agreement.text.events:
        vocabulary = reader_vocabulary(agreement.text.events)
    out: list[Finding] = []
    if vocabulary is not None:
        for clause in agreement.clauses.values():
            for ladder in clause.does.ladders if clause.does is not None else ():
                out += [
                    error(
                        clause.id,
                        f"{clause.id}, ladder {ladder.id}: "
                        f"{unknown('event', name, vocabulary.by_alias)}",
                    )
                    for name in ladder.ends_on
                    if name not in vocabulary.by_alias
                ]
    for item in standard_items(agreement):
        found = _rule_names(agreement, agreement.standards[item["id"]].rule, item, vocabulary)
        if not found and vocabulary is not None:
            found = _compiled(agreement, item, vocabulary)
        out += found
    return out


def _rule_names(
    agreement: Agreement, rule: str, item: dict[str, Any], vocabulary: Vocabulary | None
) -> list[Finding]:
    clause, here = str(item["clause"]), f"standard {item['id']}"
    out = []
    for atom in rule_atoms(rule):
        if vocabulary is not None:
            kind = vocabulary.by_alias.get(atom.alias)
            if kind is None:
                out.append(
                    error(clause, f"{here}: {unknown('event', atom.alias, vocabulary.by_alias)}")
                )
                continue
            fields = [field.name for field in kind.fields] + list(SHARED)
            out += [
                error(clause, f"{here}, {atom.alias}: {unknown('field', name, fields)}")
                for name in atom.fields
                if name not in fields
            ]
        for name, text in atom.texts:
            known: Iterable[str] | None = None
            full = text
            if name in PLACE_FIELDS:
                known, full = agreement.places, text if ":" in text else f"{name}:{text}"
            elif name in ("role", "acting"):
                known = agreement.roles
            elif name == "party":
                known = agreement.parties
            if known is not None and full not in known:
                what = "place" if name in PLACE_FIELDS else "party" if name == "party" else "role"
                hint = unknown(what, full, known).partition('".')[2]
                out.append(error(clause, f'{here}, {name}="{text}": no such {what}.{hint}'))
    return out


def _compiled(agreement: Agreement, item: dict[str, Any], vocabulary: Vocabulary) -> list[Finding]:
    """What the engine itself says about a rule: grammar, units, kinds of variables."""
    try:
        (standard,) = standards_from([item])
        compile_standard(standard, vocabulary, tuple(agreement.places))
    except Malformed as fault:
        return [error(str(item["clause"]), fault.sentence())]
    return []
