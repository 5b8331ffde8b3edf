"""Each trap of the research, one by one: instants, bounds, absences, ends, standing records."""

import tracemalloc

import pytest

from safeconduct.kernel.canonical import encode
from safeconduct.kernel.errors import Malformed, StateUnknown
from safeconduct.node.vocabulary import VOCABULARY
from safeconduct.standards import Event, Monitor, cordon_standards_of, run
from tests.standards.kit import ready, said, trace

CHECK = "when stop(v) then within 5 s: check(v) or left(v)"
RADIO = "from depart(m) until arrived(m) need radio(m) every 10 s"
V, W, M = {"v": "a"}, {"v": "b"}, {"m": "1"}
HELD = {"hold": "h", "zone": "z"}


def test_a_check_at_the_deadline_keeps_and_one_after_it_does_not():
    assert said(CHECK, (0, "stop", V), (5000, "check", V)) == [("kept", 1, [1, 2], 5000)]
    assert said(CHECK, (0, "stop", V), (5001, "check", V)) == [("breached", 1, [1], 5001)]


def test_nothing_is_decided_at_the_deadline_itself_nor_beyond_the_last_line():
    assert said(CHECK, (0, "stop", V), (5000, "tick")) == [("cannot_tell", 1, [1], None)]
    assert said(CHECK, (0, "stop", V), (5001, "tick")) == [("breached", 1, [1], 5001)]


def test_any_event_of_any_type_is_a_time_point():
    assert said(CHECK, (0, "stop", V), (9000, "other", {})) == [("breached", 1, [1], 9000)]


def test_events_of_one_instant_are_a_set():
    for lines in ([(7, "check", V), (7, "stop", V)], [(7, "stop", V), (7, "check", V)]):
        assert [row[0] for row in said(CHECK, *lines)] == ["kept"]
    need = "before depart(m) need ok(m) within 0 s"
    assert [r[0] for r in said(need, (7, "depart", M), (7, "ok", M))] == ["kept"]


def test_an_answer_before_the_trigger_does_not_count():
    assert said(CHECK, (0, "check", V), (1, "stop", V), (9999, "tick"))[0][0] == "breached"


def test_ties_follow_the_file():
    rows = said(CHECK, (0, "stop", V), (1, "left", V), (1, "check", V))
    assert rows == [("kept", 1, [1, 2], 1)]


def test_only_the_same_name_joins_and_what_is_unnamed_is_free():
    assert said(CHECK, (0, "stop", V), (1, "check", W), (9999, "tick"))[0][0] == "breached"
    joined = "when stop(v, zone) then within 5 s: left(v, zone)"
    free = "when stop(v, zone) then within 5 s: left(v)"
    lines = [(0, "stop", {"v": "a", "zone": "o"}), (1, "left", {"v": "a", "zone": "i"})]
    assert said(joined, *lines, (9999, "tick"))[0][0] == "breached"
    assert said(free, *lines, (9999, "tick"))[0][0] == "kept"


def test_true_is_not_one_and_a_list_joins_only_with_its_like():
    lines = [(0, "stop", {"v": True}), (1, "check", {"v": 1}), (9999, "tick")]
    assert said(CHECK, *lines)[0][0] == "breached"
    lines = [(0, "stop", {"v": [1]}), (1, "check", {"v": [1]})]
    assert said(CHECK, *lines)[0][0] == "kept"


def test_zero_escorts_are_fewer_than_two():
    need = "before depart(m) need at least 2 unit in escort(m, unit) within 10 s"
    assert said(need, (0, "depart", M)) == [("breached", 1, [1], 0)]


def test_the_same_unit_twice_is_one_unit_and_the_latest_are_named():
    need = "before depart(m) need at least 2 unit in escort(m, unit) within 10 s"
    u1, u2, u3 = ({"m": "1", "unit": name} for name in ("u1", "u2", "u3"))
    once = [(0, "escort", u1), (1, "escort", u1), (2, "depart", M)]
    assert said(need, *once) == [("breached", 3, [2, 3], 2)]
    more = [(0, "escort", u1), (1, "escort", u2), (2, "escort", u3), (3, "depart", M)]
    assert said(need, *more) == [("kept", 4, [2, 3, 4], 3)]
    assert said(need, (0, "escort", u1), (1, "escort", u2), (10_001, "depart", M))[0][0] == (
        "breached"
    )


def test_at_most_and_no_count_an_empty_group_as_zero():
    most = "before depart(m) need at most 1 r in told(m, r)"
    assert said(most, (0, "depart", M))[0][0] == "kept"
    told = [(0, "told", {"m": "1", "r": "a"}), (1, "told", {"m": "1", "r": "b"})]
    assert said(most, *told, (2, "depart", M)) == [("breached", 3, [1, 2, 3], 2)]
    none = "before depart(m) need no stop(m) within 5 s"
    assert said(none, (0, "stop", M), (5000, "depart", M)) == [("breached", 2, [1, 2], 5000)]
    assert said(none, (0, "stop", M), (5001, "depart", M)) == [("kept", 2, [2], 5001)]


def test_notice_counts_from_the_latest_that_is_old_enough():
    need = "before depart(m) need told(m) at least 5 s earlier"
    lines = [(0, "told", M), (1, "told", M), (2, "told", M), (5001, "depart", M)]
    assert said(need, *lines) == [("kept", 4, [2, 4], 5001)]
    assert said(need, (2, "told", M), (5001, "depart", M)) == [("breached", 2, [2], 5001)]


def test_not_since_is_broken_strictly_after_and_up_to_the_trigger():
    need = "before depart(m) need ok(m) not since off(m)"
    assert said(need, (0, "ok", M), (1, "off", M), (2, "depart", M)) == [
        ("breached", 3, [1, 2, 3], 2)
    ]
    assert said(need, (0, "ok", M), (2, "off", M), (2, "depart", M))[0][0] == "breached"
    assert said(need, (1, "ok", M), (1, "off", M), (2, "depart", M))[0][0] == "kept"


def test_not_since_may_join_per_party():
    need = "before depart(m) need ok(m, party as p) not since off(m, party as p)"
    host, partner = {"party": "host"}, {"party": "partner"}
    lines = [(0, "ok", M, dict(host)), (1, "off", M, dict(partner)), (2, "depart", M)]
    assert said(need, *lines)[0][0] == "kept"


def test_and_covers_its_group_and_different_people_are_needed():
    need = "before go(x) need ok(x, by as a) and ok(x, by as b) within 5 s where a != b"
    one = [(0, "ok", {"x": "1"}, {"by": "p1"}), (1, "ok", {"x": "1"}, {"by": "p1"})]
    assert said(need, *one, (2, "go", {"x": "1"}))[0][0] == "breached"
    two = [*one, (2, "ok", {"x": "1"}, {"by": "p2"}), (3, "go", {"x": "1"})]
    assert said(need, *two) == [("kept", 4, [2, 3, 4], 3)]


def test_or_between_preconditions_and_two_needs():
    need = "before go(x) need a(x) within 1 s or b(x); need c(x)"
    x = {"x": "1"}
    assert said(need, (0, "b", x), (1, "c", x), (9000, "go", x)) == [("kept", 3, [1, 2, 3], 9000)]
    assert said(need, (0, "a", x), (1, "c", x), (9000, "go", x))[0][0] == "breached"


def test_periodic_demands_from_the_start_and_not_after_the_end():
    rows = said(
        RADIO,
        (0, "depart", M),
        (9000, "radio", M),
        (12_000, "arrived", M),
        (13_000, "radio", M),
        (99_000, "tick"),
    )
    assert rows == [("kept", 1, [1, 2], 9000), ("kept", 2, [2, 3], 12_000)]


def test_one_silent_interval_is_one_breach():
    rows = said(RADIO, (0, "depart", M), (35_000, "tick"), (40_000, "radio", M), (99_000, "tick"))
    assert rows == [("breached", 1, [1], 35_000), ("breached", 3, [3], 99_000)]


def test_a_report_or_an_end_exactly_at_the_deadline_keeps():
    assert said(RADIO, (0, "depart", M), (10_000, "arrived", M)) == [("kept", 1, [1, 2], 10_000)]
    rows = said(RADIO, (0, "depart", M), (10_000, "radio", M), (10_000, "arrived", M))
    assert rows == [("kept", 1, [1, 2], 10_000)]


def test_a_second_start_demands_nothing_more():
    rows = said(RADIO, (0, "depart", M), (5000, "depart", M), (30_000, "tick"))
    assert rows == [("breached", 1, [1], 30_000)]


def test_a_doubtful_report_leaves_one_interval_untold():
    rule = "from depart(m) until arrived(m) need radio(m, ok=true) every 10 s"
    rows = said(rule, (0, "depart", M), (5000, "radio", M), (30_000, "tick"))
    assert rows == [("cannot_tell", 1, [1, 2], 30_000)]


def test_a_sure_start_restarts_a_doubtful_chain():
    rule = "from depart(m, n > 1) until arrived(m) need radio(m) every 10 s"
    rows = said(rule, (0, "depart", M), (5000, "depart", {"m": "1", "n": 2}), (30_000, "tick"))
    assert rows == [("cannot_tell", 1, [1, 2], 5000), ("breached", 2, [2], 30_000)]


def test_a_doubtful_end_leaves_what_follows_untold():
    rule = "from depart(m) until arrived(m, ok=true) need radio(m) every 10 s"
    rows = said(rule, (0, "depart", M), (5000, "arrived", M), (30_000, "tick"))
    assert rows == [("cannot_tell", 1, [1, 2], 30_000)]


def test_route_reuse_finds_another_movement_and_never_itself():
    rule = "never routed(m, r) within 5 s of routed(m as o, r) where o != m"
    one, two = {"m": "1", "r": "x"}, {"m": "2", "r": "x"}
    assert said(rule, (0, "routed", one), (5000, "routed", two)) == [
        ("kept", 1, [1], 0),
        ("breached", 2, [1, 2], 5000),
    ]
    assert [r[0] for r in said(rule, (0, "routed", one), (1, "routed", one))] == ["kept", "kept"]
    both = said("never a(x) within 1 s of a(x)", (3, "a", {"x": "1"}), (3, "a", {"x": "1"}))
    assert [row[0] for row in both] == ["breached", "breached"]


def test_never_alone_is_a_breach_at_once_and_in_doubt_when_a_number_is_missing():
    rule = "never survey(site, length < 98)"
    rows = said(rule, (0, "survey", {"site": "s", "length": 97}), (1, "survey", {"site": "s"}))
    assert rows == [("breached", 1, [1], 0), ("cannot_tell", 2, [2], 1)]
    assert said(rule, (0, "survey", {"site": "s", "length": 98})) == []


def test_a_number_that_is_not_there_never_counts_as_kept():
    rule = "when gap(m, far=true) then within 5 s: gap(m, far=false)"
    lines = [(0, "gap", {"m": "1", "far": True}), (1, "gap", {"m": "1"}), (9000, "tick")]
    # the second may have answered the first, and may itself be a trigger
    assert said(rule, *lines) == [("cannot_tell", 1, [1, 2], 9000), ("cannot_tell", 2, [2], 9000)]


def test_the_interval_in_force_is_that_of_the_trigger():
    rows = said(
        CHECK, (0, "stop", V), (10, "stop", V), (20, "stop", V), (9999, "tick"), frm=10, until=20
    )
    assert [(row[0], row[1]) for row in rows] == [("breached", 2)]


CLEARED = {"movement": "m", "district": "d", "authority": "a"}


class TestStanding:
    """`valid A`."""

    NEED = "before depart(movement) need valid cleared(movement)"

    def go(self, *lines, need=NEED):
        return [r[0] for r in said(need, *lines, (100, "depart", CLEARED), vocabulary=VOCABULARY)]

    def test_until_is_exclusive_and_from_must_have_come(self):
        for until, word in ((100, "breached"), (101, "kept")):
            assert self.go((0, "cleared", {**CLEARED, "until": until})) == [word]
        roster = 'before depart(site) need valid rostered(site, role="guard")'
        row = {"site": "s", "shift": "1", "person": "p", "role": "guard", "until": 200}
        for start, word in ((100, "kept"), (101, "breached")):
            lines = [(0, "rostered", {**row, "from": start}), (100, "depart", {"site": "s"})]
            assert [r[0] for r in said(roster, *lines, vocabulary=VOCABULARY)] == [word]

    def test_the_newest_of_one_identity_governs_even_if_it_does_not_fit(self):
        need = "before depart(movement) need valid assigned(movement, armour >= 4)"
        old = {"movement": "m", "vehicle": "v", "armour": 6}
        assert self.go((0, "assigned", old), need=need) == ["kept"]
        worse = {**old, "armour": 2}
        assert self.go((0, "assigned", old), (1, "assigned", worse), need=need) == ["breached"]
        other = {**worse, "vehicle": "w"}
        assert self.go((0, "assigned", old), (1, "assigned", other), need=need) == ["kept"]

    def test_revoked_by_record_or_by_subject(self):
        cleared = (0, "cleared", CLEARED)
        assert self.go(cleared, (1, "revoked", {"of": "1", "about": "x"})) == ["breached"]
        assert self.go(cleared, (1, "revoked", {"of": "2", "about": "m"})) == ["kept"]
        assert self.go(cleared, (1, "revoked", {"about": "m"})) == ["breached"]
        assert self.go(cleared, (1, "revoked", {"about": "m"}), (2, *cleared[1:])) == ["kept"]

    def test_replaced_by_the_same_party_only(self):
        right = {**CLEARED, "movement": "other"}
        for party, word in (("host", "breached"), ("partner", "kept")):
            fix = (1, "cleared", right, {"party": party, "replaces": "1"})
            assert self.go((0, "cleared", CLEARED, {"party": "host"}), fix) == [word]

    def test_a_hold_that_already_stands_answers_and_a_released_one_does_not(self):
        rule = "when stop(zone) then within 5 s: valid hold(zone)"
        hold, stop = (0, "hold", HELD), (2, "stop", {"zone": "z"})
        assert said(rule, hold, stop, vocabulary=None) == [("kept", 2, [1, 2], 2)]
        assert said(rule, hold, (1, "hold_released", {"hold": "h"}), stop, (9999, "tick")) == [
            ("breached", 3, [3], 9999)
        ]
        assert said(rule, stop, (9, *hold[1:])) == [("kept", 1, [1, 2], 9)]

    def test_a_record_that_comes_to_stand_in_time_answers_whether_anybody_ticks_or_not(self):
        rule = "when stop(zone) then within 5 s: valid hold(zone)"
        hold = (0, "hold", {**HELD, "from": 3000})
        rows = said(rule, hold, (1, "stop", {"zone": "z"}), (9999, "tick"))
        assert rows == [("kept", 2, [1, 2], 9999)]

    def test_while_valid_starts_with_the_record_and_ends_with_it(self):
        rule = "while valid rostered(site, post) need queue(site, post) every 10 s"
        place = {"site": "s", "post": "p"}
        roster = {**place, "shift": "1", "person": "x", "from": 5000, "until": 30_000}
        rows = said(
            rule,
            (0, "rostered", roster),
            (1, "queue", place),
            (12_000, "queue", place),
            (25_000, "queue", place),
            (99_000, "tick"),
            vocabulary=None,
        )
        assert rows == [
            ("kept", 1, [1, 3], 12_000),
            ("breached", 3, [3], 25_000),
            ("kept", 4, [4], 99_000),
        ]

    def test_while_valid_a_second_guard_carries_on_without_a_new_start(self):
        rule = "while valid rostered(site, post) need queue(site, post) every 10 s"
        place = {"site": "s", "post": "p"}
        first = {**place, "shift": "1", "person": "x", "until": 8000}
        second = {**place, "shift": "2", "person": "y"}
        rows = said(rule, (0, "rostered", first), (7000, "rostered", second), (20_000, "tick"))
        assert rows == [("breached", 1, [1], 20_000)]

    def test_while_valid_counts_from_the_day_the_standard_is_in_force(self):
        rule = "while valid site(s) need walk(s) every 10 s"
        lines = [(0, "site", {"s": "1"}), (55_000, "tick"), (70_000, "tick")]
        rows = said(rule, *lines, frm=50_000)
        assert rows == [("breached", 1, [1], 70_000)]
        assert said(rule, *lines, until=0) == []


def test_time_must_advance_and_a_snapshot_is_of_its_standards():
    monitor = Monitor([ready(CHECK)])
    monitor.step([], 5)
    with pytest.raises(Malformed, match="does not come after"):
        monitor.step([], 5)
    with pytest.raises(Malformed, match="handed in"):
        monitor.step([Event(7, "stop", "s", 1, V, 1)], 8)
    with pytest.raises(StateUnknown, match="not of these standards"):
        Monitor.restore([ready(RADIO)], monitor.snapshot())


def test_open_obligations_and_the_next_deadline():
    monitor = Monitor([ready(CHECK), ready(RADIO, name="r")])
    assert monitor.next_deadline() is None
    monitor.step(trace((0, "stop", V), (0, "depart", M)), 0)
    assert [(o.standard, o.deadline, o.trigger) for o in monitor.open()] == [
        ("s", 5000, 1),
        ("r", 10_000, 2),
    ]
    assert monitor.next_deadline() == 5000
    assert [v.verdict for v in monitor.step([], 5001)] == ["breached"]
    assert monitor.next_deadline() == 10_000
    assert [v.verdict for v in monitor.finish()] == ["cannot_tell"]
    assert encode(monitor.snapshot())


@pytest.mark.parametrize(
    "rule",
    [
        "when stop(v) then within 1 s: check(v)",
        "before check(v) need stop(v) within 1 s",
        "before check(v) need stop(v) and stop(v as w) within 1 s where v != w",
        "never stop(v) within 1 s of stop(v as o) where o != v",
        "from stop(v) until check(v) need beat(v) every 1 s",
        "while valid hold(v) need beat(v) every 1 s",
        "when stop(v) then within 1 s: valid hold(v) or check(v)",
    ],
)
def test_what_is_closed_is_forgotten(rule):
    monitor = Monitor([ready(rule)])

    def go(first, last):
        for i in range(first, last):
            v, t = {"v": f"v{i}"}, 3000 * i
            monitor.step([Event(t, "stop", "s", i, v, i)], t)
            monitor.step([Event(t + 1, "hold", "s", i, {**v, "until": t + 9}, i)], t + 1)
            monitor.step([Event(t + 2, "check", "s", i, v, i)], t + 2)

    go(1, 50)
    size = len(encode(monitor.snapshot()))
    tracemalloc.start()
    go(50, 2000)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(encode(monitor.snapshot())) < 2 * size + 500
    assert held < 300_000


def test_standards_that_a_silent_zone_leaves_in_doubt():
    there = ready('when stopped(v, zone="zone:outer") then within 5 s: checked(v)', name="a")
    other = ready('when stopped(v, zone="zone:inner") then within 5 s: checked(v)', name="b")
    anywhere = ready("when entered(v) then within 5 s: left(v)", name="c")
    unrelated = ready("before depart(m) need ok(m)", name="d")
    found = cordon_standards_of([there, other, anywhere, unrelated], "zone:outer")
    assert [item.standard.id for item in found] == ["a", "c"]


def test_two_standards_over_one_trace_come_in_the_order_of_output():
    verdicts = run(
        [ready(CHECK, name="z"), ready(CHECK, name="a")],
        trace((0, "stop", W), (0, "stop", V), (9999, "tick")),
    )
    assert [(v.standard, v.trigger) for v in verdicts] == [("a", 1), ("a", 2), ("z", 1), ("z", 2)]
