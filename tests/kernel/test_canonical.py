"""One byte form for one value, equal to RFC 8785 on all that it accepts."""

import base64
import json
from pathlib import Path

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from safeconduct.kernel.canonical import LIMIT, MAX_DEPTH, decode, encode
from safeconduct.kernel.errors import Malformed
from tests.strategies import ascii_keys, scalars, values

HERE = Path(__file__).parent / "data"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "vectors" / "ledger"


@given(values)
@example({"\x7f": "\u2028</\\>", "a": ["\U0001f600", "\x00"], "": None})
@example([LIMIT - 1, -LIMIT + 1, 0, True, False])
def test_bytes_equal_those_of_another_implementation_and_come_back(value):
    data = encode(value)
    assert data == rfc8785.dumps(value)
    assert decode(data) == value


@given(st.dictionaries(ascii_keys, scalars, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_keys_given_never_shows(value, random):
    pairs = list(value.items())
    random.shuffle(pairs)
    assert encode(dict(pairs)) == encode(value)


@given(st.binary(max_size=60))
@example(b"")
@example(b"\xef\xbb\xbf1")
@example(b"NaN")
@example(b"1" * 5_000)
def test_any_bytes_are_read_back_exactly_or_refused(data):
    try:
        value = decode(data)
    except Malformed:
        return
    assert encode(value) == data == rfc8785.dumps(value)


# A value's own JSON with one thing changed: what another reader would take for the same.
@given(values, st.data())
def test_white_space_is_refused(value, data):
    plain = encode(value)
    if not isinstance(value, (dict, list)):
        spaced = data.draw(st.sampled_from([b" " + plain, plain + b"\n", b"\t" + plain]))
    else:
        spaced = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode()
        if spaced == plain:  # an empty list or object
            spaced = plain + b" "
    with pytest.raises(Malformed):
        decode(spaced)


BAD = {
    "a float": b"1.5",
    "a whole float": b"1.0",
    "an exponent": b"1e5",
    "a negative zero": b"-0",
    "a leading zero": b"01",
    "2**53": b"9007199254740992",
    "-2**53": b"-9007199254740992",
    "an integer of 400 digits": b"1" * 400,
    "a doubled key": b'{"a":1,"a":1}',
    "a doubled key, other value": b'{"a":1,"a":2}',
    "a doubled key, once escaped": b'{"a":1,"\\u0061":1}',
    "unsorted keys": b'{"b":1,"a":1}',
    "a space": b'{"a": 1}',
    "a line end": b'{"a":1}\n',
    "a key outside ASCII": '{"é":1}'.encode(),
    "a key outside ASCII, escaped": b'{"\\u00e9":1}',
    "an escape that need not be": b'"\\u0041"',
    "an escaped slash": b'"\\/"',
    "an escape in upper case": b'"\\u001F"',
    "a raw control character": b'"\x1f"',
    "half a surrogate pair, escaped": b'"\\ud800"',
    "half a surrogate pair, raw": b'"\xed\xa0\x80"',
    "bytes that are not UTF-8": b'"\xff"',
    "a trailing comma": b"[1,]",
    "a comment": b"[]//",
    "two values": b"1 2",
    "nothing": b"",
    "infinity": b"Infinity",
    "a list too deep": b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    "a list far too deep": b"[" * 100_000 + b"]" * 100_000,
    "an object far too deep": b'{"a":' * 100_000,
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_what_is_not_canonical_is_refused(data):
    with pytest.raises(Malformed):
        decode(data)


def test_the_deepest_value_allowed_comes_back():
    data = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert encode(decode(data)) == data


UNFIT = [
    0.0,
    1.5,
    float("nan"),
    float("inf"),
    LIMIT,
    -LIMIT,
    10**30,
    b"a",
    {1},
    {1: 2},
    {None: 2},
    {"é": 1},
    {"\ud800": 1},
    "\ud800",
    ["\udfff"],
    Ellipsis,
    (1, 1.0),
]


@pytest.mark.parametrize("value", UNFIT, ids=repr)
def test_what_has_no_canonical_form_is_not_encoded(value):
    with pytest.raises(Malformed):
        encode(value)


def test_a_value_that_holds_itself_is_refused():
    loop = []
    loop.append(loop)
    with pytest.raises(Malformed, match="nested"):
        encode(loop)


class Word(str):
    __slots__ = ()


class Number(int):
    __slots__ = ()


@pytest.mark.parametrize("value", [Word("a"), Number(1)], ids=["str", "int"])
def test_a_subclass_of_a_plain_type_is_encoded_or_refused(value):
    try:
        encode(value)
    except Malformed:
        return


# ---------------------------------------------------------------- official vectors
FIT = ("arrays", "structures", "unicode")
REFUSED = {"french": "ASCII", "weird": "ASCII", "values": "float"}


@pytest.mark.parametrize("folder", [HERE, SHARED], ids=["copy", "shared"])
def test_the_official_vectors(folder):
    if not (folder / "jcs.json").exists():
        pytest.skip("the shared vectors are not beside this checkout")
    vectors = json.loads((folder / "jcs.json").read_text("utf-8"))
    assert set(vectors) == {*FIT, *REFUSED}
    for name, vector in vectors.items():
        source, wanted = (base64.b64decode(vector[key]) for key in ("input_b64", "output_b64"))
        if name in FIT:
            assert encode(decode(wanted)) == wanted
            # `structures` writes 56.0, which is 56 in RFC 8785 and no number of ours
            assert encode(json.loads(source, parse_float=lambda text: int(float(text)))) == wanted
        else:
            with pytest.raises(Malformed, match=REFUSED[name]):
                decode(wanted)
            with pytest.raises(Malformed, match=REFUSED[name]):
                encode(json.loads(source))
