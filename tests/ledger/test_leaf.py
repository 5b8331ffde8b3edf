"""Leaves: two salted commitments, and openings in which nothing can be changed."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from safeconduct.kernel.canonical import decode, encode
from safeconduct.kernel.errors import Malformed, Refused
from safeconduct.kernel.records import Record
from safeconduct.kernel.signatures import Key, seal
from safeconduct.ledger.leaf import Entry, join_keys, open_full, open_stub, parse_leaf
from safeconduct.node.vocabulary import VOCABULARY
from tests.strategies import entries, records, salts, sealing


def plain(payload=None, **more):
    record = Record(
        id="r_" + "a" * 26,
        type="test.plain",
        mode="live",
        source="host/a",
        seq=1,
        time=1,
        party="host",
        acting="guard",
        by="person",
        subject="thing",
        class_name="move",
        data={"x": "one", "y": 2},
        sealed={"p": "0" * 64},
    )
    envelope = seal(Key(bytes(32)), record.encode() if payload is None else payload)
    given_ = {
        "envelope": envelope.encode(),
        "body_salt": bytes(16),
        "keys_salt": bytes([1]) * 16,
        "type": "test.plain",
        "keys": {"x": "one"},
        **more,
    }
    return Entry(**given_)


@given(entries())
def test_a_stub_opens_type_and_keys_and_nothing_more(made):
    kind, record, entry = made
    type_name, keys = open_stub(entry.leaf(), entry.stub())
    assert (type_name, keys) == (kind.name, join_keys(kind, record))
    assert set(keys) == {name for name in kind.keys if name in record.data or name in record.sealed}
    for name, value in keys.items():
        if kind.field(name).sealed:
            assert value == f"sealed:{record.sealed[name]}"


@given(entries())
def test_a_full_opening_gives_the_entry_back(made):
    _kind, record, entry = made
    opened, read, values = open_full(entry.leaf(), entry.full())
    assert (opened, read) == (entry, record)
    assert values == {**record.data, **{name: item[1] for name, item in entry.sealed.items()}}
    # it is also the same after it has travelled
    assert open_full(entry.leaf(), decode(encode(entry.full())))[0] == entry


@given(sealing.flatmap(entries), st.data())
def test_fields_are_opened_by_name(made, data):
    _kind, record, entry = made
    shown = data.draw(st.sets(st.sampled_from(sorted(entry.sealed))))
    opened, read, values = open_full(entry.leaf(), entry.full(frozenset(shown)))
    assert read == record
    assert set(values) == set(record.data) | shown
    assert set(opened.sealed) == shown


@given(entries())
def test_a_leaf_is_about_160_bytes_whatever_the_record_holds(made):
    _kind, record, entry = made
    assert len(entry.leaf()) == 155
    assert set(parse_leaf(entry.leaf())) == {"v", "body", "keys"}
    longer = replace(record, data={**record.data, "more": "x" * 5_000})
    assert (
        len(replace(entry, envelope=seal(Key(bytes(32)), longer.encode()).encode()).leaf()) == 155
    )


@given(entries(), salts, salts)
def test_the_same_record_with_other_salts_has_another_leaf(made, body, keys):
    _kind, _record, entry = made
    for other in (replace(entry, body_salt=body), replace(entry, keys_salt=keys)):
        assert (other.leaf() == entry.leaf()) == (other == entry)


def places(value, path=()):
    """Paths to every scalar and container of a value."""
    yield path
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))


def changed(value, path, how):
    """A copy with one place made different, or taken out."""
    out = copy.deepcopy(value)
    at = out
    for key in path[:-1]:
        at = at[key]
    old = at[path[-1]]
    if how == "gone":
        del at[path[-1]]
    elif isinstance(old, str):
        at[path[-1]] = old[:-1] + ("b" if old[-1:] == "a" else "a")
    elif isinstance(old, bool) or old is None:
        at[path[-1]] = 7
    elif isinstance(old, int):
        at[path[-1]] = old + 1
    elif isinstance(old, dict):
        at[path[-1]] = {**old, "more": 1}
    else:
        at[path[-1]] = [*old, 1]
    return out


@settings(max_examples=15)
@given(entries())
def test_no_part_of_an_opening_can_be_another(made):
    _kind, _record, entry = made
    leaf, full, stub = entry.leaf(), entry.full(), entry.stub()
    for path in places(stub):
        for how in ("other", "gone") if path else ():
            with pytest.raises(Refused):
                open_stub(leaf, changed(stub, path, how))
    for path in places(full):
        for how in ("other", "gone") if path else ():
            if how == "gone" and path[0] == "sealed" and len(path) == 2:
                continue  # a field may stay closed
            with pytest.raises(Refused):
                open_full(leaf, changed(full, path, how))


@given(entries(), entries())
def test_one_leaf_is_never_opened_by_another_opening(one, other):
    if one[2] != other[2]:
        with pytest.raises(Refused):
            open_full(one[2].leaf(), other[2].full())
        with pytest.raises(Refused):
            open_stub(one[2].leaf(), {**one[2].stub(), "salt": "f" * 32})


LIES = [
    (plain(type="test.other"), "names another type"),
    (plain(keys={"x": "two"}), "'x' is not the record's"),
    (plain(keys={"z": "one"}), "'z' is not the record's"),
    (plain(keys={"p": "one"}), "'p' is not the record's"),
    (plain(keys={"p": f"sealed:{'1' * 64}"}), "'p' is not the record's"),
    (plain(payload=b"{}"), "specversion"),
    (plain(payload=b"no JSON"), "not JSON"),
    (plain(envelope=seal(Key(bytes(32)), b"{}", "text/plain").encode()), "not a record"),
]


@pytest.mark.parametrize("entry, words", LIES, ids=[words for _, words in LIES])
def test_a_leaf_that_its_owner_made_to_lie_is_refused(entry, words):
    with pytest.raises(Refused, match=words):
        open_full(entry.leaf(), entry.full())


def test_keys_may_name_a_sealed_field_by_its_commitment():
    entry = plain(keys={"p": f"sealed:{'0' * 64}", "y": 2})
    assert open_full(entry.leaf(), entry.full())[0] == entry


@given(records())
def test_a_type_that_is_unknown_is_proved_by_type_alone(record):
    assert join_keys(None, record) == {}
    entry = plain(payload=record.encode(), type=record.type, keys={})
    assert open_full(entry.leaf(), entry.full())[1] == record


GOOD = decode(plain().leaf())


@pytest.mark.parametrize(
    "value",
    [{}, [], None, {**GOOD, "v": 2}, {**GOOD, "v": "1"}, {**GOOD, "more": 1}, {**GOOD, "body": "0"},
     {**GOOD, "keys": GOOD["keys"].upper()}, {**GOOD, "body": None}],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
def test_what_is_not_a_leaf_is_refused(value):
    with pytest.raises(Malformed):
        parse_leaf(encode(value))


SALTS = ["", "0" * 31, "0" * 33, "A" * 32, "g" * 32, "00 " * 10 + "00"]


@pytest.mark.parametrize("salt", SALTS)
def test_a_salt_of_another_form_is_refused(salt):
    entry = plain()
    with pytest.raises(Malformed, match="salt"):
        open_full(entry.leaf(), {**entry.full(), "body_salt": salt})
    with pytest.raises(Malformed, match="salt"):
        open_stub(entry.leaf(), {**entry.stub(), "salt": salt})


@pytest.mark.parametrize(
    "name, value",
    [("stub", None), ("stub", 5), ("stub", [[]]), ("sealed", None), ("sealed", ["a"])],
)
def test_an_opening_whose_parts_are_no_objects_is_refused(name, value):
    entry = plain()
    with pytest.raises(Refused):
        open_full(entry.leaf(), {**entry.full(), name: value})


def test_every_declared_key_shows_in_the_stub_or_is_closed_there():
    for kind in VOCABULARY.by_alias.values():
        for name in kind.keys:
            assert kind.field(name).type in ("id", "name", "ref", "text", "hash", "n", "t")
