"""Registers: who and what takes part, with which role, on which roster.

Records: `person_listed`, `unit_listed`, `vehicle_listed`, `named`, `rostered`. Read from other
rooms by alias: `revoked` (ends a record of the same party) and `sighted` (makes a vehicle known).

Invariants: an id is that of its founding record; each party lists its own; the newest record of
one identity key counts, by its own time and then its number; an end is exclusive; an entry that
was taken back stays readable and holds no longer. Every query names its instant.

Never here: names, phones, documents and plates (they stay in the record, closed); nationality,
religion, politics, biometrics, or any judgement of a person.
"""

from safeconduct.registers.decide import decide
from safeconduct.registers.model import Person, Shift, Unit, Vehicle
from safeconduct.registers.projection import State, project
from safeconduct.registers.queries import (
    holders,
    knows,
    people,
    person,
    posts_with_shift,
    roles_of,
    rostered_at,
    shifts_at,
    unit,
    units,
    vehicle,
    vehicles,
)
from safeconduct.registers.standing import Entry, Standing

__all__ = [
    "Entry",
    "Person",
    "Shift",
    "Standing",
    "State",
    "Unit",
    "Vehicle",
    "decide",
    "holders",
    "knows",
    "people",
    "person",
    "posts_with_shift",
    "project",
    "roles_of",
    "rostered_at",
    "shifts_at",
    "unit",
    "units",
    "vehicle",
    "vehicles",
]
