"""Questions to movements. Pure: they read a state and change nothing."""

from safeconduct.movements import life as lives
from safeconduct.movements.holds import holds_on
from safeconduct.movements.model import FINAL, Movement
from safeconduct.movements.projection import Life, State
from safeconduct.registers.standing import Key, Standing

ANY_TIME = 2**53
"""Later than every instant: what stands by now, whatever its own time."""


def movement(state: State, movement: str, at: int | None = None) -> Movement | None:
    """A movement as it stands, None if no record speaks of it.

    Args:
        state: the state of movements.
        movement: which one.
        at: judge the expiry of clearances, approvals and assignments at this instant.
    """
    life = state.lives.get(movement)
    if life is None:
        return None
    name = lives.name_of(state, life, at)
    wish = lives.request(state, life)
    orders = lives.orders(state, life)
    first = lives.first_order(state, life)
    holds = () if name in FINAL else tuple(item.hold for item in holds_on(state, movement))
    closed = lives.mark(state, life, "closed")
    dues = [item.due for item in orders if item.due is not None]
    return Movement(
        movement=movement,
        state=name,
        held=bool(holds),
        holds=holds,
        gate=lives.gate(state, life),
        version=lives.version(state, life),
        vehicles=vehicles_of(state, movement, at),
        escorts=escorts_of(state, movement, at),
        party=wish.party if wish else None,
        group=wish.group if wish else None,
        purpose=wish.purpose if wish else None,
        persons=wish.persons if wish else 0,
        origin=wish.origin if wish else None,
        destination=wish.destination if wish else None,
        starts=wish.starts if wish else None,
        ends=wish.ends if wish else None,
        due=dues[-1] if dues else (wish.ends if wish else None),
        districts=wish.districts if wish else None,
        cleared=lives.districts_cleared(state, life, at),
        notices=tuple(sorted({item.detail for item in life.notices})),
        requested_at=wish.time if wish else None,
        ordered_at=first.time if first else None,
        landed_at=_time(state, life, "landed"),
        departed_at=_time(state, life, "depart"),
        arrived_at=_time(state, life, "arrived"),
        aborted_at=_time(state, life, "aborted"),
        closed_at=_time(state, life, "closed"),
        last_radio=life.last_radio,
        outcome=closed.detail if closed else None,
    )


def movements(state: State, at: int | None = None) -> list[Movement]:
    """Every movement on record, in order of id."""
    found = (movement(state, name, at) for name in sorted(state.lives))
    return [item for item in found if item is not None]


def vehicles_of(state: State, movement: str, at: int | None = None) -> tuple[str, ...]:
    """The vehicles assigned to a movement, in order of id."""
    life = state.lives.get(movement, Life())
    return _standing(state.assigned, life.vehicles, at)


def escorts_of(state: State, movement: str, at: int | None = None) -> tuple[str, ...]:
    """The units ordered to escort a movement, in order of id."""
    life = state.lives.get(movement, Life())
    return _standing(state.escorts, life.escorts, at)


def window(state: State, movement: str) -> tuple[int, int | None] | None:
    """When positions of its vehicles are accepted: from its order until it is closed or aborted.

    None if no order went out; an end of None if it is still open. The end is exclusive.
    """
    life = state.lives.get(movement)
    first = lives.first_order(state, life) if life is not None else None
    if life is None or first is None:
        return None
    ends = (_time(state, life, "closed"), _time(state, life, "aborted"))
    return first.time, min((end for end in ends if end is not None), default=None)


def movement_of(state: State, vehicle: str, at: int) -> str | None:
    """The movement for which a vehicle drives at that instant.

    Of several, the one that is on the road, then the one ordered last.
    """
    found = []
    for name in state.of_vehicle.get(vehicle, ()):
        span = window(state, name)
        if span is None or at < span[0] or (span[1] is not None and at >= span[1]):
            continue
        if not state.assigned.valid((name, vehicle), at):
            continue
        life = state.lives[name]
        began, ended = _time(state, life, "depart"), _time(state, life, "arrived")
        rolls = began is not None and began <= at and (ended is None or at < ended)
        found.append((rolls, span[0], name))
    return max(found)[2] if found else None


def _standing(rows: Standing, keys: set[Key], at: int | None) -> tuple[str, ...]:
    when = at if at is not None else ANY_TIME
    return tuple(sorted({key[1] for key in keys if rows.valid(key, when)}))


def _time(state: State, life: Life, step: str) -> int | None:
    found = lives.mark(state, life, step)
    return found.time if found is not None else None
