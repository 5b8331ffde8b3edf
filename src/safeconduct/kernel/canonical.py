"""One byte form for one value: strict canonical JSON.

The form is RFC 8785 restricted to what this project signs: ASCII keys, integers with
|n| < 2**53, no floats, no duplicate keys. Under these restrictions msgspec's deterministic
encoder yields exactly RFC 8785 (tested against `rfc8785`), at about seventy times its speed.
"""

from typing import Any, NoReturn

import msgspec

from safeconduct.kernel.errors import Malformed

LIMIT = 2**53
"""Exclusive bound of integers: every JSON reader in the world keeps integers below it exact."""

MAX_DEPTH = 32
"""Deeper nesting than any record needs; bounds the recursion of `check`."""

_encoder = msgspec.json.Encoder(order="deterministic")


def _no_float(text: str) -> NoReturn:
    raise Malformed(
        f"the number {text[:40]} is a float",
        why="signed data holds integers only, since two readers may print a float differently",
        do="use microdegrees, millimetres or milliseconds",
    )


_decoder = msgspec.json.Decoder(float_hook=_no_float)


def check(value: Any, depth: int = 0) -> None:
    """Refuse what has no canonical form here: floats, large integers, odd keys, other types.

    Raises:
        Malformed: names the offending value.
    """
    if value is None or type(value) in (bool, str):
        return
    if type(value) is int:
        if not -LIMIT < value < LIMIT:
            raise Malformed(
                f"the integer {value} is too large",
                why="integers must lie strictly between -2**53 and 2**53",
                do="choose a coarser unit",
            )
        return
    if depth >= MAX_DEPTH:
        raise Malformed(f"the value is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise Malformed(f"the key {key!r} is not ASCII text")
            check(item, depth + 1)
        return
    if isinstance(value, (list, tuple)):
        for item in value:
            check(item, depth + 1)
        return
    if isinstance(value, float):
        _no_float(repr(value))
    raise Malformed(f"a value of type {type(value).__name__} has no canonical form")


def encode(value: Any) -> bytes:
    """The canonical bytes of a value built of dict, list, str, int, bool and None.

    Raises:
        Malformed: if the value has no canonical form.
    """
    check(value)
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError as error:
        raise Malformed("a text holds half a surrogate pair", why="it is not Unicode") from error


def decode(data: bytes) -> Any:
    """The value of canonical bytes; anything that would not come back byte-identical is refused.

    This refuses duplicate keys, white space, odd escapes, unsorted keys, floats and large
    integers, because none of them survives re-encoding or `check`.

    Raises:
        Malformed: says which of these it was, as far as can be told.
    """
    try:
        value = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("the bytes are not JSON", why=str(error)) from error
    check(value)
    if _encoder.encode(value) != data:
        raise Malformed(
            "the JSON is not in canonical form",
            why="a key is doubled or out of order, or there is white space or an odd escape",
            do="encode it as RFC 8785 says and send those bytes",
        )
    return value
