"""Two parties, each with a log, a witness and people: enough to make real records and bundles."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from safeconduct.agreement.records import TYPES as AGREEMENT
from safeconduct.evidence import export
from safeconduct.evidence.pack import bundle
from safeconduct.federation.records import TYPES as FEDERATION
from safeconduct.identity.records import TYPES as IDENTITY
from safeconduct.kernel.canonical import encode
from safeconduct.kernel.ids import record_id
from safeconduct.kernel.records import (
    Fact,
    Record,
    check_record,
    open_fields,
    seal_fields,
    subject_of,
)
from safeconduct.kernel.signatures import Key, seal
from safeconduct.kernel.vocabulary import RecordType, Vocabulary, record_type
from safeconduct.ledger.leaf import Entry, join_keys
from safeconduct.ledger.merkle import Tree, leaf_hash
from safeconduct.ledger.notes import Checkpoint, Note, cosign, sign_checkpoint
from safeconduct.movements.records import TYPES as MOVEMENTS
from safeconduct.registers.records import TYPES as REGISTERS
from safeconduct.review.records import TYPES as REVIEW
from safeconduct.sites.records import TYPES as SITES
from safeconduct.standards.records import TYPES as STANDARDS
from safeconduct.tracking.records import TYPES as TRACKING
from safeconduct.watch.records import TYPES as WATCH
from safeconduct_verify import ed25519, read_trust
from safeconduct_verify.check import Report, examine
from safeconduct_verify.container import read

# A word of the vocabulary that no room declares yet.
WAIVED = record_type(
    "waived",
    "agreement.waiver.entered",
    "a standard is lifted for one subject, for a time, against a measure",
    kinds="N",
    author="node",
    fields="standard!:name about! from:t until:t measure:text approvers:n",
    class_name="owed",
    milestone="full",
)
WORDS = Vocabulary.of(
    (
        *(() if any(item.alias == "waived" for item in AGREEMENT) else (WAIVED,)),
        *AGREEMENT,
        *FEDERATION,
        *IDENTITY,
        *MOVEMENTS,
        *REGISTERS,
        *REVIEW,
        *SITES,
        *STANDARDS,
        *TRACKING,
        *WATCH,
    )
)
START = 1_800_000_000_000
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
SITE = "site:airport"
ZONE = "zone:outer-cordon"
POST = "post:outer-gate"
VEHICLE = "ve_" + "a" * 26
OTHER = "ve_" + "b" * 26
MOVEMENT = "mv_" + "c" * 26

RULES = {
    "cordon-check": (
        "post-commander",
        (
            'when stopped(vehicle, zone="outer-cordon") then within 5 min: '
            "checked(vehicle) or left(vehicle)"
        ),
    ),
    "queue-report": (
        "post-commander",
        "while valid rostered(site, post) need queue(site, post) every 10 min",
    ),
    "escort-strength": (
        "movement-planner",
        "before depart(movement) need at least 2 unit in escort(movement, unit) within 2 h",
    ),
    "two-approvals": (
        "movement-planner",
        (
            'before depart(movement) need approved(about as m, party="host") within 24 h; '
            "need cleared(movement) at least 1 h earlier"
        ),
    ),
    "not-since": (
        "movement-planner",
        "before depart(movement as m) need approved(about as m) not since revoked(about as m)",
    ),
    "radio-check": (
        "movement-planner",
        "from depart(movement) until arrived(movement) need radio(movement) every 15 min",
    ),
    "no-rickshaw": ("movement-planner", 'never assigned(movement, vehicle_type="rickshaw")'),
    "vehicle-reuse": (
        "movement-planner",
        (
            "never assigned(movement, vehicle) within 2 h of assigned(movement as other, vehicle) "
            "where other != movement"
        ),
    ),
    "cleared": ("movement-planner", "before depart(movement) need valid cleared(movement)"),
    "two-people": (
        "movement-planner",
        (
            "before hold_released(hold as h, by as a) need "
            'approved(about as h, party="host", by as b) within 30 min where a != b'
        ),
    ),
    "concern-answered": ("liaison", "when landed(movement) then within 60 min: depart(movement)"),
}


def digest(*parts: Any) -> bytes:
    return hashlib.sha256(repr(parts).encode()).digest()


def key(*parts: Any) -> Key:
    return Key(digest("key", *parts))


@dataclass
class Party:
    name: str
    keys: dict[str, Key] = field(default_factory=dict)

    def key(self, use: str) -> Key:
        return self.keys.setdefault(use, key(self.name, use))

    @property
    def origin(self) -> str:
        return f"safeconduct/{self.name}/{digest(self.name).hex()[:8]}/1"


@dataclass
class Log:
    """One party's log in memory; also the view that `export` reads."""

    owner: Party
    mode: str = "exercise"
    agreement: str | None = None
    entries: list[Entry] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    heads: list[tuple[int, Note, int]] = field(default_factory=list)
    tree: Tree = field(default_factory=Tree)
    bare: set[int] = field(default_factory=set)
    shut: set[int] = field(default_factory=set)

    @property
    def party(self) -> str:
        return self.owner.name

    @property
    def origin(self) -> str:
        return self.owner.origin

    @property
    def size(self) -> int:
        return len(self.entries)

    def leaf(self, index: int) -> bytes:
        return self.entries[index].leaf()

    def entry(self, index: int) -> Entry | None:
        return None if index in self.bare | self.shut else self.entries[index]

    def stub(self, index: int) -> Mapping[str, Any] | None:
        return None if index in self.shut else self.entries[index].stub()

    def fact(self, index: int) -> Fact | None:
        if index in self.bare | self.shut:
            return None
        record, entry = self.records[index], self.entries[index]
        kind = WORDS.by_name[record.type]
        values = open_fields(record, entry.sealed)
        return Fact(alias=kind.alias, record=record, values=values, log=self.party, position=index)

    def cosigned(self) -> list[tuple[int, Note, int]]:
        return self.heads

    def find(self, wanted: str) -> int | None:
        found = [i for i, record in enumerate(self.records) if record.id == wanted]
        return found[-1] if found else None

    def add(self, alias: str, time: int, *, use: str = "person", **values: Any) -> str:
        """Append a record; returns its id."""
        return self.put(WORDS.by_alias[alias], time, use, values)

    def put(self, kind: RecordType, time: int, use: str, given: Mapping[str, Any]) -> str:
        """Append a record signed by the key of that use."""
        values = dict(given)
        extra = {name: values.pop(name) for name in ("replaces", "basis", "err") if name in values}
        made = values.pop("record_id", None) or record_id(digest(self.party, self.size, "id")[:16])
        agreement = values.pop("agreement", self.agreement)
        acting = values.pop("acting", "node" if use == "node" else "guard")
        salts = {f.name: digest(self.party, self.size, f.name)[:16] for f in kind.fields}
        data, sealed, openings = seal_fields(kind, values, salts)
        record = Record(
            id=made,
            type=kind.name,
            mode=self.mode,
            source="node" if use == "node" else "post-1",
            seq=self.size + 1,
            time=time,
            party=self.party,
            acting=acting,
            by=f"{self.party}-{use}",
            subject=subject_of(kind, values) or made,
            class_name=kind.class_name,
            data=data,
            sealed=sealed,
            agreement=agreement,
            **extra,
        )
        check_record(WORDS, record, openings)
        envelope = seal(self.owner.key(use), record.encode())
        entry = Entry(
            envelope.encode(),
            digest(self.party, self.size, "body")[:16],
            digest(self.party, self.size, "keys")[:16],
            kind.name,
            join_keys(kind, record),
            openings,
        )
        self.tree.append(leaf_hash(entry.leaf()))
        self.entries.append(entry)
        self.records.append(record)
        return made

    def head(self, size: int | None = None) -> Note:
        size = self.size if size is None else size
        checkpoint = Checkpoint(self.origin, size, self.tree.root(size))
        return sign_checkpoint(checkpoint, self.owner.key("node"))

    def cosign(self, witness: Party, time: int, size: int | None = None) -> None:
        note = self.head(size)
        line = cosign(note, f"{witness.name}/witness", witness.key("witness"), time // 1000)
        self.heads.append(
            (self.size if size is None else size, note.with_signature(line), time // 1000)
        )


@dataclass
class World:
    """Host and partner with the agreement in force, each log opened by keys and signature."""

    mode: str = "exercise"
    rules: Mapping[str, tuple[str, str]] = field(default_factory=lambda: RULES)
    open_clauses: tuple[str, ...] = ("4.2",)
    more: Mapping[str, Any] = field(default_factory=dict)
    since: int = START - 27 * DAY

    def __post_init__(self) -> None:
        host, partner = Party("host"), Party("partner")
        self.text = {
            "safeconduct": "agreement/1",
            "id": "test",
            "parties": [
                {"id": "host", "root_key": host.key("root").public},
                {"id": "partner", "root_key": partner.key("root").public},
            ],
            "roles": [
                {"id": "post-commander", "party": "host"},
                {"id": "movement-planner", "party": "host"},
                {"id": "liaison", "party": "host"},
            ],
            "standards": [
                {
                    "id": name,
                    "version": 1,
                    "clause": "7.2",
                    "owner": owner,
                    "rule": rule,
                    **self.more,
                }
                for name, (owner, rule) in self.rules.items()
            ],
            "open_clauses": list(self.open_clauses),
        }
        self.agreement = encode(self.text)
        self.wording = hashlib.sha256(self.agreement).hexdigest()
        self.host = Log(host, self.mode, self.wording)
        self.partner = Log(partner, self.mode, self.wording)
        for log in (self.host, self.partner):
            for use in ("node", "witness", "enrolment"):
                enrol(log, use)
            enrol(log, "person", by="enrolment")
            log.add(
                "signed",
                START - 28 * DAY,
                use="root",
                version="1",
                wording=self.wording,
                fingerprint=self.wording,
                in_force_from=self.since,
            )

    @property
    def trust(self) -> dict[str, Any]:
        return {
            "safeconduct": "trust/1",
            "parties": {
                log.party: {"root_key": log.owner.key("root").public}
                for log in (self.host, self.partner)
            },
            "modes": ["exercise", "live"],
        }

    # ------------------------------------------------------------ what happens

    def witness_round(self, time: int) -> None:
        """Each node cosigns the other's head, and puts that on its own record."""
        for log, other in ((self.host, self.partner), (self.partner, self.host)):
            log.cosign(other.owner, time)
            other.add(
                "cosigned",
                time,
                use="node",
                log=log.origin,
                size=log.heads[-1][0],
                root=log.tree.root(log.heads[-1][0]).hex(),
                grade="partner",
            )

    def sighted(
        self, time: int, *, vehicle: str = VEHICLE, motion: str = "stopped", **over: Any
    ) -> str:
        values = {
            "vehicle": vehicle,
            "site": SITE,
            "zone": ZONE,
            "post": POST,
            "motion": motion,
            "vehicle_type": "pickup",
            "first_seen": over.pop("first_seen", time),
            "place": [24_900_000, 67_160_000],
            "plate": "ABC-123",
        }
        log = over.pop("log", self.host)
        return str(log.add("sighted", time, **values, **over))

    def checked(self, time: int, *, vehicle: str = VEHICLE, **over: Any) -> str:
        return str(
            self.host.add(
                "checked",
                time,
                vehicle=vehicle,
                site=SITE,
                zone=ZONE,
                post=POST,
                result="clear",
                **over,
            )
        )

    def queue(self, time: int, **over: Any) -> str:
        return str(
            self.host.add(
                "queue",
                time,
                post=POST,
                site=SITE,
                zone=ZONE,
                waiting=1,
                unchecked=0,
                passed=2,
                oldest=0,
                **over,
            )
        )

    def verdict(
        self,
        standard: str,
        verdict: str,
        trigger: str,
        time: int,
        *,
        deadline: int | None = None,
        log: Log | None = None,
        about: str = VEHICLE,
        basis: tuple[str, ...] = (),
        **over: Any,
    ) -> str:
        values: dict[str, Any] = {
            "standard": standard,
            "about": about,
            "version": 1,
            "verdict": verdict,
            "trigger": trigger,
            "rev": 0,
            "reason": "as the rule says",
        }
        if deadline is not None:
            values["deadline"] = deadline
        return str(
            (log or self.partner).add(
                "verdict", time, use=over.pop("use", "node"), basis=basis, **values, **over
            )
        )

    def breach(self) -> str:
        """A vehicle stops and is not checked; the partner's node finds it. Returns the verdict."""
        self.witness_round(START - 2 * DAY)
        self.sighted(START - HOUR, vehicle=OTHER)
        trigger = self.sighted(START)
        self.checked(START + MINUTE, vehicle=OTHER)
        self.witness_round(START + 2 * MINUTE)
        self.queue(START + 4 * MINUTE)
        self.witness_round(START + 6 * MINUTE)
        self.witness_round(START + 7 * MINUTE)
        verdict = self.verdict(
            "cordon-check",
            "breached",
            trigger,
            START + 7 * MINUTE,
            deadline=START + 5 * MINUTE,
            basis=(trigger,),
        )
        self.witness_round(START + 8 * MINUTE)
        return verdict


def enrol(log: Log, use: str, *, by: str = "root", state: str = "enrolled", **over: Any) -> str:
    """A key record: `use` is the field's name too, so it cannot go through keywords."""
    kind = WORDS.by_alias["key"]
    time = over.pop("time", START - 29 * DAY)
    values = {
        "key": over.pop("public", log.owner.key(use).public),
        "holder": f"{log.party}-{use}",
        "use": use,
        "state": state,
        "from": START - 30 * DAY,
        "until": START + 30 * DAY,
        **over,
    }
    return log.put(kind, time, by, values)


# ---------------------------------------------------------------- exporting, and lying


def made(world: World, verdict: str, *, by: Log | None = None) -> bytes:
    """What the product exports."""
    own = by or world.partner
    peer = world.host if own is world.partner else world.partner
    return export(own, peer, world.agreement, verdict, own.owner.key("node"), START + DAY, WORDS)


def opened(data: bytes) -> dict[str, Any]:
    """A bundle's files as values, to be changed."""
    return {name: json.loads(text) for name, text in read(data).items()}


def remade(world: World, files: Mapping[str, Any], *, by: Log | None = None) -> bytes:
    """Changed files, listed and signed anew by the party that exports: what a liar can do."""
    own = by or world.partner
    manifest = {
        k: v for k, v in files["manifest.json"].items() if k not in ("files", "safeconduct")
    }
    rest = {k: encode(v) for k, v in files.items() if not k.startswith("manifest.")}
    return bundle(manifest, rest, own.owner.key("node"))


ed25519.verify = cache(ed25519.verify)  # the same keys sign the same bytes in test after test


def judged(world: World, data: bytes, **trust: Any) -> Report:
    """What the stand-alone verifier says."""
    return examine(data, read_trust(json.dumps({**world.trust, **trust}).encode()))
