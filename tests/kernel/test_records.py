"""Records: bytes that come back, attributes that are refused by name, fields that stay closed."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from safeconduct.kernel.canonical import decode, encode
from safeconduct.kernel.errors import Malformed, Refused
from safeconduct.kernel.records import (
    check_record,
    commitment,
    decode_record,
    is_hash,
    open_fields,
    seal_fields,
    subject_of,
)
from safeconduct.node.vocabulary import VOCABULARY
from tests.strategies import ascii_keys, records, salts, sealing, values, written

PLAIN = {
    "specversion": "1.0",
    "id": "r_" + "a" * 26,
    "type": "test.plain",
    "schema": 1,
    "mode": "live",
    "source": "host/a",
    "seq": 1,
    "time": 1,
    "err": 0,
    "party": "host",
    "acting": "guard",
    "by": "person",
    "subject": "thing",
    "class": "move",
    "data": {"x": 1},
    "sealed": {"p": "0" * 64},
    "agreement": "0" * 64,
    "prev": "0" * 64,
    "seen": "0" * 64,
    "upto": 1,
    "replaces": "r_" + "b" * 26,
    "rev": 1,
    "basis": ["r_" + "c" * 26],
}


@given(records())
def test_a_record_comes_back_byte_identical(record):
    data = record.encode()
    assert decode_record(data) == record
    assert decode_record(data).encode() == data


def test_every_attribute_is_written_and_read():
    record = decode_record(encode(PLAIN))
    assert decode(record.encode()) == PLAIN
    for name, value in PLAIN.items():
        if name != "specversion":
            read = getattr(record, "class_name" if name == "class" else name)
            assert (list(read) if name == "basis" else read) == value


TEXTS = ("id", "type", "mode", "source", "party", "acting", "by", "subject", "class")
NUMBERS = ("schema", "seq", "time", "err")
BAD = [
    *((name, bad, name) for name in TEXTS for bad in (None, "", 1, ["x"], {"a": 1}, True)),
    *((name, bad, name) for name in NUMBERS for bad in (None, -1, "1", True, [1])),
    *((name, bad, name) for name in ("agreement", "prev", "seen", "replaces") for bad in (1, [])),
    *((name, bad, name) for name in ("upto", "rev") for bad in ("1", True, None, [])),
    ("specversion", "1.1", "specversion"),
    ("specversion", 1, "specversion"),
    ("specversion", None, "specversion"),
    ("id", "x", "not a record id"),
    ("id", "ve_" + "a" * 26, "not a record id"),
    ("id", "r_" + "A" * 26, "not a record id"),
    ("mode", "test", "live, exercise, replay"),
    ("data", [], "data"),
    ("data", None, "data"),
    ("data", "x", "data"),
    ("sealed", [], "SHA-256"),
    ("sealed", {"p": "0" * 63}, "SHA-256"),
    ("sealed", {"p": "A" * 64}, "SHA-256"),
    ("sealed", {"p": None}, "SHA-256"),
    ("sealed", {"x": "0" * 64}, "both open and sealed"),
    ("sealed", {}, "byte-identical"),
    ("basis", {}, "basis"),
    ("basis", "r", "basis"),
    ("basis", [1], "basis"),
    ("basis", [], "byte-identical"),
    ("rev", 0, "byte-identical"),
    ("extra", 1, "no attribute 'extra'"),
    ("Type", "x", "no attribute 'Type'"),
]


@pytest.mark.parametrize("name, bad, words", BAD, ids=lambda item: repr(item)[:20])
def test_a_bad_attribute_is_refused_by_name(name, bad, words):
    with pytest.raises(Malformed, match=words):
        decode_record(encode({**PLAIN, name: bad}))


@pytest.mark.parametrize("name", ["specversion", *TEXTS, *NUMBERS, "data"])
def test_an_attribute_that_is_owed_is_named(name):
    with pytest.raises(Malformed, match=name):
        decode_record(encode({key: value for key, value in PLAIN.items() if key != name}))


@pytest.mark.parametrize("name", ["agreement", "prev", "seen", "upto", "replaces"])
def test_an_optional_attribute_is_left_out_and_never_null(name):
    rest = {key: value for key, value in PLAIN.items() if key != name}
    assert getattr(decode_record(encode(rest)), name) is None
    with pytest.raises(Malformed, match=name):
        decode_record(encode({**PLAIN, name: None}))


@pytest.mark.parametrize("name, bad", [("rev", -1), ("upto", -1), ("prev", ""), ("agreement", "")])
def test_an_optional_attribute_out_of_range_is_refused(name, bad):
    with pytest.raises(Malformed, match=name):
        decode_record(encode({**PLAIN, name: bad}))


def test_an_id_followed_by_a_line_end_is_refused():
    with pytest.raises(Malformed, match="not a record id"):
        decode_record(encode({**PLAIN, "id": PLAIN["id"] + "\n"}))


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"1", b'"x"', b"{}", b'{"a":1,"a":1}'])
def test_what_is_not_a_record_at_all_is_refused(data):
    with pytest.raises(Malformed):
        decode_record(data)


@given(records(), st.data())
def test_a_changed_byte_never_reads_as_the_same_record(record, data):
    whole = record.encode()
    at = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.integers(1, 255))
    changed = whole[:at] + bytes([whole[at] ^ other]) + whole[at + 1 :]
    try:
        assert decode_record(changed) != record
    except Malformed:
        return


# ---------------------------------------------------------------- sealed fields
@given(salts, ascii_keys, values, salts, ascii_keys, values)
def test_commitments_are_equal_exactly_where_salt_name_and_value_are(
    salt, name, value, salt2, name2, value2
):
    one, two = commitment(salt, name, value), commitment(salt2, name2, value2)
    assert is_hash(one)
    same = encode([salt.hex(), name, value]) == encode([salt2.hex(), name2, value2])
    assert (one == two) == same


@given(written())
def test_all_fields_open_with_the_right_openings_and_none_shows_without(made):
    kind, record, openings = made
    assert check_record(VOCABULARY, record, openings) is kind
    assert set(open_fields(record, {})) == set(record.data)
    opened = open_fields(record, openings)
    for name, (_salt, value) in openings.items():
        assert opened[name] == value
        assert name not in record.data
    assert set(opened) == set(record.data) | set(record.sealed)
    # each opening stands alone: what one shows does not depend on the others
    for name in openings:
        assert open_fields(record, {name: openings[name]})[name] == openings[name][1]
        assert check_record(VOCABULARY, record, {name: openings[name]}) is kind


@given(sealing.flatmap(written), st.data())
def test_a_wrong_opening_is_refused(made, data):
    _kind, record, openings = made
    name = data.draw(st.sampled_from(sorted(openings)))
    salt, value = openings[name]
    flipped = f"{int(salt[0], 16) ^ 1:x}{salt[1:]}"
    other = data.draw(values)
    assume(encode(other) != encode(value))
    for wrong in ([flipped, value], [salt, other]):
        with pytest.raises(Refused, match=f"the opening of '{name}' does not match"):
            open_fields(record, {name: wrong})


@given(
    st.sampled_from(["person_listed", "requested"]).map(VOCABULARY.by_alias.get).flatmap(written)
)
def test_the_opening_of_one_field_never_opens_another(made):
    _kind, record, openings = made
    first, second = sorted(openings)[:2]
    assume(encode(openings[first]) != encode(openings[second]))
    with pytest.raises(Refused):
        open_fields(record, {first: openings[second]})


@pytest.mark.parametrize(
    "wrong", [None, "x", [], ["0" * 32], ["0" * 32, 1, 2], [5, 1], ["0" * 31, 1], ["A" * 32, 1],
              {"0": 1}, ["0" * 34, 1], ["0 " * 16, 1]]
)  # fmt: skip
def test_an_opening_of_another_form_is_refused(wrong):
    record = decode_record(encode(PLAIN))
    with pytest.raises(Malformed, match="the opening of 'p' is not a salt"):
        open_fields(record, {"p": wrong})


def test_an_opening_of_a_field_that_is_not_sealed_is_refused():
    record = decode_record(encode(PLAIN))
    for name in ("x", "nothing"):
        with pytest.raises(Refused, match="does not match"):
            open_fields(record, {name: ["0" * 32, 1]})


# ---------------------------------------------------------------- against the type
@given(written())
def test_a_record_is_held_to_its_type(made):
    kind, record, openings = made
    for wrong, words in (
        (replace(record, class_name="nothing"), "belongs to the class"),
        (replace(record, schema=kind.schema + 1), "of schema"),
        (replace(record, type="test.nothing"), "unknown here"),
        (replace(record, data={**record.data, "nothing": 1}), "no field"),
    ):
        with pytest.raises(Refused, match=words):
            check_record(VOCABULARY, wrong, openings)
    values_ = open_fields(record, openings)
    if subject_of(kind, values_) is not None:
        with pytest.raises(Malformed, match="the subject of"):
            check_record(VOCABULARY, replace(record, subject="somebody else"), openings)


@given(sealing.flatmap(written))
def test_a_personal_or_secret_field_may_not_lie_open(made):
    _kind, record, openings = made
    name = min(openings)
    rest = {key: value for key, value in record.sealed.items() if key != name}
    bare = replace(record, sealed=rest, data={**record.data, name: openings[name][1]})
    openings_ = {key: value for key, value in openings.items() if key != name}
    with pytest.raises(Malformed, match=f"{name} must be sealed"):
        check_record(VOCABULARY, bare, openings_)


@given(written())
def test_a_sealed_field_never_becomes_the_subject(made):
    kind, record, openings = made
    for field in kind.fields:
        if field.sealed and field.name in openings:
            only = {field.name: openings[field.name][1]}
            assert subject_of(kind, only) is None
    assert seal_fields(kind, record.data, {}) == (record.data, {}, {})
