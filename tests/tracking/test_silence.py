from hypothesis import given
from hypothesis import strategies as st

from safeconduct.tracking import Silence

MIN = 60_000
DAY = 24 * 60 * MIN
POST, SITE, ZONE = "post:gate", "site:airport", "zone:outer"


def owing(*spans, interval=10 * MIN):
    silence = Silence()
    for start, end in spans or [(0, DAY)]:
        silence.expect(POST, SITE, ZONE, interval, start, end)
    return silence


def said(events):
    return [(event.t, event.data["state"]) for event in events]


def test_silence_falls_with_no_input_just_after_the_interval():
    silence = owing()
    assert silence.next_due() == 10 * MIN + 1
    assert silence.tick(10 * MIN) == []
    (event,) = silence.tick(DAY - 1)
    assert (event.t, event.alias, event.source, event.basis) == (10 * MIN + 1, "silent", POST, ())
    assert event.data == {
        "origin": POST,
        "site": SITE,
        "post": POST,
        "state": "silent",
        "expected": 10 * MIN,
    }
    assert silence.tick(DAY - 1) == []
    assert silence.next_due() is None


def test_a_report_at_the_very_end_is_in_time():
    silence = owing()
    assert silence.heard(POST, 10 * MIN, "r_1") == []
    assert silence.next_due() == 20 * MIN + 1


def test_a_report_ends_the_silence_and_says_it_first_if_no_tick_did():
    silence = owing()
    silence.heard(POST, 3 * MIN, "r_1")
    out = silence.heard(POST, 15 * MIN, "r_2")
    assert said(out) == [(13 * MIN + 1, "silent"), (15 * MIN, "heard")]
    assert [event.basis for event in out] == [("r_1",), ("r_2",)]


def test_the_interval_says_what_was_heard_last():
    silence = owing()
    silence.heard(POST, 3 * MIN, "r_1")
    assert silence.interval(POST) is None
    silence.tick(20 * MIN)
    interval = silence.interval(POST)
    assert (interval.silent_since, interval.last_ref) == (3 * MIN, "r_1")
    assert (interval.site, interval.zone) == (SITE, ZONE)
    assert silence.intervals() == [interval]
    assert silence.interval("post:other") is None


def test_nothing_is_owed_outside_the_shift():
    silence = owing((0, 10 * MIN))
    assert silence.tick(DAY) == []
    assert silence.next_due() is None


def test_taking_over_a_post_buys_no_interval():
    silence = owing((0, 60 * MIN), (60 * MIN, 120 * MIN))
    for minute in range(0, 60, 8):
        silence.heard(POST, minute * MIN, f"r_{minute}")
    assert said(silence.tick(119 * MIN)) == [(66 * MIN + 1, "silent")]


def test_a_silence_does_not_outlive_the_duty_and_the_next_shift_begins_afresh():
    silence = owing((0, 60 * MIN), (100 * MIN, 200 * MIN))
    assert said(silence.tick(99 * MIN)) == [(10 * MIN + 1, "silent")]
    assert silence.interval(POST) is None
    assert silence.next_due() == 110 * MIN + 1
    assert said(silence.tick(150 * MIN)) == [(110 * MIN + 1, "silent")]


def test_a_late_report_that_held_in_time_ends_it_where_it_began():
    silence = owing()
    silence.tick(12 * MIN)
    assert said(silence.heard(POST, 9 * MIN, "r_1")) == [(10 * MIN + 1, "heard")]
    assert silence.next_due() == 19 * MIN + 1


def test_an_older_report_than_the_last_is_no_news():
    silence = owing()
    silence.heard(POST, 9 * MIN, "r_2")
    assert silence.heard(POST, 1 * MIN, "r_1") == []
    assert silence.next_due() == 19 * MIN + 1


def test_a_report_from_before_the_duty_does_not_count():
    silence = owing((100 * MIN, 200 * MIN))
    silence.tick(150 * MIN)
    assert silence.heard(POST, 50 * MIN, "r_1") == []
    assert silence.interval(POST) is not None


def test_a_post_that_owes_nothing_may_report():
    silence = Silence()
    assert silence.heard(POST, MIN, "r_1") == []
    assert silence.tick(DAY) == []


@given(st.lists(st.integers(1, 25 * MIN), max_size=30), st.lists(st.integers(0, 400 * MIN)))
def test_ticks_change_nothing_and_states_take_turns(waits, ticks):
    times, t = [], 0
    for wait in waits:
        t += wait
        times.append(t)
    end = t + 30 * MIN

    def play(instants):
        silence, out = owing((0, 10 * DAY)), []
        queue = sorted([(t, 0) for t in times] + [(t, 1) for t in instants if t < end])
        for t, is_tick in queue:
            out += silence.tick(t) if is_tick else silence.heard(POST, t, f"r_{t}")
        return out + silence.tick(end)

    events = said(play([]))
    assert said(play(ticks)) == events
    states = [state for _, state in events]
    assert states == (["silent", "heard"] * len(states))[: len(states)]
    assert len([s for s in states if s == "silent"]) == 1 + sum(w > 10 * MIN for w in waits)
