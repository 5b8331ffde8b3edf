"""Traces: one JSON object a line, read strictly, each refusal with its line number."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

import msgspec

from safeconduct.kernel.canonical import check
from safeconduct.kernel.errors import Malformed
from safeconduct.standards.verdicts import TICK, Event

MAX_LINE = 1_000_000
"""Longest line in bytes; an envelope of a record has at most 60,000."""

END_OF_TIME = 253_402_300_800_000
"""Milliseconds of the year 10000, beyond which no calendar shows an instant."""

_REQUIRED = ("t", "type", "source", "seq", "data")
_TEXTS = ("party", "acting", "by")


class _FloatFound(Exception):
    pass


def _no_float(text: str) -> NoReturn:
    raise _FloatFound(text)


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in pairs:
        if key in out:
            raise Malformed(f"the key {key!r} stands twice", do="keep one of them")
        out[key] = value
    return out


_decoder = msgspec.json.Decoder(float_hook=_no_float)
_encoder = msgspec.json.Encoder()


def _decode(line: bytes) -> Any:
    if len(line) > MAX_LINE:
        raise Malformed(f"the line is longer than {MAX_LINE} bytes")
    try:
        value = _decoder.decode(line)
    except _FloatFound as error:
        raise Malformed(
            f"the number {str(error)[:40]} is a float",
            why="traces hold whole numbers only",
            do="use milliseconds, millimetres or microdegrees",
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("it is not JSON", why=str(error)) from error
    check(value)
    # Whatever JSON allows beside msgspec's own form is longer, so equal length excludes doubles.
    if len(_encoder.encode(value)) != len(line):
        json.loads(line, object_pairs_hook=_no_doubles)
    return value


def read_line(line: bytes, number: int) -> Event:
    """The event of one line; `number` becomes its reference.

    Raises:
        Malformed: what is wrong with it; the caller adds file and line.
    """
    value = _decode(line)
    if not isinstance(value, dict):
        raise Malformed("it is not an object", do='write {"t":...,"type":...}')
    kind, t = _kind(value), _instant(value)
    if kind == TICK:
        for key in value:
            if key not in ("t", "type"):
                raise Malformed(f"a tick has no {key!r}", why="it carries time alone")
        return Event(t, TICK, "", 0, {}, number)
    _check_keys(value)
    source, seq, data = value["source"], value["seq"], value["data"]
    if not isinstance(source, str) or not source:
        raise Malformed("`source` is not a text")
    if not isinstance(seq, int) or isinstance(seq, bool) or seq < 0:
        raise Malformed("`seq` is not a whole number", why=f"it is {seq!r}")
    if not isinstance(data, dict):
        raise Malformed("`data` is not an object")
    return Event(
        t, kind, source, seq, data, number, value.get("party"), value.get("acting"), value.get("by")
    )


def _kind(value: dict[str, Any]) -> str:
    kind = value.get("type")
    if not isinstance(kind, str) or not kind or len(kind) > 100:
        raise Malformed("`type` is not a text")
    return kind


def _instant(value: dict[str, Any]) -> int:
    t = value.get("t")
    if not isinstance(t, int) or isinstance(t, bool) or not 0 <= t < END_OF_TIME:
        do = "write whole milliseconds since 1970, UTC"
        raise Malformed("`t` is not an instant", why=f"it is {t!r}", do=do)
    return t


def _check_keys(value: dict[str, Any]) -> None:
    for key in _REQUIRED:
        if key not in value:
            raise Malformed(f"{key!r} is missing", do=f"its keys are {', '.join(_REQUIRED)}")
    for key in value:
        if key not in _REQUIRED and key not in _TEXTS:
            raise Malformed(f"unknown key {key!r}", do=f"its keys are {', '.join(_REQUIRED)}")
    for key in _TEXTS:
        if key in value and (not isinstance(value[key], str) or not value[key]):
            raise Malformed(f"`{key}` is not a text")


def read_trace(lines: Iterable[bytes], name: str = "trace") -> Iterator[Event]:
    """Events of a trace, line by line; empty lines are passed over but counted.

    Args:
        lines: the raw lines, in UTF-8, with or without their line ends.
        name: name of the file, for errors.

    Raises:
        Malformed: file, line number, what and why.
    """
    for number, raw in enumerate(lines, 1):
        line = raw.strip()
        if not line:
            continue
        try:
            yield read_line(line, number)
        except Malformed as error:
            raise Malformed(
                f"{name}, line {number}: {error.what}", why=error.why, do=error.do
            ) from error


def verdict_line(verdict: Any) -> str:
    """A verdict as a line of JSON, keys in the contract's order."""
    return _encoder.encode(verdict).decode()
