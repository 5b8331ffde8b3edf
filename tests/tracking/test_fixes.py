import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.kernel.errors import Malformed
from safeconduct.tracking import REASONS, Fix, Marked, Marker, Picture, open_segment, seal

T0 = 1_700_000_000_000
LAT, LON = 24_900_000, 67_100_000
METRE = 9
"""Microdegrees of latitude in about a metre."""

INSTANTS = st.integers(0, 4 * 10**12)
FIXES = st.builds(
    Fix,
    st.just("de_1"),
    st.none() | INSTANTS,
    st.integers(-90_000_000, 90_000_000),
    st.integers(-180_000_000, 180_000_000),
    st.integers(0, 1_000_000),
    st.none() | st.integers(0, 1_000_000),
    st.none() | st.integers(0, 35_999),
    st.booleans(),
    st.booleans(),
)
MARKED = st.builds(Marked, FIXES, INSTANTS, st.lists(st.sampled_from(REASONS)).map(tuple))


@given(st.lists(MARKED, min_size=1))
def test_a_segment_comes_back_as_it_was_sealed(fixes):
    sealed = seal(fixes)
    assert open_segment(sealed.payload) == fixes
    assert sealed.segment == hashlib.sha256(sealed.payload).hexdigest()
    payload, segment, number, since, until, worst = sealed
    assert number == len(fixes)
    assert since <= until
    assert worst == max(item.fix.doubt_m for item in fixes)
    assert seal(open_segment(payload)).segment == segment


@given(
    st.binary() | st.recursive(st.none() | st.integers(), st.lists).map(json.dumps).map(str.encode)
)
def test_any_bytes_are_a_segment_or_malformed(payload):
    with pytest.raises(Malformed):
        open_segment(payload)


def test_a_spoilt_segment_is_malformed():
    sealed = seal([Marked(Fix("d", None, 1, 2), T0)])
    for old, new in [
        (b'"lat":1', b'"lat":true'),
        (b'"lat":1', b'"lat":99000000'),
        (b'"accuracy":0', b'"accuracy":-1'),
        (b'"suspect":[]', b'"suspect":["guess"]'),
        (b'"suspect":[]', b'"suspect":[[]]'),
        (b'"mock":false', b'"mock":0'),
        (b'"lat":1', b'"lax":1'),
    ]:
        with pytest.raises(Malformed):
            open_segment(sealed.payload.replace(old, new))


def test_a_segment_is_of_one_device_and_not_empty():
    with pytest.raises(Malformed):
        seal([])
    with pytest.raises(Malformed):
        seal([Marked(Fix("a", None, 1, 2), 0), Marked(Fix("b", None, 1, 2), 0)])


def fix(t, metres=0, **more):
    return Fix("d", t, LAT + metres * METRE, LON, more.pop("accuracy", 5), **more)


def marks(*fixes, received=None):
    marker = Marker()
    return [marker.mark(f, received or f.t or T0).suspect for f in fixes]


def test_honest_driving_is_not_marked():
    assert not any(marks(*(fix(T0 + s * 1000, s * 30) for s in range(60))))


def test_two_hundred_kilometres_an_hour_is_the_edge():
    assert marks(fix(T0), fix(T0 + 10_000, 560)) == [(), ()]
    assert marks(fix(T0), fix(T0 + 10_000, 600)) == [(), ("jump",)]


def test_one_outlier_does_not_taint_what_follows():
    out = marks(fix(T0), fix(T0 + 1000, 50_000), fix(T0 + 2000, 10), fix(T0 + 3000, 20))
    assert out == [(), ("jump",), (), ()]


def test_a_wild_first_fix_is_outlived():
    out = marks(fix(T0, 500_000), *(fix(T0 + s * 1000, s) for s in range(1, 12)))
    assert out[0] == ()
    assert out[1] == ("jump",)
    assert out[-1] == ()


def test_the_other_doubts():
    assert marks(fix(T0), fix(T0 - 1)) == [(), ("backwards",)]
    assert marks(fix(T0), fix(T0)) == [(), ()]
    assert marks(fix(T0 + 300_001), received=T0) == [("future",)]
    assert marks(fix(T0 + 300_000), received=T0) == [()]
    assert marks(fix(T0, mock=True)) == [("mock",)]
    assert marks(fix(T0, valid=False)) == [("invalid",)]
    assert marks(Fix("d", T0, 0, 0)) == [("zero-island",)]
    assert marks(*(fix(T0 + n, accuracy=1) for n in range(5)))[-1] == ("repeated",)
    assert not any(marks(*(fix(T0 + n, accuracy=12) for n in range(20))))


def test_a_future_fix_does_not_make_the_honest_ones_backwards():
    marker = Marker()
    marker.mark(fix(T0 + 10**9), T0)
    assert marker.mark(fix(T0 + 1), T0 + 1).suspect == ()


def test_a_missing_time_is_that_of_receipt():
    assert Marker().mark(fix(None), T0).t == T0


def test_the_picture_shows_age_and_growing_doubt():
    picture = Picture()
    assert picture.newest("v", T0) is None
    picture.on_fix("v", Marked(fix(T0, speed_mms=10_000), T0), "seg")
    picture.on_fix("v", Marked(fix(T0 - 1), T0 - 1), "seg")
    shown = picture.newest("v", T0 + 6_000)
    assert (shown.age_ms, shown.doubt_m, shown.suspect) == (6_000, 65, ())
    wild = Marked(fix(T0 + 1, 9999), T0 + 1, ("jump",))
    picture.on_fix("v", wild, "seg2")
    shown = picture.newest("v", T0 + 6_000)
    assert shown.t == T0
    assert shown.contested == wild
    picture.on_fix("w", wild, "seg3")
    assert picture.newest("w", T0).suspect == ("jump",)
    assert [item.vehicle for item in picture.all(T0 + 9)] == ["v", "w"]
