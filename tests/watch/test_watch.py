import pytest

from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.ids import computed_id
from safeconduct.watch import (
    PAGE_EVERY_MS,
    PAGE_TIMES,
    Change,
    Escalate,
    Ladder,
    Obligation,
    PlaceHold,
    Raise,
    StandardInfo,
    Step,
    Tell,
    Verdict,
    Watch,
    clocks,
)

T0 = 1_700_000_000_000
MIN = 60_000
CORDON = StandardInfo("cordon-check", 1, "critical", "post-commander", "7.2")
QUEUE = StandardInfo("queue-report", 1, "high", "post-commander", "7.2")
ESCORT = StandardInfo("escort-strength", 1, "high", "movement-planner", "5.1")
UNCHECKED = Ladder(
    "unchecked-vehicle",
    "cordon-check",
    "7.3",
    (
        Step(5 * MIN, "alarm", ("post-commander", "host-duty-officer")),
        Step(10 * MIN, "escalate", ("designated-official", "liaison-officer")),
        Step(15 * MIN, "hold", ("escort-leader",), ("other-exit", "other-time")),
    ),
    ("checked", "left"),
)
SILENT = Ladder(
    "silent-post",
    "queue-report",
    "7.3",
    (
        Step(10 * MIN, "alarm", ("host-duty-officer",)),
        Step(15 * MIN, "hold", ("escort-leader",), ("other-exit",)),
    ),
    ("queue",),
    "last-report",
)
PLACE = {"site": "site:airport", "zone": "zone:outer"}


def watch():
    return Watch([UNCHECKED, SILENT], [CORDON, QUEUE, ESCORT])


def stop(w, vehicle="ve_1", t=T0, now=None, verdict="breached", ref="r_v", trigger=None):
    return w.on_verdict(
        Verdict("cordon-check", 1, verdict, t + 5 * MIN),
        vehicle,
        {"vehicle": vehicle, **PLACE},
        t,
        trigger or f"r_{vehicle}",
        ref,
        t + 5 * MIN + 1 if now is None else now,
    )


def check(w, t, vehicle="ve_1", now=None, **more):
    values = {"vehicle": vehicle, **PLACE, "post": "post:gate", "result": "clear", **more}
    return w.on_fact("checked", values, t, "r_c", t if now is None else now)


def only(kind, intents):
    return [intent for intent in intents if isinstance(intent, kind)]


def rungs(intents):
    return [i for i in intents if not (isinstance(i, Tell) and i.page)]


def test_the_ladder_of_five_ten_and_fifteen_minutes():
    w = watch()
    out = stop(w)
    alert = computed_id("alert", "cordon-check", 1, "ve_1", "r_ve_1")
    at = T0 + 5 * MIN + 1
    assert out == [
        Raise(
            alert,
            "cordon-check",
            1,
            "ve_1",
            "site:airport",
            "zone:outer",
            None,
            "critical",
            "post-commander",
            T0 + 10 * MIN,
            at,
        ),
        Tell(alert, "ve_1", "host-duty-officer", 1, at),
        Tell(alert, "ve_1", "post-commander", 1, at),
    ]
    assert rungs(w.tick(T0 + 10 * MIN)) == []
    at = T0 + 10 * MIN + 1
    assert rungs(w.tick(at)) == [
        Escalate(alert, "ve_1", 2, "designated-official", at),
        Escalate(alert, "ve_1", 2, "liaison-officer", at),
        Tell(alert, "ve_1", "designated-official", 2, at),
        Tell(alert, "ve_1", "liaison-officer", 2, at),
    ]
    at = T0 + 15 * MIN + 1
    assert only(PlaceHold, w.tick(T0 + 15 * MIN)) == []
    (hold, tell) = rungs(w.tick(at))
    hold_id = computed_id("hold", "cordon-check", 1, "ve_1", "r_ve_1")
    offers = ("other-exit", "other-time")
    assert hold == PlaceHold(hold_id, alert, "zone:outer", "site:airport", offers, "7.3", at)
    assert tell.role == "escort-leader"


def test_an_acknowledgement_at_minute_six_does_not_move_the_hold():
    w = watch()
    (raised, *_) = stop(w)
    w.on_ack(raised.alert_id, "key", T0 + 6 * MIN)
    out = w.tick(T0 + 60 * MIN)
    assert [hold.at for hold in only(PlaceHold, out)] == [T0 + 15 * MIN + 1]
    assert not [tell for tell in only(Tell, out) if tell.page]
    assert len(only(Escalate, out)) == 2


def test_paging_goes_to_all_told_so_far_until_somebody_answers():
    w = watch()
    (raised, *_) = stop(w)
    first = raised.at
    assert w.next_due() == first + PAGE_EVERY_MS
    pages = [t for t in only(Tell, w.tick(T0 + 9 * MIN + 2)) if t.page]
    assert [(t.role, t.at) for t in pages] == [
        (role, first + n * PAGE_EVERY_MS)
        for n in (1, 2)
        for role in ("host-duty-officer", "post-commander")
    ]
    pages = [t for t in only(Tell, w.tick(T0 + 11 * MIN + 1)) if t.page]
    assert len(pages) == 4
    w.on_ack("ve_1", "key", T0 + 11 * MIN + 1)
    assert not [t for t in only(Tell, w.tick(T0 + 99 * MIN)) if t.page]


def test_paging_ends_after_its_number():
    w = watch()
    out = stop(w) + w.tick(T0 + 600 * MIN)
    assert max(tell.page for tell in only(Tell, out)) == PAGE_TIMES
    assert w.next_due() is None


@pytest.mark.parametrize("before", [-1, 0])
def test_a_check_up_to_the_steps_instant_keeps_it_from_falling(before):
    w = watch()
    stop(w)
    w.tick(T0 + 14 * MIN)
    out = check(w, T0 + 15 * MIN + before)
    assert only(PlaceHold, out) == []
    (change,) = only(Change, out)
    assert (change.state, change.at) == ("returned", T0 + 15 * MIN + before)
    assert w.tick(T0 + 999 * MIN) == []


def test_a_check_a_millisecond_after_comes_with_the_hold():
    w = watch()
    stop(w)
    out = check(w, T0 + 15 * MIN + 1)
    assert len(only(PlaceHold, out)) == len(only(Change, out)) == 1


def test_a_late_tick_does_not_hold_what_was_checked_in_time():
    w = watch()
    stop(w)
    out = check(w, T0 + 15 * MIN, now=T0 + 20 * MIN)
    assert only(PlaceHold, out) == []


def test_a_late_verdict_drops_the_past_rungs_at_once_and_in_order():
    out = rungs(stop(watch(), now=T0 + 40 * MIN))
    assert [type(i).__name__ for i in out] == [
        "Raise",
        "Tell",
        "Tell",
        "Escalate",
        "Escalate",
        "Tell",
        "Tell",
        "PlaceHold",
        "Tell",
    ]
    assert sorted({i.at - T0 for i in out}) == [n * MIN + 1 for n in (5, 10, 15)]


def test_a_check_in_time_is_no_episode():
    w = watch()
    assert check(w, T0 + 3 * MIN) == []
    assert stop(w, verdict="kept", now=T0 + 3 * MIN) == []
    assert (w.next_due(), w.episodes) == (None, {})


def test_a_check_that_came_in_before_its_verdict_ends_the_ladder():
    w = watch()
    check(w, T0 + 7 * MIN)
    out = stop(w, now=T0 + 7 * MIN)
    assert [type(i).__name__ for i in out if not isinstance(i, Tell)] == ["Raise", "Change"]
    assert w.next_due() is None


def test_an_old_check_does_not_end_a_new_stop():
    w = watch()
    check(w, T0)
    assert only(Change, stop(w)) == []


@pytest.mark.parametrize(
    "more", [{"vehicle": "ve_2"}, {"zone": "zone:inner"}, {"site": "site:plant"}]
)
def test_a_check_of_something_else_ends_nothing(more):
    w = watch()
    stop(w)
    assert only(Change, check(w, T0 + 6 * MIN, **more)) == []


def test_an_event_without_the_subject_ends_nothing():
    w = watch()
    stop(w)
    assert only(Change, w.on_fact("left", PLACE, T0 + 6 * MIN, "r", T0 + 6 * MIN)) == []


def test_events_that_end_no_ladder_are_passed_over():
    w = watch()
    stop(w)
    assert w.on_fact("unchecked", {"vehicle": "ve_1"}, T0 + 6 * MIN, "r", T0 + 6 * MIN) == []


def test_two_vehicles_at_one_zone_are_two_episodes():
    w = watch()
    stop(w, "ve_1")
    stop(w, "ve_2", T0 + MIN)
    check(w, T0 + 8 * MIN, "ve_1")
    (hold,) = only(PlaceHold, w.tick(T0 + 30 * MIN))
    assert hold.at == T0 + 16 * MIN + 1


def test_a_silent_post_counts_from_its_last_report():
    w = watch()
    bindings = {"post": "post:gate", "site": "site:airport", "zone": "zone:outer"}
    verdict = Verdict("queue-report", 1, "breached", T0 + 10 * MIN)
    now = T0 + 10 * MIN + 1
    w.on_fact("queue", bindings, T0, "r_q", T0)
    out = w.on_verdict(verdict, "post:gate", bindings, T0, "r_q", "r_v", now)
    assert [i.at for i in only(Raise, out)] == [now]
    out = w.tick(T0 + 15 * MIN + 1)
    assert [i.at for i in only(PlaceHold, out)] == [T0 + 15 * MIN + 1]
    out = w.on_fact("queue", bindings, T0 + 16 * MIN, "r_q2", T0 + 16 * MIN)
    assert [i.state for i in only(Change, out)] == ["returned"]


def test_without_a_ladder_one_alert_goes_to_the_owner():
    w = watch()
    verdict = Verdict("escort-strength", 1, "breached")
    args = ("mv_1", {"movement": "mv_1"}, T0, "r_d", "r_v", T0)
    out = w.on_verdict(verdict, *args)
    assert [type(i).__name__ for i in out] == ["Raise", "Tell"]
    assert (out[0].movement, out[0].severity, out[0].at) == ("mv_1", "high", T0)
    assert out[1].role == "movement-planner"
    assert w.on_verdict(verdict, *args) == []
    w.on_ack("mv_1", "key", T0)
    assert w.tick(T0 + 999 * MIN) == []


def test_cannot_tell_raises_nothing():
    w = watch()
    assert stop(w, verdict="cannot_tell") == []
    assert w.next_due() is None


def test_the_same_verdict_twice_changes_nothing():
    w = watch()
    stop(w)
    assert stop(w, ref="r_again") == []
    assert len(w.episodes) == 1


def test_a_retraction_closes_and_leaves_the_hold_standing():
    w = watch()
    stop(w)
    out = w.tick(T0 + 16 * MIN)
    (hold,) = only(PlaceHold, out)
    (change,) = stop(w, verdict="kept", ref="r_rev", now=T0 + 17 * MIN)
    assert (change.state, change.at) == ("closed", T0 + 17 * MIN)
    assert change.reason.startswith("retracted: now kept")
    assert w.tick(T0 + 99 * MIN) == []
    (clock,) = clocks(w, [], T0 + 99 * MIN)
    assert (clock.what, clock.level, clock.hold_id) == ("held", "critical", hold.hold_id)
    w.on_released(hold.hold_id)
    assert clocks(w, [], T0 + 99 * MIN) == []


def test_a_retraction_cancels_what_has_not_fallen():
    w = watch()
    stop(w)
    (change,) = stop(w, verdict="cannot_tell", now=T0 + 30 * MIN)
    assert change.state == "closed"


def test_a_verdict_that_comes_back_is_raised_again_and_goes_on():
    w = watch()
    stop(w)
    stop(w, verdict="cannot_tell", now=T0 + 6 * MIN)
    out = stop(w, now=T0 + 12 * MIN)
    assert len(only(Raise, out)) == 1
    assert not [t for t in only(Tell, out) if t.page]
    assert len(only(Escalate, out)) == 2
    assert len(only(PlaceHold, w.tick(T0 + 16 * MIN))) == 1


def test_nobody_silences_a_ladder_by_closing_its_alert():
    w = watch()
    (raised, *_) = stop(w)
    w.on_changed(raised.alert_id, "closed", "key", T0 + 6 * MIN)
    out = w.tick(T0 + 16 * MIN)
    assert len(only(PlaceHold, out)) == 1
    assert not [t for t in only(Tell, out) if t.page]


def test_ids_are_functions_of_the_first_cause_alone():
    w = watch()
    (a, *_) = stop(w)
    (b, *_) = stop(watch(), ref="r_other", now=T0 + 44 * MIN)
    assert a.alert_id == b.alert_id
    (c, *_) = stop(watch(), trigger="r_second")
    assert c.alert_id != a.alert_id


def test_a_ladder_whose_steps_do_not_rise_is_refused():
    for steps in [(), (Step(5, "alarm", ()), Step(5, "hold", ()))]:
        with pytest.raises(Malformed):
            Watch([Ladder("x", "s", "7", steps)], [])


def test_a_verdict_on_an_unknown_standard_is_refused():
    with pytest.raises(Malformed):
        Watch([], []).on_verdict(Verdict("x", 1, "breached"), "s", {}, 0, "r", "v", 0)


def test_an_amendment_changes_no_open_episode():
    w = watch()
    stop(w)
    w.adopt([Ladder("new", "cordon-check", "7.3", (Step(60 * MIN, "alarm", ()),))], [CORDON])
    assert len(only(PlaceHold, w.tick(T0 + 16 * MIN))) == 1


def owed(due, standard="cordon-check", about="ve_9"):
    return Obligation(standard, 1, about, due, f"r_{about}", {"vehicle": about})


def test_the_clock_list_is_worst_first_then_by_time():
    w = watch()
    stop(w, "ve_1")
    w.tick(T0 + 16 * MIN)
    now = T0 + 16 * MIN
    stop(w, "ve_2", T0 + 10 * MIN, now=now)
    rows = clocks(
        w,
        [
            owed(now + 90 * MIN, "escort-strength", "mv_3"),
            owed(now + 30 * MIN, "escort-strength", "mv_2"),
            owed(now + 4 * MIN, "escort-strength", "mv_1"),
            owed(now + 20 * MIN),
            owed(T0 + 5 * MIN, about="ve_1"),
            owed(now - 1, "escort-strength", "mv_0"),
        ],
        now,
    )
    assert [(row.level, row.about) for row in rows] == [
        ("critical", "ve_1"),
        ("serious", "ve_2"),
        ("serious", "mv_0"),
        ("caution", "mv_1"),
        ("caution", "ve_9"),
        ("normal", "mv_2"),
        ("standby", "mv_3"),
    ]
    assert rows[0].held
    assert rows[0].left_ms == -11 * MIN
    assert rows[0].next_step is None
    assert rows[1].next_step.do == "escalate"
    assert rows[1].next_step.at == T0 + 20 * MIN + 1
    assert rows[4].next_step.do == "alarm"
    w.on_ack("ve_2", "key", now)
    assert clocks(w, [], now)[1].acknowledged


def test_a_returned_alert_leaves_the_list():
    w = watch()
    stop(w)
    check(w, T0 + 6 * MIN)
    assert clocks(w, [], T0 + 7 * MIN) == []
