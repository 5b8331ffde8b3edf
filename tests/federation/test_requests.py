"""Signed requests: good for one receiver, one target, one body, two minutes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.federation.requests import (
    DATE,
    NONCE,
    PARTY,
    SIGNATURE,
    WINDOW_MS,
    check_request,
    sign_request,
)
from safeconduct.kernel.errors import Refused
from safeconduct.kernel.signatures import Key
from tests.strategies import keys

KEY, STRANGER = Key(bytes(32)), Key(bytes([1]) * 32)
NOW = 1_800_000_000_000
KNOWN = {"host": KEY.public, "partner": STRANGER.public}

methods = st.sampled_from(["GET", "POST"])
targets = st.from_regex(r"/[a-z]{1,8}(/[0-9]{1,3})?(\?a=[0-9]{1,3})?", fullmatch=True)
bodies = st.binary(max_size=30)
nonces = st.text("0123456789abcdef", min_size=16, max_size=64)
audiences = st.from_regex(r"safeconduct/[a-z]{1,8}/1", fullmatch=True)
requests = st.tuples(methods, targets, bodies, audiences)


def sign(request, *, key=KEY, party="host", date=NOW, nonce="0" * 32):
    method, target, body, audience = request
    return sign_request(
        key, method, target, body, audience=audience, party=party, date=date, nonce=nonce
    )


def check(headers, request, *, known=KNOWN, now=NOW):
    method, target, body, audience = request
    return check_request(headers, method, target, body, audience=audience, keys=known, now=now)


GOOD = ("GET", "/federation/bodies?start=0", b"", "safeconduct/partner/1")


@given(requests, keys, nonces, st.integers(-WINDOW_MS, WINDOW_MS))
def test_a_signed_request_tells_who_sent_it(request_, key, nonce, skew):
    headers = sign(request_, key=key, nonce=nonce, date=NOW + skew)
    signed = check(headers, request_, known={"host": key.public})
    assert (signed.party, signed.date, signed.nonce) == ("host", NOW + skew, nonce)


@given(requests, requests)
def test_it_stands_for_no_other_method_target_body_or_receiver(one, other):
    if one == other:
        return
    with pytest.raises(Refused, match="does not stand"):
        check(sign(one), other)
    # and for none that differs in one of them alone
    for number, part in enumerate(other):
        if part != one[number]:
            mixed = (*one[:number], part, *one[number + 1 :])
            with pytest.raises(Refused, match="does not stand"):
                check(sign(one), mixed)


@pytest.mark.parametrize(
    "skew", [-WINDOW_MS - 1, WINDOW_MS + 1, -NOW, 10 * WINDOW_MS, 2**60, -(2**60), 10**30]
)
def test_it_is_refused_out_of_its_window(skew):
    headers = sign(GOOD) | {DATE: str(NOW + skew)}
    if abs(skew) < 2**50:
        headers = sign(GOOD, date=NOW + skew)
    with pytest.raises(Refused, match="too old or too new"):
        check(headers, GOOD)


@pytest.mark.parametrize("date", [NOW - 1, NOW + 1, NOW - WINDOW_MS])
def test_the_date_cannot_be_moved_into_the_window(date):
    with pytest.raises(Refused, match="does not stand"):
        check(sign(GOOD) | {DATE: str(date)}, GOOD)


def test_the_nonce_cannot_be_changed_so_a_desk_that_keeps_it_sees_every_replay():
    with pytest.raises(Refused, match="does not stand"):
        check(sign(GOOD) | {NONCE: "1" * 32}, GOOD)
    for length in (0, 15, 65):
        with pytest.raises(Refused, match="nonce"):
            check(sign(GOOD, nonce="0" * length), GOOD)


def test_a_party_cannot_speak_for_another():
    with pytest.raises(Refused, match="does not stand"):
        check(sign(GOOD) | {PARTY: "partner"}, GOOD)
    with pytest.raises(Refused, match="does not stand"):
        check(sign(GOOD, key=STRANGER), GOOD)
    with pytest.raises(Refused, match="'other' is not known"):
        check(sign(GOOD, party="other"), GOOD)
    with pytest.raises(Refused, match="not known"):
        check(sign(GOOD), GOOD, known={})


@pytest.mark.parametrize("name", [PARTY, DATE, NONCE, SIGNATURE])
def test_each_header_is_owed(name):
    headers = {key: value for key, value in sign(GOOD).items() if key != name}
    with pytest.raises(Refused, match="is not signed"):
        check(headers, GOOD)


BAD = [
    (DATE, ""),
    (DATE, "now"),
    (DATE, "1.5"),
    (DATE, "1" * 5_000),
    (SIGNATURE, ""),
    (SIGNATURE, "AAAA"),
    (SIGNATURE, "!!!!"),
    (SIGNATURE, "é==="),
    (PARTY, ""),
    (NONCE, ""),
]


@pytest.mark.parametrize("name, value", BAD, ids=range(len(BAD)))
def test_a_header_of_another_form_is_refused(name, value):
    with pytest.raises(Refused):
        check(sign(GOOD) | {name: value}, GOOD)


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_no_header_leaks_another_error(party, date, nonce, signature):
    headers = {PARTY: party, DATE: date, NONCE: nonce, SIGNATURE: signature}
    with pytest.raises(Refused):
        check(headers, GOOD)
