"""Sites: episodes of waiting vehicles, reports of posts, and who may say that a check was done."""

import copy
import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct import registers, sites
from safeconduct.kernel.errors import Refused
from tests.registers.making import MINUTE, START, Maker, eid

V = eid("vehicle", "v")
GUARD, OTHER = "pe_guard", "pe_other"
AIRPORT, OUTER, INNER, GATE = "site:airport", "zone:outer", "zone:inner", "post:outer-gate"
AT = {"site": AIRPORT, "zone": OUTER, "post": GATE}


class Rule(msgspec.Struct, frozen=True):
    roles: tuple[str, ...] = ("guard", "post-commander")
    rostered: bool = True
    not_by_acknowledger: bool = True
    clause: str = "7.2"
    separation_clause: str = "2.2"


def at(minutes):
    return START + int(minutes * MINUTE)


@pytest.fixture
def make():
    return Maker()


def seen(make, t=0, motion="stopped", first=None, **kw):
    values = {"vehicle": V, "vehicle_type": "pickup", "by": GUARD, "acting": "guard", **AT} | kw
    return make("sighted", t, motion=motion, first_seen=at(t if first is None else first), **values)


def check(make, t=0, **kw):
    values = {"vehicle": V, "result": "clear", "by": GUARD, "acting": "guard", **AT} | kw
    return make("checked", t, **values)


def listing(make, **kw):
    values = {
        "site": AIRPORT,
        "district": "district:coast",
        "kind": "airport",
        "risk": "high",
        "zones": [OUTER, INNER],
        "review_due": at(99),
        "place": [
            [OUTER, 24_900_000, 67_160_000, 900],
            [INNER, 24_900_000, 67_160_000, 300],
            [GATE, 24_901_000, 67_161_000, 20],
        ],
    } | kw
    return make("site_listed", **values)


def state_of(*facts):
    state = sites.State()
    for fact in facts:
        sites.project(state, fact)
    return state


def roster(make, person=GUARD, post=GATE):
    state = registers.State()
    registers.project(
        state,
        make(
            "rostered",
            shift="sh_1",
            post=post,
            site=AIRPORT,
            person=person,
            role="guard",
            from_=at(0),
            until=at(600),
        ),
    )
    return state


def since(state, minute):
    return [(row.since - START) / MINUTE for row in sites.waiting(state, at(minute))]


def test_a_standing_vehicle_waits_since_it_was_first_seen(make):
    state = state_of(seen(make, 3, first=1))
    (row,) = sites.waiting(state, at(5))
    assert (row.vehicle, row.site, row.zone, row.post) == (V, AIRPORT, OUTER, GATE)
    assert (row.since, row.last_seen, row.checked) == (at(1), at(3), False)
    assert sites.waiting(state, at(2)) == []


STORIES = [
    ("a later sighting does not restart the clock", [("s", 0), ("s", 9)], 20, [0]),
    ("a check ends it", [("s", 0), ("c", 4)], 20, []),
    ("before the check it still waited", [("s", 0), ("c", 4)], 3, [0]),
    ("gone ends it", [("s", 0), ("g", 4)], 20, []),
    ("moving ends it", [("s", 0), ("m", 4)], 20, []),
    ("a vehicle that only passes does not wait", [("m", 0)], 20, []),
    ("a check that was not possible ends nothing", [("s", 0), ("u", 4)], 20, [0]),
    ("a false gone buys no time", [("s", 0), ("g", 4), ("s", 34)], 40, [0]),
    ("after the rejoin time it is a new stand", [("s", 0), ("g", 4), ("s", 35)], 40, [35]),
    (
        "gone after a check, then back: a new stand",
        [("s", 0), ("c", 2), ("g", 4), ("s", 9)],
        40,
        [9],
    ),
    (
        "a check after it had gone settles the old stand",
        [("s", 0), ("g", 4), ("c", 5), ("s", 9)],
        20,
        [9],
    ),
    ("checked and seen again as standing since before", [("s", 0), ("c", 4), ("s", 6, 0)], 9, []),
    ("checked and said to stand since after", [("s", 0), ("c", 4), ("s", 6, 5)], 9, [5]),
    ("sighting and check in one millisecond", [("c", 4), ("s", 4)], 9, []),
    ("a sighting logged after the check, of before it", [("c", 4), ("s", 5, 1)], 9, []),
    ("a check elsewhere at the site counts", [("s", 0), ("i", 4)], 9, []),
    ("a check at another site does not", [("s", 0), ("x", 4)], 9, [0]),
]


def story(make, steps):
    kinds = {
        "s": lambda t, *first: seen(make, t, first=first[0] if first else None),
        "g": lambda t: seen(make, t, motion="gone"),
        "m": lambda t: seen(make, t, motion="moving"),
        "c": lambda t: check(make, t),
        "u": lambda t: make("unchecked", t, vehicle=V, reason="unsafe", **AT),
        "i": lambda t: check(make, t, zone=INNER),
        "x": lambda t: check(make, t, site="site:plant", zone="zone:plant"),
    }
    return [kinds[kind](*times) for kind, *times in steps]


@pytest.mark.parametrize("title,steps,minute,expected", STORIES)
def test_the_story_of_a_stand_in_every_order_of_arrival(make, title, steps, minute, expected):
    facts = story(make, steps)
    for order in itertools.permutations(facts):
        assert since(state_of(*order), minute) == expected, title


def test_checked_vehicles_that_still_stand_are_listed_on_request(make):
    state = state_of(seen(make, 0), check(make, 4))
    assert sites.waiting(state, at(9)) == []
    (row,) = sites.waiting(state, at(9), with_checked=True)
    assert row.checked


def test_longest_waiting_first(make):
    facts = [seen(make, t, vehicle=f"ve_{t}") for t in (5, 1, 3)]
    assert since(state_of(*facts), 9) == [1, 3, 5]


def test_a_milestone_form_is_enough_for_the_clock(make):
    fact = make(
        "sighted",
        form="milestone",
        vehicle=V,
        site=AIRPORT,
        zone=OUTER,
        first_seen=at(0),
        motion="stopped",
    )
    assert since(state_of(fact), 3) == [0]


def test_a_check_entered_for_the_wrong_vehicle_lets_its_clock_run_again(make):
    wrong = check(make, 4)
    right = check(make, 5, vehicle="ve_w", replaces=wrong.record.id)
    for order in itertools.permutations([seen(make, 0), wrong, right]):
        assert since(state_of(*order), 9) == [0]
    foreign = check(make, 5, vehicle="ve_w", replaces=wrong.record.id, party="partner")
    assert since(state_of(seen(make, 0), wrong, foreign), 9) == []


def test_a_corrected_sighting_does_not_take_back_that_it_was_seen(make):
    first = seen(make, 0)
    state = state_of(first, seen(make, 1, motion="moving", replaces=first.record.id), seen(make, 2))
    assert since(state, 9) == [0]


def test_the_newest_report_of_a_post_counts(make):
    reports = [
        make(
            "queue",
            t,
            post=GATE,
            site=AIRPORT,
            zone=OUTER,
            waiting=t,
            unchecked=0,
            passed=1,
            oldest=0,
        )
        for t in (2, 9, 5)
    ]
    state = state_of(*reports)
    assert sites.post_report(state, GATE).heard == at(9)
    assert [row.waiting for row in sites.post_reports(state)] == [9]
    assert sites.post_report(state, "post:other") is None


def test_a_site_is_read_as_last_listed(make):
    state = state_of(listing(make), listing(make, risk="low"))
    found = sites.site(state, AIRPORT)
    assert found.risk == "low"
    assert found.posts == (GATE,)
    assert sites.site_of_zone(state, INNER).site == AIRPORT
    assert sites.site_of_zone(state, "zone:none") is None
    assert [item.site for item in sites.sites(state)] == [AIRPORT]
    closed = sites.site(state_of(listing(make, place=None)), AIRPORT)
    assert closed.places is None
    assert closed.posts == ()


def test_acknowledgers_are_found_through_the_alert_and_directly(make):
    facts = [
        raised(make, 5),
        make("ack", 6, by="pe_1", alert="al_1", about="zone:outer"),
        make("ack", 6, by="pe_2", alert="al_9", about=V),
        make("ack", 6, by="pe_3", alert="al_9", about="al_1"),
        make("ack", 6, by="pe_4", alert="al_9", about="ve_other"),
    ]
    for order in itertools.permutations(facts):
        assert sites.acknowledgers(state_of(*order), V) == {"pe_1", "pe_2", "pe_3"}


def raised(make, t, alert="al_1"):
    return make("raised", t, alert=alert, about=V, severity="critical", owner="guard", due=at(t))


# ---- refusals


def decide(state, fact, registers_state=None, rule=None):
    before = copy.deepcopy(state)
    try:
        sites.decide(state, fact, registers=registers_state or registers.State(), rule=rule)
    finally:
        assert state == before


def test_a_sighting_founds_the_vehicle_that_it_names(make):
    decide(sites.State(), seen(make, name="v"))
    with pytest.raises(Refused, match="is unknown here") as caught:
        decide(sites.State(), seen(make, name="w"))
    assert eid("vehicle", "w") in caught.value.why
    decide(state_of(seen(make, name="v")), seen(make, 1, name="w"))


def test_a_registered_vehicle_may_be_sighted(make):
    register = registers.State()
    fact = make(
        "vehicle_listed",
        name="v",
        vehicle=V,
        vehicle_type="suv",
        armour=0,
        radio=False,
        seats=5,
        look="grey",
    )
    registers.project(register, fact)
    decide(sites.State(), seen(make, name="w"), register)


def test_a_sighting_is_not_older_than_itself(make):
    with pytest.raises(Refused, match="after the sighting itself"):
        decide(sites.State(), seen(make, 1, first=2, name="v"))


PLACES = [
    ({"zone": "zone:plant"}, "zone:plant is no zone of site:airport", "zone:outer, zone:inner"),
    ({"post": "post:other"}, "post:other is no post of site:airport", GATE),
]


@pytest.mark.parametrize("alias", ["sighted", "checked", "unchecked", "queue"])
@pytest.mark.parametrize("wrong,message,known", PLACES)
def test_zone_and_post_belong_to_the_site(make, alias, wrong, message, known):
    values = {
        "sighted": lambda **kw: seen(make, name="v", **kw),
        "checked": lambda **kw: check(make, **kw),
        "unchecked": lambda **kw: make("unchecked", vehicle=V, reason="alone", **(AT | kw)),
        "queue": lambda **kw: queue(make, 1, 1, **kw),
    }[alias]
    state = state_of(listing(make), seen(make))
    decide(state, values())
    with pytest.raises(Refused, match=message) as caught:
        decide(state, values(**wrong))
    assert known in caught.value.why
    decide(state_of(seen(make)), values(**wrong))
    if "post" in wrong:
        decide(state_of(listing(make, place=None), seen(make)), values(**wrong))


def queue(make, waiting, unchecked, **kw):
    values = {"waiting": waiting, "unchecked": unchecked, "passed": 0, "oldest": 0, **AT} | kw
    return make("queue", **values)


def test_a_queue_has_no_more_unchecked_than_waiting(make):
    decide(sites.State(), queue(make, 2, 2))
    with pytest.raises(Refused, match="3 vehicles unchecked, but only 2 waiting"):
        decide(sites.State(), queue(make, 2, 3))


def test_a_rostered_guard_checks_what_was_seen(make):
    decide(state_of(seen(make)), check(make, 2), roster(make), Rule())


CHECKS = [
    ("unseen", {"vehicle": "ve_x"}, "never seen here", "7.2", "log the sighting first"),
    ("role", {"acting": "host-duty-officer"}, "not made as host-duty-officer", "7.2", "roles"),
    ("person", {"by": OTHER}, "pe_other is not rostered at post:outer-gate", "7.2", "rostered"),
    ("post", {"post": "post:b"}, "pe_guard is not rostered at post:b", "7.2", "enter the shift"),
    ("late", {"t": 600}, "is not rostered", "7.2", "rostered person"),
]


@pytest.mark.parametrize("_,change,message,clause,way", CHECKS)
def test_checks_that_are_refused(make, _, change, message, clause, way):
    t = change.pop("t", 2) if "t" in change else 2
    with pytest.raises(Refused, match=message) as caught:
        decide(state_of(seen(make)), check(make, t, **change), roster(make), Rule())
    assert caught.value.clause == clause
    assert way in caught.value.do


def test_who_acknowledged_does_not_end_the_clock(make):
    acks = [
        [make("ack", 6, by=GUARD, alert="al_2", about=V)],
        [raised(make, 5), make("ack", 6, by=GUARD, alert="al_1", about="zone:outer")],
    ]
    for facts in acks:
        state = state_of(seen(make), *facts)
        with pytest.raises(Refused, match="pe_guard acknowledged the alert") as caught:
            decide(state, check(make, 8), roster(make), Rule())
        assert caught.value.clause == "2.2"
        assert "another rostered person" in caught.value.do
        decide(state, check(make, 8, by=OTHER), roster(make, OTHER), Rule())
        decide(state, check(make, 8), roster(make), Rule(not_by_acknowledger=False))


def test_an_alert_that_a_check_ended_keeps_nobody_away_later(make):
    facts = [seen(make), raised(make, 5), make("ack", 6, by=GUARD, alert="al_1", about=V)]
    state = state_of(
        *facts, check(make, 8, by=OTHER), seen(make, 50, motion="gone"), seen(make, 99)
    )
    decide(state, check(make, 101), roster(make), Rule())
    late = make("ack", 9, by=GUARD, alert="al_1", about=V)
    sites.project(state, late)
    decide(state, check(make, 101), roster(make), Rule())
    for fact in (raised(make, 104, "al_7"), make("ack", 105, by=GUARD, alert="al_7", about=V)):
        sites.project(state, fact)
    with pytest.raises(Refused, match="acknowledged the alert"):
        decide(state, check(make, 106), roster(make), Rule())


def test_a_check_elsewhere_does_not_make_an_acknowledger_free(make):
    state = state_of(
        seen(make),
        make("ack", 6, by=GUARD, alert="al_1", about=V),
        check(make, 8, by=OTHER, site="site:plant", zone="zone:plant"),
    )
    with pytest.raises(Refused, match="acknowledged the alert"):
        decide(state, check(make, 9), roster(make), Rule())


def test_without_a_rule_only_the_facts_are_looked_at(make):
    decide(state_of(seen(make)), check(make, acting="host-duty-officer"))
    decide(state_of(seen(make)), check(make), None, Rule(rostered=False, roles=()))
    with pytest.raises(Refused) as caught:
        decide(sites.State(), check(make))
    assert caught.value.clause is None


def test_a_check_not_possible_is_always_heard(make):
    fact = make("unchecked", by=OTHER, vehicle=V, reason="unsafe", **AT)
    decide(sites.State(), fact, None, Rule())


LISTINGS = [
    ({"party": "company"}, "is listed by host"),
    ({"zones": [OUTER, OUTER]}, "is doubled or no name"),
    ({"zones": [OUTER, 3]}, "is doubled or no name"),
    ({"site": "site:plant"}, "zone:outer is a zone of site:airport"),
    ({"site": eid("site", "x"), "zones": []}, "the site si_.* is unknown here"),
    ({"place": [[OUTER, 1, 2]]}, "does not read"),
    ({"place": [[OUTER, 1, 2, 0]]}, "does not read"),
    ({"place": [[OUTER, 1, True, 5]]}, "does not read"),
    ({"place": [[OUTER, 100_000_000, 0, 5]]}, "not on Earth"),
]


@pytest.mark.parametrize("change,message", LISTINGS)
def test_listings_that_are_refused(make, change, message):
    state = state_of(listing(make))
    decide(state, listing(make, risk="low"))
    with pytest.raises(Refused, match=message):
        decide(state, listing(make, **change))


def test_a_site_may_be_founded_by_its_record(make):
    decide(sites.State(), listing(make, name="x", site=eid("site", "x")))


def test_other_aliases_pass_and_change_nothing(make):
    fact, state = make("tasked", about=V, to="un_1", act="check"), sites.State()
    decide(state, fact)
    sites.project(state, fact)
    assert state == sites.State()


@st.composite
def stories(draw):
    make = Maker()
    facts = []
    for _ in range(draw(st.integers(0, 10))):
        t, vehicle = draw(st.integers(0, 60)), draw(st.sampled_from([V, "ve_w"]))
        kind = draw(st.sampled_from("sssgcccaru"))
        zone = draw(st.sampled_from([OUTER, INNER]))
        if kind == "s":
            facts.append(
                seen(make, t, first=t - draw(st.integers(0, 5)), vehicle=vehicle, zone=zone)
            )
        elif kind == "g":
            facts.append(seen(make, t, motion="gone", vehicle=vehicle, zone=zone))
        elif kind == "c":
            earlier = draw(st.sampled_from([None, *(fact.record.id for fact in facts)]))
            facts.append(check(make, t, vehicle=vehicle, zone=zone, replaces=earlier))
        elif kind == "a":
            facts.append(make("ack", t, alert="al_1", about=vehicle))
        elif kind == "r":
            facts.append(raised(make, t))
        else:
            facts.append(make("unchecked", t, vehicle=vehicle, reason="alone", **AT))
    return facts


@given(stories(), st.randoms(use_true_random=False), st.integers(0, 70))
def test_order_of_arrival_does_not_matter_and_replay_is_equal(facts, random, minute):
    shuffled = facts[:]
    random.shuffle(shuffled)
    one, two = state_of(*facts), state_of(*shuffled)
    assert one == two == state_of(*facts)
    before = copy.deepcopy(one)
    then = sites.waiting(one, at(minute), with_checked=True)
    known = [fact for fact in facts if fact.record.time <= at(minute)]
    if not any(fact.record.replaces for fact in facts):
        assert then == sites.waiting(state_of(*known), at(minute), with_checked=True)
    assert one == before


@given(stories())
def test_nothing_but_a_check_or_going_ends_a_wait(facts):
    standing = {
        (fact.get("vehicle"), fact.get("zone"))
        for fact in facts
        if fact.alias == "sighted" and fact.get("motion") == "stopped"
    }
    ended = {
        fact.get("vehicle")
        for fact in facts
        if fact.alias == "checked" or fact.get("motion") == "gone"
    }
    rows = {(row.vehicle, row.zone) for row in sites.waiting(state_of(*facts), at(99))}
    assert {pair for pair in standing if pair[0] not in ended} <= rows <= standing
