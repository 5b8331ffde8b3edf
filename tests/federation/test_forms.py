"""Forms: what of a body travels, and what never does, over every type there is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.federation.forms import (
    MILESTONE_PAYLOAD,
    ROUND_MS,
    full,
    milestone,
    read_full,
    read_milestone,
    withheld,
)
from safeconduct.kernel.canonical import decode, encode
from safeconduct.kernel.errors import Malformed, Refused
from safeconduct.kernel.signatures import Key, open_envelope, seal
from safeconduct.node.vocabulary import VOCABULARY
from tests.strategies import entries, fact_of, field_values

NODE, STRANGER = Key(bytes(32)), Key(bytes([1]) * 32)
ORIGIN = "safeconduct/host/1"
CLAUSE = "8.1"
KINDS = sorted(VOCABULARY.by_alias.values(), key=lambda kind: kind.alias)
every_type = pytest.mark.parametrize("kind", KINDS, ids=[kind.alias for kind in KINDS])

numbers = st.integers(7_700_000_000_000_000, 7_799_999_999_999_999)


def marked(field):
    """Values as declared, but those of sealed fields can be told from all others."""
    if not field.sealed:
        return field_values(field)
    # texts that nothing else holds, not even another field: finding one means that it leaked
    secrets = st.binary(min_size=6, max_size=6).map(lambda data: f"zq {field.name} {data.hex()}")
    if field.dimension is not None:
        return numbers
    if field.type == "list":
        return st.lists(secrets, min_size=1, max_size=3)
    return secrets


def hidden(entry, names):
    """Every text and number under the named sealed fields, as it would stand in JSON."""
    found = []
    for name in names:
        value = entry.sealed[name][1]
        found += value if isinstance(value, list) else [value]
    return [str(item).encode() for item in found]


def named(kind, record):
    """Fields that the milestone of a record shows: those its type names, or all that are open."""
    whole = kind.words.startswith("full") and not kind.shows
    return set(record.data) if whole else set(record.data) & set(kind.shows)


def shown_by(parcel):
    """Everything that travels, with what is signed in clear."""
    whole = encode(parcel.opening)
    envelope = parcel.opening.get("envelope", parcel.opening)
    return whole + open_envelope(encode(envelope)).payload


@every_type
@settings(max_examples=12)
@given(st.data())
def test_a_milestone_never_shows_a_sealed_field(kind, data):
    _kind, record, entry = data.draw(entries(kind, marked))
    parcel = milestone(ORIGIN, kind, fact_of(kind, record, entry, 4), CLAUSE, NODE)
    travels = shown_by(parcel)
    for item in hidden(entry, entry.sealed):
        assert item not in travels
    statement = decode(open_envelope(encode(parcel.opening)).payload)
    assert set(statement["shows"]) <= {field.name for field in kind.fields if not field.sealed}
    assert set(statement["shows"]) == named(kind, record)
    # nothing but what a milestone names: not who, not where exactly, not when to the second
    assert set(statement) == {
        "safeconduct", "log", "position", "record", "rev", "type", "mode", "party", "subject",
        "time", "words", "clause", "shows",
    }  # fmt: skip
    assert statement["time"] % ROUND_MS == 0
    assert 0 <= record.time - statement["time"] < ROUND_MS


@every_type
@settings(max_examples=12)
@given(st.data())
def test_the_full_form_keeps_personal_fields_closed(kind, data):
    _kind, record, entry = data.draw(entries(kind, marked))
    parcel = full(4, kind, entry)
    closed = [name for name in entry.sealed if kind.field(name).personal]
    travels = shown_by(parcel)
    for item in hidden(entry, closed):
        assert item not in travels
    assert not set(parcel.opening["sealed"]) & set(closed)
    opened, fact = read_full("host", 4, entry.leaf(), parcel.opening, VOCABULARY)
    assert (fact.record, fact.alias, fact.log, fact.position) == (record, kind.alias, "host", 4)
    assert set(fact.values) == {*record.data, *entry.sealed} - set(closed)
    assert opened.leaf() == entry.leaf()


@given(entries(), st.integers(0, 1_000))
def test_a_milestone_comes_back_as_a_fact(made, position):
    kind, record, entry = made
    fact = fact_of(kind, record, entry, position)
    parcel = milestone(ORIGIN, kind, fact, CLAUSE, NODE)
    assert (parcel.position, parcel.form) == (position, "milestone")
    read = read_milestone(record.party, ORIGIN, position, parcel.opening, NODE.public, VOCABULARY)
    assert (read.alias, read.form, read.position) == (kind.alias, "milestone", position)
    assert read.record.id == record.id
    assert read.record.class_name == kind.class_name
    assert read.values == {name: record.data[name] for name in named(kind, record)}
    assert read.record.subject in ("", record.subject)


@given(entries(), st.integers(0, 1_000), st.integers(0, 1_000))
def test_a_milestone_of_another_leaf_log_or_node_is_refused(made, position, other):
    kind, record, entry = made
    opening = milestone(ORIGIN, kind, fact_of(kind, record, entry, position), CLAUSE, NODE).opening
    if other != position:
        with pytest.raises(Refused, match="another leaf"):
            read_milestone(record.party, ORIGIN, other, opening, NODE.public, VOCABULARY)
    with pytest.raises(Refused, match="another leaf"):
        read_milestone(record.party, ORIGIN + "x", position, opening, NODE.public, VOCABULARY)
    with pytest.raises(Refused, match="not signed by the node"):
        read_milestone(record.party, ORIGIN, position, opening, STRANGER.public, VOCABULARY)


@given(entries(), entries())
def test_a_full_body_of_another_leaf_is_refused(one, other):
    if one[2] != other[2]:
        with pytest.raises(Refused):
            read_full("host", 0, one[2].leaf(), full(0, other[0], other[2]).opening, VOCABULARY)


def test_a_withheld_body_names_its_clause_alone():
    parcel = withheld(3, CLAUSE)
    assert (parcel.position, parcel.form, parcel.opening) == (3, "withheld", {"clause": CLAUSE})


GOOD = {
    "safeconduct": "milestone/1",
    "log": ORIGIN,
    "position": 0,
    "record": "r_" + "a" * 26,
    "rev": 0,
    "type": "sites.queue.reported",
    "mode": "live",
    "party": "host",
    "subject": "",
    "time": 0,
    "words": "words",
    "clause": CLAUSE,
    "shows": {},
}


def read(value, payload_type=MILESTONE_PAYLOAD):
    opening = decode(seal(NODE, encode(value), payload_type).encode())
    return read_milestone("host", ORIGIN, 0, opening, NODE.public, VOCABULARY)


def test_a_statement_of_another_form_is_refused():
    assert read(GOOD).form == "milestone"
    with pytest.raises(Refused, match="not signed by the node"):
        read(GOOD, "text/plain")
    for wrong in ([], None, {}, {**GOOD, "safeconduct": "milestone/2"}):
        with pytest.raises(Malformed, match="not a milestone"):
            read(wrong)
    for name in ("record", "type", "mode", "party", "subject", "time", "shows", "rev"):
        with pytest.raises(Malformed, match=name):
            read({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize(
    "name, value",
    [("type", []), ("shows", 5), ("shows", []), ("time", "x"), ("rev", "a"), ("record", 5),
     ("subject", None), ("party", "partner"), ("mode", 5)],
)  # fmt: skip
def test_a_statement_with_a_value_of_another_type_or_party_is_refused(name, value):
    with pytest.raises(Refused):
        read({**GOOD, name: value})
