"""Placing and lifting a hold. Nobody lifts one alone."""

from collections.abc import Iterator

from safeconduct.kernel.errors import Refused
from safeconduct.kernel.instants import show_duration
from safeconduct.kernel.records import Fact
from safeconduct.movements import life as lives
from safeconduct.movements.holds import hold_of
from safeconduct.movements.model import Hold, ReleaseRule
from safeconduct.movements.projection import State
from safeconduct.registers.standing import Entry


def decide_hold(state: State, fact: Fact) -> None:
    """Refuse a hold that holds nothing, or that stands or stood already.

    Raises:
        Refused: names the hold's clause.
    """
    name, movement, clause = fact.get("hold", ""), fact.get("movement"), fact.get("clause")
    if all(fact.get(field) is None for field in ("movement", "zone", "site")):
        raise Refused(
            f"the hold {name} names nothing that it holds",
            why="a hold is on a movement, a gate zone or a site",
            do="name one of them",
            clause=clause,
        )
    life = state.lives.get(movement) if movement is not None else None
    if movement is not None and (life is None or lives.request(state, life) is None):
        raise Refused(
            f"the movement {movement} was never requested",
            why="a hold on a movement needs that movement",
            do="check the movement's id",
            clause=clause,
        )
    known = state.holds.get(name, {}).get(fact.record.party)
    if name in state.released:
        raise Refused(
            f"the hold {name} was lifted already",
            why="a lifted hold does not come back",
            do="place a hold of its own",
            clause=clause,
        )
    record = fact.record
    if known is not None and record.rev <= known.rev:
        raise Refused(
            f"the hold {name} stands already",
            why=f"its revision {known.rev} is on record",
            do="raise the revision to change it",
            clause=clause,
        )
    scope = (known.movement, known.zone, known.site) if known is not None else None
    if known is not None and scope != (movement, fact.get("zone"), fact.get("site")):
        raise Refused(
            f"the hold {name} would no longer stand on {known.scope}",
            why="a hold that moves elsewhere is a hold lifted, and nobody lifts one alone",
            do="place a hold of its own, and have this one released",
            clause=clause,
        )


def decide_release(state: State, fact: Fact, rule: ReleaseRule | None) -> None:
    """Refuse a release that the release clause does not allow.

    Raises:
        Refused: the hold does not stand, the reason is empty, the role is another, or too few
            persons said yes; names the release clause.
    """
    name = fact.get("hold", "")
    hold = hold_of(state, name)
    if rule is None:
        raise Refused(
            f"nobody may lift the hold {name}",
            why="no clause in force says who releases a hold",
            do="agree on a release clause; until then take what the hold offers",
            clause=hold.clause if hold is not None else None,
        )
    if hold is None or name in state.released:
        raise Refused(
            f"the hold {name} does not stand",
            why="it was never placed here" if hold is None else "it was lifted already",
            do="check the list of holds in force",
            clause=rule.clause,
        )
    for record in state.holds[name].values():
        _same_place(fact, record, rule)
    if not str(fact.get("reason", "")).strip():
        raise Refused(
            f"the release of {name} gives no reason",
            why="a hold is lifted with a written reason",
            do="write why passage is safe again",
            clause=rule.clause,
        )
    if fact.record.acting not in rule.roles:
        raise Refused(
            f"{fact.record.acting} may not lift the hold {name}",
            why=f"the clause names {', '.join(rule.roles)}",
            do="ask a person in one of these roles",
            clause=rule.clause,
        )
    _agreed(state, fact, hold, rule)


def _same_place(fact: Fact, hold: Hold, rule: ReleaseRule) -> None:
    """A power at one place does not lift a hold at another: what the release names must fit."""
    for field, held in (("movement", hold.movement), ("zone", hold.zone), ("site", hold.site)):
        named = fact.get(field)
        if named is not None and named != held:
            raise Refused(
                f"the hold {hold.hold} is not on {named}",
                why=f"it stands on {hold.scope}",
                do=f"name {held} as its {field}" if held else f"leave the {field} out",
                clause=rule.clause,
            )


def _agreed(state: State, fact: Fact, hold: Hold, rule: ReleaseRule) -> None:
    others = list(_yeses(state, fact, hold, rule))
    # One who says yes twice is one person; the releasing one counts as the first.
    count = 1 + (len({entry.by for entry in others}) if rule.different else len(others))
    if count < rule.persons:
        kind = "different persons" if rule.different else "persons"
        raise Refused(
            f"the release of {hold.hold} has {count} of {rule.persons} {kind}",
            why=f"besides the one who releases it, others in the roles {', '.join(rule.roles)}"
            f" say yes to it in the {show_duration(rule.within_ms)} before",
            do=f"have another person in one of these roles approve the release of {hold.hold}",
            clause=rule.clause,
        )


def _yeses(state: State, fact: Fact, hold: Hold, rule: ReleaseRule) -> Iterator[Entry]:
    """The approvals of this hold's release that count at the release.

    An approval that is on record came before; if its own clock says otherwise, it counts as far
    as the two stated clock errors explain it.
    """
    record = fact.record
    for key in sorted(state.approvals_about.get(hold.hold, ())):
        for entry in state.approved.current(key, record.time):
            age = record.time - entry.time
            fresh = -(record.err + entry.err) <= age <= rule.within_ms
            other = entry.by != record.by or not rule.different
            if fresh and other and entry.acting in rule.roles and entry.time >= hold.time:
                yield entry
