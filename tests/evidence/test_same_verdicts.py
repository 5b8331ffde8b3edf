"""What the product's engine decides, the stand-alone verifier finds proven: two programs, one law.

Random histories are judged by `safeconduct.standards`; each verdict it decides is exported, and
must be proven. The opposite verdict under the same trigger must not be.
"""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeconduct.kernel.errors import Refused
from safeconduct.standards import Event, compile_standard, run, standards_from
from tests.evidence.two_logs import (
    DAY,
    HOUR,
    MINUTE,
    MOVEMENT,
    RULES,
    SITE,
    START,
    VEHICLE,
    WORDS,
    World,
    judged,
    made,
)

UNITS = ("un_" + "a" * 26, "un_" + "b" * 26, "un_" + "c" * 26)
NAMES = (
    "cordon-check",
    "escort-strength",
    "two-approvals",
    "not-since",
    "radio-check",
    "no-rickshaw",
    "concern-answered",
)


def _standards():
    items = [
        {
            "id": name,
            "version": 1,
            "clause": "7.2",
            "title": {"en": name},
            "severity": "high",
            "owner": RULES[name][0],
            "ours": True,
            "rule": RULES[name][1],
        }
        for name in NAMES
    ]
    return [compile_standard(item, strict=False) for item in standards_from(items)]


STANDARDS = _standards()


def _act(world, kind, time, number):
    movement = {"movement": MOVEMENT}
    act = {"of": "r_" + "a" * 26, "about": MOVEMENT}
    look = "rickshaw" if number % 2 else "van"
    column = {"vehicle": VEHICLE, "slot": "first", "armour": 0, "radio": True, "spare": False}
    if kind in ("stopped", "gone"):
        world.sighted(time, motion=kind)
    elif kind == "checked":
        world.checked(time)
    else:
        values = {
            "depart": {**movement, "persons": 2, "vehicles": 1},
            "arrived": {**movement, "site": SITE},
            "radio": {**movement, "control": "cell", "ok": True},
            "escort": {**movement, "unit": UNITS[number % 3]},
            "approved": act,
            "revoked": {**act, "reason": "x"},
            "cleared": {**movement, "district": "coast", "authority": "a", "until": time + DAY},
            "landed": {**movement, "persons": 2},
            "assigned": {**movement, **column, "persons": 1, "look": look, "vehicle_type": look},
        }[kind]
        world.host.add(kind, time, **values)


KINDS = (
    "stopped", "checked", "gone", "depart", "arrived", "radio", "escort", "approved", "revoked",
    "cleared", "landed", "assigned",
)  # fmt: skip


@st.composite
def histories(draw):
    times = sorted(draw(st.lists(st.integers(0, 120), min_size=2, max_size=9, unique=True)))
    kinds = [draw(st.sampled_from(KINDS)) for _ in times]
    if "stopped" in kinds:  # a stay begins once; what comes after is tracking's matter
        first = kinds.index("stopped")
        kinds = [k if k != "stopped" or i == first else "checked" for i, k in enumerate(kinds)]
    return [
        (kind, START + minute * MINUTE, i)
        for i, (kind, minute) in enumerate(zip(kinds, times, strict=True))
    ]


def _events(world):
    words = {name: kind.alias for name, kind in WORDS.by_name.items()}
    for record in world.host.records:
        data, alias = dict(record.data), words[record.type]
        common = (record.source, record.seq)
        who = {"party": record.party, "acting": record.acting, "by": record.by}
        yield Event(record.time, alias, *common, data, record.id, **who)
        derived = {"stopped": "stopped", "gone": "left"}.get(data.get("motion"))
        if derived:
            data["zone"] = data["zone"].removeprefix("zone:")
            yield Event(record.time, derived, *common, data, record.id, **who)
    yield Event(START + 6 * HOUR, "tick", "", 0, {}, "tick")


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=histories())
def test_every_decided_verdict_is_proven_and_its_opposite_is_not(history):
    world = World()
    world.witness_round(START - 2 * DAY)
    for kind, time, number in history:
        _act(world, kind, time, number)
    for extra in (0, 1):
        world.witness_round(START + 6 * HOUR + extra * MINUTE)
    verdicts = [v for v in run(STANDARDS, _events(world)) if v.decided_at is not None]
    ids = [
        (verdict, answer, _recorded(world, verdict, answer))
        for verdict in verdicts
        for answer in dict.fromkeys((verdict.verdict, "kept", "breached"))
    ]
    world.witness_round(START + 7 * HOUR)
    for verdict, answer, found in ids:
        proven = _proven(world, found)
        assert proven == (answer == verdict.verdict), (verdict, answer)


def _recorded(world, verdict, answer):
    return world.verdict(
        verdict.standard,
        answer,
        str(verdict.trigger),
        START + 6 * HOUR,
        deadline=verdict.deadline,
        basis=tuple(str(ref) for ref in verdict.by),
        about=str(next(iter(verdict.bindings.values()), "programme")),
    )


def _proven(world, found):
    try:
        return judged(world, made(world, found)).result == "proven"
    except Refused:
        return False
