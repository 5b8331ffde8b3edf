"""What may enter the log about a movement: its steps in their order."""

from collections.abc import Callable

from safeconduct.kernel.errors import Refused
from safeconduct.kernel.ids import entity_id
from safeconduct.kernel.instants import show_instant
from safeconduct.kernel.records import Fact
from safeconduct.movements import life as lives
from safeconduct.movements.holding import decide_hold, decide_release
from safeconduct.movements.holds import holds_on
from safeconduct.movements.model import ReleaseRule
from safeconduct.movements.projection import Life, State

BEFORE_ARRIVAL = ("requested", "cleared", "ordered", "under_way")

ALLOWED = {
    "cleared": BEFORE_ARRIVAL,
    "assigned": BEFORE_ARRIVAL,
    "escort": BEFORE_ARRIVAL,
    "landed": BEFORE_ARRIVAL,
    "radio": (*BEFORE_ARRIVAL, "arrived", "aborted"),
    "notified": (*BEFORE_ARRIVAL, "arrived", "aborted"),
    "ordered": ("requested", "cleared", "ordered"),
    "changed": ("ordered", "under_way"),
    "depart": ("ordered",),
    "arrived": ("under_way",),
    "aborted": BEFORE_ARRIVAL,
    "closed": ("arrived", "aborted"),
}
"""In which states a record may enter; the state names are those of `Movement.state`."""

WAY_OUT = {
    "changed": "issue the order first; a movement that is over is asked for anew",
    "ordered": "record what is different as changed",
    "depart": "a movement departs once, after its order went out",
    "arrived": "record the departure first",
    "closed": "record the arrival, or the abortion with its reason, first",
}


def decide(state: State, fact: Fact, *, rule: ReleaseRule | None) -> None:
    """Refuse a record that must not enter the log; other aliases pass.

    Args:
        state: the state of movements.
        fact: the proposed record.
        rule: the agreement's release clause in force, None if no clause releases a hold.

    Raises:
        Refused: names the fact, the reason, the way out and, for holds, the clause.
    """
    if fact.alias == "requested":
        _request(state, fact)
    elif fact.alias == "hold":
        decide_hold(state, fact)
    elif fact.alias == "hold_released":
        decide_release(state, fact, rule)
    elif fact.alias in ALLOWED and fact.get("movement") is not None:
        if fact.alias == "notified" and fact.get("movement") not in state.lives:
            # Who gives notice may know the movement by its id alone: a plan withholds the rest.
            return
        life = _known(state, fact)
        correction = _corrects(state, life, fact)
        if not correction:
            _in_order(state, life, fact)
        check = _OWN.get(fact.alias)
        # A departure that is corrected has happened; what stood in its way today is no matter.
        if check is not None and not (correction and fact.alias == "depart"):
            check(state, life, fact)


def _known(state: State, fact: Fact) -> Life:
    movement = fact.get("movement")
    life = state.lives.get(movement)
    if life is None or lives.request(state, life) is None:
        raise Refused(
            f"the movement {movement} was never requested",
            why="a request founds a movement",
            do="record the request first",
        )
    return life


def _corrects(state: State, life: Life, fact: Fact) -> bool:
    """Whether the record corrects the standing mark of the same step by the same party."""
    standing = lives.mark(state, life, fact.alias)
    return (
        standing is not None
        and fact.record.replaces == standing.record
        and fact.record.party == standing.party
    )


def _in_order(state: State, life: Life, fact: Fact) -> None:
    name = lives.name_of(state, life, fact.record.time)
    if name in ALLOWED[fact.alias]:
        return
    raise Refused(
        f"the movement {fact.get('movement')} is {name.replace('_', ' ')}: "
        f"{fact.alias} cannot follow",
        why=f"{fact.alias} follows on {', '.join(ALLOWED[fact.alias]).replace('_', ' ')}",
        do=WAY_OUT.get(fact.alias, "check the movement's id, or ask for a movement of its own"),
    )


def _request(state: State, fact: Fact) -> None:
    movement, record = fact.get("movement", ""), fact.record
    life = state.lives.get(movement)
    standing = lives.request(state, life) if life is not None else None
    if life is None or standing is None:
        due = entity_id("movement", record.id)
        if movement != due:
            raise Refused(
                f"the movement {movement} is not founded by this request",
                why=f"an id founded by this record would be {due}",
                do="leave the movement out so that its id is made from the request",
            )
    elif record.replaces != standing.record or record.party != standing.party:
        raise Refused(
            f"the movement {movement} was requested already",
            why="one request founds one movement",
            do="correct it by a request that replaces the first, or ask for another movement",
        )
    elif lives.name_of(state, life, record.time) not in ("requested", "cleared"):
        raise Refused(
            f"the request of {movement} can no longer be corrected",
            why="an order rests on it",
            do="record what is different as changed",
        )
    _way(fact)


def _way(fact: Fact) -> None:
    starts, ends = fact.get("starts"), fact.get("ends")
    if starts is not None and ends is not None and starts >= ends:
        raise Refused(
            f"the movement would end at {show_instant(ends)}, not after its start",
            why=f"it starts at {show_instant(starts)}",
            do="give an end later than the start",
        )
    districts = fact.get("districts")
    if districts is not None and not districts:
        raise Refused(
            "the request names no district",
            why="each district on the way clears the movement, so one at least is named",
            do="list the districts from origin to destination",
        )


def _clearance(_state: State, _life: Life, fact: Fact) -> None:
    until = fact.get("until")
    if until is not None and until <= fact.record.time:
        raise Refused(
            f"the clearance would end at {show_instant(until)}, before it holds",
            why=f"it holds from {show_instant(fact.record.time)}",
            do="give a later end",
        )


def _order(state: State, life: Life, fact: Fact) -> None:
    wish = lives.request(state, life)
    wanted = wish.districts if wish is not None else None
    if wanted is None:
        raise Refused(
            f"the districts of {fact.get('movement')} are closed here",
            why="an order needs every district cleared, and which ones cannot be told",
            do="ask the requesting party to open them to this node",
        )
    done = lives.districts_cleared(state, life, fact.record.time)
    missing = [item for item in wanted if item not in done]
    if missing or not wanted:
        raise Refused(
            f"the movement {fact.get('movement')} is not cleared for {', '.join(missing)}",
            why="an order needs the clearance of every district, in force at its time",
            do="have the authority of the district clear it, or refuse the request in writing",
        )
    issued = [item.version for item in lives.orders(state, life) if item.changed is None]
    _version(fact, max(issued, default=0) + 1, "an order has a version of its own")
    _version(fact, lives.version(state, life), "a newer change is on record")


def _change(state: State, life: Life, fact: Fact) -> None:
    _version(fact, lives.version(state, life), "a change is to the newest version or makes one")
    gate, now = fact.get("gate"), lives.gate(state, life)
    if gate is not None and gate != now and fact.get("what") != "route":
        raise Refused(
            f"a change of {fact.get('what')} would lead {fact.get('movement')} to {gate}",
            why="another gate is another road, and whoever follows changes of route must see it",
            do="record it as a change of route",
        )


def _version(fact: Fact, least: int, why: str) -> None:
    version = fact.get("version", least)
    if version < least:
        raise Refused(
            f"version {version} of {fact.get('movement')} is out of date",
            why=why,
            do=f"number it {least} or higher",
        )


def _departure(state: State, life: Life, fact: Fact) -> None:
    movement, at = fact.get("movement"), fact.record.time
    if not any(state.assigned.current(key, at) for key in life.vehicles):
        raise Refused(
            f"no vehicle is assigned to {movement}",
            why="a movement departs with the vehicles of its order",
            do="assign a vehicle first",
        )
    holds = holds_on(state, movement, (fact.get("site"),))
    if holds:
        first, more = holds[0], len(holds) - 1
        offers = ", ".join(first.offers)
        raise Refused(
            f"the movement {movement} is held and may not depart",
            why=f"the hold {first.hold} stands on {first.scope} under clause {first.clause}"
            + (f", and {more} more" if more else ""),
            do=(f"take what the hold offers: {offers}; " if offers else "")
            + "or have it released by the persons whom the agreement names",
            clause=first.clause or None,
        )


def _closing(state: State, life: Life, fact: Fact) -> None:
    outcome = fact.get("outcome", "")
    arrived = lives.mark(state, life, "arrived") is not None
    aborted = lives.mark(state, life, "aborted") is not None
    began = lives.mark(state, life, "depart") is not None
    fits = {
        "completed": arrived and not aborted,
        "aborted": aborted,
        "never_began": aborted and not began,
    }
    if not fits.get(outcome, False):
        right = [name for name, fit in fits.items() if fit]
        raise Refused(
            f"the outcome {outcome} does not fit what is on record of {fact.get('movement')}",
            why="it is to say how the movement ended: arrived, aborted on the way or before it",
            do=f"close it as {' or '.join(right)}",
        )


_OWN: dict[str, Callable[[State, Life, Fact], None]] = {
    "cleared": _clearance,
    "ordered": _order,
    "changed": _change,
    "depart": _departure,
    "closed": _closing,
}
