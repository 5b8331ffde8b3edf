"""One verdict to one file. Pure: the same inputs give the same bytes."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from safeconduct.evidence.choice import (
    Stretch,
    entry_of,
    first_head,
    keys_file,
    range_file,
    records_file,
    stretch_of,
)
from safeconduct.evidence.pack import bundle
from safeconduct.evidence.view import LogView, held
from safeconduct.evidence.window import SIGHTED, Window, bind, moment, plain, window_of
from safeconduct.kernel.canonical import decode
from safeconduct.kernel.errors import Malformed, Refused
from safeconduct.kernel.instants import MINUTE
from safeconduct.kernel.records import Fact
from safeconduct.kernel.signatures import Key
from safeconduct.kernel.vocabulary import Vocabulary
from safeconduct.ledger.notes import Note
from safeconduct.standards.grammar import parse_rule
from safeconduct.standards.language import (
    Apart,
    Atom,
    Before,
    FromUntil,
    Never,
    Response,
    Rule,
    WhileValid,
    atoms_of,
    trigger_of,
)

VERDICT = "standards.verdict.reached"
SIGNED = "agreement.version.signed"
QUEUE = "queue"
REJOIN = 30 * MINUTE
"""A vehicle seen again within this time had not gone: tracking's rule, and the verifier's."""


class _Found(msgspec.Struct, frozen=True):
    """A record that decides the verdict, and where it stands."""

    log: LogView
    index: int
    fact: Fact


class _Case(msgspec.Struct, frozen=True):
    """The verdict with all that its text in the agreement says about it."""

    text: Mapping[str, Any]
    wording: str
    standard: Mapping[str, Any]
    rule: Rule
    owner: str
    verdict: _Found
    trigger: _Found
    bound: dict[str, Any]
    gap: dict[str, str] | None


def export(
    own: LogView,
    peer: LogView,
    agreement_json: bytes,
    verdict_id: str,
    node_key: Key,
    made_at: int,
    vocabulary: Vocabulary,
) -> bytes:
    """The bundle that shows one verdict to somebody who trusts neither party.

    Args:
        own: the log of the node that makes the bundle.
        peer: its mirror of the other party's log; the verdict stands in either.
        agreement_json: the canonical text that both parties signed.
        verdict_id: id of the verdict's record.
        node_key: the node's key, which signs the manifest.
        made_at: when, in ms.
        vocabulary: the types of records.

    Raises:
        Refused: the verdict is unknown, not enough is cosigned yet, a needed body is withheld
            here, or a record of either log says the opposite.
    """
    logs = {own.party: own, peer.party: peer}
    case = _case(own, peer, agreement_json, verdict_id, vocabulary)
    window = _window(case, logs, vocabulary)
    if window is not None:
        _nothing_against(case, window, logs, vocabulary)
    where = (case.trigger.log.party, case.trigger.index, case.trigger.fact)
    wanted = _wanted(case, logs)
    stretches = (
        {
            party: stretch_of(logs[party], window, where, case.bound, vocabulary, wanted[party])
            for party in window.logs
            if party in logs
        }
        if window
        else {}
    )
    singles = _singles(logs, wanted, stretches)
    fields = frozenset(arg.field for atom in atoms_of(case.rule) for arg in atom.args)
    files = {"agreement/agreement.json": agreement_json}
    closed: list[str] = []
    for party, log in sorted(logs.items()):
        stretch = stretches.get(party)
        opened = set(singles[party]) | (set(stretch.opened) if stretch else set())
        files[f"keys/{party}.json"] = keys_file(log, _signers(log, opened))
        files[f"logs/{party}/records.json"] = records_file(log, singles[party], fields)
        if stretch is not None:
            files[f"logs/{party}/range.json"] = range_file(log, stretch, fields)
        closed += _closed(log, stretch, opened, fields)
    values = case.verdict.fact.values
    claim = {
        "record": verdict_id,
        "standard": values["standard"],
        "version": values["version"],
        "clause": case.standard["clause"],
        "verdict": values["verdict"],
        "about": values["about"],
        "trigger": values["trigger"],
        "deadline": values.get("deadline"),
        "bindings": case.bound,
        "agreement": case.wording,
        **({"gap": case.gap} if case.gap else {}),
    }
    manifest = {
        "mode": case.verdict.fact.record.mode,
        "made_by": own.party,
        "made_at": made_at,
        "claim": claim,
        "owed_by": case.owner,
        "grade": "partner-cosigned",
        "closed": closed,
    }
    return bundle(manifest, files, node_key)


# ---------------------------------------------------------------- the case


def _at(log: LogView, record_id: str) -> _Found | None:
    index = log.find(record_id)
    if index is None:
        return None
    entry_of(log, index, f"the record {record_id}")
    fact = log.fact(index)
    return _Found(log, index, fact) if fact is not None else None


def _find(logs: tuple[LogView, ...], record_id: str, what: str) -> _Found:
    for log in logs:
        found = _at(log, record_id)
        if found is not None:
            return found
    raise Refused(
        f"the {what} {record_id} stands in neither log, as far as they are open here",
        do="ask the other party to produce it",
    )


def _case(
    own: LogView, peer: LogView, agreement_json: bytes, verdict_id: str, vocabulary: Vocabulary
) -> _Case:
    verdict = _at(own, verdict_id) or _at(peer, verdict_id)
    if verdict is None or verdict.fact.record.type != VERDICT:
        raise Refused(
            f"{verdict_id} is no verdict in the log of {own.party}, nor in that of {peer.party}",
            do="list the verdicts, and give the id of one",
        )
    text = decode(agreement_json)
    wording = hashlib.sha256(agreement_json).hexdigest()
    named = verdict.fact.record.agreement
    if named is not None and named != wording:
        raise Refused(
            "the verdict was reached under another version of the agreement",
            why=f"it names {named[:16]}..., and the text given is {wording[:16]}...",
            do="give the text that was in force at the trigger",
        )
    values = verdict.fact.values
    standard = _standard(text, str(values["standard"]), int(values["version"]))
    trigger = _find((own, peer), str(values["trigger"]), "trigger")
    gap: dict[str, str] | None = None
    if values["verdict"] == "cannot_tell":
        ruling, gap = _gap(text, standard, trigger.fact)
        bound: dict[str, Any] = {}
    else:
        ruling = standard
        bound = _bindings(vocabulary, parse_rule(str(ruling["rule"])), trigger.fact)
    if trigger.fact.record.agreement != wording and values["verdict"] == "breached":
        raise Refused(
            f"the trigger {trigger.fact.record.id} does not name this version of the agreement",
            why="nobody can show which version its author was bound by",
        )
    rule = parse_rule(str(ruling["rule"]), str(ruling["id"]))
    owner = _owner(text, str(ruling["owner"]), (own.party, peer.party))
    return _Case(text, wording, standard, rule, owner, verdict, trigger, bound, gap)


def _standard(text: Mapping[str, Any], name: str, version: int) -> Mapping[str, Any]:
    for item in text["standards"]:
        if item["id"] == name and item["version"] == version:
            return dict(item)
    raise Refused(f"the agreement has no standard {name} of version {version}")


def _owner(text: Mapping[str, Any], role: str, known: tuple[str, ...]) -> str:
    party = next((str(item["party"]) for item in text["roles"] if item["id"] == role), None)
    if party is None:
        raise Refused(f"the agreement has no role {role}")
    if party in known:
        return party
    for item in text["parties"]:
        if item["id"] == party and item.get("stand_in") in known:
            return str(item["stand_in"])
    raise Refused(f"{party}, which owes the standard, has no log here")


def _bindings(vocabulary: Vocabulary, rule: Rule, trigger: Fact) -> dict[str, Any]:
    atoms = [trigger_of(rule)]
    if isinstance(rule, (FromUntil, WhileValid)):
        atoms.append(rule.heard)
    for atom in atoms:
        bound = bind(vocabulary, atom, trigger)
        if bound is not None:
            return bound
    raise Refused(
        f"the trigger {trigger.record.id} is no {atoms[0].type} as the rule describes it",
        why="its type, a field that the rule names, or a place differs",
    )


def _gap(
    text: Mapping[str, Any], standard: Mapping[str, Any], trigger: Fact
) -> tuple[Mapping[str, Any], dict[str, str]]:
    """The standard by which the silent post owed its reports, and the post."""
    post = trigger.values.get("post")
    for item in (standard, *text["standards"]):
        try:
            rule = parse_rule(str(item["rule"]))
        except Malformed:
            continue
        if isinstance(rule, (FromUntil, WhileValid)) and rule.heard.type == QUEUE and post:
            return item, {"standard": str(item["id"]), "post": str(post)}
    raise Refused(
        "this verdict cannot be shown to a third party",
        why="it cannot be told, and no standard makes a post report at an interval here",
    )


# ---------------------------------------------------------------- what it rests on


def _window(case: _Case, logs: Mapping[str, LogView], vocabulary: Vocabulary) -> Window | None:
    rule, trigger = case.rule, case.trigger.fact
    if case.gap is not None:
        if not isinstance(rule, (FromUntil, WhileValid)):
            raise Refused("the standard named for the source gap is no periodic one")
        low = _heard(trigger)
        return Window(low, low + rule.every, (case.owner,), (rule.heard,))
    verdict = str(case.verdict.fact.values["verdict"])
    _showable(case, logs, vocabulary)
    starts = None
    begins = {FromUntil: "start", WhileValid: "standing"}.get(type(rule))
    first = trigger_of(rule)
    if begins and verdict == "breached" and bind(vocabulary, first, trigger) is None:
        starts = _begun(case, logs[case.owner], first, vocabulary)
    if isinstance(rule, Before) and verdict == "kept":
        states = [atom for atom in atoms_of(rule) if atom.valid]
        basis = [_find(tuple(logs.values()), ref, "deciding record") for ref in _basis(case)]
        held_since = [
            found.fact.record.time
            for found in basis
            if any(bind(vocabulary, atom, found.fact) is not None for atom in states)
        ]
        starts = min(held_since, default=None)
    return window_of(rule, case.owner, trigger, verdict, starts)


def _basis(case: _Case) -> tuple[str, ...]:
    return case.verdict.fact.record.basis


def _begun(case: _Case, log: LogView, first: Atom, vocabulary: Vocabulary) -> int:
    """When the newest record was made under which the obligation ran at the trigger."""
    time = case.trigger.fact.record.time
    begun = [
        fact.record.time
        for _, fact, _ in held(log)
        if _joins(bind(vocabulary, first, fact), case.bound)
        and fact.record.time <= time
        and (not first.valid or fact.values.get("until", time + 1) > time)
    ]
    if not begun:
        raise Refused("the record at which the obligation began is not held here")
    return max(begun)


def _showable(case: _Case, logs: Mapping[str, LogView], vocabulary: Vocabulary) -> None:
    """Refuse what no bundle of this version can show: that something never was, or a state."""
    if case.verdict.fact.values["verdict"] != "kept":
        return
    if isinstance(case.rule, (Never, Apart)):
        raise Refused(
            "this verdict cannot be shown to a third party",
            why="that something never happened would need the whole of the past",
        )
    if isinstance(case.rule, Response):
        facts = [_find(tuple(logs.values()), ref, "deciding record").fact for ref in _basis(case)]
        acts = [atom for atom in case.rule.answers if not atom.valid]
        if not any(bind(vocabulary, atom, fact) is not None for atom in acts for fact in facts):
            raise Refused(
                "this verdict cannot be shown to a third party",
                why="it is kept by a state that stood, not by an act, and this version shows acts",
            )


def _heard(last: Fact) -> int:
    """When a post was last heard; of one that never was, when its shift began."""
    begins = last.values.get("from")
    late = last.alias == "rostered" and isinstance(begins, int)
    return max(last.record.time, begins) if late and begins else last.record.time


def _joins(one: Mapping[str, Any] | None, other: Mapping[str, Any]) -> bool:
    return one is not None and all(
        plain(name, value) == plain(name, other[name])
        for name, value in one.items()
        if name in other
    )


def _nothing_against(
    case: _Case, window: Window, logs: Mapping[str, LogView], vocabulary: Vocabulary
) -> None:
    """Refuse a breach against which a record stands, even one that came after the first head."""
    plain_breach = case.verdict.fact.values["verdict"] == "breached" and isinstance(
        case.rule, (Response, FromUntil, WhileValid)
    )
    if not plain_breach and case.gap is None:
        return
    low = moment(trigger_of(case.rule).type, case.trigger.fact)
    if isinstance(case.rule, (FromUntil, WhileValid)):
        low = (low if case.gap is None else _heard(case.trigger.fact)) + 1
    acts = [
        atom for atom in window.atoms if not (case.gap is None and atom is trigger_of(case.rule))
    ]
    for log in logs.values():
        for _, fact, _ in held(log):
            for atom in acts:
                there = _joins(bind(vocabulary, atom, fact), case.bound)
                there = there and not _returned(log, atom.type, fact)
                post = case.gap is None or fact.values.get("post") == case.gap["post"]
                if there and post and low <= moment(atom.type, fact) <= window.high:
                    raise Refused(
                        f"record {fact.record.id} ({fact.record.type}) of {log.party} is the act "
                        "that was missed when the verdict was reached",
                        why="a bundle against it would be contradicted",
                        do="revise the verdict",
                    )


def _returned(log: LogView, alias: str, gone: Fact) -> bool:
    """Whether a vehicle that went was seen standing there again so soon that it had not."""
    if alias not in ("left", "moved") or gone.record.type != SIGHTED:
        return False
    return any(
        fact.record.type == SIGHTED
        and fact.values.get("motion") == "stopped"
        and fact.values.get("vehicle") == gone.values.get("vehicle")
        and plain("zone", fact.values.get("zone")) == plain("zone", gone.values.get("zone"))
        and gone.record.time < fact.record.time <= gone.record.time + REJOIN
        for _, fact, _ in held(log)
    )


def _wanted(case: _Case, logs: Mapping[str, LogView]) -> dict[str, set[int]]:
    """Records shown in full whatever the range: signatures, the verdict and what decided it."""
    wanted: dict[str, set[int]] = {party: set() for party in logs}
    for party, log in logs.items():
        signed = [
            index
            for index, fact, _ in held(log)
            if fact.record.type == SIGNED
            and fact.record.party == party  # the other party's stands here too, countersigned
            and fact.values.get("wording") == case.wording
        ]
        if not signed:
            raise Refused(
                f"{party}'s signature under this version of the agreement is not held here"
            )
        wanted[party].add(signed[0])
    wanted[case.verdict.log.party].add(case.verdict.index)
    wanted[case.trigger.log.party].add(case.trigger.index)
    for record_id in case.verdict.fact.record.basis:
        found = _find(tuple(logs.values()), record_id, "deciding record")
        wanted[found.log.party].add(found.index)
    return wanted


def _singles(
    logs: Mapping[str, LogView],
    wanted: Mapping[str, set[int]],
    stretches: Mapping[str, Stretch],
) -> dict[str, dict[int, tuple[int, Note]]]:
    """Single records outside the ranges, each with the first cosigned head that covers it."""
    out: dict[str, dict[int, tuple[int, Note]]] = {}
    for party, indexes in wanted.items():
        stretch = stretches.get(party)
        inside = range(stretch.start, stretch.size) if stretch else range(0)
        out[party] = {
            index: first_head(logs[party], index, "a record that the verdict rests on")
            for index in indexes
            if index not in inside
        }
    return out


def _signers(log: LogView, indexes: set[int]) -> set[str]:
    out = set()
    for index in indexes:
        envelope = decode(entry_of(log, index, "a record").envelope)
        out.add(str(envelope["signatures"][0]["keyid"]))
    return out


def _closed(
    log: LogView, stretch: Stretch | None, opened: set[int], fields: frozenset[str]
) -> list[str]:
    out = []
    if stretch is not None:
        count = stretch.size - stretch.start
        out.append(
            f"log of {log.party}: {count - len(stretch.opened)} of {count} leaves from "
            f"{stretch.start} to {stretch.size} are open to type and join keys only"
        )
    sealed: dict[str, int] = {}
    for index in sorted(opened):
        fact = log.fact(index)
        for name in fact.record.sealed if fact is not None else ():
            if name not in fields:
                sealed[name] = sealed.get(name, 0) + 1
    out += [
        f"log of {log.party}: the field {name} is closed in {count} opened records"
        for name, count in sorted(sealed.items())
    ]
    return out
