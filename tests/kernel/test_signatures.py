"""Signatures: one acceptance rule, and envelopes in which no byte can be another one."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from safeconduct.kernel.canonical import decode, encode
from safeconduct.kernel.errors import Malformed, Refused
from safeconduct.kernel.signatures import (
    MAX_ENVELOPE,
    RECORD_PAYLOAD,
    Envelope,
    Key,
    fingerprint,
    open_envelope,
    pae,
    public_bytes,
    seal,
    verify,
)
from tests.strategies import envelopes, keys, texts

HERE = Path(__file__).parent / "data"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "vectors" / "ledger"
ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of the base point: S + ORDER is the same signature to a verifier that does not look."""

messages = st.binary(max_size=60)


def vector(folder, name):
    if not (folder / name).exists():
        pytest.skip("the shared vectors are not beside this checkout")
    return json.loads((folder / name).read_text("utf-8"))


both = pytest.mark.parametrize("folder", [HERE, SHARED], ids=["copy", "shared"])


# ---------------------------------------------------------------- vectors
@both
def test_the_pre_authentication_encoding_is_dsse_own(folder):
    case = vector(folder, "dsse.json")
    assert pae(case["payloadType"], case["payload"].encode()) == case["pae"].encode()
    assert base64.b64decode(case["envelope"]["payload"]) == case["payload"].encode()


@both
def test_of_the_cases_on_which_libraries_disagree_the_fourth_alone_is_accepted(folder):
    answers = [
        verify(
            f"ed25519:{case['pub_key']}",
            bytes.fromhex(case["message"]),
            bytes.fromhex(case["signature"]),
        )
        for case in vector(folder, "ed25519-speccheck.json")
    ]
    assert [number for number, answer in enumerate(answers) if answer] == [3]
    assert len(answers) == 12


def check_wycheproof(cases):
    for public, case in cases:
        answer = verify(f"ed25519:{public}", bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
        assert answer == (case["result"] == "valid"), case


def test_wycheproof_in_part():
    check_wycheproof((case["pk"], case) for case in vector(HERE, "wycheproof-some.json"))


def test_wycheproof_whole():
    groups = vector(SHARED, "wycheproof-ed25519.json")["testGroups"]
    cases = [(group["publicKey"]["pk"], case) for group in groups for case in group["tests"]]
    assert len(cases) == 151
    check_wycheproof(cases)


# ---------------------------------------------------------------- keys and signatures
@given(keys, messages)
def test_a_signature_stands_for_its_key_and_message(key, message):
    signature = key.sign(message)
    assert len(signature) == 64
    assert signature == key.sign(message)
    assert verify(key.public, message, signature)


@given(keys, messages, st.integers(0, 511))
def test_no_bit_of_a_signature_can_be_another(key, message, bit):
    signature = bytearray(key.sign(message))
    signature[bit // 8] ^= 1 << bit % 8
    assert not verify(key.public, message, bytes(signature))


@given(keys, messages, st.data())
def test_a_signature_stands_for_no_other_message_or_key(key, message, data):
    signature = key.sign(message)
    other = data.draw(messages.filter(lambda item: item != message))
    stranger = data.draw(keys.filter(lambda item: item != key))
    assert not verify(key.public, other, signature)
    assert not verify(stranger.public, message, signature)


@given(keys, messages)
def test_the_second_form_of_the_same_signature_is_refused(key, message):
    signature = key.sign(message)
    larger = int.from_bytes(signature[32:], "little") + ORDER
    assert not verify(key.public, message, signature[:32] + larger.to_bytes(32, "little"))


@given(keys, messages, st.binary(max_size=70).filter(lambda item: len(item) != 64))
def test_a_signature_of_another_length_is_no_error_but_no_signature(key, message, signature):
    assert verify(key.public, message, signature) is False


@given(keys)
def test_a_key_is_printed_as_64_digits_and_its_seed_never(key):
    assert public_bytes(key.public).hex() == key.public.removeprefix("ed25519:")
    assert key.seed.hex() not in repr(key)
    assert str(key.seed) not in repr(key)


@pytest.mark.parametrize(
    "public",
    ["", "ed25519", "ed25519:", "ed25519:" + "0" * 63, "ed25519:" + "0" * 65, "0" * 64,
     "ED25519:" + "0" * 64, "ed25519:" + "A" * 64, "ed25519:" + "g" * 64, "rsa:" + "0" * 64,
     "ed25519:" + "\u0660" * 64],
)  # fmt: skip
def test_what_is_not_a_key_is_refused(public):
    with pytest.raises(Malformed, match="not a key"):
        public_bytes(public)


@pytest.mark.parametrize("digits", ["ab" * 31 + "  ", "ab " * 21 + " "])
def test_a_key_with_white_space_in_it_is_refused(digits):
    with pytest.raises(Malformed):
        public_bytes(f"ed25519:{digits}")


@given(keys, keys)
def test_fingerprints_are_eight_groups_that_two_people_can_compare(one, other):
    assert [len(part) for part in fingerprint(one.public).split("-")] == [4] * 8
    assert (fingerprint(one.public) == fingerprint(other.public)) == (one.public == other.public)


# ---------------------------------------------------------------- envelopes
@given(st.tuples(texts, messages), st.tuples(texts, messages))
@example(("a 1", b"b"), ("a", b"1 b"))
@example(("", b" 0 "), (" 0 ", b""))
def test_type_and_payload_never_run_together(one, other):
    assert (pae(*one) == pae(*other)) == (one == other)


@given(keys, messages, texts)
def test_an_envelope_comes_back(key, payload, payload_type):
    envelope = seal(key, payload, payload_type)
    assert open_envelope(envelope.encode()) == envelope
    assert envelope.keyid == key.public
    assert envelope.payload_type == payload_type


@settings(max_examples=4)
@given(envelopes())
def test_any_flipped_byte_is_refused(envelope):
    data = envelope.encode()
    assert open_envelope(data).stands()
    for at in range(len(data)):
        for mask in (1, 0x20, 0x80):
            flipped = data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]
            with pytest.raises(Refused):
                open_envelope(flipped)


ENVELOPE = seal(Key(bytes(32)), b"payload")
SHAPE = decode(ENVELOPE.encode())
SIGNED = SHAPE["signatures"][0]


def test_two_signatures_or_none_are_refused():
    for signatures in ([], [SIGNED, SIGNED], SIGNED, None, [None], ["x"], [[]]):
        with pytest.raises(Malformed, match="one signature"):
            open_envelope(encode({**SHAPE, "signatures": signatures}))


BAD = [
    [],
    None,
    "x",
    {},
    {**SHAPE, "extra": 1},
    {key: SHAPE[key] for key in ("payload", "signatures")},
    {**SHAPE, "payloadType": 5},
    {**SHAPE, "payloadType": None},
    {**SHAPE, "signatures": [{**SIGNED, "extra": 1}]},
    {**SHAPE, "signatures": [{"sig": SIGNED["sig"]}]},
    {**SHAPE, "signatures": [{**SIGNED, "keyid": 5}]},
    {**SHAPE, "signatures": [{**SIGNED, "keyid": "me"}]},
    {**SHAPE, "signatures": [{**SIGNED, "sig": 5}]},
    {**SHAPE, "signatures": [{**SIGNED, "sig": "é" * 4}]},
    {**SHAPE, "signatures": [{**SIGNED, "sig": SIGNED["sig"].rstrip("=")}]},
    {**SHAPE, "payload": None},
    {**SHAPE, "payload": ["x"]},
    {**SHAPE, "payload": "cGF5bG9hZB=="},  # the same bytes with other padding bits
    {**SHAPE, "payload": SHAPE["payload"] + "\n"},
    {**SHAPE, "payload": "_-__"},
]


@pytest.mark.parametrize("value", BAD, ids=lambda value: repr(value)[:30])
def test_another_form_is_refused(value):
    with pytest.raises(Malformed):
        open_envelope(encode(value))


def test_a_doubled_key_is_refused_whichever_reader_would_take_which():
    data = ENVELOPE.encode()
    for name in (b'"payload":', b'"sig":'):
        doubled = data.replace(name, name + b'"AAAA",' + name, 1)
        assert json.loads(doubled)
        with pytest.raises(Malformed, match="canonical form"):
            open_envelope(doubled)


def test_an_envelope_of_another_type_or_key_does_not_stand():
    stranger = Key(bytes([1]) * 32)
    for wrong in (
        Envelope(ENVELOPE.payload, "text/plain", ENVELOPE.keyid, ENVELOPE.signature),
        Envelope(ENVELOPE.payload, RECORD_PAYLOAD, stranger.public, ENVELOPE.signature),
        Envelope(b"other", RECORD_PAYLOAD, ENVELOPE.keyid, ENVELOPE.signature),
        Envelope(ENVELOPE.payload, RECORD_PAYLOAD, ENVELOPE.keyid, bytes(64)),
        Envelope(ENVELOPE.payload, RECORD_PAYLOAD, ENVELOPE.keyid, b""),
    ):
        assert not wrong.stands()
        with pytest.raises(Refused, match="does not stand"):
            open_envelope(wrong.encode())


def test_an_envelope_must_fit_an_entry_of_the_log():
    for size, fits in ((MAX_ENVELOPE // 2, True), (MAX_ENVELOPE, False)):
        data = seal(Key(bytes(32)), bytes(size)).encode()
        if fits:
            assert open_envelope(data).payload == bytes(size)
        else:
            with pytest.raises(Malformed, match="at most"):
                open_envelope(data)
