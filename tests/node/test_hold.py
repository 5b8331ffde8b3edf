"""A hold stops passage, offers a way round, and is lifted by two persons with a reason."""

from contextlib import suppress

import pytest

from safeconduct.kernel.errors import Refused
from safeconduct.kernel.instants import MINUTE
from tests.node.inside import AT_POST, POST, SITE, ZONE, T, minute, refused


def rolls(world, **more):
    return world.send("leader", "depart", {"movement": world.journey, "persons": 9, "vehicles": 3})


def release(world, who="duty", *, reason="it was searched", **more):
    (hold,) = world.holds()
    values = {"hold": hold["hold"], "zone": ZONE, "reason": reason, **more}
    return world.send(who, "hold_released", values)


def agree(world, who="releaser"):
    (hold,) = world.holds()
    return world.send(who, "approved", {"of": hold["record"], "about": hold["hold"]})


def not_lifted(world, who="duty", **kwargs):
    """A release that is refused: the hold stands as before, and the refusal is on record."""
    before, refusals = world.holds(), len(world.facts("refused"))
    error = refused(release, world, who, **kwargs)
    assert world.holds() == before
    assert len(before) == 1
    if error.clause:
        assert world.facts("refused")[-1].get("clause") == error.clause
        assert len(world.facts("refused")) == refusals + 1
    return error


# ---------------------------------------------------------------- how it falls
def test_the_ladder_as_the_agreement_has_it(held):
    """Alarm at 5, next step at 10, hold at 15 minutes; each a millisecond after its time."""
    (alarm,) = [f for f in held.facts("raised") if f.get("about") == held.pickup]
    assert alarm.record.time - T == 5 * MINUTE + 1
    steps = {fact.get("step"): fact for fact in held.facts("escalated")}
    assert steps[2].record.time - T == 10 * MINUTE + 1
    assert {f.get("to_role") for f in held.facts("escalated") if f.get("step") == 2} == {
        "designated-official",
        "liaison-officer",
    }
    (hold,) = held.facts("hold")
    assert hold.record.time - T == 15 * MINUTE + 1
    assert hold.get("alert") == alarm.get("alert")
    assert hold.get("zone") == ZONE
    assert hold.get("clause") == "7.3"
    assert hold.record.acting == "node"


def test_the_hold_is_shown_to_both_with_offers_and_clause(held):
    held.to(17)
    for party in ("host", "partner"):
        (hold,) = held.holds(party)
        assert hold["zone"] == ZONE
        assert hold["clause"] == "7.3"
        assert hold["offers"] == ["other-exit", "other-time"]


def test_departure_under_a_hold_is_refused_with_its_clause_and_what_it_offers(held):
    (hold,) = held.holds()
    error = refused(rolls, held)
    assert error.clause == "7.3"
    assert hold["hold"] in error.why
    assert "other-exit" in error.do
    assert "other-time" in error.do
    record = held.facts("refused")[-1]
    assert record.get("clause") == "7.3"
    assert record.get("movement") == held.journey
    assert held.facts("depart") == []


def test_the_other_exit_is_open(held):
    values = {"movement": held.journey, "what": "route", "version": 2, "reason": "north is open"}
    held.send("planner", "changed", {**values, "gate": "zone:north-cordon"})
    rolls(held)
    assert len(held.facts("depart")) == 1


def test_a_check_ends_the_clock_but_does_not_lift_the_hold(held):
    held.check("guard-a", held.pickup)
    assert len(held.holds()) == 1
    assert refused(rolls, held).clause == "7.3"


# ---------------------------------------------------------------- how it is lifted
def test_two_persons_with_a_reason_lift_it_and_the_journey_may_begin(held):
    agree(held)
    release(held)
    assert held.holds() == []
    rolls(held)
    held.to(18, stride=1)
    assert held.holds("partner") == []


def test_one_person_alone_does_not_lift_it(held):
    error = not_lifted(held)
    assert error.clause == "7.3"
    assert "1 of 2" in error.what


def test_ones_own_yes_is_not_a_second_persons(held):
    agree(held, "duty")
    error = not_lifted(held)
    assert error.clause == "7.3"
    assert "1 of 2" in error.what


@pytest.mark.parametrize("reason", [" ", "\t\n"])
def test_without_a_reason_it_stands(held, reason):
    agree(held)
    error = not_lifted(held, reason=reason)
    assert "reason" in error.sentence()


def test_an_empty_reason_is_not_even_a_record(held):
    agree(held)
    error = not_lifted(held, reason="")
    assert "reason" in error.sentence()


def test_a_yes_older_than_thirty_minutes_does_not_count(held):
    agree(held)
    held.reports(47)
    error = not_lifted(held)
    assert error.clause == "7.3"
    assert "30 min" in error.why


def test_a_yes_of_exactly_thirty_minutes_counts(held):
    agree(held)
    at = held.now + 30 * MINUTE
    held.reports((at - T) / MINUTE)
    assert held.now == at
    release(held)
    assert held.holds() == []


@pytest.mark.parametrize("who", ["official", "planner", "leader", "commander", "district"])
def test_a_role_that_the_clause_does_not_name_does_not_lift_it(held, who):
    agree(held)
    assert not_lifted(held, who).clause


@pytest.mark.parametrize("who", ["planner", "official"])
def test_a_yes_of_a_role_that_the_clause_does_not_name_does_not_count(held, who):
    with suppress(Refused):  # refused at once is as good
        agree(held, who)
    assert not_lifted(held).clause == "7.3"


def test_the_partner_lifts_nothing(held):
    held.to(17)
    (hold,) = held.holds("partner")
    values = {"hold": hold["hold"], "zone": ZONE, "reason": "we would like to go"}
    for who in ("liaison", "partner-duty"):
        assert refused(held.send, who, "hold_released", values).clause == "3.2"
    assert len(held.holds("partner")) == len(held.holds()) == 1


def test_a_release_that_names_another_zone_lifts_nothing(held):
    agree(held)
    assert not_lifted(held, zone="zone:north-cordon").clause == "7.3"


def test_a_hold_that_was_never_placed_is_not_lifted(held):
    values = {"hold": "ho_" + "a" * 26, "zone": ZONE, "reason": "there is none"}
    error = refused(held.send, "duty", "hold_released", values)
    assert "does not stand" in error.what
    assert len(held.holds()) == 1


def test_a_hold_is_lifted_once(held):
    (hold,) = held.holds()
    agree(held)
    release(held)
    error = refused(
        held.send, "duty", "hold_released",
        {"hold": hold["hold"], "zone": ZONE, "reason": "again"},
    )  # fmt: skip
    assert "lifted already" in error.why


def test_a_lifted_hold_stays_lifted_after_a_restart(held):
    agree(held)
    release(held)
    held.reopen("host")
    assert held.holds() == []
    rolls(held)


# ---------------------------------------------------------------- acknowledging
def pages(world, since):
    return [fact for fact in world.facts("told") if fact.record.time > since]


def test_acknowledging_stops_paging_and_nothing_else(world):
    world.reports(0)
    vehicle = world.sight("guard-b")
    world.reports(6)
    before = pages(world, minute(5.5))
    world.ack("guard-a", vehicle)
    acked = world.now
    world.reports(16)
    assert before == []
    # Nobody is paged again about the rung that was acknowledged: each later message is the
    # first of a new rung.
    later = [(fact.get("step"), fact.get("recipient")) for fact in pages(world, acked)]
    assert len(later) == len(set(later))
    assert all(step > 1 for step, _ in later)
    # The ladder runs on.
    assert {fact.get("step") for fact in world.facts("escalated")} >= {2}
    (hold,) = world.facts("hold")
    assert hold.record.time - T == 15 * MINUTE + 1


def test_without_an_acknowledgement_paging_goes_on(world):
    world.reports(0)
    world.sight("guard-b")
    world.reports(10)
    first = [fact for fact in world.facts("told") if fact.get("step") == 1]
    assert len(first) > 4


def test_who_acknowledged_may_not_check_and_the_clock_runs_on(world):
    world.reports(0)
    vehicle = world.sight("guard-b")
    world.reports(6)
    world.ack("guard-a", vehicle)
    error = refused(world.check, "guard-a", vehicle)
    assert error.clause == "2.2"
    assert world.facts("refused")[-1].get("clause") == "2.2"
    world.reports(16)
    assert len(world.holds()) == 1


def test_another_rostered_person_may_check_and_no_hold_falls(world):
    world.reports(0)
    vehicle = world.sight("guard-b")
    world.reports(6)
    world.ack("guard-a", vehicle)
    world.check("guard-b", vehicle)
    world.reports(20)
    assert world.holds() == []
    assert world.facts("hold") == []


@pytest.mark.parametrize("who", ["guard-off", "guard-n"])
def test_who_is_not_rostered_there_may_not_check(world, who):
    world.reports(0)
    vehicle = world.sight("guard-b")
    error = refused(world.check, who, vehicle)
    assert error.clause in ("7.2", None)
    if who == "guard-off":
        assert error.clause == "7.2"
        assert world.facts("refused")[-1].get("clause") == "7.2"
    assert world.facts("checked") == []


def test_unchecked_ends_no_clock(world):
    world.reports(0)
    vehicle = world.sight("guard-b")
    world.send("guard-b", "unchecked", {"vehicle": vehicle, **AT_POST, "reason": "alone"})
    world.reports(6)
    assert [f.get("verdict") for f in world.newest("cordon-check")] == ["breached"]


def test_a_check_in_time_keeps_the_standard_and_nobody_is_alarmed(world):
    world.reports(0)
    vehicle = world.sight("guard-b")
    world.to(3)
    world.check("guard-a", vehicle)
    world.reports(16)
    assert [f.get("verdict") for f in world.newest("cordon-check")] == ["kept"]
    assert world.facts("raised") == []
    assert world.facts("hold") == []


def test_a_departure_of_the_vehicle_ends_its_clock_too(world):
    world.reports(0)
    vehicle = world.sight("guard-b")
    world.to(3)
    world.sight("guard-b", motion="gone", vehicle=vehicle, first_seen=minute(0))
    world.reports(16)
    assert [f.get("verdict") for f in world.newest("cordon-check")] == ["kept"]
    assert world.facts("hold") == []


def test_the_site_of_the_hold_names_the_airport(held):
    (hold,) = held.holds()
    assert (hold["site"], hold["movement"]) == (SITE, None)
    assert POST not in hold["hold"]
