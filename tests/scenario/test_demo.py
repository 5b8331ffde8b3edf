"""The demo as a stranger runs it: one run, and everything that the issue promises of it."""

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from safeconduct.cli.demo import scenario_folder
from safeconduct.cli.main import run as command
from safeconduct.kernel.instants import MINUTE
from safeconduct.ledger.notes import parse_checkpoint
from safeconduct.node.clocks import DrivenClock
from safeconduct.node.folder import Folder
from safeconduct.node.node import Node
from safeconduct.node.stores.desk import DeskStore
from safeconduct.testing.player import Player
from safeconduct.testing.script import Drive, load
from safeconduct.testing.stage import make_root
from tests.scenario import bytesearch

PLAYS = ("as_reported", "with_system", "guard_silent")
PARTIES = ("host", "partner")
FOLDERS = [(play, party) for play in PLAYS for party in PARTIES]
CORDON = ("cordon-check", "cordon-hold", "longest-stay")
PLATES = ("EX-PICK-40", "EX-BUS-07", "EX-ESC-01", "EX-ESC-02")
ITINERARY = ("terminal two", "the plant")


def started(module, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ran(module, *arguments):
    process = started(module, *arguments)
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in out + err
    return process.returncode, out, err


def demo(out, seed):
    return started("safeconduct", "demo", "--headless", "--speed", "max", "--out", out,
                   "--seed", seed)  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One run, and a second one of the same seed beside it."""
    base = tmp_path_factory.mktemp("demo")
    first, again = demo(base / "first", 7), demo(base / "again", 7)
    out, err = first.communicate(timeout=150)
    assert first.returncode == 0, err
    _, err_again = again.communicate(timeout=150)
    assert again.returncode == 0, err_again
    return {"out": base / "first", "again": base / "again", "said": out + err}


@pytest.fixture(scope="module")
def out(run):
    return run["out"]


@pytest.fixture(scope="module")
def summary(out):
    return json.loads((out / "summary.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def scenario():
    return load(scenario_folder())


@pytest.fixture(scope="module")
def logs(out):
    """Facts of each party's own log, by play and party."""
    found = {}
    for play, party in FOLDERS:
        node = opened(out, play, party)
        found[play, party] = node.journal.facts()
        node.close()
    return found


@pytest.fixture(scope="module")
def points(scenario):
    """Every true position of the exercise: the ways, the gates, the pick-up."""
    track = [seen.point for way in ("recorded", "mirrored") for seen in scenario.ground.track(way)]
    track += [scenario.ground.gate(scenario.gate_row, way) for way in ("recorded", "mirrored")]
    track += [scenario.ground.beside(scenario.gate_row, scenario.pickup_off_m)]
    return [(point.lat, point.lon) for point in track]


def opened(out, play, party):
    return Node(Folder(out / play / party), clock=DrivenClock(0), read_only=True)


def of(facts, alias, **values):
    return [
        fact
        for fact in facts
        if fact.alias == alias and all(fact.get(name) == item for name, item in values.items())
    ]


def listed(out, play, party="host"):
    code, said, _ = ran("safeconduct", "evidence", "list", "--data", out / play / party, "--json")
    assert code == 0
    return [json.loads(line) for line in said.splitlines()]


# ---------------------------------------------------------------- what it leaves
def test_it_leaves_what_it_says(out):
    assert {path.name for path in out.iterdir()} == {
        *PLAYS, "evidence.scb", "trust.json", "summary.json",
    }  # fmt: skip
    for play, party in FOLDERS:
        assert (out / play / party / "node.json").is_file()


def test_it_ends_in_time(summary):
    """Two of them ran side by side here; alone it has a minute."""
    assert 0 < summary["elapsed_s"] < 120


def test_the_summary_has_its_shape(summary):
    assert set(summary) == {*PLAYS, "nodes", "elapsed_s"}
    for play in PLAYS:
        row = summary[play]
        assert set(row) == {
            "contact", "first_alarm_min_before_contact", "hold_min_before_contact", "verdicts",
            "alerts",
        }  # fmt: skip
        assert isinstance(row["contact"], bool)
        assert set(row["verdicts"]) == {"kept", "breached", "cannot_tell"}
        assert all(isinstance(count, int) for count in row["verdicts"].values())
        assert row["alerts"]
        assert all(re.fullmatch(r"al_[a-z2-7]{26}", alert) for alert in row["alerts"])
    assert set(summary["nodes"]) == set(PLAYS)


def test_as_reported_nobody_is_alarmed_before_contact(summary):
    row = summary["as_reported"]
    assert row["contact"] is True
    assert row["first_alarm_min_before_contact"] is None
    assert row["hold_min_before_contact"] is None


def test_with_the_system_the_alarm_comes_35_and_the_hold_25_minutes_before(summary):
    row = summary["with_system"]
    assert row["contact"] is False
    assert row["first_alarm_min_before_contact"] == pytest.approx(35, abs=0.5)
    assert row["hold_min_before_contact"] == pytest.approx(25, abs=0.5)


def test_a_silent_guard_is_an_alarm_and_a_hold_by_silence(summary, logs):
    row = summary["guard_silent"]
    assert row["contact"] is False
    assert row["first_alarm_min_before_contact"] > row["hold_min_before_contact"] > 0
    assert row["verdicts"]["cannot_tell"] >= 1
    host = logs["guard_silent", "host"]
    first = min(of(host, "raised"), key=lambda fact: fact.record.time)
    assert (first.get("standard"), first.get("about")) == ("queue-report", "post:outer-gate")
    (hold,) = of(host, "hold")
    assert hold.get("alert") == first.get("alert")
    sighting = min(fact.record.time for fact in of(host, "sighted"))
    assert first.record.time < hold.record.time < sighting


def test_the_pick_up_is_recorded_late_with_its_true_time_as_reported(logs, scenario):
    host = logs["as_reported", "host"]
    (sighting,) = of(host, "sighted")
    assert sighting.record.time == scenario.start
    breach = of(host, "verdict", standard="cordon-check")[-1]
    assert breach.get("verdict") == "breached"
    assert breach.record.time >= scenario.start + 43 * MINUTE
    assert all(fact.record.time >= scenario.start + 43 * MINUTE for fact in of(host, "raised"))


@pytest.mark.parametrize("play", PLAYS)
def test_verdicts_of_the_summary_are_those_on_record(out, summary, play):
    newest = {(row["standard"], row["verdict_id"]): row["verdict"] for row in listed(out, play)}
    counts = {
        name: list(newest.values()).count(name) for name in ("kept", "breached", "cannot_tell")
    }
    assert summary[play]["verdicts"] == counts


# ---------------------------------------------------------------- the nodes
@pytest.mark.parametrize("play, party", FOLDERS)
def test_each_node_has_its_own_log_and_the_other_cosigned_it(out, summary, play, party):
    other = PARTIES[party == "host"]
    row = summary["nodes"][play][party]
    assert set(row) == {"size", "root", "cosigned_by"}
    assert row["size"] > 10
    assert re.fullmatch("[0-9a-f]{64}", row["root"])
    assert row["cosigned_by"] == [other]
    node = opened(out, play, party)
    assert (node.journal.size, node.journal.tree.root().hex()) == (row["size"], row["root"])
    size, note, _seconds = node.journal.cosigned_by(node.peer.card.witness)[-1]
    assert parse_checkpoint(note).size == size
    # What came after the last cosigned head is no more than the ending itself.
    assert row["size"] - size < 10
    node.close()


def test_every_root_differs(summary):
    roots = [row["root"] for play in summary["nodes"].values() for row in play.values()]
    assert len(set(roots)) == len(roots) == 6


@pytest.mark.parametrize("play, party", FOLDERS)
def test_fsck_finds_every_folder_in_order(out, play, party):
    code, said, _ = ran("safeconduct", "ledger", "fsck", "--data", out / play / party, "--json")
    assert code == 0
    report = json.loads(said)
    assert report["ok"] is True
    assert report["wrong"] == []
    assert len(report["done"]) >= 12


@pytest.mark.parametrize("play", PLAYS)
def test_each_holds_all_leaves_of_the_other(out, play):
    host, partner = (opened(out, play, party) for party in PARTIES)
    for own, other in ((host, partner), (partner, host)):
        assert own.peer.tree.root() == other.journal.tree.root(own.peer.size)
        assert other.journal.size - own.peer.size < 10
    assert partner.peer.withheld()
    host.close()
    partner.close()


def test_all_is_marked_as_an_exercise(logs):
    for facts in logs.values():
        assert {fact.record.mode for fact in facts} == {"exercise"}


# ---------------------------------------------------------------- evidence
def verified(path, out):
    return ran("safeconduct_verify", path, "--trust", out / "trust.json")


def test_the_evidence_is_proven_and_says_that_it_is_an_exercise(out):
    code, said, err = verified(out / "evidence.scb", out)
    assert code == 0, said + err
    lines = said.splitlines()
    assert lines[0] == "PROVEN"
    assert lines[1] == "mode: exercise"
    assert "proves nothing about live operations" in lines[2]
    assert any("cordon-check (clause 7.2): breached; owed by host" in line for line in lines)


def test_the_evidence_is_not_proven_to_who_trusts_other_keys(out, tmp_path):
    trust = json.loads((out / "trust.json").read_text(encoding="utf-8"))
    for party in trust["parties"].values():
        party["root_key"] = make_root().public
    (tmp_path / "trust.json").write_text(json.dumps(trust), encoding="utf-8")
    code, said, _ = ran(
        "safeconduct_verify", out / "evidence.scb", "--trust", tmp_path / "trust.json"
    )
    assert code == 1
    assert not said.startswith("PROVEN")


def test_the_evidence_is_refused_by_who_admits_live_only(out, tmp_path):
    trust = json.loads((out / "trust.json").read_text(encoding="utf-8"))
    trust["modes"] = ["live"]
    (tmp_path / "trust.json").write_text(json.dumps(trust), encoding="utf-8")
    code, said, _ = ran(
        "safeconduct_verify", out / "evidence.scb", "--trust", tmp_path / "trust.json"
    )
    assert code == 1
    assert "exercise" in said


NOT_SHOWN = {
    # A state that stood keeps it, not an act; this version shows acts.
    ("cordon-hold", "kept"): "kept by a state that stood",
    # It reads the partner's approvals, some leaves of whose log are closed to the host.
    ("two-approvals", "kept"): "leaves of the log of partner are closed here",
}
"""What the exporting party refuses to hand out, and its reason: nothing unproven leaves it."""


@pytest.mark.parametrize("play", PLAYS)
def test_every_other_kind_of_verdict_is_proven_or_refused_with_its_reason(
    out, tmp_path, play, capsys
):
    kinds = {}
    for row in listed(out, play):
        kinds.setdefault((row["standard"], row["verdict"]), row)
    assert len(kinds) >= 8
    for kind, row in kinds.items():
        path = tmp_path / "one.scb"
        path.unlink(missing_ok=True)
        words = ["evidence", "export", "--data", out / play / "host"]
        words += ["--verdict", row["verdict_id"], "--out", path]
        code = command([str(word) for word in words])
        err = capsys.readouterr().err
        if kind in NOT_SHOWN:
            assert code == 1, kind
            assert NOT_SHOWN[kind] in err
            assert not path.exists()
            continue
        assert code == 0, (kind, err)
        code, said, _ = verified(path, out)
        assert code == 0, (kind, said)
        standard, verdict = kind
        assert said.startswith("PROVEN\nmode: exercise\n")
        assert f"claim: {standard} " in said
        assert f": {verdict}; owed by" in said


# ---------------------------------------------------------------- silence
def test_each_silent_interval_and_cordon_standard_is_told_exactly_once(logs):
    host = logs["guard_silent", "host"]
    silences = of(host, "silent", state="silent")
    assert silences
    found = of(host, "verdict", verdict="cannot_tell")
    for silence in silences:
        (last,) = silence.record.basis
        heard = [
            fact
            for fact in of(host, "queue", post=silence.get("post"))
            if fact.record.time < silence.record.time
        ]
        assert last == max(heard, key=lambda fact: fact.record.time).record.id
        own = [fact.get("standard") for fact in found if fact.get("trigger") == last]
        assert sorted(own) == sorted(CORDON)
    assert len(found) == len(silences) * len(CORDON)
    assert all("source gap" in fact.get("reason") for fact in found)


def test_no_post_is_silent_where_posts_report(logs):
    for play in ("as_reported", "with_system"):
        assert of(logs[play, "host"], "silent") == []
        assert of(logs[play, "host"], "verdict", verdict="cannot_tell") == []


# ---------------------------------------------------------------- refusals, acknowledging, hold
def test_the_host_refused_exactly_the_two_checks_of_the_scenario(logs):
    found = of(logs["with_system", "host"], "refused")
    assert [fact.get("clause") for fact in found] == ["2.2", "7.2"]
    assert all(fact.get("reason") and fact.get("written") for fact in found)


def test_the_partner_refused_its_own_tasking_in_its_own_log(logs):
    found = of(logs["with_system", "partner"], "refused")
    assert [fact.get("clause") for fact in found] == ["3.2"]
    assert of(logs["with_system", "partner"], "tasked") == []


def test_no_other_play_refuses_anything(logs):
    for play, party in FOLDERS:
        if play != "with_system":
            assert of(logs[play, party], "refused") == []


def test_what_was_refused_is_not_in_the_log(logs, scenario):
    host = logs["with_system", "host"]
    refused = {fact.get("of") for fact in of(host, "refused")}
    assert refused.isdisjoint({fact.record.id for fact in host})
    (check,) = of(host, "checked")
    assert check.record.time == scenario.start + 22 * MINUTE


def test_acknowledging_at_minute_six_stopped_the_pages_and_nothing_else(logs, scenario):
    host = logs["with_system", "host"]
    (ack,) = of(host, "ack")
    assert ack.record.time == scenario.start + 6 * MINUTE
    told = of(host, "told", alert=ack.get("alert"))
    rungs = [(fact.get("step"), fact.get("recipient")) for fact in told]
    assert sorted(rungs) == sorted(set(rungs))  # nobody is told of a rung twice
    assert [s for s, _ in rungs if s == 1]
    assert {fact.get("step") for fact in told} >= {1, 2, 3}
    (hold,) = of(host, "hold")
    assert hold.record.time - scenario.start == pytest.approx(15 * MINUTE, abs=1000)
    assert hold.get("clause") == "7.3"


def test_the_clock_ran_on_and_the_ladder_fell_at_its_minutes(logs, scenario):
    host = logs["with_system", "host"]
    (alert,) = of(host, "raised")
    assert (alert.record.time - scenario.start) / MINUTE == pytest.approx(5, abs=0.02)
    step = {fact.get("step"): fact.record.time for fact in of(host, "escalated")}
    assert (step[2] - scenario.start) / MINUTE == pytest.approx(10, abs=0.02)


def test_the_hold_was_released_by_two_and_only_then_the_convoy_began(logs):
    host = logs["with_system", "host"]
    (hold,), (release,) = of(host, "hold"), of(host, "hold_released")
    (yes,) = of(host, "approved", about=hold.get("hold"))
    (depart,) = of(host, "depart")
    assert yes.record.by != release.record.by
    assert hold.record.time < yes.record.time < release.record.time < depart.record.time
    assert release.get("reason")


# ---------------------------------------------------------------- what the partner never holds
@pytest.fixture(scope="module")
def secret_ids(logs):
    """Host personnel, by the ids under which the host knows them."""
    return {
        play: {fact.get("person") for fact in of(logs[play, "host"], "person_listed")}
        for play in PLAYS
    }


@pytest.mark.parametrize("play", PLAYS)
def test_no_plate_and_no_itinerary_lies_in_the_partners_folder(out, play):
    # The search is worth something: it finds all of them at the host.
    assert bytesearch.words(out / play / "host", PLATES[1:] + ITINERARY) == {
        *PLATES[1:], *ITINERARY,
    }  # fmt: skip
    partner = out / play / "partner"
    assert bytesearch.words(partner, (*PLATES, "terminal two")) == set()
    # The text that both signed speaks of the plant; nothing else there does.
    agreement = ("agreement.yaml", "agreement.json")
    assert bytesearch.words(partner, ITINERARY, but=agreement) == set()


@pytest.mark.parametrize("play", PLAYS)
def test_no_position_lies_in_the_partners_folder(out, play, points):
    found = bytesearch.coordinates(out / play / "host", points)
    assert len(found) > 100
    pickup = points[-1]
    assert {abs(pickup[0]), abs(pickup[1])} <= found
    assert bytesearch.coordinates(out / play / "partner", points) == set()


@pytest.mark.parametrize("play", PLAYS)
def test_the_partner_has_no_positions_waiting_either(out, play):
    desk = DeskStore(out / play / "partner", read_only=True)
    assert desk.fixes() == []
    desk.close()


@pytest.mark.parametrize("play", PLAYS)
def test_no_opening_of_a_sealed_field_of_the_host_lies_there(out, play):
    """Gate of an order, districts, holder of a key, person of a shift: none can be opened."""
    host = opened(out, play, "host")
    salts = {}
    for position, fact in enumerate(host.journal.facts()):
        if fact.record.party == "host":
            for name, opening in host.journal.entry(position).sealed.items():
                salts[opening[0]] = f"{fact.alias}.{name}"
    host.close()
    assert {"ordered.gate", "requested.origin", "rostered.person", "key.holder"} <= set(
        salts.values()
    )
    found = bytesearch.words(out / play / "partner", salts)
    assert {salts[salt] for salt in found} == set()


@pytest.mark.parametrize("play", PLAYS)
def test_no_gate_of_an_order_is_shown(out, play):
    node = opened(out, play, "partner")
    for fact in node.peer.facts():
        if fact.alias in ("ordered", "changed", "requested"):
            assert fact.form == "milestone" or fact.record.party == "partner"
            assert not {"gate", "origin", "destination", "districts", "starts"} & set(fact.values)
    node.close()


@pytest.mark.parametrize("play", PLAYS)
def test_of_host_personnel_only_who_signed_an_opened_act_is_known_by_id(
    out, play, logs, secret_ids
):
    """Clause 8.1 opens the classes alarm and review in full, and a full record says who signed.

    An id is a hash, no name stands behind it here; whoever did no such act does not even have one.
    """
    node = opened(out, play, "partner")
    signed = {
        fact.record.by
        for fact in node.peer.facts()
        if fact.form == "full" and fact.record.by in secret_ids[play]
    }
    kinds = {fact.record.class_name for fact in node.peer.facts() if fact.record.by in signed}
    node.close()
    assert kinds <= {"alarm", "review"}
    assert len(secret_ids[play]) == 11
    assert bytesearch.words(out / play / "partner", secret_ids[play]) == signed


def test_what_was_said_and_logged_holds_no_position_plate_or_itinerary(run, out, tmp_path, points):
    (tmp_path / "said.txt").write_text(run["said"], encoding="utf-8")
    for name in ("summary.json", "trust.json"):
        (tmp_path / name).write_bytes((out / name).read_bytes())
    logs = sorted(out.glob("*/*.log"))
    assert len(logs) == 6
    for path in logs:
        (tmp_path / f"{path.parent.name}-{path.name}").write_bytes(path.read_bytes())
    assert bytesearch.words(tmp_path, PLATES + ITINERARY) == set()
    assert bytesearch.coordinates(tmp_path, points) == set()


@pytest.mark.parametrize("play", PLAYS)
def test_the_nodes_logs_hold_no_error(out, play):
    for party in PARTIES:
        text = (out / play / f"{party}.log").read_text(encoding="utf-8")
        assert "error" not in text.lower()
        assert text.startswith(f"{party} (exercise) on http://127.0.0.1:")


def test_the_search_itself_sees_through_every_coat(tmp_path):
    """Plant each form once; a search that finds none of them would prove nothing."""
    word, lat, lon = "EX-PICK-40", -22_012_345, -18_512_345
    raw = word.encode()
    for number, form in enumerate(
        (raw, raw.lower(), raw.hex().encode(), raw.hex().upper().encode(), word.encode("utf-16-le"),
         word.encode("utf-16-be"), base64.b64encode(b"x" + raw + b"yz"),
         base64.urlsafe_b64encode(b"xy" + raw), base64.b64encode(base64.b64encode(raw)))
    ):  # fmt: skip
        folder = tmp_path / f"word{number}"
        folder.mkdir()
        (folder / "f").write_bytes(b"\x00\x01abc " + form + b" def")
        assert bytesearch.words(folder, [word]) == {word}, form
    for number, form in enumerate(
        (b"[-22012345,-18512345]", b"lat=-22.012345&", b'"-22.01234"', b"22012345",
         base64.b64encode(b'{"place":[-22012345,-18512345]}'), b"-22012345".hex().encode(),
         lat.to_bytes(4, "big", signed=True) + lon.to_bytes(4, "big", signed=True))
    ):  # fmt: skip
        folder = tmp_path / f"place{number}"
        folder.mkdir()
        (folder / "f").write_bytes(b" " + form + b" ")
        assert bytesearch.coordinates(folder, [(lat, lon)]), form


# ---------------------------------------------------------------- determinism
def test_the_same_seed_plays_the_same(run, summary):
    again = json.loads((run["again"] / "summary.json").read_text(encoding="utf-8"))
    for play in PLAYS:
        assert again[play] == summary[play]
    # Keys and salts come from the system, so nobody can foretell a root.
    for play, party in FOLDERS:
        assert again["nodes"][play][party]["root"] != summary["nodes"][play][party]["root"]
        assert again["nodes"][play][party]["size"] == summary["nodes"][play][party]["size"]


def test_another_seed_has_other_ids(summary, scenario, tmp_path):
    """The same play to minute 12 with another seed, without the drive: the alert is another."""
    play = next(play for play in scenario.plays if play.name == "with_system")
    ends = scenario.start + 12 * MINUTE
    short = msgspec.structs.replace(
        play,
        ends=ends,
        steps=tuple(step for step in play.steps if step.at <= ends),
        drive=Drive(ends + 1, "recorded", "end"),
    )
    player = Player(scenario, short, tmp_path / "x", seed=8, roots={})
    (tmp_path / "x").mkdir()
    player.prepare()
    player.run()
    row = player.outcome(None)
    assert len(row["alerts"]) == len(summary["with_system"]["alerts"]) == 1
    assert row["alerts"] != summary["with_system"]["alerts"]


def test_nothing_of_it_runs_on(run, out):
    """A headless demo leaves no process behind."""
    left = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        if os.fsencode(out) in line and int(path.parent.name) != os.getpid():
            left.append(line)
    assert left == []
