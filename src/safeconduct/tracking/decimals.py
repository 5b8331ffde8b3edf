"""Exact numbers from decimal text: no float stands between a device's digits and our integers."""

import re
from decimal import Decimal
from fractions import Fraction

from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.places import microdegrees

_NUMBER = re.compile(r"[+-]?(?:\d{1,30}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,2})?", re.ASCII)
"""Longer than any device writes; the exponent is short, so that no number takes much memory."""

_NONE = frozenset({"", "nan", "inf", "infinity", "null"})
"""What phones print where they have no measurement."""


def decimal(text: str, what: str) -> Decimal:
    """The number that a text writes.

    Raises:
        Malformed: it is none; not-a-number and infinity among them.
    """
    trimmed = text.strip()
    if _NUMBER.fullmatch(trimmed) is None:
        raise Malformed(
            f"the {what} {trimmed[:40]!r} is not a number", do="send a finite decimal number"
        )
    return Decimal(trimmed)


def measure(text: str | None, what: str) -> Fraction | None:
    """An optional measurement; None where it is missing, empty, not a number or infinite."""
    if text is None or text.strip().lower().lstrip("+-") in _NONE:
        return None
    return Fraction(decimal(text, what))


def coordinate(text: str, what: str, limit: int) -> int:
    """Whole microdegrees, within plus or minus `limit` degrees.

    Raises:
        Malformed: not a number, or not on Earth.
    """
    number = decimal(text, what)
    if abs(number) > limit:
        raise Malformed(
            f"the {what} {text.strip()[:40]} is not on Earth",
            why=f"it lies beyond {limit} degrees",
            do="send decimal degrees, latitude before longitude",
        )
    whole, _, part = format(number, "f").partition(".")
    sign = "-" if whole.startswith("-") else ""
    digits = whole.lstrip("+-0") or "0"
    return microdegrees(f"{sign}{digits}.{part[:18] or '0'}")


def nearest(value: Fraction) -> int:
    """The nearest integer, halves upwards."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def upwards(value: Fraction) -> int:
    """The least integer that is not below."""
    return -(-value.numerator // value.denominator)
