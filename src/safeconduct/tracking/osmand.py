"""The OsmAnd / Traccar Client HTTP protocol, in its form and its JSON shape.

Form: `id|deviceid`, `lat` and `lon` or `location=lat,lon`, `timestamp` (seconds, milliseconds,
ISO 8601, `Y-m-d H:M:S` in UTC), `speed` in knots, `bearing|heading`, `accuracy|hdop`, `valid`;
other parameters are ignored. JSON (Traccar Client 9 and later): `{location: {timestamp, coords,
mock}, device_id}`, speed in m/s, -1 where not known; `location` may be a list.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.instants import SECOND, parse_instant
from safeconduct.tracking.decimals import coordinate, decimal, measure, nearest, upwards
from safeconduct.tracking.model import Fix

MAX_BYTES = 262_144
"""Ours: a batch of `MAX_FIXES` takes half of it; nothing honest is larger."""

MAX_FIXES = 200
"""Ours: in one request; a phone that was offline for longer sends the next request after it."""

MAX_PARAMETERS = 100
"""Ours: the longest real message of the protocol's tests has a tenth."""

HDOP_FLOOR_M = 10
"""Ours: OsmAnd writes its accuracy in metres into `hdop`, other senders a dilution without unit;
taken as metres, and never as surer than this."""

EARLIEST = 946_684_800_000
LATEST = 4_102_444_800_000
"""2000 and 2100: outside, the device's clock is not set and its fix has no place in time."""

_SECONDS_BELOW = 2**31 - 1
"""A smaller timestamp counts seconds, a larger one milliseconds; so do all servers of it."""

MAX_ACCURACY_M = 1_000_000
MAX_SPEED_MMS = 1_000_000
"""A worse accuracy is no position; a speed beyond 3,600 km/h is no vehicle's."""

_DEVICE = re.compile(r"[!-~]{1,64}", re.ASCII)
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)", re.ASCII)
_FORMS = ("application/x-www-form-urlencoded", "text/plain", "")
_NAMING = frozenset({"id", "deviceid", "timestamp"})


def parse_osmand(query: str, body: bytes, content_type: str) -> list[Fix]:
    """The fixes of one request; none for a message that only states attributes.

    Raises:
        Malformed: says what cannot be read, why, and what to send instead.
    """
    if len(query) > MAX_BYTES or len(body) > MAX_BYTES:
        raise Malformed(f"the message is longer than {MAX_BYTES} bytes", do="send fewer fixes")
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or (kind in _FORMS and body.lstrip()[:1] == b"{"):
        return _json(body)
    parameters = _parameters(query)
    if not parameters or kind == _FORMS[0]:
        parameters |= _parameters(body.decode("ascii", "replace"))
    return _form(parameters)


def _parameters(text: str) -> dict[str, str]:
    """Parameters by name, the last of each; a whole request target is taken, too."""
    if text.startswith(("/", "?")):
        text = text.partition("?")[2]
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError as error:
        raise Malformed(f"there are more than {MAX_PARAMETERS} parameters") from error
    return {name: value for name, value in pairs if "=" in text}


def _form(given: Mapping[str, str]) -> list[Fix]:
    device = _device(given.get("deviceid") or given.get("id"))
    lat, lon = given.get("lat"), given.get("lon")
    if "location" in given:
        lat, _, lon = given["location"].partition(",")
    if lat is None and lon is None:
        if set(given) <= _NAMING:
            raise Malformed("the message states nothing", do="send lat and lon, or location")
        return []
    if lat is None or lon is None:
        raise Malformed("one of lat and lon is missing", do="send both, in decimal degrees")
    accuracy = _accuracy(given.get("accuracy"))
    if not accuracy and (dilution := _accuracy(given.get("hdop"))):
        accuracy = max(HDOP_FLOOR_M, dilution)
    fix = Fix(
        device,
        _instant(given.get("timestamp")),
        coordinate(lat, "latitude", 90),
        coordinate(lon, "longitude", 180),
        accuracy,
        _speed(given.get("speed"), Fraction(1_852_000, 3_600)),
        _heading(given.get("bearing", given.get("heading"))),
        given.get("mock", "").lower() in ("true", "1"),
        given.get("valid", "true").lower() in ("true", "1"),
    )
    return [fix]


_decoder = msgspec.json.Decoder(float_hook=Decimal)


def _json(body: bytes) -> list[Fix]:
    try:
        message = _decoder.decode(body)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise Malformed("the body is not JSON", why=str(error)[:200]) from error
    if not isinstance(message, dict):
        raise Malformed("the message is not an object", do="send {location, device_id}")
    device = _device(_text(message.get("device_id")))
    found = message.get("location")
    locations = found if isinstance(found, list) else [found]
    if len(locations) > MAX_FIXES:
        raise Malformed(f"there are more than {MAX_FIXES} fixes", do="send several requests")
    stated = [item for item in locations if isinstance(item, dict) and item]
    if len(stated) < len(locations) or not stated:
        raise Malformed("the message has no location", do="send {location: {timestamp, coords}}")
    return [_location(device, item) for item in stated if item.get("coords") is not None]


def _location(device: str, location: Mapping[str, Any]) -> Fix:
    coords = location["coords"]
    if not isinstance(coords, dict):
        raise Malformed("coords is not an object", do="send latitude and longitude in it")
    lat, lon = _text(coords.get("latitude")), _text(coords.get("longitude"))
    if lat is None or lon is None:
        raise Malformed("one of latitude and longitude is missing", do="send both in coords")
    return Fix(
        device,
        _instant(_text(location.get("timestamp"))),
        coordinate(lat, "latitude", 90),
        coordinate(lon, "longitude", 180),
        _accuracy(_text(coords.get("accuracy"))),
        _speed(_text(coords.get("speed")), Fraction(1_000)),
        _heading(_text(coords.get("heading"))),
        location.get("mock") is True,
    )


def _text(value: Any) -> str | None:
    """A JSON text or number as text; other values are as good as absent."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    if isinstance(value, int) and abs(value) >= 2**63:
        raise Malformed("a number is too large")
    return str(value)


def _device(text: str | None) -> str:
    if not text:
        raise Malformed(
            "the message does not say which device it is from",
            do="set the device identifier in the app (id, deviceid or device_id)",
        )
    if _DEVICE.fullmatch(text) is None:
        raise Malformed(
            "the device identifier is not 1 to 64 visible ASCII characters",
            do="set the identifier that was issued at enrolment",
        )
    return text


def _instant(text: str | None) -> int | None:
    """Milliseconds; None where no time is stated."""
    if text is None or not text.strip():
        return None
    trimmed = text.strip()
    try:
        if moment := _MOMENT.fullmatch(trimmed):
            t = parse_instant(f"{moment[1]}T{moment[2]}Z")
        elif "T" in trimmed:
            t = parse_instant(trimmed[:40])
        else:
            number = decimal(trimmed, "timestamp")
            t = int(Fraction(number) * SECOND) if abs(number) < _SECONDS_BELOW else int(number)
    except (ValueError, ArithmeticError) as error:
        raise Malformed(f"the timestamp {trimmed[:40]!r} is not an instant") from error
    if not EARLIEST <= t < LATEST:
        raise Malformed(
            f"the timestamp {trimmed[:40]} lies outside 2000 to 2100",
            why="the clock of the device is not set",
            do="let the device take its time from the network",
        )
    return t


def _accuracy(text: str | None) -> int:
    value = measure(text, "accuracy")
    if value is None or value <= 0:
        return 0
    return min(upwards(value), MAX_ACCURACY_M)


def _speed(text: str | None, factor: Fraction) -> int | None:
    value = measure(text, "speed")
    if value is None or value < 0:
        return None
    return min(nearest(value * factor), MAX_SPEED_MMS)


def _heading(text: str | None) -> int | None:
    value = measure(text, "heading")
    if value is None or value < 0:
        return None
    if value > 360:
        raise Malformed("the heading is more than 360 degrees", do="send degrees from north")
    return nearest(value * 100) % 36_000
