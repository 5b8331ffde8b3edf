"""States that stand for a while: rosters that oblige, clearances that allow, and two people."""

import pytest
from msgspec import structs

from safeconduct.kernel.canonical import decode
from safeconduct.kernel.errors import Refused
from safeconduct.ledger.notes import Checkpoint, cosign, sign_checkpoint
from tests.evidence.test_patterns import depart, judge
from tests.evidence.two_logs import (
    DAY,
    HOUR,
    MINUTE,
    MOVEMENT,
    POST,
    SITE,
    START,
    World,
    enrol,
    judged,
    key,
    made,
    opened,
    remade,
)

HOLD = "ho_" + "a" * 26


@pytest.fixture
def world():
    out = World()
    out.witness_round(START - 5 * DAY)
    return out


def rostered(world, time, *, begins=None, until=START + DAY, shift="a"):
    values = {"from": time if begins is None else begins, "until": until}
    return world.host.add(
        "rostered",
        time,
        shift="sh_" + shift * 26,
        post=POST,
        site=SITE,
        person="pe_" + "a" * 26,
        role="guard",
        **values,
    )


def _silent(world, trigger, deadline, now=START + 15 * MINUTE):
    return judge(world, "queue-report", "breached", trigger, now, deadline=deadline, about=POST)


def test_a_rostered_post_that_does_not_report_is_proven(world):
    trigger = rostered(world, START)
    assert _silent(world, trigger, START + 10 * MINUTE).result == "proven"


def test_a_shift_to_come_owes_from_its_beginning(world):
    trigger = rostered(world, START - HOUR, begins=START)
    assert _silent(world, trigger, START + 10 * MINUTE).result == "proven"


def test_silence_after_a_report_is_proven(world):
    rostered(world, START - HOUR)
    trigger = world.queue(START)
    assert _silent(world, trigger, START + 10 * MINUTE).result == "proven"


@pytest.mark.parametrize("how", ["over", "revoked", "newer", "later"])
def test_a_post_that_need_not_report_any_more_is_not(world, how):
    begins = START + MINUTE if how == "later" else START - HOUR
    until = START + 9 * MINUTE if how == "over" else START + DAY
    roster = rostered(world, START - HOUR, begins=begins, until=until)
    trigger = world.queue(START)
    if how == "revoked":
        world.host.add("revoked", START + MINUTE, of=roster, about="sh_" + "b" * 26, reason="x")
    if how == "newer":
        rostered(world, START + MINUTE, begins=START + DAY, until=START + 2 * DAY)
    assert _silent(world, trigger, START + 10 * MINUTE).result == "not_proven"


def test_a_report_contradicts(world):
    trigger = rostered(world, START)
    world.queue(START + 10 * MINUTE)
    with pytest.raises(Refused, match="is the act"):
        _silent(world, trigger, START + 10 * MINUTE)


@pytest.mark.parametrize("how, result", [
    ("stands", "proven"), ("over", "not_proven"),
    ("revoked", "not_proven"), ("newer", "not_proven"),
])  # fmt: skip
def test_a_clearance_allows_while_it_stands(world, how, result):
    values = {"movement": MOVEMENT, "district": "coast", "authority": "a"}
    until = START - MINUTE if how == "over" else START + DAY
    clearance = world.host.add("cleared", START - 2 * HOUR, until=until, **values)
    if how == "revoked":
        world.host.add("revoked", START - HOUR, of=clearance, about=MOVEMENT, reason="x")
    if how == "newer":
        world.host.add("cleared", START - HOUR, until=START - MINUTE, **values)
    trigger = depart(world)
    report = judge(world, "cleared", "kept", trigger, START + MINUTE, basis=(clearance, trigger))
    assert report.result == result, report.reasons


@pytest.mark.parametrize("other, verdict, result", [
    (True, "kept", "proven"), (False, "kept", "not_proven"),
    (True, "breached", "contradicted"), (False, "breached", "proven"),
])  # fmt: skip
def test_two_people_or_one(world, other, verdict, result):
    """In this world whoever signs with the node's key is somebody else than the person."""
    use = {"use": "device"} if other else {}
    enrol(world.host, "device", by="enrolment")
    yes = world.host.add("approved", START - MINUTE, of="r_" + "a" * 26, about=HOLD, **use)
    trigger = world.host.add("hold_released", START, hold=HOLD, reason="clear")
    report = judge(
        world, "two-people", verdict, trigger, START + MINUTE, basis=(yes, trigger), about=HOLD
    )
    assert report.result == result, report.reasons


# ---------------------------------------------------------------- whose keys


def test_a_node_key_that_the_root_did_not_enrol_has_no_power():
    world = World()
    for log in (world.host, world.partner):
        log.owner.keys["node"] = key(log.party, "second node")
        enrol(log, "node", by="enrolment")
    report = judged(world, made(world, world.breach()))
    assert (report.result, "not enrolled by a key" in report.reasons[0]) == ("not_proven", True)


def test_a_person_s_key_that_nobody_enrolled_has_no_power():
    world = World()
    world.host.owner.keys["person"] = key("nobody")
    report = judged(world, made(world, world.breach()))
    assert (report.result, "had no power" in report.reasons[0]) == ("not_proven", True)


def test_a_head_that_the_other_party_signed_itself_is_refused():
    world = World()
    files = opened(made(world, world.breach()))
    stretch = files["logs/host/range.json"]
    size = stretch["start"] + len(stretch["leaves"])
    head = Checkpoint(world.host.origin, size, world.host.tree.root(size))
    note = sign_checkpoint(head, world.partner.owner.key("node"))
    witness = world.partner.owner.key("witness")
    line = cosign(note, "partner/witness", witness, (START + 7 * MINUTE) // 1000)
    stretch["checkpoint"] = note.with_signature(line).encode()
    report = judged(world, remade(world, files))
    assert (report.result, "node key of that log" in report.reasons[0]) == ("not_proven", True)


def test_an_agreement_signed_by_a_node_alone_binds_nobody():
    world = World()
    for log in (world.host, world.partner):
        entry, record = log.entries[4], log.records[4]
        assert record.type == "agreement.version.signed"
        log.entries.pop()
        log.records.pop()
        log.tree.truncate(4)
        assert entry
        log.add("signed", record.time, use="node", **dict(record.data))
    report = judged(world, made(world, world.breach()))
    assert (report.result, "root key" in report.reasons[0]) == ("not_proven", True)


def test_a_departure_in_the_other_party_s_log_binds_nobody():
    world = World()
    world.witness_round(START - 5 * DAY)
    trigger = world.partner.add("depart", START, movement=MOVEMENT, persons=2, vehicles=2)
    report = judge(world, "escort-strength", "breached", trigger, START + MINUTE)
    assert (report.result, "word of partner" in report.reasons[0]) == ("not_proven", True)


def test_nothing_is_owed_before_the_agreement_is_in_force():
    world = World(since=START + DAY)
    report = judged(world, made(world, world.breach()))
    assert (report.result, "not yet in force" in report.reasons[0]) == ("not_proven", True)


@pytest.mark.parametrize("how", ["body", "field"])
def test_an_opening_that_is_not_the_leaf_s_is_altered(how):
    """The same type and keys, another body; or another value for a field that was sealed."""
    world = World()
    world.sighted(START - 3 * DAY)
    files = opened(made(world, world.breach()))
    for opening in files["logs/host/range.json"]["openings"]:
        full = opening.get("full", {"stub": {"type": ""}})
        if full["stub"]["type"] == "sites.vehicle.sighted":
            if how == "body":
                full["envelope"] = decode(world.host.entries[5].envelope)
            else:
                full["sealed"]["plate"] = ["00" * 16, "XYZ-789"]
    assert judged(world, remade(world, files)).result == "altered"


def test_the_agreement_says_who_owed_it():
    world = World()
    files = opened(made(world, world.breach()))
    files["manifest.json"]["owed_by"] = "partner"
    report = judged(world, remade(world, files))
    assert (report.result, "host owes" in report.reasons[0]) == ("contradicted", True)


def test_a_trigger_under_another_version_is_refused(monkeypatch):
    world = World()
    world.host.agreement = "0" * 64
    verdict = world.breach()
    with pytest.raises(Refused, match="does not name this version"):
        made(world, verdict)
    fact, wording = world.host.fact, world.wording

    def lied(index):
        found = fact(index)
        record = structs.replace(found.record, agreement=wording)
        return structs.replace(found, record=record)

    monkeypatch.setattr(world.host, "fact", lied)
    report = judged(world, made(world, verdict))
    assert (report.result, "another version" in report.reasons[0]) == ("not_proven", True)
