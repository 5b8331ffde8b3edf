"""Two truths about time: what was decided then stays, what is known now is added in the open."""

import pytest

from safeconduct.kernel.instants import MINUTE
from tests.node.inside import ZONE, T, minute


def verdicts(world, standard="cordon-check"):
    return [fact for fact in world.facts("verdict") if fact.get("standard") == standard]


def test_a_late_sighting_is_breached_and_alarms_at_the_time_of_knowing(world):
    world.reports(40)
    vehicle = world.sight("guard-b", time=minute(0), first_seen=minute(0))
    world.reports(42)
    (fact,) = verdicts(world)
    assert fact.get("verdict") == "breached"
    assert fact.get("deadline") == T + 5 * MINUTE
    assert fact.record.time == minute(40)
    (alert,) = [f for f in world.facts("raised") if f.get("standard") == "cordon-check"]
    assert alert.get("about") == vehicle
    # What fell due at minute 5 was not done then, and no record says so.
    assert alert.record.time == minute(40)
    assert all(fact.record.time >= minute(40) for fact in world.facts("told"))
    (hold,) = world.facts("hold")
    assert hold.record.time == minute(40)
    assert len(world.holds()) == 1


def test_a_late_sighting_between_the_rungs_takes_the_ladder_up_where_it_would_be(world):
    world.reports(8)
    world.sight("guard-b", time=minute(0), first_seen=minute(0))
    (alert,) = world.facts("raised")
    assert alert.record.time == minute(8)
    assert world.facts("hold") == []
    world.reports(16)
    steps = {f.get("step"): f.record.time - T for f in world.facts("escalated")}
    assert steps[2] == 10 * MINUTE + 1
    assert [f.record.time - T for f in world.facts("hold")] == [15 * MINUTE + 1]


def test_a_late_check_from_before_the_deadline_turns_the_verdict_in_the_open(world):
    world.reports(0)
    vehicle = world.sight("guard-b")
    world.reports(7)
    (before,) = verdicts(world)
    assert (before.get("verdict"), before.record.rev) == ("breached", 0)
    world.check("guard-a", vehicle, time=minute(4))
    first, second = verdicts(world)
    assert first.record == before.record
    assert second.record.id == first.record.id
    assert (second.get("verdict"), second.record.rev, second.get("rev")) == ("kept", 1, 1)
    assert second.record.time == minute(7)
    check = world.facts("checked")[0].record.id
    assert check in second.record.basis
    world.reports(20)
    assert world.facts("hold") == []
    assert len(verdicts(world)) == 2


def test_a_late_check_from_after_the_deadline_turns_nothing(world):
    world.reports(0)
    vehicle = world.sight("guard-b")
    world.reports(8)
    world.check("guard-a", vehicle, time=minute(5) + 1)
    (fact,) = verdicts(world)
    assert (fact.get("verdict"), fact.record.rev) == ("breached", 0)


@pytest.mark.parametrize("off, verdict", [(0, "kept"), (1, "breached")])
def test_the_deadline_itself_still_counts(world, off, verdict):
    world.reports(0)
    vehicle = world.sight("guard-b")
    world.to(4.5)
    world.advance(minute(5) + off)
    world.check("guard-a", vehicle, time=minute(5) + off)
    world.reports(8)
    (fact,) = verdicts(world)
    assert fact.get("verdict") == verdict


def test_the_partner_is_given_both_revisions(world):
    world.reports(0)
    vehicle = world.sight("guard-b")
    world.reports(7)
    world.check("guard-a", vehicle, time=minute(4))
    world.to(9, stride=1)
    theirs = [
        fact
        for fact in world.partner.peer.facts()
        if fact.alias == "verdict" and fact.record.id == verdicts(world)[0].record.id
    ]
    assert [fact.record.rev for fact in theirs] == [0, 1]


def test_a_turned_verdict_stands_after_a_restart_and_is_not_turned_again(world):
    world.reports(0)
    vehicle = world.sight("guard-b")
    world.reports(7)
    world.check("guard-a", vehicle, time=minute(4))
    size = world.host.journal.size
    world.reopen("host")
    assert world.host.journal.size == size
    world.advance(world.now + 1)
    assert world.host.journal.size == size
    assert [fact.record.rev for fact in verdicts(world)] == [0, 1]


# ---------------------------------------------------------------- silence
def test_a_post_that_falls_silent_alarms_and_holds_while_only_the_clock_moves(world):
    """No input at all: no record, no position, no round between the nodes."""
    world.reports(0)
    heard = [fact for fact in world.facts("queue") if fact.get("post") == "post:outer-gate"][-1]
    people = {fact.record.id for fact in world.host.journal.facts() if fact.record.acting != "node"}
    world.cut = True
    for number in range(1, 17):
        world.advance(minute(number))
    said = {fact.record.id for fact in world.host.journal.facts() if fact.record.acting != "node"}
    assert said == people
    last = heard.record.time
    silent = [fact for fact in world.facts("silent") if fact.get("post") == "post:outer-gate"]
    assert [fact.get("state") for fact in silent] == ["silent"]
    assert silent[0].record.basis == (heard.record.id,)
    assert 0 < silent[0].record.time - last - 10 * MINUTE <= 1
    (breach,) = [
        fact
        for fact in world.newest("queue-report")
        if fact.get("about") == "post:outer-gate" and fact.get("verdict") == "breached"
    ]
    assert breach.get("deadline") == last + 10 * MINUTE
    alerts = [f for f in world.facts("raised") if f.get("about") == "post:outer-gate"]
    assert [f.record.time - last for f in alerts] == [10 * MINUTE + 1]
    holds = [f for f in world.facts("hold") if f.get("alert") == alerts[0].get("alert")]
    assert [f.record.time - last for f in holds] == [15 * MINUTE + 1]
    assert holds[0].get("zone") == ZONE


def test_while_a_post_is_silent_each_cordon_standard_cannot_be_told_once(world):
    world.reports(0)
    heard = [fact for fact in world.facts("queue") if fact.get("post") == "post:outer-gate"][-1]
    world.to(30, stride=5)
    found = [fact for fact in world.facts("verdict") if fact.get("verdict") == "cannot_tell"]
    own = [fact for fact in found if fact.get("trigger") == heard.record.id]
    assert sorted(fact.get("standard") for fact in own) == [
        "cordon-check", "cordon-hold", "longest-stay",
    ]  # fmt: skip
    assert all("source gap" in fact.get("reason") for fact in own)


def test_two_silent_intervals_are_two_verdicts_of_each_standard(world):
    world.reports(0)
    world.to(12, stride=3)
    world.queue("guard-a")
    world.to(26, stride=3)
    world.queue("guard-a")
    triggers = {
        fact.get("trigger")
        for fact in world.facts("verdict")
        if fact.get("verdict") == "cannot_tell"
        and fact.get("standard") == "cordon-check"
        and fact.get("about") == "post:outer-gate"
    }
    assert len(triggers) == 2
    states = [f.get("state") for f in world.facts("silent") if f.get("post") == "post:outer-gate"]
    assert states == ["silent", "heard", "silent", "heard"]


def test_a_post_that_never_spoke_refers_to_its_roster(world):
    """Nobody at the outer gate ever reported: what is known of it is who was due there."""
    world.to(-8, stride=3)
    rosters = [f.record.id for f in world.facts("rostered") if f.get("post") == "post:outer-gate"]
    silent = [f for f in world.facts("silent") if f.get("post") == "post:outer-gate"]
    assert [f.get("state") for f in silent] == ["silent"]
    told = [f for f in world.facts("excluded") if f.get("origin") == "post:outer-gate"]
    assert [f.record.basis for f in told] == [(rosters[0],)]


def test_an_ack_of_a_silence_does_not_stop_its_hold(world):
    world.reports(0)
    world.to(11, stride=3)
    world.ack("guard-a", "post:outer-gate")
    world.to(17, stride=3)
    assert ZONE in {hold["zone"] for hold in world.holds()}


def test_silence_survives_a_restart_in_the_middle(world):
    world.reports(0)
    world.to(7, stride=3)
    world.reopen("host")
    world.to(12, stride=3)
    world.reopen("host")
    world.to(17, stride=3)
    alerts = [f for f in world.facts("raised") if f.get("about") == "post:outer-gate"]
    assert len(alerts) == 1
    assert [f.record.time - T for f in world.facts("hold") if f.get("zone") == ZONE] == [
        15 * MINUTE + 1
    ]
    ids = [(fact.record.id, fact.record.rev) for fact in world.host.journal.facts()]
    assert len(ids) == len(set(ids))
