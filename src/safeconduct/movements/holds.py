"""Holds: which are in force, and which of them bar which movement."""

from collections.abc import Iterable

from safeconduct.movements import life as lives
from safeconduct.movements.model import Hold
from safeconduct.movements.projection import Life, State


def hold_of(state: State, name: str) -> Hold | None:
    """A hold, lifted or not; of two parties' records of it the one that fell first."""
    return min(state.holds.get(name, {}).values(), key=_age, default=None)


def holds_in_force(state: State) -> list[Hold]:
    """Every hold that was placed and not lifted, oldest first."""
    names = (name for name in state.holds if name not in state.released)
    found = (hold_of(state, name) for name in names)
    return sorted((hold for hold in found if hold is not None), key=_age)


def holds_on(state: State, movement: str, extra: Iterable[str | None] = ()) -> list[Hold]:
    """The holds in force that bar a movement, oldest first.

    Args:
        state: the state of movements.
        movement: which one.
        extra: further sites on its way, such as the one from which it departs.
    """
    life = state.lives.get(movement, Life())
    gate = lives.gate(state, life)
    sites = lives.sites_of(state, life, extra)
    found = []
    for name, records in state.holds.items():
        barring = [hold for hold in records.values() if _bars(hold, movement, gate, sites)]
        if barring and name not in state.released:
            found.append(min(barring, key=_age))
    return sorted(found, key=_age)


def _age(hold: Hold) -> tuple[int, str, str]:
    return hold.time, hold.hold, hold.record


def _bars(hold: Hold, movement: str, gate: str | None, sites: frozenset[str]) -> bool:
    """Whether a hold bars a movement: all that it names must fit, the most exact thing first.

    A hold on a gate zone that also names the zone's site bars whoever passes that gate, so that
    another gate of the same site is a way out; a movement that names no gate is barred at the
    site, since it may mean this one.
    """
    if hold.movement is not None and hold.movement != movement:
        return False
    if hold.zone is not None:
        if gate is not None:
            return hold.zone == gate
        return hold.movement is not None or hold.site in sites
    if hold.site is not None and hold.movement is None:
        return hold.site in sites
    return hold.movement is not None
