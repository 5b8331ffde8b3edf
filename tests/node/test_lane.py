"""The lane: in whatever order facts come, the verdicts end up as those of the whole log."""

from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from safeconduct.node import lane as lanes
from safeconduct.node.lane import Lane, event_of
from safeconduct.standards import Event, Monitor, Standard, compile_standard, parse_rule, run

MINUTE = 60_000
RULES = {
    "cordon-check": 'when stopped(vehicle, zone="outer") then within 5 min:'
    " checked(vehicle) or left(vehicle)",
    "escort-strength": "before depart(movement) need at least 2 unit in"
    " escort(movement, unit) within 10 min",
    "radio-check": "from depart(movement) until arrived(movement) need radio(movement) every 3 min",
    "notice": "before depart(movement) need notified(movement) at least 4 min earlier",
    "no-entry": 'never left(vehicle, zone="inner")',
}


def ready(*names):
    out = []
    for name in names or RULES:
        rule = parse_rule(RULES[name], name)
        out.append(
            compile_standard(
                Standard(
                    name,
                    1,
                    "1",
                    {"en": "t"},
                    "high",
                    "o",
                    True,
                    None,
                    None,
                    None,
                    RULES[name],
                    rule,
                ),
                strict=False,
            )
        )
    return tuple(out)


ALL = ready()
names = st.sampled_from(["a", "b"])
FIELDS = {
    "stopped": {"vehicle": names, "zone": st.sampled_from(["outer", "inner"])},
    "left": {"vehicle": names, "zone": st.sampled_from(["outer", "inner"])},
    "checked": {"vehicle": names},
    "depart": {"movement": names},
    "arrived": {"movement": names},
    "radio": {"movement": names},
    "notified": {"movement": names},
    "escort": {"movement": names, "unit": st.sampled_from(["u", "v", "w"])},
}


@st.composite
def traces(draw, distinct=False):
    """Events in order of time; instants of half minutes, so that coincidences happen."""
    times = draw(st.lists(st.integers(0, 40), max_size=24, unique=distinct))
    out = []
    for number, t in enumerate(sorted(times), 1):
        kind = draw(st.sampled_from(sorted(FIELDS)))
        data = draw(st.fixed_dictionaries(FIELDS[kind]))
        ref = f"r{number}"
        out.append(Event(t * MINUTE // 2, kind, "s", number, data, ref))
    return out


END = 60 * MINUTE


def whole(events):
    """What the log as a whole says at its end, undecided obligations left out."""
    monitor = Monitor(ALL)
    found = []
    for t in sorted({event.t for event in events}):
        # Within an instant by source and number, as the lane does: arrival is nobody's word.
        together = sorted((e for e in events if e.t == t), key=lambda e: (e.source, e.seq))
        found += monitor.step(together, t)
    found += monitor.step([], END)
    return {(item.standard, item.version, item.trigger): item for item in found}


def feed(lane, batches):
    """Verdicts as they came out, in order."""
    out = []
    for batch in batches:
        out += lane.add(batch)
    return out + lane.tick(END)


def last_of(judged):
    return {
        (item.verdict.standard, item.verdict.version, item.verdict.trigger): item for item in judged
    }


def check_history(judged):
    """Revisions count up from 0, and no verdict is said twice in a row."""
    said = {}
    for item in judged:
        key = (item.verdict.standard, item.verdict.version, item.verdict.trigger)
        before = said.get(key)
        if before is None:
            assert item.rev == 0
        else:
            assert item.rev == before.rev + 1
            assert item.verdict.verdict != before.verdict.verdict
        said[key] = item


@st.composite
def arrivals(draw, distinct=False):
    """A trace, and batches in which its events come in some order.

    Events of one instant stand in the trace as they come: of two departures at one instant the
    first to come is the trigger, which is the one thing that order decides.
    """
    trace = draw(traces(distinct))
    shuffled = draw(st.permutations(trace))
    batches, start = [], 0
    while start < len(shuffled):
        size = draw(st.integers(1, 4))
        batches.append(shuffled[start : start + size])
        start += size
    return sorted(shuffled, key=lambda event: event.t), batches


every = st.sampled_from([1, 3, 128])


def standing(lane):
    """The verdicts that the lane stands by now, by standard, version and trigger."""
    return {key: held[0] for key, held in lane._held.items()}


@given(traces(), every)
def test_facts_in_order_give_the_verdicts_of_the_whole_log(trace, snapshot_every):
    with mock.patch.object(lanes, "SNAPSHOT_EVERY", snapshot_every):
        lane = Lane(ALL)
        judged = feed(
            lane, [[event for event in trace if event.t == t] for t in sorted({e.t for e in trace})]
        )
    wanted = whole(trace)
    assert {key: item.verdict for key, item in last_of(judged).items()} == wanted
    assert all(item.rev == 0 for item in judged)
    check_history(judged)
    batch = {
        (v.standard, v.trigger): v.verdict for v in run(ALL, trace) if v.decided_at is not None
    }
    assert {key: wanted[key[0], 1, key[1]].verdict for key in batch} == batch


@given(arrivals(), every)
def test_facts_in_any_order_end_in_the_verdicts_of_the_whole_log(made, snapshot_every):
    trace, batches = made
    with mock.patch.object(lanes, "SNAPSHOT_EVERY", snapshot_every):
        lane = Lane(ALL)
        judged = feed(lane, batches)
    wanted = {key: verdict.verdict for key, verdict in whole(trace).items()}
    stood = {key: item.verdict.verdict for key, item in last_of(judged).items()}
    assert stood == standing(lane)
    assert wanted.items() <= stood.items()
    # What the log as a whole does not judge was withdrawn when a late fact showed it.
    assert {stood[key] for key in stood if key not in wanted} <= {"kept"}
    check_history(judged)


@given(arrivals(distinct=True), every, st.integers(1, 4))
def test_few_snapshots_change_nothing(made, snapshot_every, kept):
    trace, batches = made
    with (
        mock.patch.object(lanes, "SNAPSHOT_EVERY", snapshot_every),
        mock.patch.object(lanes, "SNAPSHOTS_KEPT", kept),
    ):
        one = feed(Lane(ALL), batches)
    other = feed(Lane(ALL), batches)
    assert one == other
    # with one event an instant, which witness is named does not depend on the order either
    wanted = whole(trace)
    newest = {}
    lane = Lane(ALL)
    feed(lane, batches)
    for key in wanted:
        newest[key] = lane.verdict(key)
    assert {k: (v.verdict, v.by, v.bindings) for k, v in newest.items()} == {
        k: (v.verdict, v.by, v.bindings) for k, v in wanted.items()
    }


@given(arrivals(), st.lists(st.integers(0, 45), max_size=6))
def test_ticks_in_between_change_no_verdict(made, instants):
    trace, batches = made
    lane, judged = Lane(ALL), []
    ticks = [instant * MINUTE // 2 for instant in sorted(instants)]
    for number, batch in enumerate(batches):
        judged += lane.add(batch)
        judged += lane.tick(ticks[number]) if number < len(ticks) else []
    judged += lane.tick(END)
    stood = standing(lane)
    for key, verdict in whole(trace).items():
        assert stood[key] == verdict.verdict
    check_history(judged)


# ---------------------------------------------------------------- one case by hand
def at(minute, kind, number, **data):
    return Event(minute * MINUTE, kind, "s", number, data, f"r{number}")


def brief(judged):
    return [(item.verdict.verdict, item.verdict.trigger, item.rev) for item in judged]


def test_a_late_check_takes_a_breach_back_in_the_open():
    lane = Lane(ready("cordon-check"))
    assert lane.add([at(0, "stopped", 1, vehicle="a", zone="outer")]) == []
    assert lane.next_due() == 5 * MINUTE + 1
    assert brief(lane.tick(6 * MINUTE)) == [("breached", "r1", 0)]
    assert lane.next_due() is None
    late = lane.add([at(3, "checked", 2, vehicle="a")])
    assert brief(late) == [("kept", "r1", 1)]
    assert late[0].verdict.by == ("r1", "r2")
    assert lane.last == 6 * MINUTE
    # later ones, and the same instant again, say nothing new
    assert lane.add([at(4, "checked", 3, vehicle="a")]) == []
    assert lane.add([at(6, "checked", 4, vehicle="a")]) == []
    assert lane.tick(9 * MINUTE) == []


def test_an_earlier_departure_found_late_breaks_what_was_kept():
    lane = Lane(ready("notice"))
    assert brief(lane.add([at(1, "notified", 1, movement="a")])) == []
    assert brief(lane.add([at(10, "depart", 2, movement="a")])) == [("kept", "r2", 0)]
    assert brief(lane.add([at(3, "depart", 3, movement="a")])) == [("breached", "r3", 0)]


def test_a_departure_that_was_none_is_withdrawn_and_the_next_fact_replays():
    lane = Lane(ready("cordon-check"))
    lane.add([at(0, "stopped", 1, vehicle="a", zone="outer")])
    assert brief(lane.add([at(2, "left", 2, vehicle="a", zone="outer")])) == [("kept", "r1", 0)]
    lane.withdraw(["r2"])
    assert brief(lane.add([at(7, "stopped", 3, vehicle="b", zone="outer")])) == [
        ("breached", "r1", 1)
    ]
    # only departures are ever withdrawn
    lane.withdraw(["r1", "nothing"])
    assert brief(lane.add([at(8, "checked", 4, vehicle="b")])) == [("kept", "r3", 0)]


def test_what_stands_in_the_log_is_not_said_again():
    lane = Lane(ready("cordon-check"))
    lane.adopt(("cordon-check", 1, "r1"), "breached", 3)
    lane.add([at(0, "stopped", 1, vehicle="a", zone="outer")])
    assert lane.tick(6 * MINUTE) == []
    assert brief(lane.add([at(1, "checked", 2, vehicle="a")])) == [("kept", "r1", 4)]


def test_time_that_has_passed_does_not_pass_again():
    lane = Lane(ready("cordon-check"))
    assert lane.add([]) == []
    assert lane.tick(5) == []
    assert lane.tick(5) == lane.tick(4) == []
    assert lane.last == 5


def test_of_events_read_from_one_record_the_last_is_found_by_its_reference():
    lane = Lane(ready("cordon-check"))
    made = [
        event_of(alias, 5, {"vehicle": "a", "zone": "outer"}, source="s", seq=1, ref="r1",
                 party="host", acting="guard", by="p")
        for alias in ("sighted", "stopped")
    ]  # fmt: skip
    lane.add(made)
    assert lane.event("r1") == made[1]
    assert lane.event("r2") is None


def test_a_breach_whose_obligation_never_was_is_taken_back():
    lane = Lane(ready("radio-check"))
    lane.add([at(0, "depart", 1, movement="a")])
    lane.add([at(1, "radio", 2, movement="a")])
    assert brief(lane.tick(10 * MINUTE))[-1:] == [("breached", "r2", 0)]
    # known late: it had arrived before that radio check, so no further one was owed
    lane.add([Event(MINUTE // 2, "arrived", "s", 3, {"movement": "a"}, "r3")])
    assert standing(lane).get(("radio-check", 1, "r2")) != "breached"
