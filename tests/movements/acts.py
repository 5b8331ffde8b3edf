"""Short words for the records of one movement, for tests."""

import copy

import msgspec

from safeconduct import movements
from tests.registers.making import MINUTE, START, Maker, eid

M = eid("movement", "m")
V = "ve_1"
HASH = "0" * 64
COAST, NORTH = "district:coast", "district:north"
OUTER, OTHER_GATE, AIRPORT, PLANT = "zone:outer", "zone:east", "site:airport", "site:plant"


class Rule(msgspec.Struct, frozen=True):
    roles: tuple[str, ...] = ("release-officer", "host-duty-officer")
    persons: int = 2
    different: bool = True
    within_ms: int = 30 * MINUTE
    clause: str = "7.3"


RULE = Rule()


def at(minutes):
    return START + int(minutes * MINUTE)


class Acts:
    """Makes the records; every one takes the minute and may be given other values."""

    def __init__(self, movement=M):
        self.make = Maker()
        self.movement = movement

    def requested(self, t=0, **kw):
        values = {
            "name": "m",
            "party": "company",
            "movement": self.movement,
            "group": "gr_1",
            "purpose": "project_work",
            "pack": "standard",
            "persons": 3,
            "origin": AIRPORT,
            "destination": PLANT,
            "starts": at(60),
            "ends": at(180),
            "districts": [COAST, NORTH],
            "distance": 90_000,
            "driving": 90,
            "night": False,
        } | kw
        return self.make("requested", t, **values)

    def cleared(self, t=1, district=COAST, **kw):
        values = {"movement": self.movement, "authority": "home", "until": at(600)} | kw
        return self.make("cleared", t, district=district, **values)

    def ordered(self, t=2, version=1, gate=OUTER, **kw):
        values = {"movement": self.movement, "recipients": 3, "text": HASH} | kw
        return self.make("ordered", t, version=version, gate=gate, **values)

    def changed(self, t=3, version=2, what="route", gate=OTHER_GATE, **kw):
        values = {"movement": self.movement, "reason": "hold", **kw}
        return self.make("changed", t, version=version, what=what, gate=gate, **values)

    def assigned(self, t=2, vehicle=V, **kw):
        values = {
            "movement": self.movement,
            "slot": "first",
            "persons": 3,
            "armour": 4,
            "radio": True,
            "spare": False,
            "look": "white suv",
            "vehicle_type": "suv",
        } | kw
        return self.make("assigned", t, vehicle=vehicle, **values)

    def escort(self, t=2, unit="un_1", **kw):
        return self.make("escort", t, movement=self.movement, unit=unit, **kw)

    def landed(self, t=3, **kw):
        return self.make("landed", t, movement=self.movement, persons=3, **kw)

    def notified(self, t=0, **kw):
        values = {"movement": self.movement, "kind": "visit", "authority": "home"} | kw
        return self.make("notified", t, **values)

    def depart(self, t=5, **kw):
        return self.make("depart", t, movement=self.movement, persons=3, vehicles=1, **kw)

    def radio(self, t=6, **kw):
        values = {"movement": self.movement, "control": "cell", "ok": True} | kw
        return self.make("radio", t, **values)

    def arrived(self, t=90, **kw):
        return self.make("arrived", t, movement=self.movement, site=PLANT, **kw)

    def aborted(self, t=50, **kw):
        return self.make("aborted", t, movement=self.movement, reason="road closed", **kw)

    def closed(self, t=95, outcome="completed", **kw):
        return self.make("closed", t, movement=self.movement, outcome=outcome, **kw)

    def hold(self, t=4, hold="ho_1", **kw):
        values = {"offers": ["other-exit", "other-time"], "clause": "7.3", "party": "host"}
        if not {"movement", "zone", "site"} & kw.keys():
            kw["zone"] = OUTER
        return self.make("hold", t, hold=hold, **(values | kw))

    def released(self, t=30, hold="ho_1", **kw):
        values = {"reason": "searched, nothing found", "by": "pe_a"} | kw
        return self.make("hold_released", t, hold=hold, **values)

    def approved(self, t=25, about="ho_1", **kw):
        values = {"of": "r_x", "by": "pe_b", "acting": "release-officer"} | kw
        return self.make("approved", t, about=about, **values)

    def revoked(self, fact, t, **kw):
        return self.make("revoked", t, of=fact.record.id, about=self.movement, reason="x", **kw)

    def ready(self, *more):
        """A movement that has its order, a vehicle, and what else is named."""
        return state_of(
            self.requested(),
            self.cleared(),
            self.cleared(district=NORTH),
            self.ordered(),
            self.assigned(),
            *more,
        )


def state_of(*facts):
    state = movements.State()
    for fact in facts:
        movements.project(state, fact)
    return state


def decide(state, fact, rule=RULE):
    """Decide, and hold that the state is untouched whatever comes out."""
    before = copy.deepcopy(state)
    try:
        movements.decide(state, fact, rule=rule)
    finally:
        assert state == before
