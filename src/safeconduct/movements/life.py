"""Reading one life: which marks stand, which order is the newest, which state that makes."""

from collections.abc import Iterable

from safeconduct.movements.model import Mark, Order, Request
from safeconduct.movements.projection import Life, State


def mark(state: State, life: Life, step: str) -> Mark | None:
    """The first mark of a step that no later record of the same party corrects."""
    found = (item for item in life.marks.get(step, ()) if _stands(state, item, step))
    return min(found, default=None)


def request(state: State, life: Life) -> Request | None:
    """The newest request that stands."""
    found = [item for item in life.requests if _stands(state, item, "requested")]
    return max(found, key=lambda item: (item.time, item.seq, item.record), default=None)


def orders(state: State, life: Life) -> list[Order]:
    """Orders and changes that stand, oldest version first."""
    found = [
        item
        for item in life.orders
        if _stands(state, item, "ordered" if item.changed is None else "changed")
    ]
    return sorted(found, key=lambda item: (item.version, item.time, item.seq, item.record))


def first_order(state: State, life: Life) -> Order | None:
    """The order that went out first."""
    issued = [item for item in orders(state, life) if item.changed is None]
    return min(issued, key=lambda item: (item.time, item.seq, item.record), default=None)


def gate(state: State, life: Life) -> str | None:
    """The zone that the movement will pass, from the newest order or change that names one."""
    named = (item.gate for item in reversed(orders(state, life)) if item.gate is not None)
    return next(named, None)


def version(state: State, life: Life) -> int:
    """The newest order version, 0 if none went out."""
    return max((item.version for item in orders(state, life)), default=0)


def districts_cleared(state: State, life: Life, at: int | None = None) -> tuple[str, ...]:
    """Districts with a clearance that was not taken back and, at that instant, not expired."""
    found = set()
    for key in life.clearances:
        # At instant 0 nothing has expired yet: without an instant only taking back counts.
        if state.cleared.current(key, at if at is not None else 0):
            found.add(key[1])
    return tuple(sorted(found))


def name_of(state: State, life: Life, at: int | None = None) -> str:
    """The state that the marks make."""
    for step, name in _FROM_LAST:
        if mark(state, life, step) is not None:
            return name
    if first_order(state, life) is not None:
        return "ordered"
    wish = request(state, life)
    done = districts_cleared(state, life, at)
    wanted = wish.districts if wish is not None else None
    # Where the districts stay closed, the owner's word that one is cleared is all there is.
    everything = bool(done) if wanted is None else set(wanted) <= set(done)
    return "cleared" if done and everything else "requested"


_FROM_LAST = (
    ("closed", "closed"),
    ("aborted", "aborted"),
    ("arrived", "arrived"),
    ("depart", "under_way"),
)


def _stands(state: State, item: Mark | Order | Request, alias: str) -> bool:
    return (item.party, alias) not in state.replaced.get(item.record, ())


def sites_of(state: State, life: Life, extra: Iterable[str | None] = ()) -> frozenset[str]:
    """The sites on a movement's way: origin, destination and where it departs, as far as open."""
    wish = request(state, life)
    ends = (wish.origin, wish.destination) if wish is not None else ()
    return frozenset(item for item in (*ends, *extra) if item)
