"""From the text of an agreement to its value, strictly.

`notation` gives plain data with the line of every part; the data is held against the shapes of
`model`, then against itself. What is refused here is what makes a text unreadable or ambiguous
(unknown and missing keys, doubled ids, a place tree that is none, no clause of silence); what
makes it unwise is found by `lint` instead, so that a draft can be talked about while it is wrong.
"""

import msgspec

from safeconduct.agreement.consistency import Consistency
from safeconduct.agreement.effects import Does
from safeconduct.agreement.model import Agreement, AgreementText, Line, Place, did_you_mean
from safeconduct.agreement.notation import read
from safeconduct.agreement.shapes import explain
from safeconduct.kernel.canonical import check
from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.places import place_kind
from safeconduct.kernel.yamltext import Path


def load_agreement(text: str) -> Agreement:
    """Read an agreement's text.

    Args:
        text: the YAML text, as a file holds it.

    Returns:
        The agreement; it may hold placeholder keys and may fail the linter.

    Raises:
        Malformed: names line, clause, what is wrong, why, and what to do.
    """
    tree = read(text)
    try:
        shaped = msgspec.convert(tree.value, AgreementText)
    except msgspec.ValidationError as error:
        explain(tree, str(error))
    check(tree.value)
    consistent = Consistency(tree, shaped)
    consistent.check()
    places = {place.id: place for place in shaped.places}
    return Agreement(
        text=shaped,
        tree=tree.value,
        parties={party.id: party for party in shaped.parties},
        places=places,
        roles={role.id: role for role in shaped.roles},
        clauses={clause.id: clause for clause in shaped.clauses},
        standards={standard.id: standard for standard in shaped.standards},
        walks={place.id: _walk(consistent, at, places) for at, place in enumerate(shaped.places)},
        lines=tuple(_power_lines(shaped)),
        silence=_silence(consistent),
    )


def _walk(consistent: Consistency, index: int, places: dict[str, Place]) -> tuple[str, ...]:
    """The places whose powers reach this one: itself and upwards, never out of a sealed one."""
    place = consistent.text.places[index]
    path: Path = ("places", index)
    try:
        place_kind(place.id)
    except Malformed as error:
        consistent.fail(path, error.what, error.why, error.do)
    reached = [place.id]
    above = [place.id]
    stopped = place.sealed
    while place.within is not None:
        if place.within not in places:
            consistent.fail(
                (*path, "within"),
                f"{place.id} lies within {place.within!r}, which is no place",
                do=did_you_mean(place.within, places),
            )
        if place.within in above:
            consistent.fail(path, f"{place.id} lies within itself", do="mend `within`")
        place = places[place.within]
        above.append(place.id)
        if not stopped:
            reached.append(place.id)
            stopped = place.sealed
    return tuple(reached)


def _power_lines(text: AgreementText) -> list[Line]:
    """Grants and refusals with the clause to cite, and the bracket that they wait for."""
    out: list[Line] = []
    for clause in text.clauses:
        if clause.state in ("suspended", "ended"):
            continue
        waits = None if clause.effective else clause.id
        if clause.does is not None:
            out += _lines(clause.id, clause.does, clause.notwithstanding, waits)
        for option in clause.options:
            if option.does is not None:
                out += _lines(option.id, option.does, option.notwithstanding, option.id)
        if clause.reservation is not None and clause.effective:
            cited = f"{clause.id}/reservation"
            out += [
                Line(clause=cited, grants=False, power=power)
                for power in clause.reservation.does.refuses
            ]
    return out


def _lines(clause: str, does: Does, beats: tuple[str, ...], option: str | None) -> list[Line]:
    return [
        Line(clause=clause, grants=True, power=power, notwithstanding=beats, option=option)
        for power in does.grants
    ] + [Line(clause=clause, grants=False, power=power, option=option) for power in does.refuses]


def _silence(consistent: Consistency) -> str:
    """The one clause that says that silence means no."""
    for clause in consistent.text.clauses:
        if clause.effective and clause.does is not None and clause.does.defaults is not None:
            return clause.id
    return consistent.fail(
        ("clauses",),
        "no clause says that silence means no",
        "every refusal cites a clause, also where nothing is written",
        "let one agreed clause have does: {defaults: {power: refused, visibility: withheld}}",
    )
