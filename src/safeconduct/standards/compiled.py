"""A standard made ready: names and types checked, units converted, places resolved."""

from collections.abc import Mapping

import msgspec

from safeconduct.standards.language import Rule
from safeconduct.standards.standard import Standard


class Compiled(msgspec.Struct, frozen=True):
    """A checked standard. `rule` is the resolved rule, `standard.rule` the one as written.

    `identities` names, for each type under `valid`, the fields by which the newest record of one
    thing is found; `notes` are warnings for the author, in plain English.
    """

    standard: Standard
    rule: Rule
    identities: Mapping[str, tuple[str, ...]] = {}
    notes: tuple[str, ...] = ()
