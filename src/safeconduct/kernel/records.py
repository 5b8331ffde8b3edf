"""A record: what somebody says, when it held, in which role, under which agreement.

Shaped like a CloudEvent, in canonical JSON, signed as DSSE over its exact bytes. Fields that
are personal or secret are salted commitments, so that a record can be shown with them closed
and its signature still stands.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from safeconduct.kernel.canonical import decode, encode
from safeconduct.kernel.errors import Malformed, Refused
from safeconduct.kernel.ids import RECORDS, is_id
from safeconduct.kernel.vocabulary import RecordType, Vocabulary, check_data

MODES = ("live", "exercise", "replay")
SPEC = "1.0"
SALT_BYTES = 16


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The attributes that every record shares, and its own fields.

    `time` and `err` are milliseconds; `data` holds open fields, `sealed` the commitments of
    closed ones (field name to 64 hexadecimal digits).
    """

    id: str
    type: str
    mode: str
    source: str
    seq: int
    time: int
    party: str
    acting: str
    by: str
    subject: str
    class_name: str
    data: Mapping[str, Any]
    sealed: Mapping[str, str] = {}
    schema: int = 1
    err: int = 0
    agreement: str | None = None
    prev: str | None = None
    seen: str | None = None
    upto: int | None = None
    rev: int = 0
    replaces: str | None = None
    basis: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """The canonical bytes that are signed."""
        value: dict[str, Any] = {
            "specversion": SPEC,
            "id": self.id,
            "type": self.type,
            "schema": self.schema,
            "mode": self.mode,
            "source": self.source,
            "seq": self.seq,
            "time": self.time,
            "err": self.err,
            "party": self.party,
            "acting": self.acting,
            "by": self.by,
            "subject": self.subject,
            "class": self.class_name,
            "data": dict(self.data),
        }
        if self.sealed:
            value["sealed"] = dict(self.sealed)
        for name in ("agreement", "prev", "seen", "upto", "replaces"):
            if getattr(self, name) is not None:
                value[name] = getattr(self, name)
        if self.rev:
            value["rev"] = self.rev
        if self.basis:
            value["basis"] = list(self.basis)
        return encode(value)


_TEXTS = ("id", "type", "mode", "source", "party", "acting", "by", "subject", "class")
_INTS = ("schema", "seq", "time", "err")
_OPTIONAL = {"agreement": str, "prev": str, "seen": str, "upto": int, "replaces": str, "rev": int}
_HEX = frozenset("0123456789abcdef")


def is_hash(value: Any) -> bool:
    """Whether the value is 64 lower-case hexadecimal digits."""
    return isinstance(value, str) and len(value) == 64 and set(value) <= _HEX


def _check_shape(value: dict[str, Any]) -> None:
    """Attributes: none unknown, each of its type."""
    allowed = {"specversion", "data", "sealed", "basis", *_TEXTS, *_INTS, *_OPTIONAL}
    for name in value:
        if name not in allowed:
            raise Malformed(f"a record has no attribute {name!r}")
    if value.get("specversion") != SPEC:
        raise Malformed(f"specversion is {value.get('specversion')!r}", do=f"write {SPEC!r}")
    for name in _TEXTS:
        if not isinstance(value.get(name), str) or not value[name]:
            raise Malformed(f"the record's {name} is not a text")
    for name in _INTS:
        if not isinstance(value.get(name), int) or isinstance(value[name], bool) or value[name] < 0:
            raise Malformed(f"the record's {name} is not a whole number of 0 or more")
    _check_optional(value)
    if not any(is_id(value["id"], kind) for kind in RECORDS):
        raise Malformed(f"{value['id']!r} is not a record id")
    if value["mode"] not in MODES:
        raise Malformed(f"the mode {value['mode']!r} is unknown", do=f"one of {', '.join(MODES)}")


def _check_optional(value: dict[str, Any]) -> None:
    """Attributes that may be absent: each of its type, hashes as hashes."""
    for name, kind in _OPTIONAL.items():
        if name not in value:
            continue
        item = value[name]
        if not isinstance(item, kind) or isinstance(item, bool):
            raise Malformed(f"the record's {name} has the wrong type")
        if isinstance(item, int) and item < 0:
            raise Malformed(f"the record's {name} is negative")
        if name in ("agreement", "prev", "seen") and not is_hash(item):
            raise Malformed(f"the record's {name} is not a SHA-256 in hexadecimal digits")


def _parts(value: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str], list[str]]:
    """Open fields, commitments of sealed ones, and the basis."""
    data, sealed, basis = value.get("data"), value.get("sealed", {}), value.get("basis", [])
    if not isinstance(data, dict):
        raise Malformed("the record's data is not an object")
    if not isinstance(sealed, dict) or not all(is_hash(item) for item in sealed.values()):
        raise Malformed("a sealed field is not a SHA-256 in hexadecimal digits")
    if set(data) & set(sealed):
        raise Malformed("a field is both open and sealed")
    if not isinstance(basis, list) or not all(isinstance(item, str) for item in basis):
        raise Malformed("the record's basis is not a list of record ids")
    return data, sealed, basis


def decode_record(payload: bytes) -> Record:
    """Read a record from canonical bytes; the shape is checked, the type's own fields are not.

    Raises:
        Malformed: names the attribute and why.
    """
    value = decode(payload)
    if not isinstance(value, dict):
        raise Malformed("the record is not an object")
    _check_shape(value)
    data, sealed, basis = _parts(value)
    record = Record(
        id=value["id"],
        type=value["type"],
        mode=value["mode"],
        source=value["source"],
        seq=value["seq"],
        time=value["time"],
        party=value["party"],
        acting=value["acting"],
        by=value["by"],
        subject=value["subject"],
        class_name=value["class"],
        data=data,
        sealed=sealed,
        schema=value["schema"],
        err=value["err"],
        agreement=value.get("agreement"),
        prev=value.get("prev"),
        seen=value.get("seen"),
        upto=value.get("upto"),
        rev=value.get("rev", 0),
        replaces=value.get("replaces"),
        basis=tuple(basis),
    )
    if record.encode() != payload:
        raise Malformed(
            "the record would not come back byte-identical", why="an empty part is written out"
        )
    return record


def commitment(salt: bytes, name: str, value: Any) -> str:
    """The commitment of one closed field: SHA-256 over canonical [salt, name, value], in hex."""
    return hashlib.sha256(encode([salt.hex(), name, value])).hexdigest()


def seal_fields(
    kind: RecordType, values: Mapping[str, Any], salts: Mapping[str, bytes]
) -> tuple[dict[str, Any], dict[str, str], dict[str, list[Any]]]:
    """Part a record's values into open fields, commitments and openings.

    Returns:
        `(data, sealed, openings)`; an opening is `[salt hex, value]`.
    """
    data: dict[str, Any] = {}
    sealed: dict[str, str] = {}
    openings: dict[str, list[Any]] = {}
    for field in kind.fields:
        if field.name not in values:
            continue
        value = values[field.name]
        if field.sealed:
            salt = salts[field.name]
            sealed[field.name] = commitment(salt, field.name, value)
            openings[field.name] = [salt.hex(), value]
        else:
            data[field.name] = value
    return data, sealed, openings


def open_fields(record: Record, openings: Mapping[str, Any]) -> dict[str, Any]:
    """All values that the openings allow: open fields and correctly opened sealed ones.

    Raises:
        Malformed: an opening is not `[salt, value]`.
        Refused: an opening does not match its commitment.
    """
    values = dict(record.data)
    for name, opening in openings.items():
        if (
            not isinstance(opening, list)
            or len(opening) != 2
            or not isinstance(opening[0], str)
            or len(opening[0]) != 2 * SALT_BYTES
            or not set(opening[0]) <= _HEX
        ):
            raise Malformed(f"the opening of {name!r} is not a salt of 16 bytes and a value")
        if record.sealed.get(name) != commitment(bytes.fromhex(opening[0]), name, opening[1]):
            raise Refused(f"the opening of {name!r} does not match its commitment")
        values[name] = opening[1]
    return values


def check_record(vocabulary: Vocabulary, record: Record, openings: Mapping[str, Any]) -> RecordType:
    """Check a record against its type: fields, class and subject.

    Raises:
        Refused: the type is unknown to this version (it is stored and proved elsewhere).
        Malformed: names what is wrong.
    """
    kind = vocabulary.by_name.get(record.type)
    if kind is None:
        raise Refused(
            f"the record type {record.type!r} is unknown here",
            do="see `safeconduct standards vocabulary`, or use a newer version",
        )
    if record.schema != kind.schema:
        raise Refused(
            f"{kind.alias} of schema {record.schema} is unknown here", do="use a newer version"
        )
    if record.class_name != kind.class_name:
        raise Malformed(
            f"{kind.alias} belongs to the class {kind.class_name}, not {record.class_name}"
        )
    values = open_fields(record, openings)
    check_data(kind, values, sealed=set(record.sealed) - set(openings))
    for field in kind.fields:
        if field.sealed and field.name in record.data:
            raise Malformed(
                f"{kind.alias}.{field.name} must be sealed", why="it is personal or secret"
            )
    wanted = subject_of(kind, values)
    if wanted is not None and record.subject != wanted:
        raise Malformed(f"the subject of {kind.alias} is {wanted!r}, not {record.subject!r}")
    return kind


def subject_of(kind: RecordType, values: Mapping[str, Any]) -> str | None:
    """The one thing a record is about: `about` where its row has it, else the first open key."""
    if kind.field("about") is not None and "about" in values:
        return str(values["about"])
    for field in kind.fields:
        if field.key and not field.sealed and field.name in values:
            return str(values[field.name])
    return None


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A record as a projection reads it: what of it is open here, and where it stands.

    `values` are the open fields and those sealed ones whose openings this node holds; of a
    milestone only what it shows. `log` is the party whose log holds it, `position` its index
    there, and `form` is `full` or `milestone`.
    """

    alias: str
    record: Record
    values: Mapping[str, Any]
    log: str
    position: int
    form: str = "full"

    def get(self, name: str, default: Any = None) -> Any:
        """A field's value if it is open here."""
        return self.values.get(name, default)
