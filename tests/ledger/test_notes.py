"""Signed notes, checkpoints and cosignatures: C2SP's forms, read strictly."""

import base64

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.signatures import Key
from safeconduct.ledger.notes import (
    COSIGNATURE,
    LOG_KEY,
    Checkpoint,
    Note,
    Signer,
    cosign,
    parse_checkpoint,
    parse_note,
    sign_checkpoint,
)
from tests.strategies import checkpoints, keys, origins

seconds = st.integers(0, 2**63)
ROOT = base64.b64encode(bytes(32)).decode()
KEY = Key(bytes(32))
HEAD = Checkpoint("log", 5, bytes(32))


# ---------------------------------------------------------------- round trips
@given(checkpoints, keys, st.lists(st.tuples(origins, keys, seconds), max_size=3))
def test_a_cosigned_checkpoint_comes_back(checkpoint, key, witnesses):
    note = sign_checkpoint(checkpoint, key)
    for name, witness, when in witnesses:
        note = note.with_signature(cosign(note, name, witness, when))
    read = parse_note(note.encode())
    assert read == note
    assert read.encode() == note.encode()
    assert parse_checkpoint(read) == checkpoint
    assert read.signed_by(Signer(checkpoint.origin, key.public, LOG_KEY))
    newest = {(name, witness): when for name, witness, when in witnesses}
    for (name, witness), when in newest.items():
        assert read.cosigned_at(Signer(name, witness.public, COSIGNATURE)) == when


names = st.text(st.characters(exclude_categories=["Z", "Cc", "Cs"]), min_size=1, max_size=8)
bodies = st.text(max_size=40).filter(bool).map(lambda text: text + "\n")
signature_lines = st.tuples(
    names, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80)
)


@given(bodies, st.lists(signature_lines, min_size=1, max_size=4))
def test_any_note_comes_back(body, lines):
    note = Note(body, tuple(lines))
    assert parse_note(note.encode()) == note


@given(st.text(max_size=60))
def test_any_text_is_read_back_exactly_or_refused(text):
    try:
        note = parse_note(text)
    except Malformed:
        return
    assert note.encode() == text


# ---------------------------------------------------------------- signatures
@given(checkpoints, checkpoints, keys, keys)
def test_a_head_stands_for_its_key_its_name_and_its_text(one, other, key, stranger):
    assume(key != stranger)
    assume(one != other)
    note = sign_checkpoint(one, key)
    assert not note.signed_by(Signer(one.origin, stranger.public, LOG_KEY))
    assert not note.signed_by(Signer(one.origin + "x", key.public, LOG_KEY))
    assert not note.signed_by(Signer(one.origin, key.public, COSIGNATURE))
    assert not Note(other.text(), note.signatures).signed_by(
        Signer(one.origin, key.public, LOG_KEY)
    )
    # a signature under the name and key hash of the log, but made by another key
    signer = Signer(one.origin, key.public, LOG_KEY)
    forged = (signer.name, signer.key_hash, stranger.sign(one.text().encode()))
    assert not Note(one.text(), (forged,)).signed_by(signer)
    assert Note(one.text(), (forged, *note.signatures)).signed_by(signer)


@given(checkpoints, keys, keys, origins, seconds, seconds)
def test_a_cosignature_stands_for_its_second(checkpoint, key, witness, name, when, other):
    assume(when != other)
    assume(key != witness)
    note = sign_checkpoint(checkpoint, key)
    line = cosign(note, name, witness, when)
    signer = Signer(name, witness.public, COSIGNATURE)
    assert line[2][:8] == when.to_bytes(8, "big")
    moved = (line[0], line[1], other.to_bytes(8, "big") + line[2][8:])
    assert Note(note.text, (line,)).cosigned_at(signer) == when
    assert Note(note.text, (moved,)).cosigned_at(signer) is None
    assert Note(note.text + "x\n", (line,)).cosigned_at(signer) is None
    assert Note(note.text, (line,)).cosigned_at(Signer(name, key.public, COSIGNATURE)) is None
    assert (
        Note(note.text, (line,)).cosigned_at(Signer(name + "x", witness.public, COSIGNATURE))
        is None
    )
    assert Note(note.text, (line,)).cosigned_at(Signer(name, witness.public, LOG_KEY)) is None
    # neither kind of signature passes for the other
    assert not Note(note.text, (line,)).signed_by(Signer(name, witness.public, LOG_KEY))
    as_log = (name, signer.key_hash, witness.sign(note.text.encode()))
    assert Note(note.text, (as_log,)).cosigned_at(signer) is None
    as_log = (name, signer.key_hash, when.to_bytes(8, "big") + witness.sign(note.text.encode()))
    assert Note(note.text, (as_log,)).cosigned_at(signer) is None


def test_a_newer_signature_of_one_signer_takes_the_place_of_the_older():
    note = sign_checkpoint(HEAD, KEY)
    first = note.with_signature(cosign(note, "w", KEY, 1))
    second = first.with_signature(cosign(note, "w", KEY, 2))
    assert len(first.signatures) == len(second.signatures) == 2
    assert second.cosigned_at(Signer("w", KEY.public, COSIGNATURE)) == 2


def test_the_text_is_c2sp_own():
    assert sign_checkpoint(HEAD, KEY).text == f"log\n5\n{ROOT}\n"
    line = sign_checkpoint(HEAD, KEY).encode().split("\n\n")[1]
    assert line.startswith("— log ")
    raw = base64.b64decode(line.split(" ")[2])
    assert raw[:4] == Signer("log", KEY.public, LOG_KEY).key_hash
    assert raw[4:] == KEY.sign(f"log\n5\n{ROOT}\n".encode())
    # signed-note, "Format": the key hash of PeterNeumann, with the algorithm byte 0x01
    public = base64.b64decode("AT8G5ls5p3aEI2+9DdCBNVDpSYqmtJbUzXKnXDSEZS9o")
    known = Signer("PeterNeumann", f"ed25519:{public[1:].hex()}", public[0])
    assert len(known.key_hash) == 4


# ---------------------------------------------------------------- what is refused
LINE = sign_checkpoint(HEAD, KEY).encode().split("\n\n")[1]
NOT_NOTES = [
    "",
    "\n",
    "text\n",
    "text\n\n",
    f"\n\n{LINE}",
    f"text\n\n{LINE.rstrip()}",
    f"text\n\n{LINE}\n",
    f"text\n\n{LINE}more\n",
    f"text\n\n{LINE.replace('—', '-')}",
    f"text\n\n{LINE.replace(' ', '  ', 1)}",
    f"text\n\n {LINE}",
    "text\n\n— name\n",
    "text\n\n— name AAAA\n",
    "text\n\n— name AAAAAA\n",
    "text\n\n— name !!!!\n",
    "text\n\n— two words AAAAAAAA\n",
    "text\n\n— name AAAAAAB=\n",
    f"text\r\n\r\n{LINE}",
]


@pytest.mark.parametrize("text", NOT_NOTES, ids=range(len(NOT_NOTES)))
def test_what_is_not_a_note_is_refused(text):
    with pytest.raises(Malformed):
        parse_note(text)


NOT_CHECKPOINTS = [
    f"log\n5\n{ROOT}",
    f"log\n5\n{ROOT}\nextension\n",
    f"\n5\n{ROOT}\n",
    f"log\n{ROOT}\n",
    f"log\n05\n{ROOT}\n",
    f"log\n-5\n{ROOT}\n",
    f"log\n+5\n{ROOT}\n",
    f"log\n5 \n{ROOT}\n",
    f"log\n\u0665\n{ROOT}\n",
    f"log\n²\n{ROOT}\n",
    f"log\n\n{ROOT}\n",
    f"log\n0x5\n{ROOT}\n",
    f"log\n5.0\n{ROOT}\n",
    "log\n5\n\n",
    "log\n5\nAAAA\n",
    f"log\n5\n{ROOT[:-2]}B=\n",
    f"log\n5\n{ROOT}=\n",
    f"log\n5\n {ROOT}\n",
    "log\n5\n!!!!\n",
]


@pytest.mark.parametrize("text", NOT_CHECKPOINTS)
def test_what_is_not_a_checkpoint_is_refused(text):
    with pytest.raises(Malformed):
        parse_checkpoint(Note(text, ()))


@pytest.mark.parametrize(
    "work",
    [
        lambda: parse_note("text\n\n— name éé==\n"),
        lambda: parse_checkpoint(Note(f"log\n{'1' * 5_000}\n{ROOT}\n", ())),
        lambda: parse_checkpoint(Note("log\n5\né===\n", ())),
    ],
    ids=["signature", "size", "root"],
)
def test_no_text_of_a_peer_leaks_another_error(work):
    with pytest.raises(Malformed):
        work()
