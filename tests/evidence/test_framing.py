"""An honest host that did the check is never proven in breach, whatever the partner's node does.

The liar here has the partner's root, node and witness keys, every body and opening of the host's
log, and a signed head of the host at every size. It has no key of the host.
"""

import base64

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeconduct.ledger.notes import cosign
from tests.evidence.two_logs import (
    DAY,
    HOUR,
    MINUTE,
    OTHER,
    START,
    VEHICLE,
    World,
    judged,
    made,
    opened,
    remade,
)

RANGE, SINGLES = "logs/host/range.json", "logs/host/records.json"


@st.composite
def histories(draw):
    """A host's log in which the vehicle was checked in time, in any order of recording."""
    world = World()
    if draw(st.booleans()):
        world.witness_round(START - 2 * DAY)
    acts = [("trigger", 0), ("check", draw(st.integers(0, 5)))]
    acts += draw(
        st.lists(
            st.sampled_from(
                [
                    ("other", 0),
                    ("gone", 3),
                    ("queue", 2),
                    ("witness", 1),
                    ("witness", 4),
                    ("again", 6),
                ]
            ),
            max_size=5,
        )
    )
    acts = draw(st.permutations(acts))
    trigger = ""
    for kind, minute in acts:
        now = START + minute * MINUTE
        if kind == "trigger":
            trigger = world.sighted(now)
        elif kind == "check":
            world.checked(now)
        elif kind == "other":
            world.checked(now, vehicle=OTHER)
        elif kind == "gone":
            world.sighted(now, vehicle=OTHER, motion="gone")
        elif kind == "again":
            world.sighted(now)
        elif kind == "queue":
            world.queue(now)
        else:
            world.witness_round(now)
    for minute in (6, 7):
        world.witness_round(START + minute * MINUTE)
    if draw(st.booleans()):  # the later sighting, well after the check, as the trigger of the claim
        later = [
            r.id for r in world.host.records if r.time == START + 6 * MINUTE and "motion" in r.data
        ]
        trigger = later[0] if later else trigger
    stamp = world.host.records[world.host.find(trigger)].data["first_seen"]
    for minute in (12, 13):
        world.witness_round(START + minute * MINUTE)
    verdict = world.verdict(
        "cordon-check", "breached", trigger, START + 14 * MINUTE, deadline=stamp + 5 * MINUTE
    )
    world.witness_round(START + 15 * MINUTE)
    return world, verdict


def _lie(draw, world, files):
    """Any range of the host's log, under any head, with any leaf hidden, swapped or closed."""
    host, singles = world.host, files[SINGLES]
    size = draw(st.integers(1, host.size))
    start = draw(st.integers(0, size - 1))
    note = host.head(size)
    second = (START + draw(st.integers(-DAY, HOUR))) // 1000
    line = cosign(note, "partner/witness", world.partner.owner.key("witness"), second)
    every = [
        {"full": host.entries[i].full(frozenset())}
        if draw(st.integers(0, 3))
        else {"stub": host.entries[i].stub()}
        for i in range(start, size)
    ]
    leaves = [base64.b64encode(host.leaf(i)).decode() for i in range(start, size)]
    for _ in range(draw(st.integers(0, 2))):
        at, other = (draw(st.integers(0, len(leaves) - 1)) for _ in range(2))
        how = draw(st.sampled_from(["null", "swap", "reorder", "drop", "double", "leaf"]))
        if how == "null":
            every[at] = None
        elif how == "swap":
            every[at] = every[other]
        elif how == "leaf":
            leaves[at] = leaves[other]
        elif how == "reorder":
            leaves[at], leaves[other] = leaves[other], leaves[at]
            every[at], every[other] = every[other], every[at]
        elif how == "double":
            leaves.insert(at, leaves[other])
            every.insert(at, every[other])
        elif len(leaves) > 1:
            del leaves[at], every[at]
    files[RANGE] = {
        "start": start,
        "peaks": [base64.b64encode(item).decode() for item in host.tree.peaks(start)],
        "leaves": leaves,
        "openings": every,
        "checkpoint": note.with_signature(line).encode(),
    }
    files[SINGLES] = [item for item in singles if not start <= item["index"] < size]


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_honest_host_is_never_proven_in_breach(data):
    world, verdict = data.draw(histories())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("safeconduct.evidence.exporting._nothing_against", lambda *_: None)
        bundle = made(world, verdict)
    assert judged(world, bundle).result != "proven"
    files = opened(bundle)
    everything = data.draw(st.booleans())
    if everything:
        _lie(data.draw, world, files)
    else:
        stretch = files[RANGE]
        at = data.draw(st.integers(0, len(stretch["leaves"]) - 1))
        stretch["openings"][at] = data.draw(st.sampled_from([None, *stretch["openings"]]))
    report = judged(world, remade(world, files))
    assert report.result != "proven", report


@pytest.mark.parametrize("late", [False, True])
def test_no_range_under_any_head_frames_the_host(late):
    """Every start and every size, cosigned at whatever second suits, all else shown in full."""
    world = World()
    world.witness_round(START - 2 * DAY)
    if late:
        world.checked(START + 2 * MINUTE)
    trigger = world.sighted(START + 3 * MINUTE if late else START, first_seen=START)
    if not late:
        world.checked(START + 4 * MINUTE)
    for minute in (6, 7):
        world.witness_round(START + minute * MINUTE)
    verdict = world.verdict(
        "cordon-check", "breached", trigger, START + 7 * MINUTE, deadline=START + 5 * MINUTE
    )
    world.witness_round(START + 8 * MINUTE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("safeconduct.evidence.exporting._nothing_against", lambda *_: None)
        files = opened(made(world, verdict))
    host, answers = world.host, set()
    proofs = {item["index"]: item for item in files[SINGLES]}
    for size in range(1, host.size + 1):
        note = host.head(size)
        second = (START + 6 * MINUTE) // 1000
        line = cosign(note, "partner/witness", world.partner.owner.key("witness"), second)
        for start in range(size):
            files[RANGE] = {
                "start": start,
                "peaks": [base64.b64encode(item).decode() for item in host.tree.peaks(start)],
                "leaves": [base64.b64encode(host.leaf(i)).decode() for i in range(start, size)],
                "openings": [
                    {"full": host.entries[i].full(frozenset())} for i in range(start, size)
                ],
                "checkpoint": note.with_signature(line).encode(),
            }
            inside = range(start, size)
            files[SINGLES] = [item for i, item in sorted(proofs.items()) if i not in inside]
            answers.add(judged(world, remade(world, files)).result)
    assert "proven" not in answers
    assert "contradicted" in answers


def test_the_same_world_without_its_check_is_proven():
    """The property is not vacuous: it is the check alone that protects the host."""
    world = World()
    verdict = world.breach()
    assert VEHICLE in {item.data.get("vehicle") for item in world.host.records}
    assert judged(world, remade(world, opened(made(world, verdict)))).result == "proven"
