"""Which standards a silent post leaves in doubt."""

from collections.abc import Iterable

from safeconduct.standards.compiled import Compiled
from safeconduct.standards.language import Equals, trigger_of

FROM_SIGHTINGS = frozenset({"stopped", "moved", "left", "entered", "sighted"})
"""Types whose events come from what a post sees; while it is silent, their absence says nothing."""


def cordon_standards_of(compiled: Iterable[Compiled], zone: str) -> list[Compiled]:
    """Standards whose trigger is read from sightings at that zone, or at any.

    Args:
        compiled: the standards in force.
        zone: the zone's agreement name, as the resolved rules write it (`zone:outer-cordon`).
    """
    found = []
    for item in compiled:
        trigger = trigger_of(item.rule)
        zones = [a.value for a in trigger.args if isinstance(a, Equals) and a.field == "zone"]
        if trigger.type in FROM_SIGHTINGS and all(value == zone for value in zones):
            found.append(item)
    return found
