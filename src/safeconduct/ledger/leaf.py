"""What stands in the tree: two salted commitments, and the ways to open them.

A leaf is canonical JSON `{"body": h, "keys": h, "v": 1}`. `body` commits to the signed envelope,
`keys` to the record's type and join keys. So a leaf can stay closed, be opened to type and join
keys (enough to prove that something is *not* there), or be opened in full.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from safeconduct.kernel.canonical import decode, encode
from safeconduct.kernel.errors import Malformed, Refused
from safeconduct.kernel.records import Record, decode_record, is_hash, open_fields
from safeconduct.kernel.signatures import RECORD_PAYLOAD, open_envelope
from safeconduct.kernel.vocabulary import RecordType

VERSION = 1


class Entry(msgspec.Struct, frozen=True):
    """One record as its log keeps it: the signed envelope, the salts, openings of sealed fields.

    `envelope` is the canonical DSSE envelope; salts are 16 random bytes; `sealed` maps a field
    to `[salt hex, value]`.
    """

    envelope: bytes
    body_salt: bytes
    keys_salt: bytes
    type: str
    keys: Mapping[str, Any]
    sealed: Mapping[str, Any] = {}

    def leaf(self) -> bytes:
        """The leaf's bytes: about 160, whatever the record holds."""
        return encode(
            {
                "v": VERSION,
                "body": body_commitment(self.body_salt, self.envelope),
                "keys": keys_commitment(self.keys_salt, self.type, self.keys),
            }
        )

    def encode(self) -> bytes:
        """Canonical bytes of the full opening, without reading the envelope again."""
        return b"".join(
            (
                b'{"body_salt":"',
                self.body_salt.hex().encode(),
                b'","envelope":',
                self.envelope,
                b',"sealed":',
                encode(dict(self.sealed)),
                b',"stub":',
                encode(self.stub()),
                b"}",
            )
        )

    def stub(self) -> dict[str, Any]:
        """The opening to type and join keys alone."""
        return {"salt": self.keys_salt.hex(), "type": self.type, "keys": dict(self.keys)}

    def full(self, fields: frozenset[str] | None = None) -> dict[str, Any]:
        """The full opening, with the openings of the named sealed fields (all, by default)."""
        sealed = {k: v for k, v in self.sealed.items() if fields is None or k in fields}
        return {
            "envelope": decode(self.envelope),
            "body_salt": self.body_salt.hex(),
            "stub": self.stub(),
            "sealed": sealed,
        }


def body_commitment(salt: bytes, envelope: bytes) -> str:
    """SHA-256 over canonical ["body", salt, SHA-256 of the envelope], in hexadecimal digits."""
    return hashlib.sha256(
        encode(["body", salt.hex(), hashlib.sha256(envelope).hexdigest()])
    ).hexdigest()


def keys_commitment(salt: bytes, type_name: str, keys: Mapping[str, Any]) -> str:
    """SHA-256 over canonical ["keys", salt, type, keys], in hexadecimal digits."""
    return hashlib.sha256(encode(["keys", salt.hex(), type_name, dict(keys)])).hexdigest()


def join_keys(kind: RecordType | None, record: Record) -> dict[str, Any]:
    """A record's join keys as its stub shows them: a sealed one by its commitment.

    A type that this version does not know has no declared keys: it is proved by type alone.
    """
    if kind is None:
        return {}
    out: dict[str, Any] = {}
    for field in kind.fields:
        if not field.key:
            continue
        if field.name in record.sealed:
            out[field.name] = f"sealed:{record.sealed[field.name]}"
        elif field.name in record.data:
            out[field.name] = record.data[field.name]
    return out


def parse_leaf(leaf: bytes) -> dict[str, Any]:
    """The two commitments of a leaf.

    Raises:
        Malformed: the leaf has another form.
    """
    value = decode(leaf)
    if (
        not isinstance(value, dict)
        or set(value) != {"v", "body", "keys"}
        or value["v"] != VERSION
        or not is_hash(value["body"])
        or not is_hash(value["keys"])
    ):
        raise Malformed("the leaf is not two commitments of version 1")
    return value


def open_stub(leaf: bytes, stub: Any) -> tuple[str, dict[str, Any]]:
    """Type and join keys of a leaf.

    Raises:
        Malformed: the opening has another form.
        Refused: it does not match the leaf.
    """
    if (
        not isinstance(stub, Mapping)
        or set(stub) != {"salt", "type", "keys"}
        or not isinstance(stub["salt"], str)
        or not isinstance(stub["type"], str)
        or not isinstance(stub["keys"], dict)
    ):
        raise Malformed("the opening of a leaf's keys is not {salt, type, keys}")
    salt = _salt(stub["salt"])
    if parse_leaf(leaf)["keys"] != keys_commitment(salt, stub["type"], stub["keys"]):
        raise Refused("the opening of type and join keys does not match the leaf")
    return stub["type"], dict(stub["keys"])


def open_full(leaf: bytes, opening: Any) -> tuple[Entry, Record, dict[str, Any]]:
    """The entry, its record and all open values, checked against the leaf and the signature.

    Raises:
        Malformed: the opening has another form.
        Refused: a commitment, the signature or a sealed field does not match.
    """
    if (
        not isinstance(opening, Mapping)
        or set(opening) != {"envelope", "body_salt", "stub", "sealed"}
        or not isinstance(opening["sealed"], Mapping)
    ):
        raise Malformed("the opening of a leaf is not {envelope, body_salt, stub, sealed}")
    type_name, keys = open_stub(leaf, opening["stub"])
    data = encode(opening["envelope"])
    salt = _salt(opening["body_salt"])
    if parse_leaf(leaf)["body"] != body_commitment(salt, data):
        raise Refused("the opening of the body does not match the leaf")
    envelope = open_envelope(data)
    if envelope.payload_type != RECORD_PAYLOAD:
        raise Malformed(f"the payload type {envelope.payload_type!r} is not a record")
    record = decode_record(envelope.payload)
    if record.type != type_name:
        raise Refused("the leaf names another type than its record")
    for name, value in keys.items():
        known = record.data.get(name, f"sealed:{record.sealed.get(name)}")
        if known != value:
            raise Refused(f"the leaf's key {name!r} is not the record's")
    entry = Entry(
        data, salt, _salt(opening["stub"]["salt"]), type_name, keys, dict(opening["sealed"])
    )
    return entry, record, open_fields(record, opening["sealed"])


def _salt(text: Any) -> bytes:
    try:
        salt = bytes.fromhex(text)
    except (TypeError, ValueError) as error:
        raise Malformed("a salt is not hexadecimal digits") from error
    if len(salt) != 16 or salt.hex() != text:
        raise Malformed("a salt has 16 bytes, in lower-case hexadecimal digits")
    return salt
