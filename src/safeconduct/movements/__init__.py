"""Movements: who goes where, with whose clearance and which escort, and in which state it is.

Records: `requested`, `notified`, `cleared`, `ordered`, `escort`, `assigned`, `landed`, `depart`,
`radio`, `changed`, `hold`, `hold_released`, `aborted`, `arrived`, `closed`. Read from other rooms
by alias: `approved` (a yes to lifting a hold) and `revoked`.

Invariants: a request founds a movement; an order needs every district cleared, and a departure
needs an order, a vehicle and no hold on the movement, its gate or its site; steps come in their
order and once; nobody lifts a hold alone, and never without a written reason. A hold is a flag
beside the state: another gate is a way round it. `gate` (the cordon zone that the movement will
pass) is the one field added to the vocabulary, secret until released, so that a hold on that zone
can be joined to the movement.

Never here: who sits in which vehicle, purposes beyond the six, what a person believes or is.
Approvals of a travel are a standard of the agreement, not a state of a movement.
"""

from safeconduct.movements.decide import decide
from safeconduct.movements.holds import hold_of, holds_in_force, holds_on
from safeconduct.movements.model import FINAL, Hold, Movement, ReleaseRule
from safeconduct.movements.projection import State, project
from safeconduct.movements.queries import (
    escorts_of,
    movement,
    movement_of,
    movements,
    vehicles_of,
    window,
)

__all__ = [
    "FINAL",
    "Hold",
    "Movement",
    "ReleaseRule",
    "State",
    "decide",
    "escorts_of",
    "hold_of",
    "holds_in_force",
    "holds_on",
    "movement",
    "movement_of",
    "movements",
    "project",
    "vehicles_of",
    "window",
]
