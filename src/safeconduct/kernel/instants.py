"""Instants and durations: integers in milliseconds, UTC. Nothing here reads a clock."""

import re
from datetime import UTC, datetime

from safeconduct.kernel.errors import Malformed

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_UNITS = {"ms": 1, "s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY}
_DURATION = re.compile(r"([0-9]{1,9}) ?(ms|s|min|h|d)")


def parse_duration(text: str) -> int:
    """Milliseconds of a duration as an agreement writes it: `5 min`, `24 h`, `14 d`.

    Raises:
        Malformed: if it is not a whole number and one of the units ms, s, min, h, d.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise Malformed(
            f"{text!r} is not a duration", do="write a whole number and ms, s, min, h or d"
        )
    return int(match[1]) * _UNITS[match[2]]


def show_duration(ms: int) -> str:
    """A duration for people, in the largest unit that divides it: `5 min`, `90 s`."""
    for unit in ("d", "h", "min", "s"):
        if ms and ms % _UNITS[unit] == 0:
            return f"{ms // _UNITS[unit]} {unit}"
    return f"{ms} ms"


def parse_instant(text: str) -> int:
    """Milliseconds since 1970 of an ISO 8601 instant that names its offset.

    Raises:
        Malformed: if it is not an instant, or has no offset.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Malformed(f"{text!r} is not an instant", do="write 2027-03-01T00:00:00Z") from error
    if moment.tzinfo is None:
        raise Malformed(f"{text!r} has no time zone", do="end it with Z, or with an offset")
    try:
        whole = moment.astimezone(UTC).replace(microsecond=0)
    except OverflowError as error:
        raise Malformed(f"{text!r} lies outside the calendar") from error
    return int(whole.timestamp()) * SECOND + moment.microsecond // 1000


def show_instant(ms: int) -> str:
    """An instant as ISO 8601 UTC; milliseconds only where there are any."""
    try:
        moment = datetime.fromtimestamp(ms // SECOND, UTC)
    except (ValueError, OverflowError, OSError):
        # A record may state any instant; one that no calendar shows is shown as its number.
        return f"{ms} ms"
    rest = ms % SECOND
    tail = f".{rest:03d}Z" if rest else "Z"
    return moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + tail
