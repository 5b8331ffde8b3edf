"""Which leaves are opened, and how far: the range that shows an absence, and single records."""

import base64
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from safeconduct.evidence.view import LogView, held, stub_of
from safeconduct.evidence.window import SIGHTED, Window, could
from safeconduct.kernel.canonical import decode, encode
from safeconduct.kernel.errors import Refused
from safeconduct.kernel.instants import MINUTE, show_instant
from safeconduct.kernel.records import Fact
from safeconduct.kernel.vocabulary import Vocabulary
from safeconduct.ledger.leaf import Entry
from safeconduct.ledger.notes import Note
from safeconduct.ledger.proof import Proof

MARGIN = 5 * MINUTE
"""A range begins this much before its window: a person's clock may run ahead (verifier's rule)."""

COSIGNED = "federation.checkpoint.cosigned"
KEY = "identity.key.changed"
REVOKED = "agreement.act.revoked"


class Stretch(msgspec.Struct, frozen=True):
    """A complete run of a log's leaves, under a head that the other party cosigned."""

    start: int
    size: int
    note: Note
    opened: frozenset[int]


def stretch_of(
    log: LogView,
    window: Window,
    trigger: tuple[str, int, Fact],
    bound: Mapping[str, Any],
    vocabulary: Vocabulary,
    wanted: set[int],
) -> Stretch:
    """The range of a log that shows what stands in the window; `wanted` in it is shown in full.

    Raises:
        Refused: nothing cosigned reaches past the window yet, or a leaf is withheld here.
    """
    party, at, fact = trigger
    doubt = fact.record.err
    high = window.high + doubt
    least = at + 1 if party == log.party else 0
    past = next(
        (
            index
            for index, item, _ in held(log)
            if item.record.acting == "node" and item.record.time - item.record.err > high
        ),
        None,
    )
    heads = [
        (size, note)
        for size, note, seconds in log.cosigned()
        if seconds * 1000 > high and size >= least and past is not None and size > past
    ]
    if past is None or not heads:
        raise _wait(log, high, past)
    size, note = heads[0]
    start, first = 0, set[int]()
    if window.low is not None:
        before = at if party == log.party else size - 1
        for index, item, _ in held(log):
            record = item.record
            if index > before:
                break
            if (
                record.type == COSIGNED
                and record.acting == "node"
                and record.time + record.err + MARGIN <= window.low - doubt
            ):
                start, first = index, {index}
    opened = {past, *first, *({at} if party == log.party else set())}
    opened |= {index for index in wanted if start <= index < size}
    opened |= _matching(log, range(start, size), window, fact, bound, vocabulary)
    return Stretch(start, size, note, frozenset(opened))


def _wait(log: LogView, high: int, past: int | None) -> Refused:
    newest = log.cosigned()[-1] if log.cosigned() else None
    covers = (
        f"the newest covers {newest[0]} leaves of {log.party} at {show_instant(newest[2] * 1000)}"
        if newest
        else f"no head of the log of {log.party} is cosigned yet"
    )
    silent = (
        "" if past is not None else f"; no record of its node is later than {show_instant(high)}"
    )
    return Refused(
        "the absence cannot be shown yet",
        why=f"{covers}; the deadline was {show_instant(high)}{silent}",
        do="wait for the next cosignature",
    )


def _matching(
    log: LogView,
    indexes: range,
    window: Window,
    trigger: Fact,
    bound: Mapping[str, Any],
    vocabulary: Vocabulary,
) -> set[int]:
    """Leaves of the range that could be an act of the rule; each must be shown in full."""
    closed, out = [], set()
    vehicle = trigger.values.get("vehicle") if trigger.record.type == SIGHTED else None
    for index in indexes:
        stub = stub_of(log, index)
        if stub is None:
            closed.append(index)
            continue
        kind, keys = str(stub["type"]), stub["keys"]
        wanted = any(could(vocabulary, atom, kind, keys, bound) for atom in window.atoms)
        back = kind == REVOKED and any(atom.valid for atom in window.atoms)
        stay = kind == SIGHTED and vehicle is not None and keys.get("vehicle") == vehicle
        if wanted or stay or back:
            out.add(index)
    if closed:
        raise Refused(
            f"{len(closed)} leaves of the log of {log.party} are closed here, "
            f"the first at {closed[0]}",
            why="an absence is shown only by a range of which every leaf is open to type and keys",
            do=f"ask {log.party} to produce type and join keys of these leaves",
        )
    return out


def entry_of(log: LogView, index: int, what: str) -> Entry:
    """The record at an index.

    Raises:
        Refused: its body is withheld here.
    """
    entry = log.entry(index)
    if entry is None:
        closed: Mapping[int, str] = getattr(log, "withheld", dict)()
        raise Refused(
            f"{what}, leaf {index} of the log of {log.party}, is withheld here",
            why="a bundle shows the records that decide the verdict",
            do=f"ask {log.party} to produce it",
            clause=closed.get(index),
        )
    return entry


def range_file(log: LogView, stretch: Stretch, fields: frozenset[str]) -> bytes:
    """`range.json`: every leaf of the range, opened to type and keys, or in full where needed."""
    openings: list[dict[str, Any]] = []
    for index in range(stretch.start, stretch.size):
        if index in stretch.opened:
            openings.append({"full": entry_of(log, index, "a record").full(fields)})
        else:
            openings.append({"stub": dict(stub_of(log, index) or {})})
    return encode(
        {
            "start": stretch.start,
            "peaks": [base64.b64encode(item).decode() for item in log.tree.peaks(stretch.start)],
            "leaves": [
                base64.b64encode(log.leaf(index)).decode()
                for index in range(stretch.start, stretch.size)
            ],
            "openings": openings,
            "checkpoint": stretch.note.encode(),
        }
    )


def first_head(log: LogView, index: int, what: str) -> tuple[int, Note]:
    """The first head over a leaf that the other party cosigned.

    Raises:
        Refused: there is none yet.
    """
    for size, note, _ in log.cosigned():
        if size > index:
            return size, note
    newest = log.cosigned()[-1][0] if log.cosigned() else 0
    raise Refused(
        f"{what} is not cosigned yet",
        why=f"the newest cosignature covers {newest} leaves of {log.party}; it stands at {index}",
        do="wait for the next cosignature",
    )


def records_file(
    log: LogView, wanted: Mapping[int, tuple[int, Note]], fields: frozenset[str]
) -> bytes:
    """`records.json`: single records, each with its proof under a cosigned head."""
    out = []
    for index in sorted(wanted):
        size, note = wanted[index]
        proof = Proof(index, tuple(log.tree.inclusion(index, size)), note)
        out.append(
            {
                "index": index,
                "leaf": base64.b64encode(log.leaf(index)).decode(),
                "opening": entry_of(log, index, "a record").full(fields),
                "proof": proof.encode(),
            }
        )
    return encode(out)


def keys_file(log: LogView, signers: Iterable[str]) -> bytes:
    """`keys/<party>.json`: the chain from the root key to those who signed what is opened."""
    used = set(signers)
    out = []
    for _, fact, entry in held(log):
        if fact.record.type != KEY:
            continue
        chain = fact.values.get("use") in ("node", "witness", "enrolment")
        other = fact.values.get("use") in ("person", "device") and fact.values.get("key") in used
        if chain or other:
            out.append(decode(entry.envelope))
    return encode(out)
