"""The form in which a record's body travels to the other party: full, milestone, withheld."""

from collections.abc import Mapping
from typing import Any

import msgspec

from safeconduct.kernel.canonical import decode, encode
from safeconduct.kernel.errors import Malformed, Refused
from safeconduct.kernel.ids import RECORDS, is_id
from safeconduct.kernel.instants import MINUTE
from safeconduct.kernel.records import MODES, Fact, Record
from safeconduct.kernel.signatures import Key, open_envelope, seal
from safeconduct.kernel.vocabulary import RecordType, Vocabulary
from safeconduct.ledger.leaf import Entry, open_full

FORM = "milestone/1"
MILESTONE_PAYLOAD = "application/vnd.safeconduct.milestone+json"
ROUND_MS = MINUTE
"""Times in milestones are rounded down to the minute (ours)."""


class Parcel(msgspec.Struct, frozen=True):
    """What the other party gets of one leaf. `opening` is empty for a withheld body."""

    position: int
    form: str
    opening: dict[str, Any]


def full(position: int, kind: RecordType, entry: Entry) -> Parcel:
    """The whole record, personal fields closed: a clause opens classes, never persons."""
    shown = frozenset(field.name for field in kind.fields if field.sealed and not field.personal)
    return Parcel(position, "full", entry.full(shown))


def withheld(position: int, clause: str) -> Parcel:
    """Nothing but the clause under which it is withheld."""
    return Parcel(position, "withheld", {"clause": clause})


def milestone(origin: str, kind: RecordType, fact: Fact, clause: str, key: Key) -> Parcel:
    """A statement of the owning node: type, subject, rounded time, words, clause, record id.

    It shows only the fields that the type's milestone names, and never a sealed one.
    """
    record = fact.record
    sealed = {field.name for field in kind.fields if field.sealed}
    # Where the milestone itself is "full" there is nothing to leave out but sealed fields.
    names = kind.shows or (tuple(record.data) if kind.words.startswith("full") else ())
    statement = {
        "safeconduct": FORM,
        "log": origin,
        "position": fact.position,
        "record": record.id,
        "rev": record.rev,
        "type": record.type,
        "mode": record.mode,
        "party": record.party,
        "subject": record.subject if not _subject_sealed(kind, record) else "",
        "time": record.time - record.time % ROUND_MS,
        "words": kind.words,
        "clause": clause,
        "shows": {
            name: record.data[name] for name in names if name in record.data and name not in sealed
        },
    }
    envelope = seal(key, encode(statement), MILESTONE_PAYLOAD)
    return Parcel(fact.position, "milestone", decode(envelope.encode()))


def _subject_sealed(kind: RecordType, record: Record) -> bool:
    return not any(
        record.data.get(field.name) == record.subject for field in kind.fields if not field.sealed
    )


def read_full(
    party: str, position: int, leaf: bytes, opening: Mapping[str, Any], vocabulary: Vocabulary
) -> tuple[Entry, Fact]:
    """The entry and fact of a full body, checked against the mirrored leaf."""
    entry, record, values = open_full(leaf, opening)
    kind = vocabulary.by_name.get(record.type)
    alias = kind.alias if kind else record.type
    return entry, Fact(alias=alias, record=record, values=values, log=party, position=position)


_TEXTS = ("log", "record", "type", "mode", "party", "subject", "words", "clause")
_NUMBERS = ("position", "rev", "time")


def _check_milestone(value: Any) -> None:
    """Refuse what is not a milestone: attributes, their types, mode and record id."""
    names = {"safeconduct", "shows", *_TEXTS, *_NUMBERS}
    if not isinstance(value, dict) or value.get("safeconduct") != FORM:
        raise Malformed("the statement is not a milestone")
    if set(value) != names:
        odd = ", ".join(sorted(set(value) ^ names))
        raise Malformed(f"the milestone lacks, or has too much: {odd}")
    for name in _TEXTS:
        if not isinstance(value[name], str):
            raise Malformed(f"the milestone's {name} is not a text")
    for name in _NUMBERS:
        number = value[name]
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise Malformed(f"the milestone's {name} is not a whole number of 0 or more")
    if not isinstance(value["shows"], dict):
        raise Malformed("what the milestone shows is not an object")
    if value["mode"] not in MODES or not any(is_id(value["record"], kind) for kind in RECORDS):
        raise Malformed("the milestone's mode or record id is none")


def read_milestone(
    party: str,
    origin: str,
    position: int,
    opening: Mapping[str, Any],
    node_key: str,
    vocabulary: Vocabulary,
) -> Fact:
    """The fact that a milestone states, if the owning node signed it for this leaf.

    Raises:
        Malformed: another form.
        Refused: another log or leaf, or not signed by the owning node.
    """
    envelope = open_envelope(encode(dict(opening)))
    if envelope.payload_type != MILESTONE_PAYLOAD or envelope.keyid != node_key:
        raise Refused("the milestone is not signed by the node that owns the record")
    value = decode(envelope.payload)
    _check_milestone(value)
    if value["log"] != origin or value["position"] != position or value["party"] != party:
        raise Refused("the milestone is about another leaf, or another party's")
    kind = vocabulary.by_name.get(value["type"])
    record = Record(
        id=value["record"],
        type=value["type"],
        mode=value["mode"],
        source=f"{party}/milestone",
        seq=position,
        time=value["time"],
        party=party,
        acting="",
        by="",
        subject=value["subject"],
        class_name=kind.class_name if kind else "",
        data=value["shows"],
        rev=value["rev"],
    )
    return Fact(
        alias=kind.alias if kind else value["type"],
        record=record,
        values=dict(value["shows"]),
        log=party,
        position=position,
        form="milestone",
    )
