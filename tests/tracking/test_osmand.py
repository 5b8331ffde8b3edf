import json
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.instants import parse_instant
from safeconduct.tracking import DEFAULT_ACCURACY_M, Fix, parse_osmand

HERE = Path(__file__).parent / "data" / "osmand.jsonl"
SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "device-messages" / "osmand.jsonl"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def feed(line):
    if "request_target" in line:
        return parse_osmand(line["request_target"].partition("?")[2], b"", "")
    return parse_osmand("", line["body_json"].encode(), JSON)


def check(line):
    if line["expect"] == "rejected":
        with pytest.raises(Malformed):
            feed(line)
    elif line["expect"] == "message":
        assert feed(line) == []
    else:
        assert len(feed(line)) == 1


@pytest.mark.parametrize("line", lines(HERE))
def test_every_real_message_gives_what_it_expects(line):
    check(line)


def test_the_shared_messages_too():
    if not SHARED.exists():
        pytest.skip("the shared folder of device messages is not beside this tree")
    for line in lines(SHARED):
        check(line)


def one(**parameters):
    given = {"id": "d1", "lat": "1", "lon": "2", **parameters}
    query = urlencode({name: value for name, value in given.items() if value is not None})
    (fix,) = parse_osmand(query, b"", "")
    return fix


def test_units_become_integers_exactly():
    fix = one(
        lat="-6.1148096",
        lon="106.6837015",
        timestamp="1377177267",
        speed="10",
        bearing="359.999",
        accuracy="3.8",
    )
    assert fix == Fix("d1", 1377177267000, -6114810, 106683702, 4, 5144, 0)
    assert one(lat="0.0000005", lon="-1.5e-6").lat == 1
    assert one(lat="0.0000004", lon="-1.5e-6").lon == -2
    assert one(speed="3600").speed_mms == 1_000_000
    (fix,) = parse_osmand(
        "",
        b'{"device_id":7,"location":{"timestamp":"2021-07-21T08:06:34.444Z","mock":true,"coords":'
        b'{"latitude":37.785834000000001,"longitude":-122.406417,"accuracy":3.01,"speed":18.67,'
        b'"heading":63.25}}}',
        JSON,
    )
    when = parse_instant("2021-07-21T08:06:34.444Z")
    assert fix == Fix("7", when, 37785834, -122406417, 4, 18670, 6325, mock=True)


@pytest.mark.parametrize(
    "text",
    [
        "1442068686",
        "1442068686000",
        "1442068686.000",
        "2015-09-12T14:38:06Z",
        "2015-09-12T16:38:06+02:00",
        "2015-09-12 14:38:06",
    ],
)
def test_a_timestamp_reads_in_all_its_forms(text):
    assert one(timestamp=text).t == 1442068686000


@pytest.mark.parametrize("text", ["", None])
def test_a_missing_time_is_left_to_the_caller(text):
    assert one(timestamp=text).t is None


@pytest.mark.parametrize(
    "text", ["yesterday", "0", "-5", "1e30", "0001-01-01T00:00:00+23:00", "2015-09-12T14:38:06"]
)
def test_a_time_that_is_none_is_refused(text):
    with pytest.raises(Malformed):
        one(timestamp=text)


def test_what_a_device_does_not_state_is_not_zero():
    fix = one(speed="-1", heading="-1", accuracy="0")
    assert (fix.speed_mms, fix.heading_cdeg, fix.accuracy_m) == (None, None, 0)
    assert fix.doubt_m == DEFAULT_ACCURACY_M
    assert one(speed="NaN", accuracy="inf", heading="").speed_mms is None


def test_hdop_is_never_surer_than_its_floor():
    assert one(hdop="0.9").accuracy_m == 10
    assert one(hdop="16.2").accuracy_m == 17
    assert one(hdop="16.2", accuracy="3").accuracy_m == 3


def test_the_devices_own_doubt_is_kept():
    assert one().valid
    assert one(valid="1").valid
    assert not one(valid="false").valid
    assert one(mock="true").mock


def test_location_and_form_body_and_deviceid():
    (fix,) = parse_osmand("", b"deviceid=x&location=1.5,-2.5", FORM)
    assert (fix.device, fix.lat, fix.lon) == ("x", 1500000, -2500000)
    (fix,) = parse_osmand("id=x", b"lat=1&lon=2", FORM)
    assert fix.lat == 1000000
    (fix,) = parse_osmand("", b'{"device_id":"x","location":{"coords":' + NO_TIME, "")
    assert fix.t is None


NO_TIME = b'{"latitude":1,"longitude":2}}}'


@pytest.mark.parametrize(
    "query",
    [
        "",
        "nonsense",
        "id=d1",
        "id=d1&timestamp=1442068686",
        "id=d1&lat=1",
        "id=d1&lat=nan&lon=1",
        "id=d1&lat=inf&lon=1",
        "id=d1&lat=90.0001&lon=1",
        "id=d1&lat=1&lon=-180.5",
        "id=d1&lat=1e99&lon=1",
        "id=d1&location=1",
        "id=d1&lat=1&lon=2&speed=fast",
        "id=d1&lat=1&lon=2&heading=400",
        "id=&lat=1&lon=2",
        "id=%00&lat=1&lon=2",
        "id=" + "x" * 65 + "&lat=1&lon=2",
        "&".join(f"p{n}=1" for n in range(200)),
        "id=d1&note=" + "x" * 300_000,
    ],
)
def test_bad_requests_are_malformed_with_advice(query):
    with pytest.raises(Malformed) as caught:
        parse_osmand(query, b"", "")
    assert caught.value.what


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"device_id":"x"}',
        b'{"device_id":"x","location":{}}',
        b'{"device_id":"x","location":[]}',
        b'{"device_id":"x","location":{"coords":3}}',
        b'{"device_id":"x","location":{"coords":{"latitude":1}}}',
        b'{"device_id":"x","location":{"coords":{"latitude":true,"longitude":1}}}',
        b'{"device_id":"x","location":{"coords":{"latitude":NaN,"longitude":1}}}',
        b'{"location":{"coords":{"latitude":1,"longitude":1}}}',
        b'{"device_id":"x","location":{"timestamp":' + b"9" * 3000 + b',"coords":' + NO_TIME,
        b"[" * 100_000,
        b'{"device_id":"x","location":[' + b'{"a":1},' * 300 + b'{"a":1}]}',
    ],
)
def test_bad_bodies_are_malformed(body):
    with pytest.raises(Malformed):
        parse_osmand("", body, JSON)


def test_a_batch_and_a_message_without_coordinates():
    coords = b'{"coords":{"latitude":1,"longitude":2}}'
    body = b'{"device_id":"x","location":[' + coords + b"," + coords + b"]}"
    assert len(parse_osmand("", body, JSON)) == 2
    assert parse_osmand("", b'{"device_id":"x","location":{"event":"sos"}}', JSON) == []


KINDS = st.sampled_from(["", JSON, FORM, "image/png", JSON + "; charset=utf-8"])


def harmless(query, body, kind):
    try:
        for fix in parse_osmand(query, body, kind):
            assert fix.device
            assert fix.point
            assert fix.doubt_m > 0
    except Malformed:
        pass


@given(st.text(), st.binary(), KINDS)
def test_any_input_gives_fixes_or_malformed(query, body, kind):
    harmless(query, body, kind)


NAMES = "id deviceid lat lon location timestamp speed bearing heading accuracy hdop valid".split()
VALUES = st.one_of(
    st.text(),
    st.text("0123456789.-+eE:TZ, ", max_size=24),
    st.floats().map(str),
    st.integers().map(str),
)


@given(st.dictionaries(st.sampled_from(NAMES), VALUES), st.booleans())
def test_any_parameters_give_fixes_or_malformed(parameters, encoded):
    given = {"id": "d", "lat": "1", "lon": "2", **parameters}
    if encoded:
        harmless(urlencode(given, errors="replace"), b"", "")
    else:
        harmless("&".join(f"{k}={v}" for k, v in given.items()), b"", "")


LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9))
WORDS = "device_id location coords latitude longitude timestamp accuracy speed heading".split()
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(WORDS), inner)
    ),
    max_leaves=12,
)


@given(TREES, st.dictionaries(st.sampled_from(WORDS), LEAVES))
def test_any_json_gives_fixes_or_malformed(tree, coords):
    harmless("", json.dumps(tree).encode(), JSON)
    message = {"device_id": "x", "location": {"timestamp": tree, "coords": coords}}
    harmless("", json.dumps(message).encode(), JSON)


DEGREES = st.integers(-90_000_000, 90_000_000)


@given(DEGREES, DEGREES)
def test_microdegrees_come_back_exactly(lat, lon):
    def text(value):
        whole, part = divmod(abs(value), 1_000_000)
        return f"{'-' if value < 0 else ''}{whole}.{part:06d}"

    fix = one(lat=text(lat), lon=text(lon))
    assert (fix.lat, fix.lon) == (lat, lon)
