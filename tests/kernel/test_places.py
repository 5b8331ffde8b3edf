"""Places: whole microdegrees without a float, and metres against a slow oracle."""

import math
from decimal import ROUND_HALF_UP, Decimal, getcontext, localcontext

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.places import EARTH_RADIUS_M, Point, metres, microdegrees, place_kind

numbers = st.from_regex(r"-?[0-9]{1,3}(\.[0-9]{1,18})?", fullmatch=True)
points = st.builds(
    Point, st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000)
)


@given(numbers)
@example("-0.0000005")
@example("0.000000499999999999")
@example("179.9999995")
@example("-999.999999999999999999")
def test_microdegrees_are_exact(text):
    assert getcontext().prec >= 28
    exact = (Decimal(text) * 1_000_000).quantize(Decimal(1), ROUND_HALF_UP)
    assert microdegrees(text) == int(exact)
    assert microdegrees(f" {text} ") == int(exact)


@pytest.mark.parametrize(
    "text", ["", "-", ".", "1.", ".5", "+1", "1e3", "1,5", "1 2", "1234", "nan", "0x1", "1.5.5",
             "--1", "1." + "0" * 19]
)  # fmt: skip
def test_what_is_not_a_plain_decimal_number_is_refused(text):
    with pytest.raises(Malformed, match="not a coordinate"):
        microdegrees(text)


def test_digits_of_another_script_are_refused():
    with pytest.raises(Malformed, match="not a coordinate"):
        microdegrees("1.000000\u0660")


@pytest.mark.parametrize(
    "lat, lon", [(90_000_001, 0), (-90_000_001, 0), (0, 180_000_001), (0, -180_000_001)]
)
def test_a_point_off_the_earth_is_refused(lat, lon):
    with pytest.raises(Malformed, match="not on Earth"):
        Point(lat, lon)


def _pi():
    """Machin's formula, to more digits than a float has."""

    def arctan(inverse):
        total = term = Decimal(1) / inverse
        number = 1
        while abs(term) > Decimal(10) ** -45:
            term /= -inverse * inverse
            number += 2
            total += term / number
        return total

    return 4 * (4 * arctan(Decimal(5)) - arctan(Decimal(239)))


def _sine(x):
    total = term = x
    number = 1
    while abs(term) > Decimal(10) ** -45:
        term *= -x * x / ((number + 1) * (number + 2))
        number += 2
        total += term
    return total


def oracle(a, b):
    """The chord between two points of the sphere in 50 digits; its arc in a float at the end."""
    with localcontext() as context:
        context.prec = 50
        pi = _pi()

        def xyz(point):
            la, lo = (Decimal(item) / 1_000_000 * pi / 180 for item in (point.lat, point.lon))
            cosine = _sine(pi / 2 - la)
            return cosine * _sine(pi / 2 - lo), cosine * _sine(lo), _sine(la)

        chord = sum((p - q) ** 2 for p, q in zip(xyz(a), xyz(b), strict=True)).sqrt()
        half = min(chord / 2, Decimal(1))
        return 2 * EARTH_RADIUS_M * math.atan2(float(half), float((1 - half * half).sqrt()))


@given(points, points)
@example(Point(0, 0), Point(0, 180_000_000))
@example(Point(90_000_000, 5), Point(-90_000_000, 7))
@example(Point(10, 180_000_000), Point(10, -180_000_000))
def test_distances_equal_a_slow_oracle(a, b):
    # Near the antipode the haversine loses half of its digits: 1 m of 20,000 km there.
    wanted = oracle(a, b)
    assert metres(a, b) == pytest.approx(wanted, rel=1e-9, abs=1 if wanted > 2e7 else 1e-6)
    assert metres(a, b) == pytest.approx(metres(b, a), abs=1e-6)


@given(points, st.integers(-500, 500), st.integers(-500, 500))
def test_small_distances_equal_a_slow_oracle(a, north, east):
    b = Point(
        max(-90_000_000, min(90_000_000, a.lat + north)),
        max(-180_000_000, min(180_000_000, a.lon + east)),
    )
    assert metres(a, b) == pytest.approx(oracle(a, b), abs=1e-6)
    assert metres(a, a) == 0


@given(points, points, points)
def test_no_way_round_is_shorter(a, b, c):
    assert metres(a, c) <= metres(a, b) + metres(b, c) + 0.5


def test_a_degree_of_latitude_is_as_long_as_the_radius_says():
    degree = math.radians(1) * EARTH_RADIUS_M
    assert metres(Point(0, 0), Point(1_000_000, 0)) == pytest.approx(degree)


@pytest.mark.parametrize(
    "name, kind", [("zone:outer-cordon", "zone"), ("post:1", "post"), ("out-of:a-1", "out-of")]
)
def test_a_place_names_its_kind(name, kind):
    assert place_kind(name) == kind


@pytest.mark.parametrize(
    "name",
    ["", "zone", "zone:", ":a", "Zone:a", "zone:A", "zone:a b", "1:a", "zone:-a", "zone:a:b"],
)
def test_another_form_is_not_a_place(name):
    with pytest.raises(Malformed, match="not a place"):
        place_kind(name)


def test_a_place_followed_by_a_line_end_is_not_a_place():
    with pytest.raises(Malformed):
        place_kind("zone:a\n")
