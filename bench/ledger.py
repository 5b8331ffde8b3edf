"""The log: durable commits, verified commits, and rebuilding a tree from leaves."""

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import apsw
from nacl.signing import VerifyKey

from bench import Figure, Say, best, seconds
from safeconduct.kernel.canonical import encode
from safeconduct.kernel.ids import record_id
from safeconduct.kernel.records import Record, check_record, decode_record
from safeconduct.kernel.signatures import Envelope, Key, open_envelope, pae
from safeconduct.ledger.leaf import Entry
from safeconduct.ledger.merkle import Tree, leaf_hash
from safeconduct.node.clocks import DrivenClock, SeededRandom
from safeconduct.node.drafts import Author, sign_record
from safeconduct.node.journal import Journal
from safeconduct.node.stores.ledger import LedgerStore
from safeconduct.node.vocabulary import VOCABULARY

Signed = tuple[Envelope, Record, dict[str, list[Any]]]
Ready = tuple[Entry, Record, Mapping[str, Any]]

KEY = Key(bytes(32))
COUNTS = {1: 400, 64: 6_400, 256: 12_800}
"""Records for each size of batch: about a second each on a small machine."""
LEAVES = 100_000


class _Log:
    """A journal in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.store = LedgerStore(folder, create=True)
        self.journal = Journal(
            self.store,
            VOCABULARY,
            party="host",
            origin="safeconduct/host/bench/1",
            clock=DrivenClock(0),
            salts=SeededRandom("salts"),
        )

    def close(self) -> None:
        """Close the file."""
        self.store.close()


def signed(count: int) -> list[Signed]:
    """Reports of a queue at a post, as a guard's device signs them."""
    author = Author("host", "host/guard/1", "guard", "pe_guard", KEY)
    ids, salts = SeededRandom("ids"), SeededRandom("sealed")
    return [
        sign_record(
            VOCABULARY,
            author,
            alias="queue",
            values={
                "post": "post:outer-gate",
                "site": "site:airport",
                "zone": "zone:outer-cordon",
                "waiting": number % 7,
                "unchecked": number % 3,
                "passed": 4,
                "oldest": 90_000,
            },
            record_id=record_id(ids.draw(16)),
            seq=number,
            time=1_800_000_000_000 + number,
            mode="exercise",
            salts=salts,
            agreement="0" * 64,
        )
        for number in range(1, count + 1)
    ]


def _ready(log: _Log, made: Sequence[Signed]) -> list[Ready]:
    return [
        (log.journal.make_entry(envelope, record, openings), record, record.data)
        for envelope, record, openings in made
    ]


def _in_batches(items: Sequence[Any], size: int, work: Callable[[Sequence[Any]], object]) -> None:
    for start in range(0, len(items), size):
        work(items[start : start + size])


def _sqlite_alone(path: Path, rows: Sequence[Ready], batch: int) -> float:
    """The same bytes into the same tables with the same pragmas, by SQLite and nothing else."""
    db = apsw.Connection(str(path), vfs=apsw.vfs_names()[0])
    db.pragma("journal_mode", "wal")
    db.pragma("synchronous", "full")
    db.execute("CREATE TABLE leaf (position INTEGER PRIMARY KEY, leaf BLOB NOT NULL)")
    db.execute(
        "CREATE TABLE body (position INTEGER PRIMARY KEY, record_id TEXT NOT NULL,"
        " rev INTEGER NOT NULL, source TEXT NOT NULL, seq INTEGER NOT NULL,"
        " received INTEGER NOT NULL, opening BLOB NOT NULL,"
        " UNIQUE (record_id, rev), UNIQUE (source, seq))"
    )
    leaves = [(position, row[0].leaf()) for position, row in enumerate(rows)]
    bodies = [
        (position, r.id, r.rev, r.source, r.seq, 0, encode(entry.full()))
        for position, (entry, r, _) in enumerate(rows)
    ]

    def write(numbers: Sequence[int]) -> None:
        with db:
            db.executemany("INSERT INTO leaf VALUES (?, ?)", [leaves[i] for i in numbers])
            db.executemany(
                "INSERT INTO body VALUES (?, ?, ?, ?, ?, ?, ?)", [bodies[i] for i in numbers]
            )

    took = seconds(lambda: _in_batches(range(len(rows)), batch, write))
    db.close()
    return took


def _durable(folder: Path, made: Sequence[Signed], say: Say) -> list[Figure]:
    out = []
    for batch, count in COUNTS.items():
        say(f"durable commits, {batch} a batch")
        log = _Log(folder / f"durable-{batch}")
        rows = _ready(log, made[:count])
        took = seconds(partial(_in_batches, rows, batch, log.journal.commit))
        log.close()
        alone = _sqlite_alone(folder / f"alone-{batch}.db", rows, batch)
        out.append(
            Figure(
                f"ledger.durable.records_per_s.batch_{batch}",
                count / took,
                "records/s",
                f"sqlite alone, {count / alone:,.0f} records/s",
                alone / took,
            )
        )
    return out


def _verified(folder: Path, made: Sequence[Signed], say: Say) -> Figure:
    """From the bytes that came in to durable: read, verify, check the type, commit."""
    say("verified commits")
    log = _Log(folder / "verified")
    came = [(envelope.encode(), openings) for envelope, _, openings in made]

    def take(batch: Sequence[tuple[bytes, dict[str, list[Any]]]]) -> None:
        rows = []
        for data, openings in batch:
            envelope = open_envelope(data)
            record = decode_record(envelope.payload)
            check_record(VOCABULARY, record, openings)
            rows.append((log.journal.make_entry(envelope, record, openings), record, record.data))
        log.journal.commit(rows)

    took = seconds(lambda: _in_batches(came, 256, take))
    log.close()
    verifier = VerifyKey(bytes.fromhex(KEY.public.partition(":")[2]))
    parts = [(pae(e.payload_type, e.payload), e.signature) for e, _, _ in made]

    def verify_alone() -> None:
        for message, signature in parts:
            verifier.verify(message, signature)

    alone = best(verify_alone, 2)
    return Figure(
        "ledger.verified.records_per_s",
        len(made) / took,
        "records/s",
        f"PyNaCl verify alone, {len(made) / alone:,.0f} records/s",
        alone / took,
    )


def _own(folder: Path, made: Sequence[Signed], say: Say) -> Figure:
    """Records whose signature was not in question, with one checkpoint signed for each batch."""
    say("own commits with a checkpoint")
    log = _Log(folder / "own")

    def take(batch: Sequence[Signed]) -> None:
        log.journal.commit(_ready(log, batch))
        log.journal.checkpoint(KEY)

    took = seconds(lambda: _in_batches(made, 256, take))
    rows = _ready(log, made)
    log.close()
    alone = _sqlite_alone(folder / "alone-own.db", rows, 256)
    return Figure(
        "ledger.own.records_per_s",
        len(made) / took,
        "records/s",
        f"sqlite alone, {len(made) / alone:,.0f} records/s",
        alone / took,
    )


def _rebuild(say: Say) -> Figure:
    """A tree from leaves, against the two SHA-256 that a leaf costs at the least."""
    say("rebuilding a tree")
    leaf = b'{"body":"' + b"0" * 64 + b'","keys":"' + b"0" * 57
    leaves = [leaf + b'%07d","v":1}' % number for number in range(LEAVES)]

    def rebuild() -> None:
        tree = Tree()
        for item in leaves:
            tree.append(leaf_hash(item))
        tree.root()

    node = b"\x01" + bytes(64)

    def bound() -> None:
        sha256 = hashlib.sha256
        for item in leaves:
            sha256(item).digest()
            sha256(node).digest()

    took, least = best(rebuild), best(bound)
    return Figure(
        "ledger.rebuild.leaves_per_min",
        60 * LEAVES / took,
        "leaves/min",
        f"SHA-256 alone, {60 * LEAVES / least:,.0f} leaves/min",
        least / took,
    )


def figures(say: Say) -> list[Figure]:
    """All figures of the log."""
    say("signing records to measure with")
    made = signed(max(COUNTS.values()))
    with tempfile.TemporaryDirectory(prefix="safeconduct-bench-") as name:
        folder = Path(name)
        return [
            *_durable(folder, made, say),
            _verified(folder, made, say),
            _own(folder, made, say),
            _rebuild(say),
        ]
