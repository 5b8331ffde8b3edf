"""Strict reading: canonical JSON, base64, keys, and what is raised when something does not hold.

Results: `malformed` (cannot be read as a bundle), `altered` (a hash, signature or proof does not
hold), `contradicted` (what is proven says the opposite), `not_proven` (it may be so, but this file
does not show it), `proven`.
"""

import base64
import binascii
import hashlib
import json
from typing import Any, NoReturn

LIMIT = 2**53
"""Exclusive bound of integers: every JSON reader keeps integers below it exact."""

MAX_DEPTH = 32
"""Deeper nesting than any file of a bundle needs; bounds recursion."""

HEX = frozenset("0123456789abcdef")


class Finding(Exception):
    """Why the bundle is not proven: the result and a sentence for people."""

    def __init__(self, result: str, reason: str) -> None:
        super().__init__(reason)
        self.result = result
        self.reason = reason


def malformed(reason: str) -> NoReturn:
    """Stop: it is not a bundle."""
    raise Finding("malformed", reason)


def altered(reason: str) -> NoReturn:
    """Stop: something that was signed or hashed is not what stands here."""
    raise Finding("altered", reason)


def not_proven(reason: str) -> NoReturn:
    """Stop: the claim is not shown."""
    raise Finding("not_proven", reason)


def contradicted(reason: str) -> NoReturn:
    """Stop: the records say the opposite of the claim."""
    raise Finding("contradicted", reason)


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"the number {text[:40]} is not a whole number")


def _check(value: Any, depth: int = 0) -> None:
    if value is None or isinstance(value, (bool, str)):
        return
    if isinstance(value, int):
        if not -LIMIT < value < LIMIT:
            raise ValueError("an integer is too large")
        return
    if depth >= MAX_DEPTH:
        raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        for key, item in value.items():
            if not key.isascii():
                raise ValueError("a key is not ASCII")
            _check(item, depth + 1)
    else:
        for item in value:
            _check(item, depth + 1)


def encode(value: Any) -> bytes:
    """Canonical JSON (RFC 8785 restricted to ASCII keys and integers)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def decode(data: bytes, what: str) -> Any:
    """The value of canonical JSON; refuses every other spelling of it."""
    try:
        value = json.loads(data.decode("utf-8"), parse_float=_no_float, parse_constant=_no_float)
        _check(value)
        again = encode(value)
    except (ValueError, RecursionError) as error:
        malformed(f"{what} is not canonical JSON: {error}")
    if again != data:
        malformed(f"{what} is JSON, but not in its one canonical form")
    return value


def shape(value: Any, what: str, fields: dict[str, type | tuple[type, ...]]) -> dict[str, Any]:
    """The value if it is an object with exactly these members of these types."""
    if not isinstance(value, dict) or set(value) != set(fields):
        malformed(f"{what} does not have exactly the members {', '.join(sorted(fields))}")
    for name, kind in fields.items():
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if type(value[name]) not in kinds:
            malformed(f"{what}: {name} has the wrong type")
    return value


def unbase64(text: Any, what: str) -> bytes:
    """Bytes of canonical base64."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        malformed(f"{what} is not base64")
    if base64.b64encode(data).decode() != text:
        malformed(f"{what} is not in canonical base64")
    return data


def is_hash(value: Any) -> bool:
    """Whether it is 64 lower-case hexadecimal digits."""
    return isinstance(value, str) and len(value) == 64 and set(value) <= HEX


def salt(text: Any) -> bytes:
    """The 16 bytes of a salt."""
    if not isinstance(text, str) or len(text) != 32 or not set(text) <= HEX:
        malformed("a salt is not 32 lower-case hexadecimal digits")
    return bytes.fromhex(text)


def key_bytes(public: Any) -> bytes | None:
    """The 32 bytes of a key written `ed25519:` and 64 hexadecimal digits, or None."""
    if isinstance(public, str) and public.startswith("ed25519:") and is_hash(public[8:]):
        return bytes.fromhex(public[8:])
    return None


def sha256(data: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
