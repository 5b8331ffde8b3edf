"""Random walks of a movement beside a tiny model that shares no code with the room."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct import movements
from safeconduct.kernel.errors import Refused
from tests.movements.acts import COAST, NORTH, OTHER_GATE, OUTER, Acts, M, Rule, decide, state_of


class Model:
    """What a clerk with a sheet of paper would keep: flags only."""

    def __init__(self):
        self.at = "nothing"
        self.districts = set()
        self.gate = None
        self.car = False
        self.rolled = False
        self.holds = set()
        self.over = set()
        self.yes = False

    def barred(self):
        return "movement" in self.holds or self.gate in self.holds

    def may(self, step):
        return MAY[step](self)

    def do(self, step):
        for name, value in DO.get(step, lambda _: {})(self).items():
            setattr(self, name, value)


def live(m):
    return m.at in ("requested", "ordered", "road")


def free(m, name):
    return name not in m.holds | m.over


MAY = {
    "requested": lambda m: m.at == "nothing",
    "coast": live,
    "north": live,
    "revoke north": lambda _: True,
    "ordered": lambda m: m.at in ("requested", "ordered") and len(m.districts) == 2,
    "assigned": live,
    "reroute": lambda m: m.at in ("ordered", "road"),
    "delay": lambda m: m.at in ("ordered", "road"),
    "hold gate": lambda m: free(m, OUTER),
    "hold other": lambda m: free(m, OTHER_GATE),
    "hold movement": lambda m: m.at != "nothing" and free(m, "movement"),
    "yes": lambda _: True,
    "release gate": lambda m: OUTER in m.holds and m.yes,
    "release movement": lambda m: "movement" in m.holds and m.yes,
    "depart": lambda m: m.at == "ordered" and m.car and not m.barred(),
    "radio": lambda m: m.at not in ("nothing", "closed"),
    "arrived": lambda m: m.at == "road",
    "aborted": live,
    "completed": lambda m: m.at == "there",
    "never_began": lambda m: m.at == "aborted" and not m.rolled,
    "closed aborted": lambda m: m.at == "aborted",
}


def lift(m, name):
    return {"holds": m.holds - {name}, "over": m.over | {name}}


DO = {
    "requested": lambda _: {"at": "requested"},
    "coast": lambda m: {"districts": m.districts | {"coast"}},
    "north": lambda m: {"districts": m.districts | {"north"}},
    "revoke north": lambda m: {"districts": m.districts - {"north"}},
    "ordered": lambda _: {"at": "ordered", "gate": OUTER},
    "assigned": lambda _: {"car": True},
    "reroute": lambda _: {"gate": OTHER_GATE},
    "hold gate": lambda m: {"holds": m.holds | {OUTER}},
    "hold other": lambda m: {"holds": m.holds | {OTHER_GATE}},
    "hold movement": lambda m: {"holds": m.holds | {"movement"}},
    "yes": lambda _: {"yes": True},
    "release gate": lambda m: lift(m, OUTER),
    "release movement": lambda m: lift(m, "movement"),
    "depart": lambda _: {"at": "road", "rolled": True},
    "arrived": lambda _: {"at": "there"},
    "aborted": lambda _: {"at": "aborted"},
    "completed": lambda _: {"at": "closed"},
    "never_began": lambda _: {"at": "closed"},
    "closed aborted": lambda _: {"at": "closed"},
}
STEPS = list(MAY)
NAMES = {"nothing": None, "there": "arrived", "road": "under_way"}


class Walk:
    """The room under test, driven step by step; a second of time passes with each."""

    def __init__(self):
        self.acts, self.model, self.state = Acts(), Model(), movements.State()
        self.entered, self.count, self.north = [], 0, None

    def facts(self, step):
        acts, t, n = self.acts, self.count / 60, self.count
        if step == "north":
            self.north = acts.cleared(t, NORTH)
        named = {
            "coast": lambda: [acts.cleared(t, COAST)],
            "north": lambda: [self.north],
            "revoke north": lambda: [acts.revoked(self.north, t)] if self.north else [],
            "ordered": lambda: [acts.ordered(t, n, OUTER)],
            "reroute": lambda: [acts.changed(t, n, "route", OTHER_GATE)],
            "delay": lambda: [acts.changed(t, n, "time", None)],
            "hold gate": lambda: [acts.hold(t, "ho_gate", zone=OUTER)],
            "hold other": lambda: [acts.hold(t, "ho_other", zone=OTHER_GATE)],
            "hold movement": lambda: [acts.hold(t, "ho_movement", movement=M)],
            "yes": lambda: [acts.approved(t, about) for about in ("ho_gate", "ho_movement")],
            "release gate": lambda: [acts.released(t, "ho_gate")],
            "release movement": lambda: [acts.released(t, "ho_movement")],
            "completed": lambda: [acts.closed(t, "completed")],
            "never_began": lambda: [acts.closed(t, "never_began")],
            "closed aborted": lambda: [acts.closed(t, "aborted")],
        }
        return named[step]() if step in named else [getattr(acts, step)(t)]

    def take(self, step):
        self.count += 1
        if step.startswith("hold"):
            self.model.yes = False  # kept simple: every yes is asked for anew
            for about in ("ho_gate", "ho_movement"):
                for fact in self.entered:
                    if fact.alias == "approved" and fact.get("about") == about:
                        self.enter(self.acts.revoked(fact, self.count / 60))
        for fact in self.facts(step):
            if not self.model.may(step):
                with pytest.raises(Refused):
                    decide(self.state, fact, Rule())
                return
            decide(self.state, fact, Rule())
            self.enter(fact)
        self.model.do(step)

    def enter(self, fact):
        movements.project(self.state, fact)
        self.entered = [*self.entered, fact]

    def check(self):
        seen = movements.movement(self.state, M)
        expected = NAMES.get(self.model.at, self.model.at)
        if self.model.at == "requested" and len(self.model.districts) == 2:
            expected = "cleared"
        assert (seen.state if seen else None) == expected
        if seen is not None and self.model.at in ("requested", "ordered", "road"):
            assert seen.held is self.model.barred()
            assert seen.gate == self.model.gate


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(STEPS), max_size=40), st.randoms(use_true_random=False))
def test_the_room_and_the_model_agree_at_every_step(steps, shuffle):
    walk = Walk()
    for step in ["requested", *steps]:
        walk.take(step)
        walk.check()
    again = state_of(*walk.entered)
    assert again == walk.state == state_of(*walk.entered)
    shuffled = walk.entered[:]
    shuffle.shuffle(shuffled)
    assert state_of(*shuffled) == walk.state


RARE = {"aborted": 0.02, "hold gate": 0.3, "hold movement": 0.1, "depart": 3}
PLAIN = [step for step in STEPS if step != "aborted"]


def test_long_walks_that_follow_the_model_reach_every_state():
    reached = set()
    for seed in range(60):
        rng, walk = random.Random(seed), Walk()
        for _ in range(60):
            allowed = [step for step in STEPS if walk.model.may(step)]
            weights = [RARE.get(step, 1) for step in allowed]
            usual = rng.random() < 0.8
            walk.take(rng.choices(allowed, weights)[0] if usual else rng.choice(PLAIN))
            walk.check()
            reached.add((walk.model.at, walk.model.barred()))
    states = {"requested", "ordered", "road", "there", "aborted", "closed"}
    assert {at for at, _ in reached} >= states
    assert ("road", True) in reached
    assert ("ordered", True) in reached
