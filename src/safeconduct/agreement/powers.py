"""Who may do what, where: `may` asks the text, `authorise` asks it for one record.

The rule, in the order in which it is applied:

1. Lines that have effect: clauses agreed, in force or reserved, with the refusals of a
   reservation. Brackets and proposals count only where a what-if picks them.
2. From the place up through `within`; a sealed place ends the walk.
3. Refusals on that walk beat grants, unless the grant's clause says `notwithstanding` of the
   refusal's clause. Without any line, the clause of silence refuses.
4. A role narrows: its `may` must hold the act as well.

The order of lines never matters; clause ids break ties. Every refusal cites a clause.
"""

from collections.abc import Collection, Iterable, Sequence

import msgspec

from safeconduct.agreement.model import Agreement, Line, clause_key, one_of, parties_clause
from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.vocabulary import RecordType

NODE = "node"
"""The role in which a node makes what it computed."""

PERSON = "person"
"""The role of a protected person or a driver who has a code and no account."""


class Decision(msgspec.Struct, frozen=True):
    """Yes or no, the clause that says so, the reason for a person, the kinds it holds for."""

    granted: bool
    clause: str
    reason: str
    kinds: tuple[str, ...] = ()


class Cell(msgspec.Struct, frozen=True):
    """The answer for one party, act, place and kind: the clause that decides, or silence.

    `at` is the nearest place on the walk that a line of that clause names, or None for silence.
    """

    granted: bool
    clause: str
    at: str | None = None


def lines_in_effect(agreement: Agreement, picks: Collection[str] = ()) -> list[Line]:
    """The lines that count: those with effect, and those of the brackets that were picked."""
    return [line for line in agreement.lines if line.option is None or line.option in picks]


def decide_cell(
    agreement: Agreement, lines: Iterable[Line], party: str, act: str, place: str, kind: str
) -> Cell:
    """Decide one cell by steps 2 and 3 of the rule. All names must be known."""
    walk = agreement.walks[place]
    grants: list[tuple[Line, int]] = []
    refusals: list[tuple[Line, int]] = []
    for line in lines:
        power = line.power
        if power.party != party or act not in power.acts:
            continue
        if line.kinds is not None and kind not in line.kinds:
            continue
        depth = min((walk.index(where) for where in power.places if where in walk), default=None)
        if depth is not None:
            (grants if line.grants else refusals).append((line, depth))
    winners = [
        (line, depth)
        for line, depth in grants
        if all(refusal.clause in line.notwithstanding for refusal, _ in refusals)
    ]
    standing = [
        (refusal, depth)
        for refusal, depth in refusals
        if not grants or any(refusal.clause not in line.notwithstanding for line, _ in grants)
    ]
    for granted, found in ((True, winners), (False, standing)):
        if found:
            line, depth = min(found, key=lambda one: (clause_key(one[0].clause), one[1]))
            return Cell(granted, line.clause, walk[depth])
    return Cell(granted=False, clause=agreement.silence)


def _first(agreement: Agreement, cells: Iterable[Cell], place: str) -> Cell:
    """The cell to cite: the smallest clause id, then the nearest place."""
    walk = agreement.walks[place]
    return min(cells, key=lambda one: (clause_key(one.clause), walk.index(one.at) if one.at else 0))


def may(
    agreement: Agreement,
    party: str,
    act: str,
    place: str,
    kind: str | None = None,
    role: str | None = None,
    *,
    picks: Collection[str] = (),
) -> Decision:
    """Whether a party may do an act at a place, and which clause says so.

    Args:
        agreement: the text in force at that time.
        party: the party's id.
        act: one of the agreement's acts.
        place: a place of the agreement.
        kind: kind of personnel; without it, granted if some kind is, and the answer names them.
        role: a role of the party, which must hold the act as well.
        picks: options or open clauses that a what-if takes as agreed.

    Raises:
        Malformed: a name is not in the agreement; says which one was perhaps meant.
    """
    one_of("party", party, agreement.parties)
    one_of("act", act, agreement.acts)
    one_of("place", place, agreement.places)
    if kind is not None:
        one_of("kind of personnel", kind, agreement.kinds)
    if role is not None:
        one_of("role", role, agreement.roles)
    lines = lines_in_effect(agreement, picks)
    kinds = agreement.kinds if kind is None else (kind,)
    cells = {name: decide_cell(agreement, lines, party, act, place, name) for name in kinds}
    granted = tuple(name for name, cell in cells.items() if cell.granted)
    if not granted:
        return _refusal(agreement, cells.values(), (party, act, place, kind))
    if role is not None:
        narrowed = _narrowed(agreement, party, act, role)
        if narrowed is not None:
            return narrowed
    first = _first(agreement, (cells[name] for name in granted), place)
    return Decision(
        granted=True,
        clause=first.clause,
        reason=f"{_the(agreement, party)} may {act} at {place} with {_listed(granted)} personnel: "
        f"clause {first.clause} grants it{_where(first, place)}",
        kinds=granted,
    )


def _refusal(
    agreement: Agreement, cells: Collection[Cell], names: tuple[str, str, str, str | None]
) -> Decision:
    party, act, place, kind = names
    whom = f" with {kind} personnel" if kind is not None else ""
    head = f"{_the(agreement, party)} may not {act} at {place}{whom}"
    written = [cell for cell in cells if cell.at is not None]
    if not written:
        return _no(
            agreement.silence,
            f"{head}: no clause grants it, and clause {agreement.silence} refuses what is not "
            "written",
        )
    first = _first(agreement, written, place)
    return _no(first.clause, f"{head}: clause {first.clause} refuses it{_where(first, place)}")


def _no(clause: str, reason: str) -> Decision:
    return Decision(granted=False, clause=clause, reason=reason)


def _yes(clause: str, reason: str) -> Decision:
    return Decision(granted=True, clause=clause, reason=reason)


def _narrowed(agreement: Agreement, party: str, act: str, role: str) -> Decision | None:
    """The refusal that a role adds, or None if the role holds the act."""
    held = agreement.roles[role]
    clause = agreement.silence
    if held.party != party:
        return _no(
            clause,
            f"the role {role} belongs to {_the(agreement, held.party)}, not to "
            f"{_the(agreement, party)}; clause {clause} refuses what is not written",
        )
    if act not in held.may:
        return _no(
            clause,
            f"the role {role} may {_listed(held.may)}, not {act}; "
            f"clause {clause} refuses what is not written",
        )
    return None


def _where(cell: Cell, place: str) -> str:
    return f" at {cell.at}" if cell.at == place else f" at {cell.at}, within which {place} lies"


def _the(agreement: Agreement, party: str) -> str:
    return agreement.parties[party].title.get("en", party)


def _listed(names: Sequence[str]) -> str:
    return (
        names[0]
        if len(names) == 1
        else f"{', '.join(names[:-1])} and {names[-1]}"
        if names
        else "nothing"
    )


def authorise(
    agreement: Agreement,
    record_type: RecordType,
    party: str,
    role: str,
    places: Sequence[str],
    kind: str | None = None,
) -> Decision:
    """Whether a party, in a role, may author a record of this type about these places.

    Each alternative of the type's author column is tried; one that grants is enough. `act @ kind
    of place` needs the act at every place given; `act @ programme`, and `act @ any` where no place
    is given, need it somewhere; `any @ programme` needs a role and some grant; `self` needs only
    to be a party. `node` and `person` are granted to the roles `node` and `person` alone;
    `owner` and `taken-back` pass here and must be judged by the caller, who knows the record
    that is owned or taken back.

    Args:
        agreement: the text in force when the record says it was made.
        record_type: what is to be recorded.
        party: the author's party.
        role: the role in which it was made, or `node` or `person`.
        places: the places that the record names, as the caller resolved them.
        kind: kind of personnel, where the record names one.

    Returns:
        The decision; a refusal cites the most telling clause: a written one before silence.

    Raises:
        Malformed: a name is not in the agreement.
    """
    one_of("party", party, agreement.parties)
    if role not in (NODE, PERSON):
        one_of("role", role, agreement.roles)
        held = agreement.roles[role]
        if held.party != party:
            return _no(
                parties_clause(agreement),
                f"the role {role} belongs to {_the(agreement, held.party)}, "
                f"not to {_the(agreement, party)}",
            )
    for place in places:
        one_of("place", place, agreement.places)
    refusals: list[tuple[bool, Decision]] = []
    for alternative in record_type.author:
        decision = _alternative(agreement, record_type, alternative, party, role, places, kind)
        if decision.granted:
            return decision
        refusals.append((" @ " not in alternative, decision))
    if not refusals:
        raise Malformed(f"{record_type.alias} names no author")
    return min(refusals, key=lambda one: (one[0], one[1].clause == agreement.silence))[1]


def _alternative(  # noqa: PLR0911 - one line for each kind of author
    agreement: Agreement,
    record_type: RecordType,
    alternative: str,
    party: str,
    role: str,
    places: Sequence[str],
    kind: str | None,
) -> Decision:
    act, _, where = alternative.partition(" @ ")
    clause = parties_clause(agreement)
    if act in (NODE, PERSON):
        if role == act:
            return _yes(clause, f"{record_type.alias} is made by a {act}")
        return _no(clause, f"{record_type.alias} is made by a {act}, not in the role {role}")
    if role in (NODE, PERSON):
        return _no(clause, f"a {role} may not author {record_type.alias}")
    if act in ("self", "owner", "taken-back"):
        return _yes(clause, f"{_the(agreement, party)} is a party and {role} is its role")
    if where == "programme" or (where == "any" and not places):
        return _anywhere(agreement, party, act, role, kind)
    if not places:
        return _no(
            agreement.silence,
            f"{record_type.alias} needs {act} at its {where}, and names no place",
        )
    decisions = [may(agreement, party, act, place, kind, role) for place in places]
    return next((one for one in decisions if not one.granted), decisions[0])


def _anywhere(agreement: Agreement, party: str, act: str, role: str, kind: str | None) -> Decision:
    """Whether an act, or with `any` some act of the role, is granted at some place."""
    held = agreement.roles[role]
    acts = held.may if act == "any" else (act,)
    if act != "any":
        one_of("act", act, agreement.acts)
        narrowed = _narrowed(agreement, party, act, role)
        if narrowed is not None:
            return narrowed
    lines = lines_in_effect(agreement)
    kinds = agreement.kinds if kind is None else (kind,)
    hopeful = [
        line
        for line in lines
        if line.grants and line.power.party == party and set(acts) & set(line.power.acts)
    ]
    for line in sorted(hopeful, key=lambda one: clause_key(one.clause)):
        reached = [
            place for place, walk in agreement.walks.items() if set(walk) & set(line.power.places)
        ]
        for each in acts:
            for place in reached:
                for name in kinds:
                    cell = decide_cell(agreement, lines, party, each, place, name)
                    if cell.granted and cell.clause == line.clause:
                        what = "acts" if act == "any" else f"may {act}"
                        return _yes(
                            line.clause,
                            f"{_the(agreement, party)} {what} under clause {line.clause}",
                        )
    return _no(agreement.silence, f"no clause grants {_the(agreement, party)} {act} anywhere")
