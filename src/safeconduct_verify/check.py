"""The checks, in the order in which `docs/protocol/evidence-bundle.md` lists them."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from safeconduct_verify import container, rules
from safeconduct_verify.follow import Proven, Range, Scene, match, source_gap, when_of
from safeconduct_verify.reading import (
    Finding,
    altered,
    contradicted,
    decode,
    malformed,
    not_proven,
    sha256,
    shape,
    unbase64,
)
from safeconduct_verify.records import MANIFEST, Keys, Record, open_envelope, open_full, open_stub
from safeconduct_verify.tree import (
    Note,
    cosigned_at,
    included,
    leaf_hash,
    parse_note,
    parse_proof,
    root_of_range,
    signed_by,
)
from safeconduct_verify.words import TYPES

MODES = ("live", "exercise", "replay")
MAX_OPEN = 5_000
"""Signatures of records checked in one bundle: at about 300 a second, 15 s."""

_PARTY = re.compile(r"[a-z][a-z0-9-]{0,39}")
_NONE = type(None)
_CLAIM: dict[str, type | tuple[type, ...]] = {
    "record": str,
    "standard": str,
    "version": int,
    "clause": str,
    "verdict": str,
    "about": str,
    "trigger": str,
    "deadline": (int, _NONE),
    "bindings": dict,
    "agreement": str,
}


@dataclass
class Report:
    """What the verifier says about a file."""

    result: str = "malformed"
    reasons: list[str] = field(default_factory=list)
    claim: dict[str, Any] | None = None
    mode: str | None = None
    grade: str | None = None
    made_by: str | None = None
    owed_by: str | None = None
    closed: list[str] = field(default_factory=list)
    bracket: dict[str, int] | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Trust:
    """The reader's own anchors: root keys of parties, and the modes that count."""

    roots: dict[str, str]
    modes: tuple[str, ...]


def _instant(value: Any) -> int | None:
    """Milliseconds of an instant in an agreement: a number, a text of ISO 8601, or none."""
    if value is None or type(value) is int:
        return value
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        malformed("an instant in the agreement does not read")
    if moment.tzinfo is None:
        malformed("an instant in the agreement has no time zone")
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def examine(data: bytes, trust: Trust) -> Report:
    """Judge the bytes of a bundle. Never raises for what stands in them."""
    report = Report()
    try:
        _Examination(data, trust, report).run()
        report.result = "proven"
    except Finding as finding:
        report.result = finding.result
        report.reasons.append(finding.reason)
    except RecursionError:
        report.result = "malformed"
        report.reasons.append("the file is nested too deeply")
    return report


class _Examination:
    def __init__(self, data: bytes, trust: Trust, report: Report) -> None:
        self.data, self.trust, self.report = data, trust, report
        self.files: dict[str, bytes] = {}
        self.keys: dict[str, Keys] = {}
        self.origins: dict[str, str] = {}
        self.notes: dict[tuple[str, str], tuple[Note, int]] = {}
        self.records: list[Proven] = []
        self.ranges: dict[str, Range] = {}
        self.opened = 0

    def run(self) -> None:
        self.files = container.read(self.data)
        self.manifest()
        self.agreement()
        self.parties()
        self.signature()
        self.standard = self.standard_of(self.claim["standard"], self.claim["version"])
        if self.mode not in self.trust.modes:
            not_proven(f"the mode is {self.mode}, and the trust file does not accept that mode")
        for party in self.logs:
            self.log(party)
        self.signed_text()
        self.verdict()
        self.follows()

    # ------------------------------------------------------------ the file

    def json(self, name: str) -> Any:
        if name not in self.files:
            malformed(f"the file {name} is missing")
        return decode(self.files[name], name)

    def manifest(self) -> None:
        value = shape(
            self.json("manifest.json"),
            "manifest.json",
            {
                "safeconduct": str,
                "mode": str,
                "made_by": str,
                "made_at": int,
                "claim": dict,
                "owed_by": str,
                "grade": str,
                "closed": list,
                "files": dict,
            },
        )
        if value["safeconduct"] != "evidence/1":
            malformed("the bundle is of another version than evidence/1")
        claim = dict(value["claim"])
        gap = claim.pop("gap", None)
        shape(claim, "the claim", _CLAIM)
        if gap is not None:
            shape(gap, "the source gap of the claim", {"standard": str, "post": str})
        if value["mode"] not in MODES or not all(isinstance(item, str) for item in value["closed"]):
            malformed("manifest.json: the mode is unknown, or closed is not a list of texts")
        listed = value["files"]
        if set(listed) != set(self.files) - {"manifest.json", "manifest.sig"}:
            malformed("the files in the bundle are not those that its manifest lists")
        for name, digest in listed.items():
            if sha256(self.files[name]) != digest:
                altered(f"{name} is not what the manifest says")
        self.mode, self.made_by, self.owed_by = value["mode"], value["made_by"], value["owed_by"]
        self.made_at, self.grade, self.claim, self.gap = (
            value["made_at"],
            value["grade"],
            claim,
            gap,
        )
        report = self.report
        report.claim, report.mode, report.made_by = value["claim"], self.mode, self.made_by
        report.owed_by, report.closed = self.owed_by, value["closed"]

    def agreement(self) -> None:
        self.text = self.json("agreement/agreement.json")
        wording = sha256(self.files["agreement/agreement.json"])
        if self.claim["agreement"] != wording:
            altered("the claim names another agreement than the one in the bundle")
        if not isinstance(self.text, dict):
            malformed("the agreement is not an object")
        roots = {item.get("id"): item.get("root_key") for item in self.items("parties")}
        for party, root in self.trust.roots.items():
            if roots.get(party) != root:
                not_proven(
                    f"the root key of {party} in the agreement is not that of the trust file"
                )

    def items(self, name: str) -> list[dict[str, Any]]:
        value = self.text.get(name)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            malformed(f"the agreement has no list of {name}")
        return value

    def standard_of(self, name: str, version: int | None) -> dict[str, Any]:
        found = [
            item
            for item in self.items("standards")
            if item.get("id") == name and version in (None, item.get("version"))
        ]
        if len(found) != 1:
            contradicted(f"the agreement does not have exactly one standard {name} of that version")
        standard = found[0]
        for part in ("rule", "owner", "clause"):
            if not isinstance(standard.get(part), str):
                malformed(f"the standard {name} has no {part}")
        return standard

    def owner_of(self, standard: dict[str, Any]) -> str:
        parties = [
            str(item.get("party"))
            for item in self.items("roles")
            if item.get("id") == standard["owner"]
        ]
        if len(parties) != 1:
            not_proven(f"the role {standard['owner']}, which owes the standard, is not one party's")
        if parties[0] in self.trust.roots:
            return parties[0]
        stand_in = [
            str(item.get("stand_in"))
            for item in self.items("parties")
            if item.get("id") == parties[0]
        ]
        return stand_in[0] if len(stand_in) == 1 else parties[0]

    def parties(self) -> None:
        self.logs = sorted({name.split("/")[1] for name in self.files if name.startswith("logs/")})
        expected = {"manifest.json", "manifest.sig", "agreement/agreement.json"}
        for party in self.logs:
            if party not in self.trust.roots or not _PARTY.fullmatch(party):
                not_proven(f"the trust file does not name the party {party}")
            envelopes = self.json(f"keys/{party}.json")
            self.keys[party] = Keys(party, self.trust.roots[party], envelopes)
            expected |= {
                f"keys/{party}.json",
                f"logs/{party}/records.json",
                f"logs/{party}/range.json",
            }
        if not set(self.files) <= expected or len(self.logs) < 2:
            malformed("the bundle holds other files than it may, or fewer than two logs")
        if self.made_by not in self.keys:
            malformed("the log of the party that made the bundle is not in it")

    def signature(self) -> None:
        envelope = self.json("manifest.sig")
        payload, signer = open_envelope(envelope, MANIFEST, "the manifest")
        if payload != self.files["manifest.json"]:
            altered("the manifest is not the one that was signed")
        if not self.keys[self.made_by].valid(signer, "node", self.made_at):
            not_proven(f"the manifest is not signed by a node key of {self.made_by}")

    # ------------------------------------------------------------ the logs

    def note(self, party: str, text: Any) -> tuple[Note, int]:
        """A checkpoint of the party's log, and the ms at which the other party cosigned it."""
        if not isinstance(text, str):
            malformed("a checkpoint is not a text")
        if (party, text) in self.notes:
            return self.notes[party, text]
        note = parse_note(text)
        if self.origins.setdefault(party, note.origin) != note.origin:
            not_proven(f"the checkpoints of {party} are of two logs")
        if not note.origin.startswith(f"safeconduct/{party}/"):
            not_proven(f"the checkpoint of {note.origin} is not one of {party}")
        seconds, signed = None, False
        for other in self.keys:
            for key in self.keys[other].of("witness") if other != party else ():
                at = cosigned_at(note, f"{other}/witness", key)
                if at is not None and self.keys[other].valid(key, "witness", at * 1000):
                    seconds = at
        if seconds is None:
            not_proven(f"a checkpoint of {party} lacks the other party's cosignature")
        for key in self.keys[party].of("node"):
            if self.keys[party].valid(key, "node", seconds * 1000) and signed_by(note, key):
                signed = True
        if not signed:
            not_proven(f"a checkpoint of {party} is not signed by the node key of that log")
        self.notes[party, text] = note, seconds * 1000
        return self.notes[party, text]

    def open(self, party: str, leaf: bytes, opening: Any) -> Record:
        self.opened += 1
        if self.opened > MAX_OPEN:
            malformed(f"more than {MAX_OPEN} records are opened")
        record = open_full(leaf, opening)
        if record.mode != self.mode:
            not_proven(
                f"the record {record.id} is of mode {record.mode}, the bundle of {self.mode}"
            )
        self.keys[party].speaks(record)
        return record

    def log(self, party: str) -> None:
        seen = set()
        singles = self.json(f"logs/{party}/records.json")
        if not isinstance(singles, list):
            malformed(f"the records of {party} are not a list")
        for item in singles:
            shape(
                item, "a record's entry", {"index": int, "leaf": str, "opening": dict, "proof": str}
            )
            leaf = unbase64(item["leaf"], "a leaf")
            index, path, text = parse_proof(item["proof"])
            note, cosigned = self.note(party, text)
            if index != item["index"] or index in seen:
                malformed("a record's proof is of another index, or a record stands twice")
            if not included(leaf_hash(leaf), index, note.size, path, note.root):
                altered(f"leaf {index} does not stand in the log of {party} where its proof says")
            seen.add(index)
            record = self.open(party, leaf, item["opening"])
            self.records.append(Proven(record, party, index, cosigned))
        if f"logs/{party}/range.json" in self.files:
            self.range(party, seen)

    def range(self, party: str, seen: set[int]) -> None:
        value = shape(
            self.json(f"logs/{party}/range.json"),
            "a range",
            {"start": int, "peaks": list, "leaves": list, "openings": list, "checkpoint": str},
        )
        start, leaves = value["start"], [unbase64(item, "a leaf") for item in value["leaves"]]
        peaks = [unbase64(item, "a hash of a range") for item in value["peaks"]]
        note, cosigned = self.note(party, value["checkpoint"])
        if start < 0 or len(leaves) != len(value["openings"]) or not leaves:
            malformed("a range does not have one opening for each of its leaves")
        if start + len(leaves) != note.size or root_of_range(start, peaks, leaves) != note.root:
            not_proven(
                f"completeness: the leaves given of the log of {party} are not all of those from "
                f"{start} to its checkpoint of {note.size}"
            )
        stretch = self.ranges[party] = Range(party, start, note.size, cosigned)
        for index, (leaf, opening) in enumerate(zip(leaves, value["openings"], strict=True), start):
            if opening is None:
                stretch.closed.append(index)
            elif isinstance(opening, dict) and set(opening) == {"stub"}:
                stretch.stubs[index] = open_stub(leaf, opening["stub"])
            elif isinstance(opening, dict) and set(opening) == {"full"}:
                if index in seen:
                    malformed("a record stands twice")
                record = self.open(party, leaf, opening["full"])
                stretch.stubs[index] = open_stub(leaf, opening["full"]["stub"])
                stretch.full[index] = Proven(record, party, index, cosigned)
                self.records.append(stretch.full[index])
            else:
                malformed("an opening of a leaf is neither stub nor full nor null")

    # ------------------------------------------------------------ the claim

    def signed_text(self) -> None:
        """Both parties signed this text, each in its own log, by its root key."""
        self.in_force = 0
        for party in self.logs:
            found = [
                item.record
                for item in self.records
                if item.party == party
                and item.record.type == TYPES["signed"]
                and item.record.values.get("wording") == self.claim["agreement"]
                and item.record.signer == self.trust.roots[party]
            ]
            if not found:
                not_proven(f"the agreement is not shown to be signed by {party}'s root key")
            start = found[0].values.get("in_force_from")
            if type(start) is not int:
                malformed("a signature under the agreement does not say from when")
            self.in_force = max(self.in_force, start)

    def find(self, wanted: str, what: str) -> Proven:
        found = [item for item in self.records if item.record.value["id"] == wanted]
        if not found:
            not_proven(f"the {what} {wanted} is not in the bundle")
        if len(found) > 1:
            not_proven(f"two records have the id of the {what}")
        return found[0]

    def verdict(self) -> None:
        item, claim = self.find(self.claim["record"], "verdict"), self.claim
        record = item.record
        if record.type != TYPES["verdict"] or record.acting != "node":
            not_proven("the record of the claim is not a verdict of a node")
        if item.party != self.made_by:
            self.report.notes.append(f"the verdict was reached by the node of {item.party}")
        for name in ("standard", "version", "verdict", "about", "trigger", "deadline"):
            if record.values.get(name) != claim[name]:
                contradicted(f"the claim's {name} is not the verdict's")
        if self.standard["clause"] != claim["clause"]:
            contradicted("the claim names another clause than the standard")
        if claim["clause"] in (self.text.get("open_clauses") or []):
            not_proven(f"the clause {claim['clause']} is still open in this text")
        self.bracket(item.cosigned)

    def bracket(self, at: int) -> None:
        old = self.report.bracket or {"from": at, "to": at}
        self.report.bracket = {"from": min(old["from"], at), "to": max(old["to"], at)}

    def follows(self) -> None:
        claim, gap = self.claim, self.gap
        standard = self.standard if gap is None else self.standard_of(gap["standard"], None)
        rule, owner = rules.parse(standard["rule"]), self.owner_of(standard)
        if owner != self.owed_by:
            contradicted(f"by the agreement {owner} owes this standard, not {self.owed_by}")
        if owner not in self.keys:
            not_proven(f"the log of {owner}, which owed the act, is not in the bundle")
        trigger = self.find(claim["trigger"], "trigger")
        if gap is not None and claim["verdict"] != "cannot_tell":
            contradicted("a source gap is claimed for a verdict that could be told")
        scene = Scene(rule, owner, trigger, self.records, self.ranges)
        self.in_time(standard, when_of(rule.trigger.alias, trigger.record), trigger)
        if gap is not None or claim["verdict"] == "breached":
            self.absence(scene)
        if gap is not None:
            source_gap(scene, gap["post"])
        else:
            env = self.bindings(rule, trigger.record)
            scene.judge(claim["verdict"], env, claim["deadline"])
            if claim["verdict"] == "breached":
                scene.episode()
                scene.undone(claim["standard"], claim["clause"], claim["about"], env)
        if trigger.party != owner:
            self.report.notes.append(f"that it began is the word of {trigger.party}")
        self.bracket(when_of(rule.trigger.alias, trigger.record))
        for item in self.ranges.values():
            self.bracket(item.cosigned)
        self.report.grade = "partner-cosigned"
        if self.grade != self.report.grade:
            not_proven(f"the bundle says its grade is {self.grade[:40]}")

    def in_time(self, standard: dict[str, Any], time: int, trigger: Proven) -> None:
        """The text and the standard were in force at the trigger, and its author knew it so."""
        if time < self.in_force:
            not_proven("the agreement was not yet in force at the trigger")
        named = trigger.record.agreement
        if named is not None and named != self.claim["agreement"]:
            not_proven("the trigger was recorded under another version of the agreement")
        if named is None and self.claim["verdict"] == "breached":
            not_proven("the trigger names no version of the agreement")
        own = standard.get("in_force") or {}
        start, end = (_instant(own.get(name)) for name in ("from", "until"))
        if (start is not None and time < start) or (end is not None and time >= end):
            contradicted("the standard was not in force at the trigger")

    def absence(self, scene: Scene) -> None:
        """The trigger lies inside the range, if both are of one log."""
        stretch = self.ranges.get(scene.trigger.party)
        if stretch is not None and not stretch.start <= scene.trigger.index < stretch.end:
            not_proven(
                f"completeness: the trigger, leaf {scene.trigger.index}, is not in the range "
                f"{stretch.start} to {stretch.end}"
            )

    def bindings(self, rule: rules.Rule, record: Record) -> dict[str, Any]:
        """The variables that the trigger binds; they must be the claim's."""
        atoms = [rule.trigger, *(rule.others if rule.form in ("from", "while") else ())]
        for atom in atoms:
            sure, env = match(atom, record, {})
            if sure:
                if env != self.claim["bindings"]:
                    contradicted("the bindings of the claim are not those of the trigger")
                return env
            if sure is None:
                not_proven("a field of the trigger that the rule names is closed")
        return contradicted("the trigger is not an event that the rule's trigger describes")
