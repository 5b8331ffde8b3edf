"""The mirror: what was accepted once can not change, and a refusal changes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.federation.mirror import advance, check_head
from safeconduct.kernel.errors import Malformed, Refused
from safeconduct.kernel.signatures import Key
from safeconduct.ledger.merkle import Tree, leaf_hash
from safeconduct.ledger.notes import LOG_KEY, Checkpoint, Note, Signer, cosign, sign_checkpoint

KEY, STRANGER = Key(bytes(32)), Key(bytes([1]) * 32)
LOG = Signer("safeconduct/host/1", KEY.public, LOG_KEY)


def tree_of(leaves):
    return Tree(leaf_hash(leaf) for leaf in leaves)


def head_of(leaves, *, origin=LOG.name, key=KEY):
    return sign_checkpoint(Checkpoint(origin, len(leaves), tree_of(leaves).root()), key)


leaves = st.lists(st.binary(max_size=8), max_size=20)


def unchanged(tree, before):
    size, _root = before
    assert (tree.size, tree.root()) == before
    # what lies below the edge is whole as well: the same leaves can still be taken
    tree.append(leaf_hash(b"next"))
    tree.truncate(size)
    assert (tree.size, tree.root()) == before


def refused(tree, note, given_, words):
    before = (tree.size, tree.root())
    with pytest.raises(Refused, match=words):
        advance(tree, note, LOG, given_)
    unchanged(tree, before)


@given(leaves, leaves)
def test_a_log_that_grew_is_taken_and_the_tree_waits_for_the_store(held, new):
    tree = tree_of(held)
    before = (tree.size, tree.root())
    step = advance(tree, head_of(held + new), LOG, new)
    assert (step.start, step.leaves) == (len(held), tuple(new))
    assert step.checkpoint.size == len(held) + len(new)
    unchanged(tree, before)


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=20), st.data())
def test_a_log_that_shrank_is_refused(held, data):
    kept = held[: data.draw(st.integers(0, len(held) - 1))]
    refused(tree_of(held), head_of(kept), [], "has shrunk")


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=20), leaves, st.data())
def test_a_log_that_was_rewritten_is_refused(held, new, data):
    at = data.draw(st.integers(0, len(held) - 1))
    other = [*held[:at], held[at] + b"x", *held[at + 1 :]]
    refused(tree_of(held), head_of(other + new), new, "do not lead")


def test_a_log_of_the_same_size_with_another_leaf_is_refused():
    refused(tree_of([b"a", b"b"]), head_of([b"a", b"c"]), [], "do not lead")
    refused(tree_of([b"a", b"b"]), head_of([b"b", b"a"]), [], "do not lead")


@given(leaves, st.lists(st.binary(max_size=8), min_size=1, max_size=8), st.data())
def test_leaves_that_are_missing_extra_or_others_are_refused(held, new, data):
    tree, note = tree_of(held), head_of(held + new)
    at = data.draw(st.integers(0, len(new) - 1))
    refused(tree, note, new[:at] + new[at + 1 :], "are missing")
    refused(tree, note, [*new, b"one more"], "are missing")
    refused(tree, note, [*new[:at], new[at] + b"x", *new[at + 1 :]], "do not lead")
    if new != new[::-1]:
        refused(tree, note, new[::-1], "do not lead")


def test_a_head_of_another_log_or_key_is_refused():
    tree, held = tree_of([b"a"]), [b"a", b"b"]
    refused(tree, head_of(held, origin="safeconduct/other/1"), [b"b"], "is of 'safeconduct/other/1")
    refused(tree, head_of(held, key=STRANGER), [b"b"], "not signed by the peer's log")
    note = head_of(held)
    refused(tree, Note(note.text, ()), [b"b"], "not signed")
    line = cosign(note, LOG.name, KEY, 5)
    refused(tree, Note(note.text, (line,)), [b"b"], "not signed")
    other = head_of([*held, b"c"])
    refused(tree, Note(other.text, note.signatures), [b"b", b"c"], "not signed")


def test_what_is_no_checkpoint_is_refused():
    with pytest.raises(Malformed):
        check_head(Note("no checkpoint\n", ()), LOG, 0)


def test_the_empty_log_is_a_head_like_any_other():
    assert advance(Tree(), head_of([]), LOG, []).checkpoint.size == 0
    assert advance(Tree(), head_of([b"a"]), LOG, [b"a"]).leaves == (b"a",)
    with pytest.raises(Refused, match="do not lead"):
        advance(Tree(), sign_checkpoint(Checkpoint(LOG.name, 0, bytes(32)), KEY), LOG, [])
