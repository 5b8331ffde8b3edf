"""Literals of a rule: units to whole numbers, places to agreement names, choices, kinds."""

from collections.abc import Collection
from difflib import get_close_matches
from math import gcd

from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.ids import is_id
from safeconduct.kernel.vocabulary import DIMENSIONS, SHARED, Field, RecordType
from safeconduct.standards.language import Arg, Bind, Compares, Equals

PLACES = ("zone", "post", "site", "district")
"""Fields whose texts are places of an agreement."""

_SAME_KIND = {
    "driver": "person",
    "by": "person",
    "people": "person",
    "ahead_of": "movement",
    "from_unit": "unit",
    "to_unit": "unit",
}
_ANY_KIND = ("about", "holder", "recipient", "case", "item", "origin")

_UNITS = {
    "ms": ("duration", 1),
    "s": ("duration", 1_000),
    "min": ("duration", 60_000),
    "h": ("duration", 3_600_000),
    "d": ("duration", 86_400_000),
    "mm": ("length", 1),
    "cm": ("length", 10),
    "m": ("length", 1_000),
    "km": ("length", 1_000_000),
    "ml": ("volume", 1),
    "l": ("volume", 1_000),
    "pm": ("ratio", 1),
}
"""Units that a rule may write: what they measure, and how many of the smallest they are."""


def resolve_place(where: str, arg: Equals, places: Collection[str]) -> Equals:
    """The argument with its place's whole name, `zone="outer"` as `zone:outer`.

    Raises:
        Malformed: the agreement has no such place; names the nearest.
    """
    if arg.field not in PLACES or is_id(arg.value):
        return arg
    whole = arg.value if ":" in arg.value else f"{arg.field}:{arg.value}"
    if whole in places:
        return Equals(arg.field, whole)
    own = sorted(name for name in places if name.startswith(f"{arg.field}:"))
    near = [name for name in own if whole in name] or get_close_matches(whole, own, 2, 0.5)
    if near:
        do = f"Did you mean {' or '.join(near[:3])}?"
    else:
        do = f"its places are {', '.join(own[:8])}" if own else f"it has no {arg.field} at all"
    raise Malformed(f'{where}, {arg.field}="{arg.value}": no such place', do=do)


def resolve_value(where: str, kind: RecordType, arg: Arg) -> None:
    """Check that an argument may be asked of its field.

    Raises:
        Malformed: a text for a number, a choice that is not in the list, a join on a list.
    """
    here = f"{where}: {kind.alias}.{arg.field}"
    field = kind.field(arg.field)
    measured = field.type if field is not None else "id"
    match arg:
        case Bind() if measured == "list":
            raise Malformed(f"{here} is a list", why="a list is not joined in this version")
        case Equals(value=value):
            if measured == "choice" and field is not None and value not in field.choices:
                raise Malformed(f"{here}: {value!r}", do=f"choose {', '.join(field.choices)}")
            if measured in DIMENSIONS or measured in ("bool", "list"):
                raise Malformed(f"{here} is not a text", do=_ask(measured))
        case Compares(value=value):
            if (
                (measured == "bool") != isinstance(value, bool)
                or measured == "t"
                or (measured not in DIMENSIONS and measured != "bool")
            ):
                shown = str(value).lower() if isinstance(value, bool) else value
                raise Malformed(f"{here} is not compared with {shown}", do=_ask(measured))
        case _:
            pass


def _ask(measured: str) -> str:
    if measured == "bool":
        return "write =true or =false"
    if measured == "t":
        return "an instant is not compared in this version; use `valid` for `until`"
    if measured == "list":
        return "a list is not compared in this version"
    if measured in DIMENSIONS:
        return "write a comparison with a whole number"
    return 'write ="text"'


def to_units(
    where: str, alias: str, field: Field | None, arg: Compares, *, strict: bool
) -> Compares:
    """The comparison in whole numbers of one unit, so that no fraction ever arises.

    Raises:
        Malformed: an unknown unit, one of another dimension, or none where one is needed.
    """
    here = f"{where}: {alias}.{arg.field}"
    if arg.unit is not None and arg.unit not in _UNITS:
        raise Malformed(f"{here}: {arg.unit!r} is not a unit", do=f"use {', '.join(_UNITS)}")
    if isinstance(arg.value, bool) or (arg.unit is None and not strict):
        return arg
    dimension = field.dimension if field is not None else None
    if field is None:
        if arg.unit is None:
            return arg
        raise Malformed(
            f"{here}: the unit in which its values are written is not known",
            why="no vocabulary describes the field",
            do="write the number alone, in the unit of the trace",
        )
    if arg.unit is None:
        if dimension == "count":
            return arg
        own = [unit for unit, (what, _) in _UNITS.items() if what == dimension]
        raise Malformed(f"{here} is a {dimension}", do=f"write a unit: {', '.join(own)}")
    what, factor = _UNITS[arg.unit]
    if what != dimension:
        raise Malformed(
            f"{here} is a {dimension or field.type}, {arg.unit} measures {what}",
            why="only units of one dimension are compared",
        )
    scale, value = _UNITS[field.type][1], arg.value * factor
    shared = gcd(scale, value) or 1
    return Compares(arg.field, arg.op, value // shared, arg.unit, scale // shared)


def kind_of(kind: RecordType, name: str) -> str | None:
    """What a field's values name, so that only like is joined with like; None for any kind."""
    field = kind.field(name)
    if name in _SAME_KIND:
        return _SAME_KIND[name]
    if name in SHARED or (field is not None and (field.key or field.type == "id")):
        return None if name in _ANY_KIND else name
    if field is None or name in _ANY_KIND:
        return None
    return "choice of " + "/".join(field.choices) if field.choices else field.type
