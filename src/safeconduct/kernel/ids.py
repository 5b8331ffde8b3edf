"""Ids: records random, entities hashed from their founding record, computed things from causes.

A prefix, `_`, and 26 characters of lower-case base32 for 128 bits. No id is made from a plate,
a name, a place, a phone number or a clock: an id cited beside a withheld body tells nothing.
"""

import base64
import hashlib
import re

from safeconduct.kernel.canonical import encode
from safeconduct.kernel.errors import Malformed

PREFIX = {
    "record": "r",
    "computed": "n",
    "movement": "mv",
    "vehicle": "ve",
    "person": "pe",
    "unit": "un",
    "site": "si",
    "case": "ca",
    "alert": "al",
    "hold": "ho",
    "group": "gr",
    "device": "de",
    "shift": "sh",
    "request": "rq",
    "key": "ke",
}
"""Prefix of each kind of thing. Zones, posts, clauses, standards and roles keep agreement names."""

RECORDS = ("record", "computed")
"""Ids of records: drawn by a person's or device's program, or computed by a node from causes.

They are told apart by their prefix, so that nobody can take a computed id before the node does.
"""

_ID = re.compile(r"^[a-z]{1,2}_[a-z2-7]{26}$")


def _text(prefix: str, bits128: bytes) -> str:
    return f"{prefix}_{base64.b32encode(bits128).decode('ascii').rstrip('=').lower()}"


def is_id(text: str, kind: str | None = None) -> bool:
    """Whether the text has the form of an id, of that kind if one is named."""
    return bool(_ID.fullmatch(text)) and (
        kind is None or text.split("_", maxsplit=1)[0] == PREFIX.get(kind)
    )


def record_id(random16: bytes) -> str:
    """A record's id from 16 random bytes, drawn by the author through the `Random` port."""
    if len(random16) != 16:
        raise Malformed("a record id needs exactly 16 random bytes")
    return _text("r", random16)


def entity_id(kind: str, founding_record: str) -> str:
    """The id of a thing: first 128 bits of SHA-256 over its kind and its founding record's id."""
    if kind not in PREFIX:
        raise Malformed(f"there is no kind of thing {kind!r}", do=f"one of {', '.join(PREFIX)}")
    digest = hashlib.sha256(encode([kind, founding_record])).digest()
    return _text(PREFIX[kind], digest[:16])


def computed_id(kind: str, *causes: str | int) -> str:
    """The id of a computed thing: SHA-256 over type, standard and version, subject, first cause.

    Later or late facts change content and raise `rev`; they never change this id, and two nodes
    that read the same records compute the same one.
    """
    digest = hashlib.sha256(encode([kind, *causes])).digest()
    return _text(PREFIX[kind], digest[:16])
