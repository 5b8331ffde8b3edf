"""Records: DSSE envelopes, the openings of leaves, and which key spoke for whom, when."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from safeconduct_verify import ed25519
from safeconduct_verify.reading import (
    altered,
    decode,
    encode,
    is_hash,
    key_bytes,
    malformed,
    not_proven,
    salt,
    sha256,
    shape,
    unbase64,
)

RECORD = "application/vnd.safeconduct.record+json"
MANIFEST = "application/vnd.safeconduct.evidence+json"
KEY_TYPE = "identity.key.changed"
MAX_ENVELOPE = 60_000

_TEXTS = ("id", "type", "mode", "source", "party", "acting", "by", "subject", "class")
_INTS = ("schema", "seq", "time", "err")
_OPTIONAL: dict[str, type] = {
    "agreement": str,
    "prev": str,
    "seen": str,
    "replaces": str,
    "upto": int,
    "rev": int,
}


@dataclass(frozen=True)
class Record:
    """A signed record as far as it is open here."""

    value: dict[str, Any]
    signer: str
    values: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        """An attribute that every record shares."""
        return self.value.get(name)

    @property
    def basis(self) -> list[str]:
        """Ids of the records from which a node computed this one."""
        return list(self.value.get("basis", []))


def pae(kind: str, payload: bytes) -> bytes:
    """DSSE pre-authentication encoding."""
    return b"DSSEv1 %d %s %d %s" % (len(kind.encode()), kind.encode(), len(payload), payload)


def open_envelope(value: Any, kind: str, what: str) -> tuple[bytes, str]:
    """Payload and signer of a DSSE envelope with one signature, which must stand."""
    shape(value, what, {"payload": str, "payloadType": str, "signatures": list})
    if len(value["signatures"]) != 1:
        malformed(f"{what} has not exactly one signature")
    mark = shape(value["signatures"][0], f"{what}, its signature", {"keyid": str, "sig": str})
    payload = unbase64(value["payload"], f"{what}, its payload")
    if value["payloadType"] != kind:
        malformed(f"{what} is of another type than {kind}")
    key = key_bytes(mark["keyid"])
    if key is None:
        malformed(f"{what} names no Ed25519 key")
    if not ed25519.verify(key, pae(kind, payload), unbase64(mark["sig"], f"{what}, its signature")):
        altered(f"the signature under {what} does not stand")
    return payload, mark["keyid"]


def _is(value: Any, kind: type) -> bool:
    return type(value) is kind


def parse_record(payload: bytes, signer: str) -> Record:
    """Read a record's shared attributes strictly."""
    value = decode(payload, "a record")
    allowed = {"specversion", "data", "sealed", "basis", *_TEXTS, *_INTS, *_OPTIONAL}
    if (
        not isinstance(value, dict)
        or not set(value) <= allowed
        or value.get("specversion") != "1.0"
    ):
        malformed("a record is not an object of specversion 1.0 with known attributes")
    good = (
        all(_is(value.get(name), str) and value[name] for name in _TEXTS)
        and all(_is(value.get(name), int) and value[name] >= 0 for name in _INTS)
        and all(_is(value[name], kind) for name, kind in _OPTIONAL.items() if name in value)
    )
    data, sealed, basis = value.get("data"), value.get("sealed", {}), value.get("basis", [])
    if (
        not good
        or not isinstance(data, dict)
        or not isinstance(sealed, dict)
        or not all(is_hash(item) for item in sealed.values())
        or set(data) & set(sealed)
        or not isinstance(basis, list)
        or not all(isinstance(item, str) for item in basis)
    ):
        malformed("an attribute of a record is missing or of the wrong type")
    return Record(value, signer, dict(data))


def parse_leaf(leaf: bytes) -> dict[str, Any]:
    """The two commitments of a leaf."""
    value = shape(decode(leaf, "a leaf"), "a leaf", {"v": int, "body": str, "keys": str})
    if value["v"] != 1 or not is_hash(value["body"]) or not is_hash(value["keys"]):
        malformed("a leaf is not two commitments of version 1")
    return value


def open_stub(leaf: bytes, stub: Any) -> tuple[str, dict[str, Any]]:
    """Type and join keys of a leaf."""
    shape(stub, "an opening of type and join keys", {"salt": str, "type": str, "keys": dict})
    text = ["keys", salt(stub["salt"]).hex(), stub["type"], stub["keys"]]
    if parse_leaf(leaf)["keys"] != sha256(encode(text)):
        altered("an opening of type and join keys does not match its leaf")
    return stub["type"], stub["keys"]


def open_full(leaf: bytes, opening: Any) -> Record:
    """The record of a leaf, checked against the leaf, its signature and its commitments."""
    members: dict[str, type | tuple[type, ...]] = {
        "envelope": dict,
        "body_salt": str,
        "stub": dict,
        "sealed": dict,
    }
    shape(opening, "an opening of a leaf", members)
    kind, keys = open_stub(leaf, opening["stub"])
    data = encode(opening["envelope"])
    if len(data) > MAX_ENVELOPE:
        malformed("an envelope is larger than a log entry may be")
    body = sha256(encode(["body", salt(opening["body_salt"]).hex(), sha256(data)]))
    if parse_leaf(leaf)["body"] != body:
        altered("the opening of a body does not match its leaf")
    record = parse_record(*open_envelope(opening["envelope"], RECORD, "a record"))
    if record.type != kind:
        altered("a leaf names another type than its record")
    sealed = record.value.get("sealed", {})
    for name, value in keys.items():
        if record.values.get(name, f"sealed:{sealed.get(name)}") != value:
            altered(f"a leaf's key {name} is not its record's")
    values = dict(record.values)
    for name, pair in opening["sealed"].items():
        if not isinstance(pair, list) or len(pair) != 2:
            malformed(f"the opening of the field {name} is not a salt and a value")
        digest = hashlib.sha256(encode([salt(pair[0]).hex(), name, pair[1]])).hexdigest()
        if sealed.get(name) != digest:
            altered(f"the opening of the field {name} does not match its commitment")
        values[name] = pair[1]
    return Record(record.value, record.signer, values)


class Keys:
    """The keys of one party, by the chain root, then node, witness, enrolment, then others."""

    def __init__(self, party: str, root: str, envelopes: Any) -> None:
        if not isinstance(envelopes, list) or len(envelopes) > 500:
            malformed(f"the keys of {party} are not a list of at most 500")
        self.party, self.root = party, root
        self._spans: list[tuple[str, str, int, int]] = []
        read = [
            parse_record(*open_envelope(item, RECORD, f"a key record of {party}"))
            for item in envelopes
        ]
        for record in read:
            if record.type != KEY_TYPE or record.party != party:
                malformed(f"the keys of {party} hold something else")
        for uses, chain in (
            (("node", "witness", "enrolment"), None),
            (("person", "device"), "enrolment"),
        ):
            for state in ("enrolled", "ended"):  # every end cuts, wherever it stands in the list
                for record in read:
                    if record.values.get("use") in uses and record.values.get("state") == state:
                        self._take(record, chain)
        known = ("node", "witness", "enrolment", "person", "device")
        if any(
            record.values.get("use") not in known
            or record.values.get("state") not in ("enrolled", "ended")
            for record in read
        ):
            malformed(f"a key record of {party} has an unknown use or state")

    def _take(self, record: Record, chain: str | None) -> None:
        use, key, state = (record.values.get(name) for name in ("use", "key", "state"))
        start, until = record.values.get("from"), record.values.get("until")
        if key_bytes(key) is None or type(start) is not int or type(until) is not int:
            malformed(f"a key record of {self.party} is incomplete")
        by_root = record.signer == self.root
        if not by_root and not (chain and self.valid(record.signer, chain, record.time)):
            not_proven(f"a {use} key of {self.party} is not enrolled by a key of its chain")
        if state == "ended":
            since = record.values.get("compromised_since")
            cut = min(start, since) if type(since) is int else start
            self._spans = [
                (k, u, a, min(b, cut)) if (k, u) == (key, use) else (k, u, a, b)
                for k, u, a, b in self._spans
            ]
        else:
            self._spans.append((str(key), str(use), start, until))

    def valid(self, key: str, use: str, time: int) -> bool:
        """Whether the key spoke for the party in this use at this time."""
        return any(k == key and u == use and a <= time < b for k, u, a, b in self._spans)

    def of(self, use: str) -> list[str]:
        """The keys of one use, in the order in which they stand."""
        return [k for k, u, _, _ in self._spans if u == use]

    def speaks(self, record: Record) -> None:
        """Stop unless a key of the party with the power for it signed the record at its time."""
        if record.party != self.party:
            not_proven(f"the record {record.id} is not of {self.party}, in whose log it stands")
        if record.signer == self.root:
            return
        alone = record.acting in ("node", "enrolment")
        uses = (record.acting,) if alone else ("person", "device")
        if not any(self.valid(record.signer, use, record.time) for use in uses):
            not_proven(
                f"the record {record.id} ({record.type}) is signed by a key that had no power "
                f"to speak as {record.acting} of {self.party} at its time"
            )
