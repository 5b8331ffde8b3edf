"""What stops a claim: rules beyond the verifier, waivers, corrections, time, whose word it is."""

from datetime import UTC, datetime

import pytest

from safeconduct.kernel.errors import Refused
from safeconduct.ledger.merkle import leaf_hash
from safeconduct_verify.reading import Finding
from safeconduct_verify.rules import parse
from tests.evidence.test_patterns import judge, world
from tests.evidence.two_logs import (
    DAY,
    HOUR,
    MINUTE,
    POST,
    SITE,
    START,
    VEHICLE,
    World,
)

__all__ = ["world"]


@pytest.mark.parametrize(
    "rule",
    [
        "each day for valid site_listed(site) need daily(site)",
        "when stopped(vehicle) then by due + 15 min: checked(vehicle)",
        "when stopped(vehicle) then within $n: checked(vehicle)",
        "when stopped(vehicle) then within 5 min: unheard_of(vehicle)",
        'when stopped(vehicle, zone="outer-cordon") then within 5 fortnights: checked(vehicle)',
        "",
    ],
)
def test_a_rule_beyond_it_is_never_proven(rule):
    with pytest.raises(Finding) as caught:
        parse(rule)
    assert caught.value.result == "not_proven"
    assert "cannot evaluate" in caught.value.reason


def test_a_standing_answer_that_nobody_gave_is_proven():
    world = World(
        rules={
            "hold": (
                "post-commander",
                (
                    "when stopped(vehicle, site) then within 15 min: "
                    "checked(vehicle) or valid hold(site)"
                ),
            ),
        }
    )
    trigger = world.sighted(START)
    report = judge(
        world,
        "hold",
        "breached",
        trigger,
        START + 16 * MINUTE,
        deadline=START + 15 * MINUTE,
        about=VEHICLE,
    )
    assert report.result == "proven", report.reasons


def test_a_standing_answer_that_somebody_gave_is_not():
    world = World(
        rules={
            "hold": (
                "post-commander",
                (
                    "when stopped(vehicle, site) then within 15 min: "
                    "checked(vehicle) or valid hold(site)"
                ),
            ),
        }
    )
    world.host.add("hold", START - HOUR, hold="ho_" + "a" * 26, site=SITE, offers=[], clause="7.3")
    trigger = world.sighted(START)
    report = judge(
        world,
        "hold",
        "breached",
        trigger,
        START + 16 * MINUTE,
        deadline=START + 15 * MINUTE,
        about=VEHICLE,
    )
    assert report.result == "not_proven"


def test_a_corrected_trigger_is_not_proven(world):
    trigger = world.sighted(START)
    world.sighted(START + MINUTE, first_seen=START + MINUTE, replaces=trigger)
    report = judge(
        world,
        "cordon-check",
        "breached",
        trigger,
        START + 6 * MINUTE,
        deadline=START + 5 * MINUTE,
        about=VEHICLE,
    )
    assert (report.result, "corrected" in report.reasons[0]) == ("not_proven", True)


def test_an_open_clause_binds_nobody():
    world = World(open_clauses=("7.2",))
    trigger = world.sighted(START)
    report = judge(
        world,
        "cordon-check",
        "breached",
        trigger,
        START + 6 * MINUTE,
        deadline=START + 5 * MINUTE,
        about=VEHICLE,
    )
    assert (report.result, "still open" in report.reasons[0]) == ("not_proven", True)


def test_a_waiver_in_the_range_stops_the_claim(world):
    trigger = world.sighted(START)
    world.host.add(
        "waived",
        START + MINUTE,
        use="node",
        standard="cordon-check",
        about=VEHICLE,
        until=START + HOUR,
        measure="search at the gate",
        approvers=2,
        **{"from": START},
    )
    report = judge(
        world,
        "cordon-check",
        "breached",
        trigger,
        START + 6 * MINUTE,
        deadline=START + 5 * MINUTE,
        about=VEHICLE,
    )
    assert (report.result, "waiver" in report.reasons[0]) == ("not_proven", True)


def test_two_records_of_one_id_are_not_told_apart(world):
    trigger = world.sighted(START)
    world.sighted(START, record_id=trigger)
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


def test_a_vehicle_that_went_and_came_back_bought_no_time(world):
    trigger = world.sighted(START)
    world.sighted(START + 2 * MINUTE, motion="gone")
    world.sighted(START + 4 * MINUTE)
    report = judge(
        world,
        "cordon-check",
        "breached",
        trigger,
        START + 6 * MINUTE,
        deadline=START + 5 * MINUTE,
        about=VEHICLE,
    )
    assert report.result == "proven", report.reasons


def test_a_vehicle_that_went_and_came_back_much_later_had_left(world):
    trigger = world.sighted(START)
    world.sighted(START + 2 * MINUTE, motion="gone")
    world.sighted(START + 40 * MINUTE)
    with pytest.raises(Refused, match="is the act"):
        judge(
            world,
            "cordon-check",
            "breached",
            trigger,
            START + 45 * MINUTE,
            deadline=START + 5 * MINUTE,
            about=VEHICLE,
        )


@pytest.mark.parametrize("begins, result", [(-DAY, "proven"), (DAY, "contradicted")])
def test_a_standard_counts_while_it_is_in_force(begins, result):
    moment = datetime.fromtimestamp((START + begins) // 1000, UTC).isoformat()
    world = World(more={"in_force": {"from": moment}})
    trigger = world.sighted(START)
    report = judge(
        world,
        "cordon-check",
        "breached",
        trigger,
        START + 6 * MINUTE,
        deadline=START + 5 * MINUTE,
        about=VEHICLE,
    )
    assert report.result == result, report.reasons


def test_a_roster_is_heard_from_its_shift_on(world):
    def rostered(begins):
        return world.host.add(
            "rostered",
            START,
            shift="sh_" + "a" * 26,
            post=POST,
            site=SITE,
            person="pe_" + "a" * 26,
            role="guard",
            until=START + DAY,
            **{"from": begins},
        )

    trigger = rostered(START + HOUR)
    with pytest.raises(Refused, match="cannot be shown yet"):
        judge(world, "cordon-check", "cannot_tell", trigger, START + 12 * MINUTE, about=POST)
    trigger = rostered(START)
    report = judge(world, "cordon-check", "cannot_tell", trigger, START + 15 * MINUTE, about=POST)
    assert report.result == "proven", report.reasons


def test_the_other_party_s_signature_beside_one_s_own_is_told_apart(world):
    entry, record = world.partner.entries[4], world.partner.records[4]
    assert record.type == "agreement.version.signed"
    world.host.entries.append(entry)
    world.host.records.append(record)
    world.host.tree.append(leaf_hash(entry.leaf()))
    trigger = world.sighted(START)
    report = judge(
        world,
        "cordon-check",
        "breached",
        trigger,
        START + 6 * MINUTE,
        deadline=START + 5 * MINUTE,
        about=VEHICLE,
    )
    assert report.result == "proven", report.reasons
