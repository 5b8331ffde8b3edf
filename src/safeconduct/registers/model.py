"""Values of the registers: what a query answers. Frozen; no plate, name or phone is copied here."""

import msgspec


class Person(msgspec.Struct, frozen=True):
    """Somebody who takes part: an id and a capacity, nothing that describes the human being."""

    person: str
    party: str
    capacity: str
    site: str | None
    language: str | None


class Unit(msgspec.Struct, frozen=True):
    """A unit that takes part."""

    unit: str
    party: str
    kind: str
    district: str | None
    strength: int
    skills: tuple[str, ...]


class Vehicle(msgspec.Struct, frozen=True):
    """A registered vehicle and what protects it; `armour` is the class, 0 for none."""

    vehicle: str
    party: str
    vehicle_type: str
    armour: int
    radio: bool
    seats: int
    look: str


class Shift(msgspec.Struct, frozen=True):
    """A person is due at a post, from `begins` (inclusive) until `until` (exclusive)."""

    shift: str
    post: str
    site: str
    person: str | None
    role: str
    begins: int
    until: int
    party: str
