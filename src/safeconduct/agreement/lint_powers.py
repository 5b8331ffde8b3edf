"""Lint, parts 2 to 5: contradictions, gaps, duties without power, steps that nobody may take."""

from collections.abc import Collection, Iterator
from itertools import islice, product

from safeconduct.agreement.effects import Does, Duty
from safeconduct.agreement.findings import Finding, error, open_choices
from safeconduct.agreement.model import OPEN, Agreement, Line, effects
from safeconduct.agreement.powers import decide_cell, lines_in_effect, may
from safeconduct.agreement.rules import first_span
from safeconduct.kernel.instants import parse_duration, show_duration

MAX_CHOICES = 256
"""Choices of brackets that are tried together; beyond it, more than eight brackets are open."""


def choices(agreement: Agreement) -> Iterator[frozenset[str]]:
    """Each way to settle what is open: one option a bracket, each proposal taken or not."""
    axes: list[list[str | None]] = []
    for clause in agreement.clauses.values():
        if clause.state in OPEN:
            options = [option.id for option in clause.options] or [clause.id]
            axes.append([None, *options])
    for combination in islice(product(*axes), MAX_CHOICES):
        yield frozenset(pick for pick in combination if pick is not None)


def lint_contradictions(agreement: Agreement) -> list[Finding]:
    """Cells granted and refused, circles of notwithstanding, territory that is not granted."""
    out: dict[str, Finding] = {}
    for picks in choices(agreement):
        lines = lines_in_effect(agreement, picks)
        for grant in (line for line in lines if line.grants):
            for refusal in (line for line in lines if not line.grants):
                for finding in _clash(agreement, grant, refusal):
                    out.setdefault(finding.text, finding)
    return [*out.values(), *_circles(agreement), *_territories(agreement)]


def _clash(agreement: Agreement, grant: Line, refusal: Line) -> Iterator[Finding]:
    if grant.power.party != refusal.power.party or refusal.clause in grant.notwithstanding:
        return
    kinds = [
        kind
        for kind in grant.kinds or agreement.kinds
        if refusal.kinds is None or kind in refusal.kinds
    ]
    for act in grant.power.acts:
        for place in grant.power.places:
            walk = agreement.walks.get(place, ())
            if act in refusal.power.acts and kinds and set(walk) & set(refusal.power.places):
                yield error(
                    grant.clause,
                    f"{grant.clause} grants {grant.power.party} {act} at {place} "
                    f"({', '.join(kinds)}); "
                    f'{refusal.clause} refuses it. Add "notwithstanding", or drop one.',
                )


def _circles(agreement: Agreement) -> Iterator[Finding]:
    beats: dict[str, set[str]] = {}
    for line in agreement.lines:
        beats.setdefault(line.clause, set()).update(line.notwithstanding)
    for first, names in sorted(beats.items()):
        for second in sorted(names):
            if first <= second and first in beats.get(second, ()):
                yield error(
                    first,
                    f"{first} and {second} each say notwithstanding the other; neither can win.",
                )
    swaps = {
        does.derogation.of: (clause, does.derogation.instead)
        for clause, does in effects(agreement, every=True)
        if does.derogation is not None
    }
    for start, (clause, _) in swaps.items():
        seen, here = {start}, start
        while here in swaps:
            here = swaps[here][1]
            if here in seen:
                yield error(clause, f"{clause}: {start} is replaced, in the end, by itself.")
                break
            seen.add(here)


def _territories(agreement: Agreement) -> Iterator[Finding]:
    for clause, does in effects(agreement, every=True):
        if (territory := does.territory) is None:
            continue
        given = {
            place
            for power in does.grants
            if power.party == territory.party
            and "deploy" in power.acts
            and not isinstance(power.kinds, str)
            and set(power.kinds) == set(territory.kinds)
            for place in power.places
        }
        said = {*territory.only, *territory.also}
        if given != said:
            yield error(
                clause,
                f"{clause}: the territory says {_list(said)}, "
                f"the grants of deploy say {_list(given)}. "
                "The sentence and the cells must be the same.",
            )
        caps = {power.persons_max for power in does.grants if "deploy" in power.acts}
        if caps and caps != {territory.persons_max}:
            yield error(clause, f"{clause}: territory and grants name different caps in persons.")
        if territory.only:
            yield from _elsewhere(agreement, clause, territory.party, territory.kinds, said)


def _elsewhere(
    agreement: Agreement, clause: str, party: str, kinds: tuple[str, ...], said: Collection[str]
) -> Iterator[Finding]:
    for place in agreement.places:
        if any(where in said for where in agreement.walks[place]):
            continue
        for kind in kinds:
            if kind in agreement.kinds and _may(agreement, party, "deploy", place, kind):
                yield error(
                    clause,
                    f"{clause} says {_list(said)} only, but {party} may deploy {kind} at {place}.",
                )


def _may(agreement: Agreement, party: str, act: str, place: str, kind: str) -> bool:
    return decide_cell(agreement, lines_in_effect(agreement), party, act, place, kind).granted


def _list(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def lint_gaps(agreement: Agreement) -> list[Finding]:
    """Classes without view or term, standards nobody owes, places and units without command."""
    return [
        *_information_gaps(agreement),
        *_unowed(agreement),
        *_without_command(agreement),
        *_endless_holds(agreement),
    ]


def _information_gaps(agreement: Agreement) -> Iterator[Finding]:
    views = {str(row["info"]): row for _, does in effects(agreement) for row in does.visibility}
    terms = {row.info for _, does in effects(agreement) for row in does.retention}
    seen_by = next((c for c, does in effects(agreement) if does.visibility), agreement.silence)
    kept_by = next((c for c, does in effects(agreement) if does.retention), agreement.silence)
    for name in agreement.classes:
        if name not in terms:
            yield error(
                kept_by,
                f"{kept_by} says nothing about how long {name} is kept. "
                "A class without a term may not be collected.",
            )
        for party in agreement.parties:
            if party not in views.get(name, ()):
                yield error(
                    seen_by,
                    f"{seen_by} says nothing about what {party} sees of {name}. "
                    "Write withheld if that is meant.",
                )


def _unowed(agreement: Agreement) -> Iterator[Finding]:
    owed: dict[str, set[str]] = {}
    for clause, does in effects(agreement, every=True):
        for duty in does.duties:
            owed.setdefault(duty.standard, set()).add(clause.partition("/")[0])
    for standard in agreement.standards.values():
        under = owed.get(standard.id, set())
        if not under:
            yield error(
                standard.clause,
                f"standard {standard.id}: nobody owes it. Add a duty under {standard.clause}.",
            )
        elif under != {standard.clause}:
            yield error(
                standard.clause,
                f"standard {standard.id} names clause {standard.clause}, "
                f"but it is owed under {_list(under)}.",
            )


def _without_command(agreement: Agreement) -> Iterator[Finding]:
    for place in agreement.places.values():
        if place.kind != "meeting" and not any(
            _may(agreement, party, "task", place.id, kind)
            for party in agreement.parties
            for kind in agreement.kinds
        ):
            yield error("places", f"places: nobody may task at {place.id}. Who would act there?")
    commanded = {unit for _, does in effects(agreement, every=True) for unit in does.commands}
    for unit in agreement.units:
        if unit.id not in commanded:
            yield error(
                "units", f"units: nobody commands {unit.id}. Name it under a clause's commands."
            )


def _endless_holds(agreement: Agreement) -> Iterator[Finding]:
    if any(does.release for _, does in effects(agreement)):
        return
    for clause, does in effects(agreement):
        if any(step.do == "hold" for ladder in does.ladders for step in ladder.steps):
            yield error(
                clause, f"{clause}: a hold is placed that no clause releases. It could never end."
            )


def lint_duties(agreement: Agreement) -> list[Finding]:
    """Duties whose owner, or the owner's stand-in, lacks the power that they need."""
    out: list[Finding] = []
    picked = set(open_choices(agreement))
    for clause, does in effects(agreement, every=True):
        picks = {clause} & picked
        for duty in does.duties:
            standard = agreement.standards.get(duty.standard)
            if standard is None or standard.owner not in agreement.roles:
                continue
            out += _powerless(agreement, clause, does, duty, standard.owner, None, picks)
            stand_in = agreement.roles[standard.owner].stand_in
            if stand_in is not None and stand_in in agreement.roles:
                out += _powerless(agreement, clause, does, duty, stand_in, standard.owner, picks)
    return out


def _powerless(
    agreement: Agreement,
    clause: str,
    does: Does,
    duty: Duty,
    role: str,
    absent: str | None,
    picks: Collection[str],
) -> Iterator[Finding]:
    for need in duty.needs:
        if not _known(agreement, need.act, need.place, need.kind):
            continue
        party = agreement.roles[role].party
        decision = may(agreement, party, need.act, need.place, need.kind, role, picks=picks)
        if decision.granted:
            continue
        able = [other for other in agreement.roles if _able(agreement, duty, other, picks)]
        named = {*(does.check.by if does.check else ()), *((does.under,) if does.under else ())}
        able = [other for other in able if other in named] or able
        owes = (
            f"{role} owes {duty.standard}"
            if absent is None
            else (f"{role} stands in for {absent} in {duty.standard}")
        )
        yield error(
            clause,
            f"{clause}: {owes} but may not {need.act} at {need.place} "
            f"(refused by {decision.clause}). Who could?: {', '.join(able) or 'nobody'}.",
        )


def _able(agreement: Agreement, duty: Duty, role: str, picks: Collection[str]) -> bool:
    party = agreement.roles[role].party
    return all(
        _known(agreement, need.act, need.place, need.kind)
        and may(agreement, party, need.act, need.place, need.kind, role, picks=picks).granted
        for need in duty.needs
    )


def _known(agreement: Agreement, act: str, place: str, kind: str | None = None) -> bool:
    return act in agreement.acts and place in agreement.places and kind in (None, *agreement.kinds)


def lint_steps(agreement: Agreement) -> list[Finding]:
    """Ladder steps that are never reached or that nobody may take; a release that cannot happen."""
    out: list[Finding] = []
    for clause, does in effects(agreement, every=True):
        for ladder in does.ladders:
            here = f"{clause}, ladder {ladder.id}"
            before: int | None = None
            standard = agreement.standards.get(ladder.standard)
            span = first_span(standard.rule) if standard is not None else None
            for number, step in enumerate(ladder.steps, 1):
                if before is not None and step.ms <= before:
                    out.append(
                        error(
                            clause,
                            f"{here}, step {number}: {step.at} does not come after "
                            f"{show_duration(before)}; the step is never reached.",
                        )
                    )
                before = step.ms
                if (
                    number == 1
                    and span is not None
                    and step.ms < parse_duration(f"{span[0]} {span[1]}")
                ):
                    out.append(
                        error(
                            clause,
                            f"{here}, step 1: {step.at} comes before the {span[0]} {span[1]} that "
                            f"{ladder.standard} allows; it would fall on somebody "
                            "who may still act in time.",
                        )
                    )
                if not _takes(agreement, step.by, step.act, step.place):
                    out.append(
                        error(
                            clause,
                            f"{clause}, step {number} ({step.do}): {step.by} may not {step.act} at "
                            f"{step.place}; nobody can take this step.",
                        )
                    )
        out += _release(agreement, clause, does)
    return out


def _takes(agreement: Agreement, role: str, act: str, place: str) -> bool:
    """Whether a role may do an act there; an unknown name is another check's finding."""
    if role not in agreement.roles or not _known(agreement, act, place):
        return True
    return may(agreement, agreement.roles[role].party, act, place, None, role).granted


def _release(agreement: Agreement, clause: str, does: Does) -> Iterator[Finding]:
    if (release := does.release) is None:
        return
    able = [role for role in release.roles if _takes(agreement, role, release.act, release.place)]
    if len(able) < release.persons:
        only = f"only {' and '.join(able)}" if able else "nobody"
        yield error(
            clause,
            f"{clause}: release needs {release.persons} persons; {only} may {release.act} there. "
            "The hold could never end.",
        )
    elif len(able) < len(release.roles):
        unable = [role for role in release.roles if role not in able]
        yield error(
            clause,
            f"{clause}: {' and '.join(unable)} may not {release.act} "
            f"at {release.place}. Drop the role.",
        )
    for other, rule in effects(agreement):
        both = rule.two_persons
        if (
            both is not None
            and release.act in both.acts
            and (release.persons < both.persons or (both.different and not release.different))
        ):
            yield error(
                clause,
                f"{clause}: {release.persons} may release, but {other} "
                f"wants {both.persons} different persons.",
            )
