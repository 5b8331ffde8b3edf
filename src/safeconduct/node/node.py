"""The node: composition root and only door. Every change goes through one of four methods.

`submit` (a person's record), `positions` (a device's fixes), `advance` (time) and `take_bodies`
(what the peer gave). Each absorbs facts, collects what follows from them, and commits all of it
in one transaction. If the commit fails, the state is rebuilt from disk: nothing is half done.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from safeconduct.agreement import Agreement, load_agreement, wording_hash
from safeconduct.federation.cards import Card, witness_name
from safeconduct.kernel.errors import Malformed, Refused, SafeconductError, StateUnknown
from safeconduct.kernel.ids import computed_id, is_id
from safeconduct.kernel.instants import SECOND
from safeconduct.kernel.ports import Random
from safeconduct.kernel.records import Fact, Record, check_record, decode_record
from safeconduct.kernel.signatures import RECORD_PAYLOAD, Envelope, open_envelope
from safeconduct.kernel.vocabulary import Vocabulary
from safeconduct.ledger.leaf import Entry
from safeconduct.ledger.merkle import leaf_hash
from safeconduct.ledger.notes import (
    COSIGNATURE,
    Note,
    Signer,
    cosign,
    parse_checkpoint,
    parse_note,
)
from safeconduct.node import admission
from safeconduct.node.authority import speaks
from safeconduct.node.clocks import AnyClock, DrivenClock, SystemRandom
from safeconduct.node.drafts import NODE, Author, Draft, sign_record
from safeconduct.node.duties import Duties
from safeconduct.node.folder import Folder
from safeconduct.node.journal import Journal
from safeconduct.node.peerlog import PeerLog
from safeconduct.node.rooms import Rooms
from safeconduct.node.stores.desk import DeskStore, Token
from safeconduct.node.stores.ledger import LedgerStore
from safeconduct.node.vocabulary import VOCABULARY
from safeconduct.node.watching import Sealed, Watching

Signed = tuple[Envelope, Record, Mapping[str, Any]]


class Node:
    """One party's node. Not safe for threads: one loop owns it."""

    def __init__(
        self,
        folder: Folder,
        *,
        clock: AnyClock,
        salts: Random | None = None,
        vocabulary: Vocabulary = VOCABULARY,
        read_only: bool = False,
    ) -> None:
        self.folder = folder
        self.file = folder.node_file()
        self.clock = clock
        self.salts = salts or SystemRandom()
        self.vocabulary = vocabulary
        self.party = self.file.party
        self.text = self._agreement_text()
        self.wording = wording_hash(self.text)
        self.card = self._own_card()
        self.peer_card = folder.card("peer.json")
        self.key = folder.key("node")
        self.store = LedgerStore(folder.path, read_only=read_only)
        self.store.belongs_to(self.party, self.file.origin)
        self.desk = DeskStore(folder.path, read_only=read_only)
        self.journal = Journal(
            self.store,
            vocabulary,
            party=self.party,
            origin=self.file.origin,
            clock=clock,
            salts=self.salts,
        )
        self._check_rollback()
        self.peer = PeerLog(self.store, vocabulary, self.peer_card) if self.peer_card else None
        self.trouble: str | None = None
        self.listeners: list[Callable[[list[str]], None]] = []
        self._rebuild()

    def _check_rollback(self) -> None:
        """A log behind the newest head signed over it was put back: never go on from it."""
        data = self.folder.read("head.note")
        if data is None:
            return
        try:
            head = parse_checkpoint(parse_note(data.decode()))
        except (Malformed, UnicodeDecodeError) as error:
            raise StateUnknown("head.note is damaged", why=str(error)) from error
        if head.size > self.journal.size or self.journal.tree.root(head.size) != head.root:
            raise StateUnknown(
                f"the log has {self.journal.size} records, and a head over {head.size} was signed",
                why="the folder was put back to an earlier state, or the log was changed",
                do="recover from the partner's mirror; nothing was changed",
            )

    def _agreement_text(self) -> Agreement:
        data = self.folder.read("agreement.yaml")
        if data is None:
            raise StateUnknown("agreement.yaml is missing from the data folder")
        try:
            return load_agreement(data.decode())
        except (Malformed, UnicodeDecodeError) as error:
            raise StateUnknown("the stored agreement does not read", why=str(error)) from error

    def _own_card(self) -> Card:
        card = self.folder.card()
        if card is None:
            raise StateUnknown("card.json is missing from the data folder")
        return card

    # ------------------------------------------------------------------ names of keys
    @property
    def roots(self) -> dict[str, str]:
        """Root key of each party, as the agreement text prints it."""
        return {party.id: party.root_key for party in self.text.parties.values()}

    @property
    def witness(self) -> Signer:
        """This node as a witness of the peer's log."""
        return Signer(witness_name(self.party), self.folder.key("witness").public, COSIGNATURE)

    @property
    def in_force(self) -> bool:
        """Whether the agreement is in force: both signatures stand in both logs."""
        return self.watching is not None

    def facts(self) -> list[Fact]:
        """Facts of both logs that are open here and count, own first, in order of each log."""
        return self.journal.facts() + (self.peer.facts() if self.peer else [])

    # ------------------------------------------------------------------ rebuilding
    def _rebuild(self) -> None:
        """State from the logs alone: the path of every start and of every failed commit."""
        self.rooms = Rooms(self.party, self.roots)
        self.watching: Watching | None = None
        self._later: list[Draft] = []
        self._signed_in: dict[str, set[str]] = {}
        self._numbers: dict[str, tuple[int, str]] = {}
        facts = self.facts()
        for fact in facts:
            self.rooms.project(fact)
            self._note_signature(fact)
        if self._both_signed():
            self.watching = self._enact()
            self._later = self._replay(self.watching, facts)

    def _replay(self, watching: Watching, facts: Sequence[Fact]) -> list[Draft]:
        segments = [payload for _digest, payload in self.store.segments()]
        return watching.replay(facts, self.desk.fixes(), segments, self.clock.now())

    def _enact(self) -> Watching:
        duties = Duties(self.text, self.vocabulary, self.party)
        return Watching(duties, self.rooms, self.party)

    def _note_signature(self, fact: Fact) -> None:
        if fact.alias != "signed" or fact.form != "full" or fact.get("wording") != self.wording:
            return
        if fact.record.by == self.roots.get(fact.record.party):
            self._signed_in.setdefault(fact.log, set()).add(fact.record.party)

    def _both_signed(self) -> bool:
        signers = {
            party.id for party in self.text.parties.values() if party.signs and not party.optional
        }
        return all(self._signed_in.get(log, set()) >= signers for log in signers)

    # ------------------------------------------------------------------ the four doors
    def submit(self, data: bytes, openings: Mapping[str, Any], token: Token) -> dict[str, Any]:
        """Take a person's or device's record.

        Args:
            data: the DSSE envelope's canonical bytes.
            openings: `[salt, value]` of every sealed field.
            token: who is calling, as the desk knows it.

        Returns:
            The signed receipt. The same record sent twice gets the same position.

        Raises:
            Malformed: the bytes are not a record of a known type.
            Refused: the author, the agreement or a room refuses; where a clause refuses, the
                refusal itself is on record.
        """
        envelope = open_envelope(data)
        if envelope.payload_type != RECORD_PAYLOAD:
            raise Malformed(f"the payload type {envelope.payload_type!r} is not a record")
        record = decode_record(envelope.payload)
        held = self.journal.find(record.id)
        if held is not None and self._same(held, data):
            return self._receipt(data, held)
        admission.check_caller(record, envelope, token, party=self.party, mode=self.file.mode)
        kind = check_record(self.vocabulary, record, openings)
        closed = sorted(set(record.sealed) - set(openings))
        if closed:
            raise Malformed(
                f"{kind.alias}: the opening of {', '.join(closed)} is missing",
                do="send salt and value",
            )
        admission.check_time(record, self.clock.now())
        self.journal.check_free(record)
        fact = self._fact(record, openings)
        speaks(self.rooms, fact, envelope.keyid)
        if "S" not in kind.kinds:
            raise Refused(
                f"{kind.alias} is made by a node, not by a person", do="record what you saw or did"
            )
        if not is_id(record.id, "record") or record.rev:
            raise Refused(
                "a person's record has a drawn id and no revision",
                why="computed ids and revisions are a node's",
                do="draw a new id; name the record that this one corrects in `replaces`",
            )
        admission.check_names(fact, self.text)
        self._ask_agreement(fact)
        position = self.journal.size
        self._record([(envelope, record, openings)])
        return self._receipt(data, position)

    def positions(self, token: Token, query: str, body: bytes, content_type: str) -> int:
        """Take a device's fixes; durable before this returns. Returns how many were new.

        Outside its movement's window nothing is stored, and the device is not told so.
        """
        if self.watching is None:
            return 0
        fixes = self.watching.accept_fixes(token, query, body, content_type, self.clock.now())
        if not fixes:
            return 0
        new = self.desk.add_fixes([item.row for item in fixes])
        fresh = sum(new)
        if fresh:
            kept = [item for item, is_new in zip(fixes, new, strict=True) if is_new]
            events = self.watching.on_fixes(token, kept)
            drafts = self.watching.judge(events, self.clock.now()) if events else []
            if drafts:
                self._record([], drafts)
        return fresh

    def advance(self, now: int) -> None:
        """Let time pass: everything that falls due by `now` falls, each at its own instant."""
        guard = 0
        self._countersign()
        if self._later:
            drafts, self._later = self._later, []
            self._record([], drafts)
        while self.watching is not None:
            due = self.watching.next_due()
            if due is None or due > now:
                break
            if isinstance(self.clock, DrivenClock):
                self.clock.advance(max(due, self.clock.now()))
            drafts, sealed = self.watching.fire(due, self.clock.now())
            self._keep_sealed(drafts, sealed)
            guard += 1
            if guard > 100_000:
                raise StateUnknown("a timer falls due without end", do="report this with the log")
        if isinstance(self.clock, DrivenClock):
            self.clock.advance(max(now, self.clock.now()))

    def take_bodies(self, bodies: Sequence[tuple[int, str, dict[str, Any]]]) -> None:
        """Take what the peer gave of its leaves; each is checked against its mirrored leaf."""
        if self.peer is None:
            raise Refused("there is no peer yet", do="exchange cards first")
        try:
            facts = self.peer.keep(bodies, self._judge)
        except SafeconductError:
            # Keys that were projected while judging are not on disk: state from the logs again.
            self._rebuild()
            raise
        for fact in facts:
            self._note_signature(fact)
        self._countersign()
        if self.watching is not None:
            drafts: list[Draft] = []
            for fact in facts:
                drafts += self.watching.absorb(fact, self.clock.now())
            if drafts:
                self._record([], drafts)
        self._maybe_enact()
        self._tell([fact.record.id for fact in facts])

    def next_due(self) -> int | None:
        """The first instant at which something falls due if nothing comes in."""
        return self.watching.next_due() if self.watching else None

    def seal_all(self) -> None:
        """Seal pending positions, before the node stops in good order."""
        if self.watching is None:
            return
        drafts, sealed = self.watching.seal_all(self.clock.now())
        self._keep_sealed(drafts, sealed)

    def _keep_sealed(self, drafts: Sequence[Draft], sealed: Sequence[Sealed]) -> None:
        """Segment, record, then the fixes go: a crash in between leaves a fix twice, never lost."""
        for segment in sealed:
            self.store.save_segment(segment.digest, segment.payload)
        if drafts:
            self._record([], drafts)
        for segment in sealed:
            self.desk.drop_fixes(segment.device, segment.until)

    def recover(self) -> None:
        """State from the logs again, after an error that nobody foresaw."""
        self._rebuild()

    # ------------------------------------------------------------------ own records
    def sign_own(
        self,
        author: Author,
        alias: str,
        values: Mapping[str, Any],
        *,
        record_id: str,
        time: int | None = None,
    ) -> Signed:
        """Make a record in the name of the party's root or enrolment key, ready for `record`."""
        seq, prev = self._next(author.source)
        return sign_record(
            self.vocabulary,
            author,
            alias=alias,
            values=values,
            record_id=record_id,
            seq=seq,
            prev=prev or None,
            time=self.clock.now() if time is None else time,
            mode=self.file.mode,
            salts=self.salts,
            agreement=self.wording if self.in_force else None,
        )

    def record_own(self, signed: Sequence[Signed]) -> None:
        """Put records of the party's own keys on record, after the rooms agreed."""
        for envelope, record, openings in signed:
            fact = self._fact(record, openings)
            speaks(self.rooms, fact, envelope.keyid)
            self.rooms.decide(fact, self.watching.duties if self.watching else None)
        self._record(list(signed))

    def author(self, use: str) -> Author:
        """The party speaking with its root, enrolment or node key."""
        key = self.key if use == NODE else self.folder.key(use)
        return Author(self.party, f"{self.party}/{use}", use, key.public, key)

    # ------------------------------------------------------------------ checkpoints
    def publish(self) -> Note:
        """Sign the head over what is durable, and remember it beside the log."""
        note = self.journal.checkpoint(self.key)
        self.folder.write("head.note", note.encode().encode())
        return note

    def cosign_peer(self, note: Note, leaves: Sequence[bytes]) -> None:
        """Verify the peer's new head, keep its leaves, then cosign: in this order."""
        if self.peer is None:
            raise Refused("there is no peer yet", do="exchange cards first")
        line = cosign(
            note, self.witness.name, self.folder.key("witness"), self.clock.now() // SECOND
        )
        cosigned = note.with_signature(line)
        step = self.peer.extend(note, leaves, cosigned)
        if leaves:
            values = {
                "log": self.peer.origin,
                "size": step.checkpoint.size,
                "root": step.checkpoint.root.hex(),
                "grade": "partner",
            }
            draft = Draft(
                alias="cosigned",
                values=values,
                time=self.clock.now(),
                causes=(self.peer.origin, step.checkpoint.size),
            )
            self._record([], [draft])

    # ------------------------------------------------------------------ inside
    def _same(self, position: int, data: bytes) -> bool:
        entry = self.journal.entry(position)
        return entry is not None and entry.envelope == data

    def _ask_agreement(self, fact: Fact) -> None:
        """Authority and rooms. A refusal with a clause goes on record; then it is raised."""
        record = fact.record
        if self.watching is None:
            raise Refused(
                "no agreement is in force yet",
                why="both signatures must stand in both logs",
                do="sign it, and let the nodes exchange their logs",
            )
        kind = self.vocabulary.by_name[record.type]
        try:
            if record.agreement != self.wording:
                raise Refused(
                    "the record does not name the agreement in force",
                    why=f"it names {str(record.agreement)[:12]}, in force is {self.wording[:12]}",
                    do="fetch the status of this node and sign anew",
                )
            decision = admission.power(
                self.rooms,
                self.text,
                self.vocabulary,
                fact,
                watching=self.watching,
                find=self._found,
            )
            if not decision.granted:
                raise Refused(
                    f"{record.party} as {record.acting} may not record {kind.alias} here",
                    why=decision.reason,
                    do="ask the party that may, with `asked`",
                    clause=decision.clause,
                )
            self.rooms.decide(fact, self.watching.duties)
        except Malformed:
            raise
        except Refused as refusal:
            if refusal.clause is not None:
                self._record([], [admission.refusal_draft(fact, refusal, self.clock.now())])
            raise

    def _found(self, record_id: str) -> Fact | None:
        held = self.journal.find(record_id)
        return self.journal.fact(held) if held is not None else None

    def _judge(self, fact: Fact, entry: Entry | None) -> bool:
        """Whether a body of the peer counts; if so it is projected, since the next may need it."""
        if entry is None:
            return True
        counts = admission.of_peer(
            self.rooms,
            self.text,
            self.vocabulary,
            fact,
            open_envelope(entry.envelope),
            mode=self.file.mode,
            now=self.clock.now(),
            watching=self.watching,
            find=self._found,
        )
        if counts:
            self.rooms.project(fact)
        return counts

    def _fact(self, record: Record, openings: Mapping[str, Any]) -> Fact:
        values = {**record.data, **{name: opening[1] for name, opening in openings.items()}}
        alias = self.vocabulary.by_name[record.type].alias
        return Fact(alias=alias, record=record, values=values, log=self.party, position=-1)

    def _next(self, source: str) -> tuple[int, str]:
        number, prev = self._numbers.get(source) or self.journal.last_number(source)
        return number + 1, prev

    def _record(self, signed: list[Signed], drafts: Sequence[Draft] = ()) -> None:
        """Absorb records and all that follows from them, and commit the whole as one.

        A crash before the commit leaves nothing of it. If the commit is refused (a full disk),
        rooms and watch have run ahead of the log, so they are rebuilt from it.
        """
        batch: list[Signed] = []
        queue = list(drafts)
        waiting = list(signed)
        try:
            while waiting or queue:
                if not waiting:
                    draft = queue.pop(0)
                    if self._on_record(draft):
                        continue
                    waiting.append(self._sign_draft(draft))
                envelope, record, openings = waiting.pop(0)
                batch.append((envelope, record, openings))
                fact = self._fact(record, openings)
                self._number(record)
                self.rooms.project(fact)
                self._note_signature(fact)
                if self.watching is not None:
                    queue += self.watching.absorb(fact, self.clock.now())
            entries = [
                (
                    self.journal.make_entry(envelope, record, openings),
                    record,
                    self._fact(record, openings).values,
                )
                for envelope, record, openings in batch
            ]
            facts = self.journal.commit(entries) if entries else []
        except BaseException:
            self._rebuild()
            raise
        self._numbers.clear()
        self._maybe_enact()
        self._tell([fact.record.id for fact in facts])

    def _on_record(self, draft: Draft) -> bool:
        """Whether this very draft is in the log: a restart may draft again what fell before it."""
        held = self.journal.find(draft.id)
        fact = self.journal.fact(held) if held is not None else None
        if fact is None:
            return False
        if fact.alias != draft.alias or fact.record.acting != NODE:
            raise StateUnknown(f"the computed id {draft.id} belongs to another record")
        return fact.record.rev >= draft.rev

    def _number(self, record: Record) -> None:
        digest = hashlib.sha256(record.encode()).hexdigest()
        self._numbers[record.source] = (record.seq, digest)

    def _sign_draft(self, draft: Draft) -> Signed:
        author = self.author(NODE)
        seq, prev = self._next(author.source)
        seen = self.peer.newest() if self.peer else None
        return sign_record(
            self.vocabulary,
            author,
            alias=draft.alias,
            values=draft.values,
            record_id=draft.id,
            seq=seq,
            prev=prev or None,
            time=draft.time,
            mode=self.file.mode,
            salts=self.salts,
            agreement=self.wording if self.in_force else None,
            seen=hashlib.sha256(seen.text.encode()).hexdigest() if seen else None,
            rev=draft.rev,
            replaces=self._replaced(draft),
            basis=draft.basis,
        )

    def _replaced(self, draft: Draft) -> str | None:
        """A revision names the leaf of the revision before it."""
        held = self.journal.find(draft.id) if draft.rev else None
        return leaf_hash(self.journal.leaf(held)).hex() if held is not None else None

    def _countersign(self) -> None:
        """The peer's signature of the same wording is put in this log as well, byte for byte.

        Also done as time passes: a crash between taking the signature in and this costs nothing.
        """
        if self.watching is not None or self.peer is None:
            return
        for fact in self.peer.facts():
            entry = self.peer.entry(fact.position) if fact.alias == "signed" else None
            if entry is None or fact.get("wording") != self.wording:
                continue
            if self.journal.find(fact.record.id) is None:
                envelope = open_envelope(entry.envelope)
                self._record([(envelope, fact.record, dict(entry.sealed))])

    def _maybe_enact(self) -> None:
        if self.watching is None and self._both_signed():
            self.watching = self._enact()
            if self.peer is not None:
                self.peer.ask_again()
            facts = self.facts()
            self._later = self._replay(self.watching, facts)

    def _receipt(self, data: bytes, position: int) -> dict[str, Any]:
        # Receipts are counted apart: their number is the position that they promise.
        author = msgspec.structs.replace(self.author(NODE), source=f"{self.party}/receipts")
        digest = hashlib.sha256(data).hexdigest()
        envelope, _record, _openings = sign_record(
            self.vocabulary,
            author,
            alias="receipt",
            values={
                "submission": digest,
                "origin": self.file.origin,
                "position": position,
                "merge_by": self.clock.now() + SECOND,
            },
            record_id=computed_id("computed", "receipt", digest, position),
            seq=position,
            time=self.clock.now(),
            mode=self.file.mode,
            salts=self.salts,
        )
        return {"position": position, "receipt": envelope.encode().decode()}

    def _tell(self, ids: list[str]) -> None:
        for listener in list(self.listeners):
            listener(ids)

    def close(self) -> None:
        """Close the stores and let the folder go."""
        self.store.close()
        self.desk.close()
        self.folder.unlock()
