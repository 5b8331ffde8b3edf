"""Holds: what they bar, the way round them, and that nobody lifts one alone."""

import itertools

import pytest

from safeconduct import movements
from safeconduct.kernel.errors import Refused
from tests.movements.acts import (
    AIRPORT,
    OTHER_GATE,
    OUTER,
    PLANT,
    Acts,
    M,
    Rule,
    at,
    decide,
    state_of,
)
from tests.registers.making import MINUTE


@pytest.fixture
def acts():
    return Acts()


BARS = [
    ({"movement": M}, True),
    ({"movement": "mv_other"}, False),
    ({"zone": OUTER}, True),
    ({"zone": OUTER, "site": AIRPORT}, True),
    ({"zone": OUTER, "movement": M}, True),
    ({"zone": OUTER, "movement": "mv_other"}, False),
    ({"zone": OTHER_GATE}, False),
    ({"zone": OTHER_GATE, "site": AIRPORT}, False),
    ({"zone": OTHER_GATE, "movement": M}, False),
    ({"site": AIRPORT}, True),
    ({"site": PLANT}, True),
    ({"site": "site:port"}, False),
    ({"site": "site:port", "movement": M}, True),
]


@pytest.mark.parametrize("scope,barred", BARS)
def test_what_a_hold_bars(acts, scope, barred):
    state = acts.ready(acts.hold(**scope))
    assert movements.movement(state, M).held is barred
    assert len(movements.holds_in_force(state)) == 1
    if not barred:
        decide(state, acts.depart())
        return
    with pytest.raises(Refused, match="is held and may not depart") as caught:
        decide(state, acts.depart())
    assert caught.value.clause == "7.3"
    assert "under clause 7.3" in caught.value.why
    assert "other-exit, other-time" in caught.value.do


UNKNOWN_GATE = [
    ({"zone": OUTER}, False),
    ({"zone": OUTER, "site": AIRPORT}, True),
    ({"zone": OUTER, "site": "site:port"}, False),
    ({"zone": OUTER, "movement": M}, True),
]


@pytest.mark.parametrize("scope,barred", UNKNOWN_GATE)
def test_a_movement_that_names_no_gate(acts, scope, barred):
    facts = [acts.requested(), acts.ordered(gate=None), acts.hold(**scope)]
    assert movements.movement(state_of(*facts), M).held is barred


def test_the_site_of_departure_is_on_the_way(acts):
    state = acts.ready(acts.hold(site="site:port"))
    decide(state, acts.depart())
    with pytest.raises(Refused, match="is held"):
        decide(state, acts.depart(site="site:port"))


def test_another_gate_is_a_way_round(acts):
    state = acts.ready(acts.hold(site=AIRPORT, zone=OUTER))
    with pytest.raises(Refused, match="is held"):
        decide(state, acts.depart())
    movements.project(state, acts.changed(4, what="time", gate=None))
    with pytest.raises(Refused, match="is held"):
        decide(state, acts.depart())
    movements.project(state, acts.changed(5, version=3))
    decide(state, acts.depart(6))


def test_several_holds_are_counted_and_the_oldest_is_named(acts):
    state = acts.ready(acts.hold(5, "ho_2", movement=M), acts.hold(4))
    with pytest.raises(Refused, match=r"the hold ho_1 .* and 1 more"):
        decide(state, acts.depart())
    assert movements.movement(state, M).holds == ("ho_1", "ho_2")
    assert [item.hold for item in movements.holds_on(state, M)] == ["ho_1", "ho_2"]


def test_what_no_longer_rolls_is_not_held(acts):
    state = acts.ready(acts.depart(), acts.hold(6))
    assert movements.movement(state, M).held
    movements.project(state, acts.aborted())
    assert not movements.movement(state, M).held


HOLDS = [
    ({"zone": None}, "names nothing that it holds"),
    ({"movement": "mv_x"}, "was never requested"),
    ({}, "the hold ho_1 stands already"),
    ({"zone": OTHER_GATE, "rev": 1}, "would no longer stand on zone:outer"),
    ({"zone": OUTER, "movement": M, "rev": 1}, "would no longer stand on zone:outer"),
]


@pytest.mark.parametrize("change,message", HOLDS)
def test_holds_that_are_refused(acts, change, message):
    with pytest.raises(Refused, match=message) as caught:
        decide(acts.ready(acts.hold()), acts.hold(5, **change))
    assert caught.value.clause == "7.3"


def test_a_hold_is_revised_and_fresh_ones_may_fall(acts):
    state = acts.ready(acts.hold())
    decide(state, acts.hold(5, rev=1, offers=["other-exit"]))
    movements.project(state, acts.hold(5, rev=1, offers=["other-exit"]))
    assert movements.holds_in_force(state)[0].offers == ("other-exit",)
    decide(state, acts.hold(5, "ho_2"))


@pytest.mark.parametrize("party", ["host", "partner"])
def test_the_newest_revision_counts_in_any_order_of_arrival(acts, party):
    facts = [acts.hold(4 + n, rev=n, offers=[f"way-{n}"], party=party) for n in range(3)]
    for order in itertools.permutations(facts):
        assert movements.holds_in_force(acts.ready(*order))[0].offers == ("way-2",)


def test_both_nodes_may_record_one_hold_and_neither_weakens_it(acts):
    theirs = acts.hold(5, zone=OTHER_GATE, party="partner", rev=9)
    for order in itertools.permutations([acts.hold(4), theirs]):
        state = acts.ready(*order)
        assert movements.movement(state, M).held
        assert [item.zone for item in movements.holds_in_force(state)] == [OUTER]
    decide(acts.ready(acts.hold()), theirs)


def test_a_lifted_hold_does_not_come_back(acts):
    for order in itertools.permutations([acts.hold(), acts.released()]):
        state = acts.ready(*order)
        assert not movements.movement(state, M).held
        assert movements.holds_in_force(state) == []
        assert movements.hold_of(state, "ho_1") is not None
        with pytest.raises(Refused, match="was lifted already"):
            decide(state, acts.hold(40, rev=3))


RELEASES = [
    ("no yes at all", [], {}, "has 1 of 2 different persons"),
    ("own yes", [{"by": "pe_a"}], {}, "has 1 of 2"),
    ("of another hold", [{"about": "ho_2"}], {}, "has 1 of 2"),
    ("yes in another role", [{"acting": "guard"}], {}, "has 1 of 2"),
    ("yes too old", [{"t": 24.99}], {"t": 55}, "has 1 of 2"),
    ("yes before the hold", [{"t": 3}], {"t": 6}, "has 1 of 2"),
    ("yes after the release", [{"t": 31}], {}, "has 1 of 2"),
    ("yes that has ended", [{"until": at(30)}], {}, "has 1 of 2"),
    ("role", [{}], {"acting": "liaison-officer"}, "liaison-officer may not lift"),
    ("reason", [{}], {"reason": "  "}, "gives no reason"),
    ("unknown", [{}], {"hold": "ho_9"}, "the hold ho_9 does not stand"),
    ("other zone", [{}], {"zone": OTHER_GATE}, "is not on zone:east"),
    ("other site", [{}], {"site": AIRPORT}, "is not on site:airport"),
]


@pytest.mark.parametrize("_,yeses,change,message", RELEASES)
def test_releases_that_are_refused(acts, _, yeses, change, message):
    state = acts.ready(acts.hold(), *(acts.approved(**yes) for yes in yeses))
    with pytest.raises(Refused, match=message) as caught:
        decide(state, acts.released(**change))
    assert caught.value.clause == "7.3"
    assert caught.value.do


@pytest.mark.parametrize("change", [{}, {"zone": OUTER}, {"t": 55}, {"t": 25}])
def test_two_persons_lift_a_hold(acts, change):
    state = acts.ready(acts.hold(), acts.approved(25))
    fact = acts.released(**change)
    decide(state, fact)
    movements.project(state, fact)
    decide(state, acts.depart(56))
    with pytest.raises(Refused, match=r"does not stand.*lifted already"):
        decide(state, acts.released(57))


def test_a_yes_taken_back_counts_no_more(acts):
    yes = acts.approved()
    state = acts.ready(acts.hold(), yes, acts.revoked(yes, 26))
    with pytest.raises(Refused, match="has 1 of 2"):
        decide(state, acts.released())


def test_clocks_that_differ_within_their_error_do_not_undo_a_yes(acts):
    state = acts.ready(acts.hold(), acts.approved(30.5, err=20_000))
    with pytest.raises(Refused, match="has 1 of 2"):
        decide(state, acts.released(30))
    decide(state, acts.released(30, err=10_000))


def test_three_persons_where_the_clause_says_three(acts):
    rule = Rule(persons=3)
    state = acts.ready(acts.hold(), acts.approved(25), acts.approved(26))
    with pytest.raises(Refused, match="has 2 of 3 different persons"):
        decide(state, acts.released(), rule)
    movements.project(state, acts.approved(27, by="pe_c", acting="host-duty-officer"))
    decide(state, acts.released(), rule)


def test_where_the_clause_allows_one_person_twice(acts):
    state = acts.ready(acts.hold(), acts.approved(by="pe_a"))
    decide(state, acts.released(), Rule(different=False))
    with pytest.raises(Refused, match="has 1 of 2 persons"):
        decide(acts.ready(acts.hold()), acts.released(), Rule(different=False))


def test_without_a_release_clause_nobody_lifts_a_hold(acts):
    state = acts.ready(acts.hold(), acts.approved())
    with pytest.raises(Refused, match="nobody may lift the hold ho_1") as caught:
        decide(state, acts.released(), None)
    assert caught.value.clause == "7.3"


def test_a_yes_may_not_be_older_than_the_clause_says(acts):
    state = acts.ready(acts.hold(), acts.approved(25))
    decide(state, acts.released(35), Rule(within_ms=10 * MINUTE))
    with pytest.raises(Refused, match="in the 10 min before"):
        decide(state, acts.released(35.01), Rule(within_ms=10 * MINUTE))
