"""Questions to the registers, each at an instant. Pure: they read a state and change nothing."""

from bisect import bisect_right
from collections.abc import Iterator

from safeconduct.registers.model import Person, Shift, Unit, Vehicle
from safeconduct.registers.projection import State
from safeconduct.registers.standing import Entry, Key, Standing


def rostered_at(state: State, person: str, post: str, at: int) -> bool:
    """Whether that person is due at that post at that instant."""
    keys = _not_over(state.by_person.get(person, []), at)
    return any(shift.post == post for shift in _running(state, keys, at))


def shifts_at(state: State, post: str, at: int) -> list[Shift]:
    """The shifts that run at a post, ordered by their begin."""
    keys = _not_over(state.by_post.get(post, []), at)
    found = [shift for shift in _running(state, keys, at) if shift.post == post]
    return sorted(found, key=lambda item: (item.begins, item.shift, item.person or ""))


def posts_with_shift(state: State, at: int) -> list[str]:
    """Every post at which somebody is due at that instant, in order of name."""
    return [post for post in sorted(state.by_post) if shifts_at(state, post, at)]


def holders(state: State, role: str, at: int, about: str | None = None) -> tuple[str, ...]:
    """Who holds a role: by naming (about one thing, if given), or by the shift that runs.

    A shift counts as about its post and its site.
    """
    found = set()
    for thing, holder in state.about_of.get(role, ()):
        if about in (None, thing):
            for entry in state.namings.valid((role, thing, holder), at):
                found.add(entry.values.get("holder"))
    for shift in _running(state, _not_over(state.by_role.get(role, []), at), at):
        if shift.role == role and about in (None, shift.post, shift.site):
            found.add(shift.person)
    return tuple(sorted(item for item in found if item is not None))


def roles_of(state: State, person: str, at: int) -> frozenset[str]:
    """The roles that a person holds by naming or by a shift that runs."""
    found = {
        role
        for role, things in state.about_of.items()
        for thing, holder in things
        for entry in state.namings.valid((role, thing, holder), at)
        if entry.values.get("holder") == person
    }
    keys = _not_over(state.by_person.get(person, []), at)
    return frozenset(found | {shift.role for shift in _running(state, keys, at)})


def person(state: State, person: str, at: int) -> Person | None:
    """The person's entry in force."""
    entry = _one(state.people, person, at)
    if entry is None:
        return None
    get = entry.values.get
    return Person(person, entry.party, get("capacity", ""), get("site"), get("language"))


def unit(state: State, unit: str, at: int) -> Unit | None:
    """The unit's entry in force."""
    entry = _one(state.units, unit, at)
    if entry is None:
        return None
    get = entry.values.get
    return Unit(
        unit,
        entry.party,
        get("kind", ""),
        get("district"),
        get("strength", 0),
        tuple(get("skills", ())),
    )


def vehicle(state: State, vehicle: str, at: int) -> Vehicle | None:
    """The registered vehicle's entry in force."""
    entry = _one(state.vehicles, vehicle, at)
    if entry is None:
        return None
    get = entry.values.get
    return Vehicle(
        vehicle,
        entry.party,
        get("vehicle_type", ""),
        get("armour", 0),
        get("radio", False),
        get("seats", 0),
        get("look", ""),
    )


def people(state: State, at: int) -> list[Person]:
    """Everybody listed at that instant, in order of id."""
    found = (person(state, key[0], at) for key in sorted(state.people.entries))
    return [item for item in found if item is not None]


def units(state: State, at: int) -> list[Unit]:
    """Every unit listed at that instant, in order of id."""
    found = (unit(state, key[0], at) for key in sorted(state.units.entries))
    return [item for item in found if item is not None]


def vehicles(state: State, at: int) -> list[Vehicle]:
    """Every registered vehicle at that instant, in order of id."""
    found = (vehicle(state, key[0], at) for key in sorted(state.vehicles.entries))
    return [item for item in found if item is not None]


def knows(state: State, entity: str) -> bool:
    """Whether any record founded this id, or sighted this vehicle."""
    return entity in state.known


def _one(rows: Standing, entity: str, at: int) -> Entry | None:
    return next(iter(rows.valid((entity,), at)), None)


def _not_over(rows: list[tuple[int, Key]], at: int) -> Iterator[Key]:
    start = bisect_right(rows, at, key=lambda row: row[0])
    return iter(dict.fromkeys(key for _, key in rows[start:]))


def _running(state: State, keys: Iterator[Key], at: int) -> Iterator[Shift]:
    for key in keys:
        for entry in state.shifts.valid(key, at):
            get = entry.values.get
            if get("from", at) <= at:
                yield Shift(
                    key[0],
                    get("post", ""),
                    get("site", ""),
                    get("person"),
                    get("role", ""),
                    get("from", at),
                    entry.until or 0,
                    entry.party,
                )
