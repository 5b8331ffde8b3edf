"""Every form of rule that a bundle can carry: what is proven, and what is not."""

import pytest

from safeconduct.kernel.errors import Refused
from tests.evidence.two_logs import (
    DAY,
    HOUR,
    MINUTE,
    MOVEMENT,
    POST,
    SITE,
    START,
    VEHICLE,
    World,
    judged,
    made,
)

RANGE = "logs/host/range.json"
UNITS = ("un_" + "a" * 26, "un_" + "b" * 26)


@pytest.fixture
def world():
    out = World()
    out.witness_round(START - 5 * DAY)
    return out


def judge(
    world, standard, verdict, trigger, now, *, deadline=None, basis=(), about=MOVEMENT, log=None
):
    """Both cosign around the verdict; the bundle is made and judged."""
    world.witness_round(now)
    world.witness_round(now + MINUTE)
    found = world.verdict(
        standard,
        verdict,
        trigger,
        now + MINUTE,
        deadline=deadline,
        basis=basis,
        about=about,
        log=log,
    )
    world.witness_round(now + 2 * MINUTE)
    return judged(world, made(world, found, by=log))


def depart(world, time=START, **over):
    return world.host.add("depart", time, movement=MOVEMENT, persons=2, vehicles=2, **over)


def escort(world, unit, time):
    return world.host.add("escort", time, movement=MOVEMENT, unit=unit)


def radio(world, time):
    return world.host.add("radio", time, movement=MOVEMENT, control="cell", ok=True)


def approved(world, time, *, log=None):
    return (log or world.host).add("approved", time, of="r_" + "a" * 26, about=MOVEMENT)


# ---------------------------------------------------------------- when


@pytest.mark.parametrize("act", ["checked", "left"])
def test_a_kept_deadline_is_proven_by_its_record(world, act):
    trigger = world.sighted(START)
    if act == "checked":
        done = world.checked(START + 5 * MINUTE)
    else:
        done = world.sighted(START + 2 * MINUTE, motion="gone")
    report = judge(
        world,
        "cordon-check",
        "kept",
        trigger,
        START + 6 * MINUTE,
        deadline=START + 5 * MINUTE,
        basis=(trigger, done),
        about=VEHICLE,
    )
    assert report.result == "proven", report.reasons


def test_a_kept_deadline_without_its_record_is_not(world):
    trigger = world.sighted(START)
    world.checked(START + MINUTE)
    with pytest.raises(Refused, match="this version shows acts"):
        judge(
            world,
            "cordon-check",
            "kept",
            trigger,
            START + 6 * MINUTE,
            deadline=START + 5 * MINUTE,
            basis=(trigger,),
            about=VEHICLE,
        )


def test_an_act_after_the_deadline_does_not_keep(world):
    trigger = world.sighted(START)
    done = world.checked(START + 5 * MINUTE + 1)
    report = judge(
        world,
        "cordon-check",
        "kept",
        trigger,
        START + 6 * MINUTE,
        deadline=START + 5 * MINUTE,
        basis=(trigger, done),
        about=VEHICLE,
    )
    assert report.result == "not_proven"


def test_another_vehicle_s_departure_does_not_keep(world):
    trigger = world.sighted(START)
    done = world.sighted(START + MINUTE, vehicle="ve_" + "z" * 26, motion="gone")
    report = judge(
        world,
        "cordon-check",
        "kept",
        trigger,
        START + 6 * MINUTE,
        deadline=START + 5 * MINUTE,
        basis=(trigger, done),
        about=VEHICLE,
    )
    assert report.result == "not_proven"


@pytest.mark.parametrize(
    "seen, result", [(START + MINUTE, "proven"), (START + 2 * HOUR, "not_proven")]
)
def test_a_trigger_of_the_other_party_counts_once_its_leaf_was_seen(world, seen, result):
    trigger = world.partner.add("landed", START, movement=MOVEMENT, persons=2)
    world.witness_round(seen)
    late = max(seen, START + HOUR) + MINUTE
    report = judge(world, "concern-answered", "breached", trigger, late, deadline=START + HOUR)
    assert report.result == result, report.reasons


def test_a_sighting_by_the_other_party_starts_no_clock_here(world):
    trigger = world.sighted(START, log=world.partner)
    report = judge(
        world,
        "cordon-check",
        "breached",
        trigger,
        START + 6 * MINUTE,
        deadline=START + 5 * MINUTE,
        about=VEHICLE,
    )
    assert report.result == "not_proven"


# ---------------------------------------------------------------- before


def test_too_few_escorts_are_proven(world):
    basis = (escort(world, UNITS[0], START - HOUR), escort(world, UNITS[0], START - MINUTE))
    escort(world, UNITS[1], START - 3 * HOUR)
    trigger = depart(world)
    report = judge(world, "escort-strength", "breached", trigger, START + MINUTE, basis=basis)
    assert report.result == "proven", report.reasons


def test_enough_escorts_contradict(world):
    for unit in UNITS:
        escort(world, unit, START - HOUR)
    trigger = depart(world)
    report = judge(world, "escort-strength", "breached", trigger, START + MINUTE)
    assert report.result == "contradicted", report.reasons


def test_enough_escorts_are_proven_kept(world):
    basis = tuple(escort(world, unit, START - 2 * HOUR) for unit in UNITS)
    trigger = depart(world)
    report = judge(world, "escort-strength", "kept", trigger, START + MINUTE, basis=basis)
    assert report.result == "proven", report.reasons


def test_one_escort_is_not_proven_kept(world):
    basis = (escort(world, UNITS[0], START - HOUR),)
    report = judge(world, "escort-strength", "kept", depart(world), START + MINUTE, basis=basis)
    assert report.result == "not_proven"


def test_a_missing_approval_is_proven(world):
    approved(world, START - 25 * HOUR)
    world.host.add(
        "cleared",
        START - 2 * HOUR,
        movement=MOVEMENT,
        district="coast",
        authority="nhmp",
        until=START + DAY,
    )
    report = judge(world, "two-approvals", "breached", depart(world), START + MINUTE)
    assert report.result == "proven", report.reasons


def test_a_clearance_that_came_too_late_is_proven(world):
    approved(world, START - HOUR)
    world.host.add(
        "cleared",
        START - HOUR + 1,
        movement=MOVEMENT,
        district="coast",
        authority="nhmp",
        until=START + DAY,
    )
    report = judge(world, "two-approvals", "breached", depart(world), START + MINUTE)
    assert report.result == "proven", report.reasons


def test_both_preconditions_met_are_proven_kept(world):
    basis = (
        approved(world, START - HOUR),
        world.host.add(
            "cleared",
            START - HOUR,
            movement=MOVEMENT,
            district="coast",
            authority="nhmp",
            until=START + DAY,
        ),
    )
    report = judge(world, "two-approvals", "kept", depart(world), START + MINUTE, basis=basis)
    assert report.result == "proven", report.reasons


@pytest.mark.parametrize(
    "again, verdict, result",
    [
        (False, "breached", "proven"),
        (True, "breached", "contradicted"),
        (True, "kept", "proven"),
        (False, "kept", "contradicted"),
    ],
)
def test_an_approval_that_was_taken_back(world, again, verdict, result):
    approved(world, START - 3 * HOUR)
    world.host.add("revoked", START - 2 * HOUR, of="r_" + "a" * 26, about=MOVEMENT, reason="late")
    if again:
        approved(world, START - HOUR)
    report = judge(world, "not-since", verdict, depart(world), START + MINUTE)
    assert report.result == result, report.reasons


# ---------------------------------------------------------------- from, never


def test_a_missed_radio_check_is_proven(world):
    trigger = depart(world)
    radio(world, START + 16 * MINUTE)
    report = judge(
        world, "radio-check", "breached", trigger, START + 20 * MINUTE, deadline=START + 15 * MINUTE
    )
    assert report.result == "proven", report.reasons


def test_a_missed_second_radio_check_is_proven_while_the_movement_ran(world):
    depart(world)
    trigger = radio(world, START + 10 * MINUTE)
    report = judge(
        world, "radio-check", "breached", trigger, START + 40 * MINUTE, deadline=START + 25 * MINUTE
    )
    assert report.result == "proven", report.reasons


def test_nothing_is_owed_after_arrival(world):
    depart(world)
    world.host.add("arrived", START + 5 * MINUTE, movement=MOVEMENT, site=SITE)
    trigger = radio(world, START + 10 * MINUTE)
    report = judge(
        world, "radio-check", "breached", trigger, START + 40 * MINUTE, deadline=START + 25 * MINUTE
    )
    assert report.result == "not_proven"


def test_an_arrival_ends_the_obligation(world):
    trigger = depart(world)
    done = world.host.add("arrived", START + 14 * MINUTE, movement=MOVEMENT, site=SITE)
    report = judge(
        world,
        "radio-check",
        "kept",
        trigger,
        START + 20 * MINUTE,
        deadline=START + 15 * MINUTE,
        basis=(done,),
    )
    assert report.result == "proven", report.reasons


def _assigned(world, time, movement=MOVEMENT, kind="van"):
    return world.host.add(
        "assigned",
        time,
        movement=movement,
        vehicle=VEHICLE,
        slot="first",
        persons=1,
        armour=0,
        radio=True,
        spare=False,
        look="white van",
        vehicle_type=kind,
    )


def test_what_may_never_be_is_proven_by_its_record(world):
    trigger = _assigned(world, START, kind="rickshaw")
    report = judge(world, "no-rickshaw", "breached", trigger, START + MINUTE)
    assert report.result == "proven", report.reasons


@pytest.mark.parametrize(
    "gap, other, result",
    [
        (HOUR, "mv_" + "d" * 26, "proven"),
        (3 * HOUR, "mv_" + "d" * 26, "not_proven"),
        (HOUR, MOVEMENT, "not_proven"),
    ],
)
def test_a_vehicle_used_twice_too_soon_is_proven(world, gap, other, result):
    first = _assigned(world, START - gap, movement=other)
    trigger = _assigned(world, START)
    report = judge(world, "vehicle-reuse", "breached", trigger, START + MINUTE, basis=(first,))
    assert report.result == result, report.reasons


# ---------------------------------------------------------------- a silent post


def test_a_silent_post_is_proven_to_have_been_silent(world):
    trigger = world.queue(START)
    report = judge(
        world,
        "queue-report",
        "cannot_tell",
        trigger,
        START + 12 * MINUTE,
        deadline=START + 10 * MINUTE,
        about=POST,
    )
    assert report.result == "proven", report.reasons
    assert report.claim["gap"] == {"standard": "queue-report", "post": POST}


def test_a_post_that_reported_was_not_silent(world, monkeypatch):
    trigger = world.queue(START)
    world.queue(START + 9 * MINUTE)
    with pytest.raises(Refused, match="is the act"):
        judge(
            world,
            "queue-report",
            "cannot_tell",
            trigger,
            START + 12 * MINUTE,
            deadline=START + 10 * MINUTE,
            about=POST,
        )
    monkeypatch.setattr("safeconduct.evidence.exporting._nothing_against", lambda *_: None)
    report = judge(
        world,
        "queue-report",
        "cannot_tell",
        trigger,
        START + 15 * MINUTE,
        deadline=START + 10 * MINUTE,
        about=POST,
    )
    assert report.result == "contradicted"


def test_a_verdict_of_another_standard_may_rest_on_the_gap(world):
    trigger = world.sighted(START)
    report = judge(
        world,
        "cordon-check",
        "cannot_tell",
        trigger,
        START + 12 * MINUTE,
        deadline=START + 5 * MINUTE,
        about=VEHICLE,
    )
    assert report.result == "proven", report.reasons


def test_a_periodic_kept_is_proven(world):
    trigger = world.queue(START)
    done = world.queue(START + 10 * MINUTE)
    report = judge(
        world,
        "queue-report",
        "kept",
        trigger,
        START + 12 * MINUTE,
        deadline=START + 10 * MINUTE,
        about=POST,
        basis=(done,),
    )
    assert report.result == "proven", report.reasons
