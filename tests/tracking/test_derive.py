import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.kernel.places import Point, metres
from safeconduct.kernel.records import Fact, Record
from safeconduct.tracking import Derive, Fix, Marked, Zone, crossed, membership

T0 = 1_700_000_000_000
MIN = 60_000
CENTRE = Point(24_900_000, 67_100_000)
ZONE = Zone("zone:outer", "site:airport", CENTRE, 200)


def sighted(n, t, motion, first_seen=None, vehicle="ve_1", zone="zone:outer", **more):
    values = {
        "vehicle": vehicle,
        "site": "site:airport",
        "zone": zone,
        "post": "post:gate",
        "motion": motion,
        "vehicle_type": "pickup",
        "first_seen": t if first_seen is None else first_seen,
        **more,
    }
    record = Record(
        id=f"r_{n}",
        type="sites.vehicle.sighted",
        mode="exercise",
        source="post:gate",
        seq=n,
        time=t,
        party="host",
        acting="guard",
        by="g",
        subject=vehicle,
        class_name="cordon",
        data=values,
    )
    return Fact(alias="sighted", record=record, values=values, log="host", position=n)


def fix(t, metres_north=0, accuracy=5, speed=None, suspect=()):
    lat = CENTRE.lat + metres_north * 1_000_000 // 111_195
    return Marked(Fix("de_1", t, lat, CENTRE.lon, accuracy, speed), t, suspect)


def drive(derive, *fixes):
    return [
        (event.alias, event.t, event.data.get("crossed"))
        for one in fixes
        for event in derive.on_fix("ve_1", "mv_1", one, "seg")
    ]


def test_a_sighting_starts_one_stop_from_when_it_was_first_seen():
    derive = Derive([ZONE])
    (event,) = derive.on_sighted(sighted(1, T0, "stopped", T0 - 3 * MIN))
    assert (event.alias, event.t) == ("stopped", T0 - 3 * MIN)
    assert (event.source, event.seq, event.basis) == ("post:gate", 1, ("r_1",))
    assert event.data == {
        "vehicle": "ve_1",
        "site": "site:airport",
        "zone": "zone:outer",
        "vehicle_type": "pickup",
        "read_from": "sighting",
    }
    assert derive.on_sighted(sighted(2, T0 + MIN, "stopped")) == []
    assert derive.open_since("ve_1", "zone:outer") == T0 - 3 * MIN
    (other,) = derive.on_sighted(sighted(3, T0, "stopped", vehicle="ve_2"))
    assert other.t == T0


def test_a_stop_cannot_begin_after_it_was_reported():
    (event,) = Derive([]).on_sighted(sighted(1, T0, "stopped", T0 + 30 * MIN))
    assert event.t == T0


def test_moving_and_gone():
    derive = Derive([])
    assert derive.on_sighted(sighted(1, T0, "moving")) == []
    derive.on_sighted(sighted(2, T0, "stopped"))
    (moved,) = derive.on_sighted(sighted(3, T0 + 1, "moving"))
    assert moved.alias == "moved"
    assert moved.data == {"vehicle": "ve_1", "site": "site:airport", "zone": "zone:outer"}
    (left,) = derive.on_sighted(sighted(4, T0 + 2, "gone"))
    assert (left.alias, left.data["read_from"], left.seq) == ("left", "sighting", 4)
    assert derive.on_sighted(sighted(5, T0 + 3, "gone")) == []
    assert derive.open_since("ve_1", "zone:outer") is None


def test_a_false_gone_buys_no_time():
    derive = Derive([])
    (first,) = derive.on_sighted(sighted(1, T0, "stopped"))
    derive.on_sighted(sighted(2, T0 + 4 * MIN, "gone"))
    (again,) = derive.on_sighted(sighted(3, T0 + 34 * MIN, "stopped"))
    assert (again.t, again.source, again.seq) == (first.t, first.source, first.seq)
    assert again.basis == ("r_1", "r_3")
    assert again.withdraws == ("r_2",)
    assert derive.on_sighted(sighted(4, T0 + 35 * MIN, "stopped")) == []


def test_after_half_an_hour_it_is_another_stop():
    derive = Derive([])
    derive.on_sighted(sighted(1, T0, "stopped"))
    derive.on_sighted(sighted(2, T0 + 4 * MIN, "gone"))
    (again,) = derive.on_sighted(sighted(3, T0 + 34 * MIN + 1, "stopped"))
    assert (again.t, again.withdraws) == (T0 + 34 * MIN + 1, ())


def test_news_out_of_order():
    derive = Derive([])
    (left,) = derive.on_sighted(sighted(1, T0 + 5 * MIN, "gone"))
    assert left.alias == "left"
    (late,) = derive.on_sighted(sighted(2, T0 + MIN, "stopped"))
    assert (late.t, late.withdraws) == (T0 + MIN, ())
    assert derive.open_since("ve_1", "zone:outer") is None
    derive = Derive([])
    derive.on_sighted(sighted(1, T0, "stopped"))
    derive.on_sighted(sighted(2, T0 + 9 * MIN, "stopped"))
    assert derive.on_sighted(sighted(3, T0 + 5 * MIN, "gone")) == []
    assert derive.open_since("ve_1", "zone:outer") == T0


def test_where_a_guard_sees_it_stand_after_its_tracker_left_the_clock_runs_on():
    derive = Derive([ZONE])
    drive(derive, *(fix(T0 + s * 5_000) for s in range(6)))
    derive.on_sighted(sighted(1, T0 + 10 * MIN, "stopped"))
    out = drive(derive, fix(T0 + 9 * MIN, 800), fix(T0 + 11 * MIN, 800))
    assert out == []
    assert derive.open_since("ve_1", "zone:outer") == T0


def test_closed_fields_say_nothing():
    fact = sighted(1, T0, "stopped", vehicle=None)
    assert Derive([]).on_sighted(fact) == []


def test_a_halt_in_a_zone_stops_from_its_first_fix():
    derive = Derive([ZONE])
    out = drive(derive, *(fix(T0 + s * 5_000, s) for s in range(6)))
    assert out == [("entered", T0, False), ("stopped", T0, None)]
    event = derive.episodes["ve_1", "zone:outer"].first
    assert event.data["read_from"] == "fixes"
    assert (event.data["movement"], event.basis) == ("mv_1", ("seg",))
    assert drive(derive, fix(T0 + 40_000, 29)) == []
    assert drive(derive, fix(T0 + 60_000, 60)) == [("moved", T0 + 60_000, None)]


def test_a_halt_outside_every_zone_is_none():
    assert drive(Derive([ZONE]), *(fix(T0 + s * 5_000, 900) for s in range(6))) == []


def test_a_short_halt_is_none():
    assert "stopped" not in str(drive(Derive([ZONE]), fix(T0), fix(T0 + 19_999)))


def test_a_suspect_fix_may_start_a_stop_and_ends_none():
    derive = Derive([ZONE])
    doubt = ("mock",)
    out = drive(derive, fix(T0, suspect=doubt), fix(T0 + 20_000, suspect=doubt))
    assert out == [("stopped", T0, None)]
    far = [fix(T0 + 30_000 + n, 5_000, suspect=doubt) for n in range(5)]
    assert drive(derive, *far) == []


def test_suspect_fixes_in_between_do_not_hide_a_halt():
    derive = Derive([ZONE])
    wild = [fix(T0 + 5_000 * n, 9_000, suspect=("jump",)) for n in range(1, 4)]
    assert ("stopped", T0, None) in drive(derive, fix(T0), *wild, fix(T0 + 20_000))


def test_a_fix_stop_after_a_sighting_is_the_same_episode():
    derive = Derive([ZONE])
    derive.on_sighted(sighted(1, T0, "stopped"))
    assert "stopped" not in str(drive(derive, *(fix(T0 + s * 5_000) for s in range(9))))


def test_going_in_and_out_needs_two_sure_fixes():
    derive = Derive([ZONE])
    out = drive(
        derive,
        fix(T0, 1000),
        fix(T0 + 1, 1000),
        fix(T0 + 60_000, 100, speed=9000),
        fix(T0 + 62_000, 60, speed=9000),
        fix(T0 + 80_000, 195, accuracy=30),
        fix(T0 + 100_000, 230, accuracy=60),
        fix(T0 + 120_000, 240, accuracy=60),
        fix(T0 + 140_000, 400, suspect=("jump",)),
        fix(T0 + 150_000, 400, suspect=("jump",)),
    )
    assert out == [("entered", T0 + 60_000, True)]
    out = drive(derive, fix(T0 + 160_000, 400), fix(T0 + 161_000, 190, accuracy=50))
    assert out == []
    out = drive(derive, fix(T0 + 162_000, 410))
    assert out == [("left", T0 + 160_000, None)]


def test_twenty_seconds_without_contradiction_settle_an_entry():
    derive = Derive([ZONE])
    drive(derive, fix(T0, 1000), fix(T0 + 1000, 990))
    assert drive(derive, fix(T0 + 50_000, 100), fix(T0 + 60_000, 195, accuracy=30)) == []
    assert drive(derive, fix(T0 + 70_000, 195, accuracy=30)) == [("entered", T0 + 50_000, True)]


def test_a_zone_crossed_between_two_fixes_is_not_missed():
    derive = Derive([ZONE])
    out = drive(
        derive,
        fix(T0, -1000),
        fix(T0 + 1000, -1000),
        fix(T0 + 61_000, 1000),
        fix(T0 + 62_000, 1030),
    )
    assert [item[0] for item in out] == ["entered", "left"]
    assert abs(out[0][1] - (T0 + 31_000)) < 10
    assert out[0][2] is True


def test_driving_out_and_back_in_goes_on_from_the_first_stop():
    derive = Derive([ZONE])
    drive(derive, *(fix(T0 + s * 5_000) for s in range(6)))
    out = drive(derive, fix(T0 + 2 * MIN, 800), fix(T0 + 2 * MIN + 1, 800))
    assert [item[0] for item in out] == ["moved", "left"]
    out = drive(derive, *(fix(T0 + 9 * MIN + s * 5_000) for s in range(6)))
    assert ("stopped", T0, None) in out


def test_creeping_in_a_queue_is_a_new_stop_of_the_same_stay():
    derive = Derive([ZONE])
    drive(derive, *(fix(T0 + s * 5_000) for s in range(6)))
    out = drive(derive, *(fix(T0 + MIN + s * 5_000, 50) for s in range(6)))
    assert out == [("moved", T0 + MIN, None), ("stopped", T0 + MIN, None)]


POINTS = st.integers(-900, 900)


@given(POINTS, st.integers(1, 300), st.integers(10, 500))
def test_membership_is_said_of_the_whole_disc(north, accuracy, radius):
    zone = Zone("zone:z", "site:s", CENTRE, radius)
    one = fix(0, north, accuracy).fix
    distance = metres(CENTRE, one.point)
    said = membership(zone, one)
    assert (said == "inside") == (distance + accuracy <= radius)
    assert (said == "outside") == (distance - accuracy > radius)


@given(POINTS, POINTS)
def test_a_crossing_is_at_least_as_near_as_its_ends(a, b):
    said, share = crossed(ZONE, fix(0, a).fix, fix(0, b).fix)
    assert 0 <= share <= 1
    if "inside" in {membership(ZONE, fix(0, n).fix) for n in (a, b)}:
        assert said == "inside"
    if a * b < 0:
        assert said == "inside"


def test_a_crossing_over_the_date_line():
    zone = Zone("zone:z", "site:s", Point(0, 179_999_000), 50)
    a, b = Fix("d", 0, 0, 179_990_000, 5), Fix("d", 0, 0, -179_990_000, 5)
    assert crossed(zone, a, b)[0] == "inside"


STEPS = st.lists(
    st.tuples(
        st.integers(1, 30_000), POINTS, st.sampled_from([5, 40, 150]), st.sampled_from([0, 0, 1])
    ),
    max_size=40,
)


@given(STEPS)
def test_entered_and_left_take_turns_and_doubt_never_ends_anything(steps):
    derive, t, aliases = Derive([ZONE]), T0, []
    for wait, north, accuracy, suspect in steps:
        t += wait
        one = fix(t, north, accuracy, suspect=("jump",) if suspect else ())
        events = derive.on_fix("ve_1", None, one, "seg")
        for event in events:
            assert event.t <= t
            if event.alias in ("left", "moved", "entered"):
                assert not suspect
            if event.alias == "left":
                assert membership(ZONE, one.fix) == "outside"
        aliases += [e.alias for e in events if e.alias in ("entered", "left")]
    assert aliases == ["entered", "left"] * (len(aliases) // 2) + ["entered"] * (len(aliases) % 2)


@given(
    st.lists(st.tuples(st.integers(0, 20 * MIN), st.sampled_from(["stopped", "moving", "gone"])))
)
def test_within_half_an_hour_of_gone_no_clock_starts_anew(moves):
    derive, t, since, away = Derive([]), T0, None, None
    for n, (wait, motion) in enumerate(moves, start=1):
        t += wait
        events = derive.on_sighted(sighted(n, t, motion))
        if motion == "stopped":
            stops = [event.t for event in events]
            if since is not None and (away is None or t - away <= 30 * MIN):
                assert all(stop == since for stop in stops)
            elif since is None:
                assert stops == [t]
            since = stops[0] if stops else since
            away = None
        elif events:
            away = t


@pytest.mark.parametrize("motion", ["stopped", "moving", "gone"])
def test_a_repeated_sighting_adds_nothing(motion):
    derive = Derive([])
    derive.on_sighted(sighted(1, T0, "stopped"))
    derive.on_sighted(sighted(2, T0 + 1, motion))
    assert derive.on_sighted(sighted(3, T0 + 2, motion)) == []
