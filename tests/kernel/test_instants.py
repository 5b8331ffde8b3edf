"""Instants and durations: whole milliseconds, UTC, written and read."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.kernel.errors import Malformed, SafeconductError
from safeconduct.kernel.instants import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    parse_duration,
    parse_instant,
    show_duration,
    show_instant,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FROM_1000 = -30_610_224_000_000
UNTIL_9999 = 253_402_300_799_999


@given(st.integers(FROM_1000, UNTIL_9999))
def test_an_instant_comes_back_as_it_was_shown(ms):
    text = show_instant(ms)
    assert text.endswith("Z")
    assert parse_instant(text) == ms
    assert EPOCH + timedelta(milliseconds=ms) == datetime.fromisoformat(text)


@given(
    st.datetimes(datetime(1000, 1, 3), datetime(9999, 12, 29)),  # noqa: DTZ001 - zone comes next
    st.integers(-23 * 60, 23 * 60),
)
def test_an_offset_is_counted_and_what_is_finer_than_a_millisecond_falls_off(naive, minutes):
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_instant(moment.isoformat()) == (moment - EPOCH) // timedelta(milliseconds=1)


@pytest.mark.parametrize(
    "text",
    ["", "now", "2027-03-01", "2027-03-01T00:00:00", "2027-13-01T00:00:00Z", "1803859200000",
     "2027-02-29T00:00:00Z", "2027-03-01T24:30:00Z", "2027-03-01T00:00:00+25:00"],
)  # fmt: skip
def test_what_is_not_an_instant_with_an_offset_is_refused(text):
    with pytest.raises(Malformed):
        parse_instant(text)


def test_an_instant_before_the_first_year_is_refused():
    with pytest.raises(Malformed):
        parse_instant("0001-01-01T00:00:00+23:59")


def test_every_time_that_a_record_may_hold_is_shown_or_refused():
    try:
        assert show_instant(2**53 - 1)
    except SafeconductError:
        return


UNITS = {"ms": 1, "s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY}


@given(st.integers(0, 999_999_999), st.sampled_from(sorted(UNITS)), st.sampled_from(["", " "]))
def test_a_duration_is_a_whole_number_and_a_unit(number, unit, space):
    ms = parse_duration(f"{number}{space}{unit}")
    assert ms == number * UNITS[unit]
    shown = show_duration(ms)
    if len(shown.split()[0]) <= 9:
        assert parse_duration(shown) == ms
    larger = [size for size in UNITS.values() if size > UNITS[shown.split()[1]]]
    assert ms == 0 or all(ms % size for size in larger)


@pytest.mark.parametrize(
    "text", ["", "5", "min", "-5 min", "1.5 h", "5 minutes", "5  min", "5\tmin", "1e3 s", "5 m",
             "1234567890 ms", "5 min 3 s", "+5 s"]
)  # fmt: skip
def test_what_is_not_a_duration_is_refused(text):
    with pytest.raises(Malformed, match="not a duration"):
        parse_duration(text)


def test_digits_are_ascii_in_an_agreement():
    with pytest.raises(Malformed):
        parse_duration("\u0665 min")
