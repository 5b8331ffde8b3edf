"""Cards: each key signed by the root key that the agreement prints."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.federation.cards import USES, Card, read_card, witness_name
from safeconduct.kernel.canonical import decode, encode
from safeconduct.kernel.errors import Malformed, Refused
from safeconduct.kernel.signatures import Key, seal
from safeconduct.ledger.notes import COSIGNATURE, LOG_KEY
from safeconduct.node.clocks import SeededRandom
from safeconduct.node.drafts import Author, sign_record
from safeconduct.node.vocabulary import VOCABULARY
from tests.strategies import keys

ROOT, STRANGER = Key(bytes(32)), Key(bytes([9]) * 32)
OWN = {use: Key(bytes([number]) * 32) for number, use in enumerate(USES, 1)}
ORIGIN = "safeconduct/host/1"


def enrolled(use, key, *, root=ROOT, party="host", state="enrolled", seq=1):
    author = Author(party, f"{party}/root", "root", root.public, root)
    envelope, _record, _openings = sign_record(
        VOCABULARY,
        author,
        alias="key",
        values={
            "key": key.public,
            "holder": party,
            "use": use,
            "state": state,
            "from": 1,
            "until": 2,
        },
        record_id="r_" + "a" * 26,
        seq=seq,
        time=1,
        mode="exercise",
        salts=SeededRandom("card"),
    )
    return envelope.encode()


def card(envelopes=None, *, root=ROOT, party="host"):
    made = [enrolled(use, key) for use, key in OWN.items()] if envelopes is None else envelopes
    publics = {use: key.public for use, key in OWN.items()}
    return Card(party, ORIGIN, root.public, publics, tuple(made))


@given(keys, st.tuples(keys, keys, keys))
def test_a_card_comes_back(root, three):
    own = dict(zip(USES, three, strict=True))
    made = Card(
        "host",
        ORIGIN,
        root.public,
        {use: key.public for use, key in own.items()},
        tuple(enrolled(use, key, root=root) for use, key in own.items()),
    )
    assert read_card(made.encode()) == made
    assert read_card(made.encode()).encode() == made.encode()


def test_a_card_names_the_log_and_the_witness():
    read = read_card(card().encode())
    assert (read.log.name, read.log.public, read.log.algorithm) == (
        ORIGIN,
        OWN["node"].public,
        LOG_KEY,
    )
    assert (read.witness.name, read.witness.public, read.witness.algorithm) == (
        witness_name("host"),
        OWN["witness"].public,
        COSIGNATURE,
    )
    assert read.log.key_hash != read.witness.key_hash


@pytest.mark.parametrize("use", USES)
def test_a_use_that_is_missing_is_named(use):
    rest = [enrolled(other, key) for other, key in OWN.items() if other != use]
    with pytest.raises(Refused, match=f"lacks the {use} key"):
        read_card(card(rest).encode())


@pytest.mark.parametrize("use", USES)
def test_a_key_of_another_root_or_party_is_refused(use):
    for wrong in ({"root": STRANGER}, {"party": "partner"}):
        made = [
            enrolled(other, key, **(wrong if other == use else {})) for other, key in OWN.items()
        ]
        with pytest.raises(Refused, match="not signed by the party's root key"):
            read_card(card(made).encode())


def test_a_card_of_another_root_or_party_than_its_keys_is_refused():
    for wrong in (card(root=STRANGER), card(party="partner")):
        with pytest.raises(Refused, match="not signed by the party's root key"):
            read_card(wrong.encode())


def test_a_key_that_has_ended_or_serves_a_person_is_no_key_of_a_node():
    for wrong in (enrolled("person", STRANGER), enrolled("node", STRANGER, state="ended")):
        with pytest.raises(Malformed, match="no known use"):
            read_card(card([*(enrolled(use, key) for use, key in OWN.items()), wrong]).encode())


def test_an_envelope_that_was_changed_is_refused():
    value = decode(card().encode())
    value["keys"][0]["payload"] = decode(enrolled("node", STRANGER, root=STRANGER))["payload"]
    with pytest.raises(Refused, match="does not stand"):
        read_card(encode(value))
    other = seal(ROOT, b"{}")
    with pytest.raises(Malformed):
        read_card(card([other.encode()]).encode())


GOOD = decode(card().encode())
BAD = [
    [],
    {},
    {**GOOD, "safeconduct": "card/2"},
    {**GOOD, "extra": 1},
    {key: GOOD[key] for key in GOOD if key != "origin"},
    {**GOOD, "keys": {}},
    {**GOOD, "keys": [None]},
    {**GOOD, "keys": ["x"]},
    {**GOOD, "party": 5},
    {**GOOD, "origin": None},
    {**GOOD, "root_key": ["x"]},
]


@pytest.mark.parametrize("value", BAD, ids=range(len(BAD)))
def test_what_is_not_a_card_is_refused(value):
    with pytest.raises(Refused):
        read_card(encode(value))


@given(st.binary(max_size=40))
def test_any_bytes_are_a_card_or_refused(data):
    with pytest.raises(Refused):
        read_card(data)
