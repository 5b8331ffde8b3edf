"""A breach of the response rule: exported, proven, and every way in which it must not be."""

import base64
import json
import zipfile
from hashlib import sha256

import pytest

from safeconduct.kernel.canonical import encode
from safeconduct.kernel.errors import Refused
from safeconduct.ledger.notes import Checkpoint, cosign, parse_note, sign_checkpoint
from safeconduct.ledger.proof import Proof
from safeconduct_verify import ed25519
from tests.evidence.two_logs import (
    DAY,
    HOUR,
    MINUTE,
    OTHER,
    SECOND,
    START,
    VEHICLE,
    World,
    enrol,
    judged,
    key,
    made,
    opened,
    remade,
)

RANGE = "logs/host/range.json"


@pytest.fixture
def world():
    return World()


@pytest.fixture
def bundle(world):
    return made(world, world.breach())


def test_a_breach_is_proven(world, bundle):
    report = judged(world, bundle)
    assert report.result == "proven", report.reasons
    assert report.grade == "partner-cosigned"
    assert report.mode == "exercise"
    assert report.owed_by == "host"
    assert report.bracket["from"] == START
    assert report.bracket["to"] == START + 8 * MINUTE


def test_the_same_inputs_give_the_same_bytes(bundle):
    again = World()
    assert made(again, again.breach()) == bundle


def test_only_what_is_needed_is_opened(bundle):
    text = bundle.decode("latin-1")
    assert "ABC-123" not in text
    assert "67160000" not in text
    files = opened(bundle)
    full = [item["full"]["stub"]["type"] for item in files[RANGE]["openings"] if "full" in item]
    assert sorted(full) == [
        "federation.checkpoint.cosigned",
        "federation.checkpoint.cosigned",
        "sites.vehicle.sighted",
    ]
    assert any("to type and join keys only" in item for item in files["manifest.json"]["closed"])


def test_the_owing_party_can_export_it_too(world):
    world.witness_round(START - 2 * DAY)
    trigger = world.sighted(START)
    for minute in (6, 7):
        world.witness_round(START + minute * MINUTE)
    verdict = world.verdict(
        "cordon-check",
        "breached",
        trigger,
        START + 7 * MINUTE,
        deadline=START + 5 * MINUTE,
        log=world.host,
    )
    with pytest.raises(Refused, match="wait for the next cosignature"):
        made(world, verdict, by=world.host)
    world.witness_round(START + 8 * MINUTE)
    assert judged(world, made(world, verdict, by=world.host)).result == "proven"


def test_without_an_anchor_the_range_begins_with_the_log(world):
    trigger = world.sighted(START)
    for minute in (6, 7):
        world.witness_round(START + minute * MINUTE)
    verdict = world.verdict(
        "cordon-check", "breached", trigger, START + 7 * MINUTE, deadline=START + 5 * MINUTE
    )
    world.witness_round(START + 8 * MINUTE)
    data = made(world, verdict)
    assert opened(data)[RANGE]["start"] == 0
    assert judged(world, data).result == "proven"


# ---------------------------------------------------------------- what export refuses


def test_an_unknown_verdict_is_refused(world):
    world.breach()
    with pytest.raises(Refused, match="is no verdict in the log of partner"):
        made(world, "r_" + "q" * 26)


def test_too_little_cosigned_is_refused_with_the_newest_head(world):
    trigger = world.sighted(START)
    world.witness_round(START + 3 * MINUTE)
    verdict = world.verdict(
        "cordon-check", "breached", trigger, START + 6 * MINUTE, deadline=START + 5 * MINUTE
    )
    with pytest.raises(Refused, match=r"the newest covers \d+ leaves of host .* deadline was"):
        made(world, verdict)


def test_a_withheld_trigger_is_refused(world):
    verdict = world.breach()
    world.host.bare.add(world.host.find(world.partner.records[-2].data["trigger"]))
    with pytest.raises(Refused, match="withheld here"):
        made(world, verdict)


def test_withheld_bodies_with_their_stubs_are_enough(world):
    verdict = world.breach()
    other = [i for i, r in enumerate(world.host.records) if r.data.get("vehicle") == OTHER]
    world.host.bare |= set(other)
    assert judged(world, made(world, verdict)).result == "proven"


def test_a_leaf_without_its_stub_is_refused(world):
    verdict = world.breach()
    world.host.shut |= {
        i for i, r in enumerate(world.host.records) if r.data.get("vehicle") == OTHER
    }
    with pytest.raises(Refused, match="leaves of the log of host are closed here"):
        made(world, verdict)


def test_a_check_that_came_late_stops_the_export(world):
    verdict = world.breach()
    world.checked(START + 2 * MINUTE)
    with pytest.raises(Refused, match="is the act that was missed"):
        made(world, verdict)


def test_a_trigger_without_its_agreement_is_refused(world):
    world.witness_round(START - 2 * DAY)
    trigger = world.sighted(START, agreement=None)
    for minute in (6, 7):
        world.witness_round(START + minute * MINUTE)
    verdict = world.verdict(
        "cordon-check", "breached", trigger, START + 7 * MINUTE, deadline=START + 5 * MINUTE
    )
    with pytest.raises(Refused, match="does not name this version"):
        made(world, verdict)


# ---------------------------------------------------------------- what the verifier refuses


def _drop(files, index):
    stretch = files[RANGE]
    at = index - stretch["start"]
    del stretch["leaves"][at], stretch["openings"][at]


def _forged(world, data, change):
    files = opened(data)
    change(files)
    return judged(world, remade(world, files))


def test_a_dropped_leaf_is_incomplete(world, bundle):
    report = _forged(world, bundle, lambda files: _drop(files, files[RANGE]["start"] + 2))
    assert report.result == "not_proven"
    assert report.reasons[0].startswith("completeness")


def test_a_closed_leaf_is_incomplete(world, bundle):
    def close(files):
        files[RANGE]["openings"][1] = None

    report = _forged(world, bundle, close)
    assert (report.result, report.reasons[0][:12]) == ("not_proven", "completeness")


def _framed(*, first=None, checks=((2, VEHICLE),)):
    """A host that checked, and a partner that made its bundle as if it had not."""
    world = World()
    world.witness_round(START - 2 * DAY)
    trigger = world.sighted(START)
    for minute, vehicle in checks:
        world.checked(START + minute * MINUTE, vehicle=vehicle)
    for minute in (6, 7):
        world.witness_round(START + minute * MINUTE)
    verdict = world.verdict(
        "cordon-check", "breached", trigger, START + 7 * MINUTE, deadline=START + 5 * MINUTE
    )
    world.witness_round(START + 8 * MINUTE)
    return world, verdict


def _lied(world, verdict, monkeypatch):
    monkeypatch.setattr("safeconduct.evidence.exporting._nothing_against", lambda *_: None)
    return made(world, verdict)


def test_a_check_in_the_range_contradicts(monkeypatch):
    world, verdict = _framed()
    with pytest.raises(Refused, match="is the act"):
        made(world, verdict)
    report = judged(world, _lied(world, verdict, monkeypatch))
    assert report.result == "contradicted", report.reasons


@pytest.mark.parametrize("how", ["dropped", "stub", "null"])
def test_a_check_that_is_hidden_is_incomplete(monkeypatch, how):
    world, verdict = _framed()
    data = _lied(world, verdict, monkeypatch)

    def hide(files):
        stretch = files[RANGE]
        at = next(
            i
            for i, o in enumerate(stretch["openings"])
            if "full" in o and o["full"]["stub"]["type"] == "sites.vehicle.checked"
        )
        if how == "dropped":
            del stretch["leaves"][at], stretch["openings"][at]
        elif how == "stub":
            stretch["openings"][at] = {"stub": stretch["openings"][at]["full"]["stub"]}
        else:
            stretch["openings"][at] = None

    report = _forged(world, data, hide)
    assert report.result == "not_proven"
    assert report.reasons[0].startswith("completeness")


def test_another_stub_in_its_place_is_altered(monkeypatch):
    world, verdict = _framed()
    data = _lied(world, verdict, monkeypatch)

    def swap(files):
        for opening in files[RANGE]["openings"]:
            if "full" in opening and opening["full"]["stub"]["type"] == "sites.vehicle.checked":
                opening["stub"] = opening.pop("full")["stub"]
                opening["stub"]["keys"]["vehicle"] = OTHER

    assert _forged(world, data, swap).result == "altered"


def _stretch(world, start, size, seconds):
    """A range of the host's log from any leaf to any head, cosigned at any second."""
    note = world.host.head(size)
    line = cosign(note, "partner/witness", world.partner.owner.key("witness"), seconds)
    return {
        "start": start,
        "peaks": [base64.b64encode(p).decode() for p in world.host.tree.peaks(start)],
        "leaves": [base64.b64encode(world.host.leaf(i)).decode() for i in range(start, size)],
        "openings": [{"full": world.host.entries[i].full(frozenset())} for i in range(start, size)],
        "checkpoint": note.with_signature(line).encode(),
    }


def _with_stretch(world, data, start, size, seconds):
    files = opened(data)
    stretch = _stretch(world, start, size, seconds)
    inside = range(start, size)
    singles = [item for item in files["logs/host/records.json"] if item["index"] not in inside]
    return judged(
        world, remade(world, {**files, RANGE: stretch, "logs/host/records.json": singles})
    )


def test_a_head_from_before_the_check_with_a_false_second_is_incomplete(world, monkeypatch):
    world.witness_round(START - 2 * DAY)
    trigger = world.sighted(START)
    before = world.host.size
    world.checked(START + 4 * MINUTE)
    for minute in (6, 7):
        world.witness_round(START + minute * MINUTE)
    verdict = world.verdict(
        "cordon-check", "breached", trigger, START + 7 * MINUTE, deadline=START + 5 * MINUTE
    )
    world.witness_round(START + 8 * MINUTE)
    data = _lied(world, verdict, monkeypatch)
    report = _with_stretch(world, data, 5, before, (START + 6 * MINUTE) // 1000)
    assert (report.result, report.reasons[0][:12]) == ("not_proven", "completeness")


def test_a_range_that_starts_too_late_is_incomplete(world, monkeypatch):
    """The check went on record before the sighting did, as a late sighting makes happen."""
    world.witness_round(START - 2 * DAY)
    world.checked(START + 2 * MINUTE)
    trigger = world.sighted(START + 3 * MINUTE, first_seen=START)
    for minute in (6, 7):
        world.witness_round(START + minute * MINUTE)
    verdict = world.verdict(
        "cordon-check", "breached", trigger, START + 7 * MINUTE, deadline=START + 5 * MINUTE
    )
    world.witness_round(START + 8 * MINUTE)
    data = _lied(world, verdict, monkeypatch)
    assert judged(world, data).result == "contradicted"
    at = world.host.find(trigger)
    size = opened(data)[RANGE]["start"] + len(opened(data)[RANGE]["leaves"])
    report = _with_stretch(world, data, at, size, (START + 7 * MINUTE) // 1000)
    assert (report.result, report.reasons[0][:12]) == ("not_proven", "completeness")


def test_a_cosignature_before_the_deadline_is_too_early(world, bundle):
    size = opened(bundle)[RANGE]["start"] + len(opened(bundle)[RANGE]["leaves"])
    start = opened(bundle)[RANGE]["start"]
    report = _with_stretch(world, bundle, start, size, (START + 5 * MINUTE) // 1000)
    assert "cosigned before the window ends" in report.reasons[0]


def test_without_a_cosignature_nothing_is_proven(world, bundle):
    def strip(files):
        note = parse_note(files[RANGE]["checkpoint"])
        files[RANGE]["checkpoint"] = type(note)(note.text, note.signatures[:1]).encode()

    report = _forged(world, bundle, strip)
    assert (report.result, "lacks the other party's cosignature" in report.reasons[0]) == (
        "not_proven",
        True,
    )


@pytest.mark.parametrize("wrong", ["key", "name", "self"])
def test_a_cosignature_by_anybody_else_does_not_count(world, bundle, wrong):
    def swap(files):
        note = parse_note(files[RANGE]["checkpoint"])
        bare = type(note)(note.text, note.signatures[:1])
        who = {
            "key": ("partner/witness", key("nobody")),
            "name": ("host/witness", world.partner.owner.key("witness")),
            "self": ("host/witness", world.host.owner.key("witness")),
        }[wrong]
        line = cosign(bare, *who, (START + 7 * MINUTE) // 1000)
        files[RANGE]["checkpoint"] = bare.with_signature(line).encode()

    assert _forged(world, bundle, swap).result == "not_proven"


def test_another_agreement_is_refused(world, bundle):
    def amend(files):
        files["agreement/agreement.json"]["standards"][0]["rule"] = (
            "when stopped(vehicle) then within 1 min: checked(vehicle)"
        )

    assert _forged(world, bundle, amend).result == "altered"


def test_an_agreement_that_the_host_did_not_sign_is_refused(world, bundle):

    def amend(files):
        text = files["agreement/agreement.json"]
        text["standards"][0]["rule"] = "when stopped(vehicle) then within 1 min: checked(vehicle)"
        files["manifest.json"]["claim"]["agreement"] = sha256(encode(text)).hexdigest()

    report = _forged(world, bundle, amend)
    assert (report.result, "signed by host's root key" in report.reasons[0]) == ("not_proven", True)


def test_a_root_key_that_the_reader_does_not_trust_is_refused(world, bundle):
    parties = {**world.trust["parties"], "host": {"root_key": key("other").public}}
    report = judged(world, bundle, parties=parties)
    assert (report.result, "root key of host" in report.reasons[0]) == ("not_proven", True)


def test_a_mode_that_the_reader_does_not_accept_is_refused(world, bundle):
    report = judged(world, bundle, modes=["live"])
    assert (report.result, "mode is exercise" in report.reasons[0]) == ("not_proven", True)


def test_a_record_of_another_log_does_not_fit(world, bundle):
    other = World()
    other.sighted(START - 5 * DAY)
    foreign = opened(made(other, other.breach()))

    def transplant(files):
        files[RANGE]["openings"][2] = foreign[RANGE]["openings"][1]

    assert _forged(world, bundle, transplant).result in ("altered", "not_proven")


def test_a_verdict_by_a_person_has_no_power(world):
    world.witness_round(START - 2 * DAY)
    trigger = world.sighted(START)
    for minute in (6, 7):
        world.witness_round(START + minute * MINUTE)
    verdict = world.verdict(
        "cordon-check",
        "breached",
        trigger,
        START + 7 * MINUTE,
        deadline=START + 5 * MINUTE,
        use="person",
        acting="node",
    )
    world.witness_round(START + 8 * MINUTE)
    report = judged(world, made(world, verdict))
    assert (report.result, "had no power" in report.reasons[0]) == ("not_proven", True)


def test_a_key_that_has_ended_has_no_power(world):
    world.breach()
    enrol(world.host, "person", by="enrolment", state="ended", **{"from": START - DAY})
    verdict = next(r.id for r in world.partner.records if r.type == "standards.verdict.reached")
    report = judged(world, made(world, verdict))
    assert (report.result, "had no power" in report.reasons[0]) == ("not_proven", True)


def test_a_later_sighting_of_the_same_stay_starts_no_clock(world, monkeypatch):
    world.witness_round(START - 2 * DAY)
    world.sighted(START - 20 * MINUTE)
    world.checked(START - 18 * MINUTE)
    trigger = world.sighted(START)
    for minute in (6, 7):
        world.witness_round(START + minute * MINUTE)
    verdict = world.verdict(
        "cordon-check", "breached", trigger, START + 7 * MINUTE, deadline=START + 5 * MINUTE
    )
    world.witness_round(START + 8 * MINUTE)
    report = judged(world, made(world, verdict))
    assert (report.result, "began this stay" in report.reasons[0]) == ("not_proven", True)


def test_an_act_within_clock_error_of_the_deadline_is_no_breach(world):
    world.witness_round(START - 2 * DAY)
    trigger = world.sighted(START)
    world.checked(START + 5 * MINUTE + 2 * SECOND, err=3 * SECOND)
    for minute in (6, 7):
        world.witness_round(START + minute * MINUTE)
    verdict = world.verdict(
        "cordon-check", "breached", trigger, START + 7 * MINUTE, deadline=START + 5 * MINUTE
    )
    world.witness_round(START + 8 * MINUTE)
    report = judged(world, made(world, verdict))
    assert (report.result, "clock error" in report.reasons[0]) == ("not_proven", True)


@pytest.mark.parametrize(
    "field, value",
    [
        ("deadline", START),
        ("about", "x"),
        ("standard", "queue-report"),
        ("version", 2),
        ("clause", "1.1"),
        ("verdict", "kept"),
        ("bindings", {}),
        ("bindings", {"vehicle": OTHER}),
    ],
)
def test_a_claim_that_is_not_the_verdict_s_is_refused(world, bundle, field, value):
    def change(files):
        files["manifest.json"]["claim"][field] = value

    assert _forged(world, bundle, change).result in ("contradicted", "not_proven")


def test_a_manifest_signed_by_the_wrong_key_is_refused(world, bundle):
    files = opened(bundle)
    world.partner.owner.keys["node"] = key("thief")
    report = judged(world, remade(world, files))
    assert report.result == "not_proven"


def test_a_live_bundle_is_called_so():
    world = World(mode="live")
    report = judged(world, made(world, world.breach()))
    assert (report.result, report.mode) == ("proven", "live")


def test_few_signatures_are_checked_for_a_small_bundle(world, bundle, monkeypatch):
    count, real = [0], ed25519.verify

    def counting(*args):
        count[0] += 1
        return real(*args)

    monkeypatch.setattr(ed25519, "verify", counting)
    assert judged(world, bundle).result == "proven"
    assert count[0] < 40


def test_the_bundle_is_json_in_a_plain_zip(bundle, tmp_path):

    path = tmp_path / "x.scb"
    path.write_bytes(bundle)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert json.loads(archive.read("manifest.json"))["safeconduct"] == "evidence/1"
        assert {item.compress_type for item in archive.infolist()} == {zipfile.ZIP_STORED}
    assert HOUR


def test_the_other_party_s_own_verdict_can_be_taken_home(world):
    world.witness_round(START - 2 * DAY)
    trigger = world.sighted(START)
    for minute in (6, 7):
        world.witness_round(START + minute * MINUTE)
    verdict = world.verdict(
        "cordon-check",
        "breached",
        trigger,
        START + 7 * MINUTE,
        deadline=START + 5 * MINUTE,
        log=world.host,
    )
    world.witness_round(START + 8 * MINUTE)
    report = judged(world, made(world, verdict))
    assert (report.result, report.made_by) == ("proven", "partner")
    assert report.notes == ["the verdict was reached by the node of host"]


@pytest.mark.parametrize("how", ["path", "index", "leaf"])
def test_a_record_that_its_proof_does_not_show_is_altered(world, bundle, how):
    def change(files):
        record = files["logs/partner/records.json"][-1]
        lines = record["proof"].split("\n")
        if how == "path":
            lines[2] = base64.b64encode(bytes(32)).decode()
        elif how == "index":
            record["index"] -= 1
            lines[1] = f"index {record['index']}"
        else:
            foreign = world.partner.entries[-1]
            record["leaf"] = base64.b64encode(foreign.leaf()).decode()
        record["proof"] = "\n".join(lines)

    assert _forged(world, bundle, change).result == "altered"


def test_heads_of_two_logs_of_one_party_are_refused(world, bundle):
    """The host's other log has a head as well, cosigned like this one."""
    origin = world.host.origin[:-1] + "2"
    head = Checkpoint(origin, 1, world.host.tree.root(1))
    note = sign_checkpoint(head, world.host.owner.key("node"))
    witness = world.partner.owner.key("witness")
    line = cosign(note, "partner/witness", witness, START // 1000)
    proof = Proof(0, (), note.with_signature(line)).encode()
    entry = world.host.entries[0]

    def add(files):
        files["logs/host/records.json"].insert(
            0,
            {
                "index": 0,
                "leaf": base64.b64encode(entry.leaf()).decode(),
                "opening": entry.full(frozenset()),
                "proof": proof,
            },
        )

    report = _forged(world, bundle, add)
    assert (report.result, "are of two logs" in report.reasons[0]) == ("not_proven", True)
