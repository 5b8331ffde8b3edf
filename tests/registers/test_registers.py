"""Registers: ids, rosters, roles, what was taken back, and the refusals."""

import contextlib
import copy
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct import registers
from safeconduct.kernel.errors import Refused
from tests.registers.making import MINUTE, START, Maker, eid, rid

PERSON = eid("person", "p")
SHIFT = eid("shift", "s")


@pytest.fixture
def make():
    return Maker()


def at(minutes):
    return START + int(minutes * MINUTE)


def shift(make, t=0, **kw):
    values = {
        "name": "s",
        "shift": SHIFT,
        "post": "post:gate",
        "site": "site:airport",
        "person": PERSON,
        "role": "guard",
        "from_": at(10),
        "until": at(60),
    } | kw
    return make("rostered", t, **values)


def state_of(*facts):
    state = registers.State()
    for fact in facts:
        registers.project(state, fact)
    return state


@pytest.mark.parametrize(
    "minute,due", [(9.99, False), (10, True), (59.99, True), (60, False), (300, False)]
)
def test_a_shift_has_an_exclusive_end(make, minute, due):
    state = state_of(shift(make))
    assert registers.rostered_at(state, PERSON, "post:gate", at(minute)) is due
    assert registers.posts_with_shift(state, at(minute)) == (["post:gate"] if due else [])
    assert registers.holders(state, "guard", at(minute)) == ((PERSON,) if due else ())
    assert not registers.rostered_at(state, PERSON, "post:other", at(minute))


def test_a_shift_entered_after_the_act_does_not_cover_it(make):
    state = state_of(shift(make, 20))
    assert not registers.rostered_at(state, PERSON, "post:gate", at(15))
    assert registers.rostered_at(state, PERSON, "post:gate", at(20))


def test_a_newer_entry_of_the_same_shift_moves_the_person(make):
    state = state_of(shift(make), shift(make, 5, name="n", post="post:other"))
    assert not registers.rostered_at(state, PERSON, "post:gate", at(30))
    assert registers.rostered_at(state, PERSON, "post:other", at(30))


def test_an_earlier_entry_that_arrives_later_changes_nothing(make):
    older, newer = shift(make), shift(make, 5, name="n", post="post:other")
    assert state_of(older, newer) == state_of(newer, older)


def test_what_is_taken_back_stays_readable_before(make):
    fact = shift(make)
    back = make("revoked", 30, of=fact.record.id, about=SHIFT, reason="ill")
    for facts in ([fact, back], [back, fact]):
        state = state_of(*facts)
        assert registers.rostered_at(state, PERSON, "post:gate", at(29))
        assert not registers.rostered_at(state, PERSON, "post:gate", at(30))


def test_an_older_entry_does_not_come_back_when_the_newest_is_taken_back(make):
    newer = shift(make, 5, name="n", post="post:other")
    back = make("revoked", 20, of=newer.record.id, about=SHIFT, reason="ill")
    state = state_of(shift(make), newer, back)
    assert registers.posts_with_shift(state, at(30)) == []


def test_another_party_takes_nothing_back_and_corrects_nothing(make):
    fact = shift(make)
    back = make("revoked", 20, party="partner", of=fact.record.id, about=SHIFT, reason="no")
    other = shift(make, 0, name="x", party="partner", replaces=fact.record.id, person="pe_x")
    state = state_of(fact, back, other)
    assert registers.rostered_at(state, PERSON, "post:gate", at(30))


def test_a_correction_drops_what_it_replaces(make):
    fact = shift(make)
    state = state_of(fact, shift(make, 1, name="n", replaces=fact.record.id, person="pe_b"))
    assert not registers.rostered_at(state, PERSON, "post:gate", at(30))
    assert registers.rostered_at(state, "pe_b", "post:gate", at(30))


def test_closed_persons_still_fill_a_post(make):
    state = state_of(shift(make, person=None), shift(make, name="t", person=None))
    assert len(registers.shifts_at(state, "post:gate", at(30))) == 2
    assert registers.posts_with_shift(state, at(30)) == ["post:gate"]


def test_roles_by_naming_and_by_shift(make):
    state = state_of(
        shift(make),
        make("named", 0, role="convoy_leader", holder=PERSON, about="mv_1", until=at(40)),
        make("named", 0, role="convoy_leader", holder="pe_b", about="mv_2"),
    )
    assert registers.roles_of(state, PERSON, at(30)) == {"guard", "convoy_leader"}
    assert registers.roles_of(state, PERSON, at(5)) == {"convoy_leader"}
    assert registers.roles_of(state, PERSON, at(40)) == {"guard"}
    assert registers.holders(state, "convoy_leader", at(5)) == tuple(sorted([PERSON, "pe_b"]))
    assert registers.holders(state, "convoy_leader", at(5), about="mv_2") == ("pe_b",)
    assert registers.holders(state, "guard", at(30), about="site:airport") == (PERSON,)
    assert registers.holders(state, "guard", at(30), about="site:other") == ()


def test_a_naming_unseats_nobody(make):
    state = state_of(
        make("named", 0, role="leader", holder=PERSON, about="mv_1"),
        make("named", 3, role="leader", holder="pe_b", about="mv_1"),
    )
    assert registers.holders(state, "leader", at(2)) == (PERSON,)
    assert registers.holders(state, "leader", at(3)) == tuple(sorted((PERSON, "pe_b")))


def listing(make, kind, name="p", party="host", **kw):
    common = {"name": name, "party": party}
    if kind == "person":
        return make(
            "person_listed", **common, **{"person": eid(kind, name), **kw}, capacity="guard"
        )
    if kind == "unit":
        values = {"unit": eid(kind, name), "kind": "police", "strength": 4, "skills": ["medic"]}
        return make("unit_listed", **common, **(values | kw))
    values = {"vehicle": eid(kind, name), "vehicle_type": "suv", "armour": 4, "radio": True}
    return make("vehicle_listed", **common, **(values | kw), seats=5, look="white suv")


def test_what_is_listed_can_be_read(make):
    facts = [listing(make, kind) for kind in ("person", "unit", "vehicle")]
    state = state_of(*facts)
    assert registers.person(state, PERSON, at(1)).capacity == "guard"
    assert registers.unit(state, eid("unit", "p"), at(1)).skills == ("medic",)
    found = registers.vehicle(state, eid("vehicle", "p"), at(1))
    assert (found.armour, found.seats, found.party) == (4, 5, "host")
    assert registers.people(state, at(1)) == [registers.person(state, PERSON, at(1))]
    assert len(registers.units(state, at(1))) == len(registers.vehicles(state, at(1))) == 1
    assert registers.vehicle(state, "ve_x", at(1)) is None
    assert registers.people(state, at(-1)) == []


@pytest.mark.parametrize("kind", ["person", "unit", "vehicle"])
def test_an_id_is_that_of_its_founding_record(make, kind):
    registers.decide(registers.State(), listing(make, kind))
    with pytest.raises(Refused, match=f"the {kind} .* is unknown here.*would be {eid(kind, 'p')}"):
        registers.decide(registers.State(), listing(make, kind, **{kind: eid(kind, "other")}))


def test_a_shift_id_is_that_of_its_founding_record(make):
    registers.decide(registers.State(), shift(make))
    with pytest.raises(Refused, match=r"the shift .* is unknown here"):
        registers.decide(registers.State(), shift(make, shift=eid("shift", "other")))
    state = state_of(shift(make))
    registers.decide(state, shift(make, name="second", person="pe_b"))


def test_a_vehicle_may_be_listed_after_it_was_sighted(make):
    seen = make(
        "sighted",
        name="v",
        vehicle=eid("vehicle", "v"),
        site="s",
        zone="z",
        post="p",
        motion="stopped",
        vehicle_type="suv",
        first_seen=START,
    )
    state = state_of(seen)
    assert registers.knows(state, eid("vehicle", "v"))
    registers.decide(state, listing(make, "vehicle", name="x", vehicle=eid("vehicle", "v")))


@pytest.mark.parametrize("kind", ["person", "unit", "vehicle"])
def test_a_party_lists_its_own(make, kind):
    state = state_of(listing(make, kind))
    registers.decide(state, listing(make, kind))
    with pytest.raises(Refused, match="stands in the register of host"):
        registers.decide(state, listing(make, kind, party="partner"))


@pytest.mark.parametrize("until", [10, 9])
def test_an_empty_shift_is_refused(make, until):
    with pytest.raises(Refused, match="not after its begin") as caught:
        registers.decide(registers.State(), shift(make, until=at(until)))
    assert caught.value.do == "give an end later than the begin"


def test_a_naming_that_ends_before_it_holds_is_refused(make):
    fact = make("named", 5, role="leader", holder=PERSON, about="mv_1", until=at(5))
    with pytest.raises(Refused, match="before it holds"):
        registers.decide(registers.State(), fact)


def test_other_aliases_pass_and_change_nothing(make):
    fact = make("ack", alert="al_1", about="ve_1")
    state = registers.State()
    registers.decide(state, fact)
    registers.project(state, fact)
    assert state == registers.State()


@st.composite
def stories(draw):
    make = Maker()
    facts = [shift(make)]
    for _ in range(draw(st.integers(0, 8))):
        t, person = draw(st.integers(-5, 80)), draw(st.sampled_from([PERSON, "pe_b", None]))
        earlier = draw(st.sampled_from(facts)).record.id
        party = draw(st.sampled_from(["host", "partner"]))
        facts.append(
            draw(
                st.sampled_from(
                    [
                        shift(make, t, name=make, person=person, party=party),
                        shift(make, t, name=(make, t), post="post:b", replaces=earlier),
                        make("revoked", t, of=earlier, about=SHIFT, reason="r", party=party),
                        make("named", t, role="guard", holder="pe_b", about="x", party=party),
                    ]
                )
            )
        )
    return facts


@given(stories(), st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter_and_replay_is_equal(facts, random):
    shuffled = facts[:]
    random.shuffle(shuffled)
    assert state_of(*facts) == state_of(*facts)
    assert state_of(*facts) == state_of(*shuffled)


@given(stories())
def test_queries_and_decisions_leave_the_state_untouched(facts):
    state = state_of(*facts)
    before = copy.deepcopy(state)
    for fact, minute in itertools.product(facts, (0, 30, 61)):
        with contextlib.suppress(Refused):
            registers.decide(state, fact)
        registers.posts_with_shift(state, at(minute))
        registers.roles_of(state, PERSON, at(minute))
        registers.holders(state, "guard", at(minute))
    assert state == before


def test_a_roster_of_thousands_is_read_quickly(make):
    state = registers.State()
    for day in range(200):
        for post in range(20):
            begins = at(day * 1440)
            registers.project(
                state,
                shift(
                    make,
                    name=(day, post),
                    shift=eid("shift", (day, post)),
                    post=f"post:{post}",
                    person=f"pe_{post}",
                    from_=begins,
                    until=begins + 1440 * MINUTE,
                ),
            )
    for _ in range(50):
        assert len(registers.posts_with_shift(state, at(199 * 1440 + 5))) == 20
    assert rid(1) != rid(2)
