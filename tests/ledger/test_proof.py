"""Proofs: one leaf under one checkpoint, in one text that comes back exactly."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.signatures import Key
from safeconduct.ledger.merkle import Tree, leaf_hash
from safeconduct.ledger.notes import Checkpoint, sign_checkpoint
from safeconduct.ledger.proof import HEADER, Proof, parse_proof

KEY = Key(bytes(32))
LEAVES = [bytes([number]) for number in range(40)]
TREE = Tree(leaf_hash(leaf) for leaf in LEAVES)


def proof(index, size):
    note = sign_checkpoint(Checkpoint("log", size, TREE.root(size)), KEY)
    return Proof(index, tuple(TREE.inclusion(index, size)), note)


sizes = st.integers(1, len(LEAVES))


@given(sizes, st.data())
def test_a_proof_comes_back_and_proves_its_leaf_alone(size, data):
    index = data.draw(st.integers(0, size - 1))
    made = proof(index, size)
    read = parse_proof(made.encode())
    assert read == made
    assert read.encode() == made.encode()
    assert [read.proves(leaf) for leaf in LEAVES] == [at == index for at in range(len(LEAVES))]


@given(sizes, st.data())
def test_no_character_can_be_another(size, data):
    index = data.draw(st.integers(0, size - 1))
    made = proof(index, size)
    text = made.encode()
    at = data.draw(st.integers(0, text.rindex("\n\n")))
    other = data.draw(st.characters(min_codepoint=32, max_codepoint=126))
    changed = text[:at] + other + text[at + 1 :]
    try:
        read = parse_proof(changed)
        proved = read.proves(LEAVES[index])
    except Malformed:
        return
    # the checkpoint inside is signed text: what reads at all and differs proves nothing
    assert read == made or not proved or read.note.text != made.note.text


TEXT = proof(3, 7).encode()
HEAD, NOTE = TEXT.split("\n\n", 1)
LINES = HEAD.split("\n")


def text(*lines):
    return "\n".join(lines) + "\n\n" + NOTE


BAD = [
    "",
    NOTE,
    HEAD,
    HEAD + "\n",
    text("c2sp.org/tlog-proof@v2", *LINES[1:]),
    text(HEADER),
    text(HEADER, "index"),
    text(HEADER, "index -1", *LINES[2:]),
    text(HEADER, "index 03", *LINES[2:]),
    text(HEADER, "index  3", *LINES[2:]),
    text(HEADER, "Index 3", *LINES[2:]),
    text(HEADER, "extra AAAA", "index 3", *LINES[2:]),
    text(HEADER, "index \u0663", *LINES[2:]),
    text(HEADER, "index 3", "!!!!"),
    text(HEADER, "index 3", "AAAAB="),
    text(HEADER, "index 3", LINES[2] + " "),
    TEXT + "\n",
    TEXT.replace("\n", "\r\n"),
]


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
def test_another_form_is_refused(bad):
    with pytest.raises(Malformed):
        parse_proof(bad)


def test_a_path_of_other_lengths_proves_nothing():
    short = text(HEADER, "index 3", base64.b64encode(b"short").decode())
    assert not parse_proof(short).proves(LEAVES[3])
    assert not parse_proof(text(HEADER, "index 3")).proves(LEAVES[3])
    assert not parse_proof(text(HEADER, "index 99", *LINES[2:])).proves(LEAVES[3])


@pytest.mark.parametrize(
    "lines", [("index ²",), ("index " + "1" * 5_000,), ("index 3", "é===")], ids=["²", "size", "é"]
)
def test_no_text_leaks_another_error(lines):
    with pytest.raises(Malformed):
        parse_proof(text(HEADER, *lines))
