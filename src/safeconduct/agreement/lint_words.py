"""Lint, parts 6 to 8: the languages against each other and against what is executed; ends; notes.

Only numbers and dates are compared. Whether two languages mean the same, no program here can
tell: two human readers sign for that.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from safeconduct.agreement.effects import Derogation, Does
from safeconduct.agreement.findings import Finding, error, note
from safeconduct.agreement.model import Agreement, Clause, effects
from safeconduct.agreement.powers import decide_cell, lines_in_effect
from safeconduct.agreement.rules import rule_numbers
from safeconduct.kernel.instants import DAY, parse_duration, parse_instant, show_instant

_DIGITS = {first + at: str(at) for first in (0x06F0, 0x0660, 0xFF10) for at in range(10)}
"""Digits of Urdu, of Arabic and full-width ones, as western digits."""

_TOKEN = re.compile(r"\d+(?:[.\-:/]\d+)*")
_UNITS = ("ms", "s", "min", "h", "d")


def numbers(words: str) -> tuple[str, ...]:
    """The numbers, clause references and dates of a text, in order, in western digits."""
    return tuple(_TOKEN.findall(words.translate(_DIGITS)))


def _texts(clause: Clause) -> Iterator[tuple[str, Mapping[str, str], Does | None]]:
    if clause.words:
        yield clause.id, clause.words, clause.does
    for option in clause.options:
        yield option.id, option.words, option.does
    if clause.reservation is not None:
        yield f"{clause.id}/reservation", clause.reservation.words, None


def lint_words(agreement: Agreement) -> list[Finding]:
    """Languages that are missing or differ in numbers; numbers executed but not said."""
    out: list[Finding] = []
    languages = agreement.text.languages
    titled: list[tuple[str, str, Mapping[str, str]]] = [("title", "title", agreement.title)]
    titled += [("parties", f"party {one.id}", one.title) for one in agreement.parties.values()]
    titled += [("kinds", f"kind {name}", words) for name, words in agreement.text.kinds.items()]
    titled += [("acts", f"act {name}", words) for name, words in agreement.text.acts.items()]
    titled += [(one.id, one.id, one.title) for one in agreement.clauses.values()]
    titled += [(s.clause, f"standard {s.id}", s.title) for s in agreement.standards.values()]
    for clause, here, words in titled:
        out += [
            error(clause, f"{here}: the title is missing in {language}.")
            for language in languages
            if not words.get(language, "").strip()
        ]
    for one in agreement.clauses.values():
        for here, words, does in _texts(one):
            missing = [language for language in languages if not words.get(language, "").strip()]
            out += [
                error(one.id, f"{here}: the words are missing in {language}.")
                for language in missing
            ]
            counted = {
                language: numbers(words[language])
                for language in languages
                if language not in missing
            }
            if len({tuple(sorted(Counter(found).items())) for found in counted.values()}) > 1:
                said = ", ".join(f"{k} {' '.join(v) or 'none'}" for k, v in counted.items())
                out.append(error(one.id, f"{here}: the languages differ: {said}."))
            elif counted:
                said_once = next(iter(counted.values()))
                out += _unsaid(agreement, one, here, does, said_once)
    return out


def _unsaid(
    agreement: Agreement, clause: Clause, here: str, does: Does | None, said: tuple[str, ...]
) -> Iterator[Finding]:
    shown = ", ".join(dict.fromkeys(said)) or "no number"
    named = {duty.standard for duty in does.duties} if does is not None else set()
    for standard in agreement.standards.values():
        if standard.clause != clause.id or (clause.options and standard.id not in named):
            continue
        for count, unit in rule_numbers(standard.rule):
            if not _stands(count, unit, said):
                which = "the rule" if len(named) < 2 else f"the rule of {standard.id}"
                yield error(
                    clause.id,
                    f"{here}: {which} says {count}, the words say {shown} in every language.",
                )
    for what, count, unit in _executed(does) if does is not None else ():
        if not _stands(count, unit, said):
            yield error(
                clause.id, f"{here}: {what} says {count}, the words say {shown} in every language."
            )
    if does is not None and (less := does.derogation) is not None:
        for what, instant, back in (("starts", less.starts, 0), ("ends", less.ends, DAY)):
            if instant is not None:
                day = show_instant(parse_instant(instant))[:10]
                eve = show_instant(parse_instant(instant) - back)[:10]
                if day not in said and eve not in said:
                    yield error(
                        clause.id,
                        f"{here}: the derogation {what} {day}, "
                        f"the words say {shown} in every language.",
                    )


def _stands(count: int, unit: str, said: tuple[str, ...]) -> bool:
    """Whether a number stands in the words, in its own unit or exactly in another."""
    if str(count) in said:
        return True
    if not unit:
        return False
    ms = parse_duration(f"{count} {unit}")
    return any(ms % each == 0 and str(ms // each) in said for each in map(_one, _UNITS))


def _one(unit: str) -> int:
    return parse_duration(f"1 {unit}")


def _executed(does: Does) -> Iterator[tuple[str, int, str]]:
    """Every number of the executable part that the words must say; tables stand for themselves."""
    spans: list[tuple[str, str | None]] = []
    for ladder in does.ladders:
        spans += [(f"the ladder {ladder.id}", step.at) for step in ladder.steps]
    spans += [
        ("the disclosure", re.sub(r" (before|after) .*", "", row.since)) for row in does.disclosure
    ]
    if does.break_glass is not None:
        spans.append(("break_glass", does.break_glass.reason_within))
    if does.legal_hold is not None:
        spans.append(("the legal hold", does.legal_hold.at_most))
    if does.process is not None:
        spans.append(("the process", does.process.comment_within))
    if does.witness is not None:
        spans += [("the witness", does.witness.every), ("the witness", does.witness.stale_after)]
    if does.life is not None:
        spans.append(
            ("the suspension", does.life.suspension.notice if does.life.suspension else None)
        )
        spans.append(("the exit", does.life.exit.notice if does.life.exit else None))
    if does.dispute is not None:
        spans += [("the dispute", step.get("at_most")) for step in does.dispute.steps]
    for what, span in spans:
        if span is not None and (match := re.fullmatch(r"(\d+) ?(ms|s|min|h|d)", span)):
            yield what, int(match[1]), match[2]
    counts: list[tuple[str, int | None]] = [
        ("the release", does.release.persons if does.release else None),
        ("two_persons", does.two_persons.persons if does.two_persons else None),
        ("the territory", does.territory.persons_max if does.territory else None),
    ]
    counts += [("the grant", power.persons_max) for power in does.grants]
    counts += [("the disclosure", row.approvals) for row in does.disclosure if row.approvals > 1]
    for what, count in counts:
        if count is not None:
            yield what, count, ""


def lint_ends(agreement: Agreement) -> list[Finding]:
    """What has no end, what is not ours and has no source, what is open but unlisted."""
    out: list[Finding] = []
    for clause in agreement.clauses.values():
        if clause.state == "proposed" and clause.expires is None:
            out.append(error(clause.id, f"{clause.id}: a proposal has no end. Add expires."))
        out += [
            error(
                clause.id,
                f"{clause.id}: {answer.party}'s answer to the reservation is open without an end.",
            )
            for answer in (clause.reservation.answers if clause.reservation is not None else ())
            if answer.answer == "open" and answer.until is None
        ]
    for name, does in effects(agreement, every=True):
        if does.derogation is not None:
            out += _derogation(agreement, name, does.derogation)
        if (process := does.process) is not None and not process.ours and process.source is None:
            out.append(error(name, f"{name}: the process is not ours but has no source."))
    for standard in agreement.standards.values():
        if not standard.ours and standard.source is None:
            out.append(
                error(
                    standard.clause,
                    f"standard {standard.id}: its numbers are not ours but it has no source.",
                )
            )
    still = {one.id for one in agreement.clauses.values() if one.state in ("proposed", "bracketed")}
    if still != set(agreement.open_clauses):
        out.append(
            error(
                "open_clauses",
                f"open_clauses: lists {', '.join(sorted(agreement.open_clauses)) or 'nothing'}, "
                f"but {', '.join(sorted(still)) or 'nothing'} is open. "
                "A signature must say what it leaves open.",
            )
        )
    return out


def _derogation(agreement: Agreement, clause: str, less: Derogation) -> Iterator[Finding]:
    if less.ends is None:
        yield error(
            clause,
            f"{clause}: a derogation of {less.of} has no end. An open-ended one is an amendment.",
        )
        return
    if parse_instant(less.ends) <= parse_instant(less.starts):
        yield error(clause, f"{clause}: the derogation of {less.of} ends before it starts.")
    for name in (less.instead, *less.in_return):
        standard = agreement.standards.get(name)
        if standard is None:
            continue
        span = standard.in_force
        if (
            span is None
            or span.until is None
            or (
                parse_instant(span.start) != parse_instant(less.starts)
                or parse_instant(span.until) != parse_instant(less.ends)
            )
        ):
            yield error(
                clause,
                f"{clause}: standard {name} is not in force exactly while the derogation runs.",
            )


def lint_notes(agreement: Agreement) -> list[Finding]:
    """What may stay but is worth knowing."""
    out: list[Finding] = []
    lines = lines_in_effect(agreement)
    grants = [line for line in agreement.lines if line.grants]
    for line in lines:
        if line.grants:
            continue
        power = line.power
        beaten = any(
            decide_cell(agreement, grants, power.party, act, place, kind).granted
            for act in power.acts
            for place, walk in agreement.walks.items()
            if set(walk) & set(power.places)
            for kind in line.kinds or agreement.kinds
        )
        if not beaten:
            out.append(
                note(
                    line.clause,
                    f"{line.clause} refuses {power.party} {', '.join(power.acts)} at "
                    f"{', '.join(power.places)}, which no clause grants; "
                    "it only gives the no a clause to cite.",
                )
            )
    owners = {
        agreement.roles[one.owner].party
        for one in agreement.standards.values()
        if one.owner in agreement.roles
    }
    if len(owners) == 1 and len(agreement.parties) > 1:
        out.append(
            note(
                "standards",
                f"standards: {owners.pop()} owes every duty. Obligations run both ways.",
            )
        )
    return out + _unused(agreement)


def _unused(agreement: Agreement) -> list[Finding]:
    """Kinds and roles that are defined and then never named."""
    named = Counter(
        _strings({k: agreement.tree[k] for k in ("clauses", "standards", "units", "roles")})
    )
    out = [
        note("kinds", f"kinds: {kind} is used by no clause and no unit.")
        for kind in agreement.kinds
        if not named[kind]
    ]
    return out + [
        note("roles", f"roles: {role} is named by no clause and owes nothing.")
        for role in agreement.roles
        if named[role] < 2
    ]


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
