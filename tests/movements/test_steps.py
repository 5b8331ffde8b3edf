"""Movements: the order of steps, and each refusal with its words."""

import pytest

from safeconduct import movements
from safeconduct.kernel.errors import Refused
from tests.movements.acts import COAST, NORTH, OTHER_GATE, OUTER, Acts, M, V, at, decide, state_of
from tests.registers.making import eid


@pytest.fixture
def acts():
    return Acts()


def refused(state, fact, message, *, way="", clause=None, rule=None):
    with pytest.raises(Refused, match=message) as caught:
        decide(state, fact, rule)
    assert way in caught.value.do
    assert caught.value.clause == clause
    assert caught.value.why


def enter(state, fact, name):
    decide(state, fact)
    movements.project(state, fact)
    assert movements.movement(state, M).state == name


def test_a_life_from_request_to_closing(acts):
    state = movements.State()
    assert movements.movement(state, M) is None
    enter(state, acts.requested(), "requested")
    enter(state, acts.notified(), "requested")
    enter(state, acts.cleared(), "requested")
    enter(state, acts.cleared(district=NORTH), "cleared")
    enter(state, acts.escort(), "cleared")
    enter(state, acts.ordered(), "ordered")
    enter(state, acts.assigned(), "ordered")
    enter(state, acts.landed(), "ordered")
    enter(state, acts.radio(4), "ordered")
    enter(state, acts.depart(), "under_way")
    enter(state, acts.changed(20, what="time", gate=None, new_due=at(200)), "under_way")
    enter(state, acts.arrived(), "arrived")
    enter(state, acts.closed(), "closed")
    seen = movements.movement(state, M)
    assert (seen.version, seen.gate, seen.due, seen.last_radio) == (2, OUTER, at(200), at(4))
    assert (seen.vehicles, seen.escorts, seen.persons) == ((V,), ("un_1",), 3)
    assert (seen.cleared, seen.districts) == ((COAST, NORTH), (COAST, NORTH))
    assert (seen.departed_at, seen.arrived_at, seen.closed_at) == (at(5), at(90), at(95))
    assert (seen.outcome, seen.party, seen.notices) == ("completed", "company", ("visit",))
    assert movements.movements(state) == [seen]


def test_a_request_founds_its_id(acts):
    refused(movements.State(), Acts(eid("movement", "x")).requested(), "is not founded by this")
    refused(state_of(acts.requested()), acts.requested(name="n"), "was requested already")


def test_a_request_is_corrected_by_its_own_party_before_the_order(acts):
    first = acts.requested()
    state = state_of(first)
    better = acts.requested(1, name="n", replaces=first.record.id, districts=[COAST])
    decide(state, better)
    movements.project(state, better)
    assert movements.movement(state, M).districts == (COAST,)
    foreign = acts.requested(1, name="o", replaces=better.record.id, party="partner")
    refused(state, foreign, "was requested already")
    late = acts.requested(9, name="p", replaces=first.record.id)
    refused(acts.ready(), late, "can no longer be corrected", way="as changed")


def test_a_request_has_a_way_and_a_time(acts):
    refused(movements.State(), acts.requested(districts=[]), "names no district")
    refused(movements.State(), acts.requested(ends=at(60)), "not after its start")
    decide(movements.State(), acts.requested(districts=None, starts=None))


NEED_REQUEST = [
    "cleared", "ordered", "changed", "assigned", "escort", "landed", "depart", "radio",
    "arrived", "aborted", "closed",
]  # fmt: skip


@pytest.mark.parametrize("step", NEED_REQUEST)
def test_nothing_is_said_of_a_movement_that_was_never_requested(acts, step):
    refused(movements.State(), getattr(acts, step)(), "was never requested", way="request first")
    unasked = state_of(acts.ordered())
    refused(unasked, getattr(acts, step)(), "was never requested")


def test_a_notice_may_name_a_movement_that_is_known_by_its_id_alone(acts):
    decide(movements.State(), acts.notified())


def test_a_notice_of_a_group_needs_no_movement(acts):
    decide(movements.State(), acts.notified(movement=None, group="gr_1"))


def test_an_order_needs_every_district(acts):
    state = state_of(acts.requested(), acts.cleared())
    refused(state, acts.ordered(), "not cleared for district:north", way="clear it")
    movements.project(state, acts.cleared(district=NORTH, until=at(2)))
    refused(state, acts.ordered(2), "not cleared for district:north")
    decide(state, acts.ordered(1.9))


def test_a_clearance_taken_back_counts_no_more(acts):
    mine = acts.cleared(district=NORTH)
    state = state_of(acts.requested(), acts.cleared(), mine, acts.revoked(mine, 3))
    refused(state, acts.ordered(4), "not cleared for district:north")
    assert movements.movement(state, M).state == "requested"
    movements.project(state, acts.cleared(5, district=NORTH))
    decide(state, acts.ordered(6))


def test_closed_districts_cannot_be_told(acts):
    state = state_of(acts.requested(districts=None), acts.cleared())
    assert movements.movement(state, M).state == "cleared"
    refused(state, acts.ordered(), "are closed here", way="open them")


def test_a_clearance_ends_after_it_begins(acts):
    refused(state_of(acts.requested()), acts.cleared(1, until=at(1)), "before it holds")


def test_versions_rise(acts):
    state = acts.ready()
    refused(state, acts.ordered(3, 1), "version 1 of .* is out of date", way="2 or higher")
    decide(state, acts.ordered(3, 2))
    decide(state, acts.changed(3, 1))
    refused(state, acts.changed(3, 0), "version 0", way="1 or higher")
    movements.project(state, acts.changed(3, 4))
    refused(state, acts.ordered(4, 3), "version 3", way="4 or higher")
    decide(state, acts.ordered(4, 4))


def test_another_gate_is_a_change_of_route(acts):
    state = acts.ready()
    refused(state, acts.changed(what="time"), "would lead .* to zone:east", way="change of route")
    decide(state, acts.changed(what="time", gate=OUTER))
    decide(state, acts.changed(what="route"))


def test_the_newest_version_names_the_gate(acts):
    changes = [
        acts.changed(9, 3, "time", gate=None),
        acts.changed(8, 2, gate=OTHER_GATE),
        acts.ordered(2, 1),
    ]
    state = state_of(acts.requested(), *changes)
    assert movements.movement(state, M).gate == OTHER_GATE


def test_a_departure_needs_a_vehicle(acts):
    mine = acts.assigned()
    state = state_of(acts.requested(), acts.cleared(), acts.cleared(district=NORTH), acts.ordered())
    refused(state, acts.depart(), "no vehicle is assigned", way="assign a vehicle")
    movements.project(state, mine)
    decide(state, acts.depart())
    movements.project(state, acts.revoked(mine, 4))
    refused(state, acts.depart(), "no vehicle is assigned")


ORDER = [
    ("requested", [], ["changed", "depart", "arrived", "closed"]),
    ("ordered", [], ["arrived", "closed"]),
    ("under way", ["depart"], ["depart", "ordered", "closed"]),
    (
        "arrived",
        ["depart", "arrived"],
        ["depart", "changed", "ordered", "arrived", "aborted", "cleared", "assigned", "escort"],
    ),
    ("aborted", ["aborted"], ["depart", "changed", "ordered", "arrived", "aborted", "assigned"]),
    (
        "closed",
        ["depart", "arrived", "closed"],
        [
            "depart", "changed", "ordered", "arrived", "aborted", "closed", "radio", "landed",
            "notified",
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize("name,before,steps", ORDER)
def test_steps_come_in_their_order_and_once(acts, name, before, steps):
    state = state_of(acts.requested()) if name == "requested" else acts.ready()
    for step in before:
        movements.project(state, getattr(acts, step)())
    for step in steps:
        refused(state, getattr(acts, step)(99), f"is {name}: {step} cannot follow")


OUTCOMES = [
    (["depart", "arrived"], "completed", {"completed"}),
    (["depart", "aborted"], "aborted", {"aborted"}),
    (["aborted"], "aborted or never_began", {"aborted", "never_began"}),
]


@pytest.mark.parametrize("before,words,fits", OUTCOMES)
def test_the_outcome_fits_what_is_on_record(acts, before, words, fits):
    state = acts.ready(*(getattr(acts, step)() for step in before))
    for outcome in ("completed", "aborted", "never_began"):
        if outcome in fits:
            decide(state, acts.closed(outcome=outcome))
        else:
            refused(state, acts.closed(outcome=outcome), f"the outcome {outcome}", way=words)


def test_a_departure_is_corrected_by_the_party_that_recorded_it(acts):
    first = acts.depart(5)
    state = acts.ready(first, acts.hold(6))
    better = acts.depart(4, replaces=first.record.id)
    decide(state, better)
    movements.project(state, better)
    assert movements.movement(state, M).departed_at == at(4)
    refused(state, acts.depart(7, replaces=first.record.id), "depart cannot follow")
    foreign = acts.depart(7, replaces=better.record.id, party="partner")
    refused(state, foreign, "depart cannot follow")


def test_an_arrival_is_corrected_to_a_later_time(acts):
    first = acts.arrived(80)
    state = acts.ready(acts.depart(), first, acts.arrived(90, replaces=first.record.id))
    assert movements.movement(state, M).arrived_at == at(90)


def test_a_vehicle_taken_off_a_movement_drives_for_none(acts):
    mine = acts.assigned(2)
    state = acts.ready(mine, acts.assigned(3, "ve_2"), acts.revoked(mine, 10))
    other = acts.assigned(2.5, "ve_3")
    for fact in (other, acts.revoked(other, 10)):
        movements.project(state, fact)
    assert movements.movement_of(state, "ve_3", at(9)) == M
    assert movements.movement_of(state, "ve_3", at(10)) is None
    assert movements.movement_of(state, "ve_2", at(10)) == M


def test_a_record_of_another_type_undoes_no_step(acts):
    first = acts.depart(5)
    state = acts.ready(first, acts.radio(6, replaces=first.record.id))
    assert movements.movement(state, M).state == "under_way"


def test_the_window_of_positions_and_the_movement_of_a_vehicle(acts):
    state = state_of(acts.requested(), acts.assigned(1))
    assert movements.window(state, M) is None
    assert movements.movement_of(state, V, at(3)) is None
    movements.project(state, acts.ordered(2))
    assert movements.window(state, M) == (at(2), None)
    assert movements.movement_of(state, V, at(1)) is None
    assert movements.movement_of(state, V, at(2)) == M
    assert movements.movement_of(state, "ve_2", at(2)) is None
    movements.project(state, acts.aborted(50))
    movements.project(state, acts.closed(60, "never_began"))
    assert movements.window(state, M) == (at(2), at(50))
    assert movements.movement_of(state, V, at(50)) is None
    assert movements.movement_of(state, V, at(49)) == M
    assert movements.window(state, "mv_none") is None


def test_of_two_movements_of_a_vehicle_the_one_on_the_road(acts):
    state = acts.ready(acts.depart())
    other = Acts("mv_other")
    for fact in (other.ordered(9), other.assigned(9)):
        movements.project(state, fact)
    assert movements.movement_of(state, V, at(10)) == M
    movements.project(state, acts.arrived(20))
    assert movements.movement_of(state, V, at(21)) == "mv_other"


def test_vehicles_and_escorts_as_of_then(acts):
    mine, unit = acts.assigned(2), acts.escort(3)
    state = acts.ready(mine, unit, acts.revoked(unit, 8), acts.assigned(6, "ve_2"))
    assert movements.vehicles_of(state, M, at(3)) == (V,)
    assert movements.vehicles_of(state, M) == (V, "ve_2")
    assert movements.escorts_of(state, M, at(7)) == ("un_1",)
    assert movements.escorts_of(state, M) == ()
    assert movements.vehicles_of(state, "mv_none") == ()


def test_milestones_are_enough_for_the_state(acts):
    make = acts.make
    forms = [
        make("requested", 0, form="milestone", movement=M, persons=3),
        make("cleared", 1, form="milestone", movement=M, district=COAST, until=at(99)),
        make("assigned", 2, form="milestone", movement=M, armour=4),
        make("assigned", 2, form="milestone", movement=M, armour=4),
        make("ordered", 2, form="milestone", movement=M, version=1),
        make("depart", 3, form="milestone", movement=M),
    ]
    state = state_of(*forms)
    seen = movements.movement(state, M)
    assert (seen.state, seen.version, seen.gate, seen.districts) == ("under_way", 1, None, None)
    assert len(seen.vehicles) == 2


def test_other_aliases_pass_and_change_nothing(acts):
    fact, state = acts.make("ack", alert="al_1", about=M), movements.State()
    decide(state, fact)
    movements.project(state, fact)
    assert state == movements.State()
