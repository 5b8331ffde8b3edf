"""fsck: recompute everything from the stored bytes, trusting nothing that was computed before.

It writes nothing and can run beside a running node. What it finds is named; it repairs nothing.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from safeconduct.agreement import canonical_text, load_agreement, wording_hash
from safeconduct.federation.cards import Card
from safeconduct.kernel.canonical import decode
from safeconduct.kernel.errors import Refused, SafeconductError
from safeconduct.kernel.records import Record, check_record
from safeconduct.ledger.leaf import join_keys, open_full
from safeconduct.ledger.merkle import Tree, leaf_hash
from safeconduct.ledger.notes import LOG_KEY, Signer, parse_checkpoint, parse_note
from safeconduct.node.folder import Folder, NodeFile
from safeconduct.node.peerlog import PeerLog
from safeconduct.node.stores.desk import DeskStore
from safeconduct.node.stores.ledger import LedgerStore
from safeconduct.node.vocabulary import VOCABULARY
from safeconduct.tracking import open_segment


class Report(msgspec.Struct):
    """What was recomputed and agreed, and what did not."""

    done: list[str] = []
    wrong: list[str] = []

    def as_value(self) -> dict[str, Any]:
        """The report as plain values."""
        return {"ok": not self.wrong, "done": self.done, "wrong": self.wrong}


def check(path: Path) -> Report:
    """Check one data folder.

    Raises:
        Refused: there is no node in the folder.
    """
    folder, report = Folder(path), Report()
    if not folder.exists():
        folder.node_file()

    def step(name: str, work: Callable[[], str]) -> None:
        try:
            report.done.append(f"{name}: {work()}")
        except SafeconductError as error:
            report.wrong.append(f"{name}: {error.sentence()}")
        except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
            report.wrong.append(f"{name}: {type(error).__name__}: {error}")

    node: list[NodeFile] = []
    step("node.json", lambda: _node(folder, node))
    step("agreement", lambda: _agreement(folder))
    if not node:
        return report
    cards: dict[str, Card] = {}
    step("cards", lambda: _cards(folder, node[0], cards))
    step("keys", lambda: _keys(folder, cards))
    stores: list[LedgerStore] = []
    step("ledger.db", lambda: _ledger_file(path, node[0], stores))
    step("desk.db", lambda: _desk_file(path))
    if not stores or "own" not in cards:
        return report
    store, own = stores[0], cards["own"]
    tree = Tree()
    records: list[Record] = []
    step("leaves and bodies", lambda: _log(store, tree, records))
    step("numbers", lambda: _numbers(records))
    step("signatures of the agreement", lambda: _signed(folder, records))
    step("checkpoints", lambda: _checkpoints(store, tree, own.log, cards.get("peer")))
    step("head.note", lambda: _head(folder, tree, own.log))
    step("segments", lambda: _segments(store, records))
    peer = cards.get("peer")
    if peer is not None:
        step("mirror of the peer", lambda: _mirror(store, peer))
    store.close()
    return report


def _node(folder: Folder, out: list[NodeFile]) -> str:
    out.append(folder.node_file())
    if (folder.read("node.json") or b"") != out[0].encode():
        raise Refused("node.json is not in canonical form")
    return f"{out[0].party}, mode {out[0].mode}"


def _agreement(folder: Folder) -> str:
    text = load_agreement((folder.read("agreement.yaml") or b"").decode())
    if text.text.mode != folder.node_file().mode:
        raise Refused(f"node.json says mode {folder.node_file().mode}, the agreement another")
    if folder.read("agreement.json") != canonical_text(text):
        raise Refused("agreement.json is not the canonical form of agreement.yaml")
    return f"wording {wording_hash(text)[:16]}"


def _cards(folder: Folder, node: NodeFile, out: dict[str, Card]) -> str:
    own, peer = folder.card(), folder.card("peer.json")
    if own is None or own.party != node.party or own.origin != node.origin:
        raise Refused("card.json is not this node's card")
    out["own"] = own
    if peer is not None:
        out["peer"] = peer
    text = load_agreement((folder.read("agreement.yaml") or b"").decode())
    for card in out.values():
        if text.parties[card.party].root_key != card.root:
            raise Refused(f"the card of {card.party} names another root key than the agreement")
    return " and ".join(card.party for card in out.values())


def _keys(folder: Folder, cards: dict[str, Card]) -> str:
    found = []
    for use in ("node", "witness", "enrolment"):
        if folder.key(use).public != cards["own"].keys[use]:
            raise Refused(f"the {use} key is not the one on the card")
        found.append(use)
    if (folder.path / "keys" / "root.key").exists() and folder.key("root").public != cards[
        "own"
    ].root:
        raise Refused("the root key is not the one that the agreement prints")
    return ", ".join(found)


def _ledger_file(path: Path, node: NodeFile, out: list[LedgerStore]) -> str:
    store = LedgerStore(path, read_only=True)
    wrong = store.integrity()
    if wrong:
        store.close()
        raise Refused("the file is damaged", why="; ".join(wrong[:3]))
    store.belongs_to(node.party, node.origin)
    out.append(store)
    return "every page as it was written"


def _desk_file(path: Path) -> str:
    store = DeskStore(path, read_only=True)
    try:
        wrong = store.integrity()
    finally:
        store.close()
    if wrong:
        raise Refused("the file is damaged", why="; ".join(wrong[:3]))
    return "every page as it was written"


def _log(store: LedgerStore, tree: Tree, records: list[Record]) -> str:
    leaves: list[bytes] = []
    for position, leaf in store.leaves():
        if position != len(leaves):
            raise Refused(f"leaf {len(leaves)} is missing")
        leaves.append(leaf)
        tree.append(leaf_hash(leaf))
    for position, record_id, rev, source, seq, _received, opening in store.bodies():
        if position != len(records):
            raise Refused(f"the body of leaf {len(records)} is missing")
        entry, record, _values = open_full(leaves[position], decode(opening))
        if (record.id, record.rev, record.source, record.seq) != (record_id, rev, source, seq):
            raise Refused(f"row {position} does not name its record")
        kind = VOCABULARY.by_name.get(record.type)
        if kind is not None:
            check_record(VOCABULARY, record, dict(entry.sealed))
        if dict(entry.keys) != join_keys(kind, record):
            raise Refused(f"leaf {position} hides or invents a join key")
        records.append(record)
    if len(records) != len(leaves):
        raise Refused(f"{len(leaves)} leaves and {len(records)} bodies")
    return f"{len(leaves)} recomputed, root {tree.root().hex()[:16]}"


def _numbers(records: list[Record]) -> str:
    chains: dict[str, Record] = {}
    for record in sorted(records, key=lambda record: (record.source, record.seq)):
        before = chains.get(record.source)
        follows = before is not None and record.seq == before.seq + 1 and record.prev is not None
        if before is not None and follows:
            if record.prev == hashlib.sha256(before.encode()).hexdigest():
                chains[record.source] = record
                continue
            raise Refused(f"number {record.seq} of {record.source} does not follow the one before")
        chains[record.source] = record
    return f"{len(chains)} sources"


def _signed(folder: Folder, records: list[Record]) -> str:
    text = load_agreement((folder.read("agreement.yaml") or b"").decode())
    wording = wording_hash(text)
    signers = []
    for record in records:
        if record.type == "agreement.version.signed":
            if record.data.get("wording") != wording:
                raise Refused(f"{record.party} signed another wording than the one in this folder")
            signers.append(record.party)
    return ", ".join(sorted(signers)) or "nobody signed yet"


def _checkpoints(store: LedgerStore, tree: Tree, log: Signer, peer: Card | None) -> str:
    notes = store.checkpoints()
    cosigned = 0
    for size, note in notes:
        head = parse_checkpoint(note)
        if (
            head.size != size
            or size > tree.size
            or head.root != tree.root(size)
            or not note.signed_by(log)
        ):
            raise Refused(f"the checkpoint of size {size} is not a head of this log")
        for name, key_hash, _line in note.signatures:
            if (name, key_hash) == (log.name, log.key_hash):
                continue
            if peer is None or name != peer.witness.name or note.cosigned_at(peer.witness) is None:
                raise Refused(f"a cosignature under the checkpoint of size {size} does not stand")
            cosigned += 1
    return f"{len(notes)} signed, {cosigned} cosigned"


def _head(folder: Folder, tree: Tree, log: Signer) -> str:
    data = folder.read("head.note")
    if data is None:
        raise Refused("head.note is missing")
    note = parse_note(data.decode())
    head = parse_checkpoint(note)
    if head.size > tree.size:
        raise Refused(
            f"the log has {tree.size} leaves, and a head over {head.size} was signed",
            why="the log was rolled back",
            do="recover from the partner's mirror",
        )
    if head.root != tree.root(head.size) or not note.signed_by(
        Signer(log.name, log.public, LOG_KEY)
    ):
        raise Refused("head.note is not a head of this log")
    return f"size {head.size}"


def _segments(store: LedgerStore, records: list[Record]) -> str:
    kept = dict(store.segments())
    for digest, payload in kept.items():
        if hashlib.sha256(payload).hexdigest() != digest:
            raise Refused(f"segment {digest[:16]} does not hash to its name")
        open_segment(payload)
    named = [record for record in records if record.type == "tracking.fixes.sealed"]
    for record in named:
        if record.data["segment"] not in kept:
            raise Refused(f"the segment of record {record.id} is missing")
    return f"{len(named)} records, {len(kept)} segments"


def _mirror(store: LedgerStore, peer: Card) -> str:
    mirror = PeerLog(store, VOCABULARY, peer)
    newest = mirror.newest()
    for size, note in store.peer_checkpoints():
        head = parse_checkpoint(note)
        if head.size != size or head.root != mirror.tree.root(size) or not note.signed_by(peer.log):
            raise Refused(f"the peer's checkpoint of size {size} is not a head of its mirrored log")
    return (
        f"{mirror.size} leaves, {len(mirror.facts())} bodies open, "
        f"{len(mirror.withheld())} withheld" + ("" if newest else ", no head yet")
    )
