"""The tree against a naive recursion and against the public vectors."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.kernel.errors import Malformed
from safeconduct.ledger.merkle import (
    EMPTY_ROOT,
    CompactRange,
    Tree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

HERE = Path(__file__).parent / "data"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "vectors" / "ledger"
MOST = 70
HASHES = [leaf_hash(bytes([number])) for number in range(MOST)]
SIZES = range(MOST + 1)


# ---------------------------------------------------------------- RFC 6962 as it is written
def naive_root(hashes):
    if not hashes:
        return hashlib.sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while 2 * k < len(hashes):
        k *= 2
    data = b"\x01" + naive_root(hashes[:k]) + naive_root(hashes[k:])
    return hashlib.sha256(data).digest()


def naive_path(index, hashes):
    if len(hashes) == 1:
        return []
    k = 1
    while 2 * k < len(hashes):
        k *= 2
    if index < k:
        return [*naive_path(index, hashes[:k]), naive_root(hashes[k:])]
    return [*naive_path(index - k, hashes[k:]), naive_root(hashes[:k])]


def naive_subproof(old, hashes, whole):
    if old == len(hashes):
        return [] if whole else [naive_root(hashes)]
    k = 1
    while 2 * k < len(hashes):
        k *= 2
    if old <= k:
        return [*naive_subproof(old, hashes[:k], whole), naive_root(hashes[k:])]
    return [*naive_subproof(old - k, hashes[k:], False), naive_root(hashes[:k])]


TREE = Tree(HASHES)
ROOTS = [naive_root(HASHES[:size]) for size in SIZES]


def test_hashes_of_leaves_and_nodes_never_meet():
    assert leaf_hash(b"x") == hashlib.sha256(b"\x00x").digest()
    assert node_hash(b"x", b"y") == hashlib.sha256(b"\x01xy").digest()
    assert naive_root([]) == EMPTY_ROOT == Tree().root()


@pytest.mark.parametrize("size", SIZES)
def test_roots_and_inclusion_equal_the_recursion(size):
    grown = Tree()
    for number, hashed in enumerate(HASHES[:size]):
        assert grown.append(hashed) == number
    assert grown.size == size
    assert grown.root() == TREE.root(size) == ROOTS[size]
    for index in range(size):
        path = TREE.inclusion(index, size)
        assert path == grown.inclusion(index, size) == naive_path(index, HASHES[:size])
        assert verify_inclusion(HASHES[index], index, size, path, ROOTS[size])


@pytest.mark.parametrize("new", SIZES[1:])
def test_consistency_equals_the_recursion(new):
    for old in range(1, new + 1):
        path = TREE.consistency(old, new)
        assert path == naive_subproof(old, HASHES[:new], True)
        assert verify_consistency(old, new, ROOTS[old], ROOTS[new], path)


def test_a_compact_range_extends_every_prefix():
    for start in SIZES:
        edge = CompactRange(start, TREE.peaks(start))
        assert edge.root() == ROOTS[start]
        for size in range(start + 1, MOST + 1):
            edge.append(HASHES[size - 1])
            assert (edge.size, edge.root()) == (size, ROOTS[size])


def test_a_tree_cut_off_is_as_if_the_leaves_had_never_come():
    for size in SIZES:
        tree = Tree(HASHES)
        tree.truncate(size)
        assert (tree.size, tree.root()) == (size, ROOTS[size])
        for hashed in HASHES[size:]:
            tree.append(hashed)
        assert tree.root() == ROOTS[MOST]
        assert [tree.inclusion(i, MOST) for i in range(MOST)] == [
            TREE.inclusion(i, MOST) for i in range(MOST)
        ]


# ---------------------------------------------------------------- what must be refused
@given(st.integers(1, MOST), st.data())
def test_an_inclusion_proof_proves_nothing_else(size, data):
    index = data.draw(st.integers(0, size - 1))
    path, root = TREE.inclusion(index, size), ROOTS[size]
    for wrong in (index - 1, index + 1, size, -1):
        if wrong != index:
            assert not verify_inclusion(HASHES[index], wrong, size, path, root)
    assert not verify_inclusion(HASHES[(index + 1) % MOST], index, size, path, root)
    assert not verify_inclusion(HASHES[index], index, size, [*path, root], root)
    for number in range(len(path)):
        assert not verify_inclusion(HASHES[index], index, size, path[:number], root)
        bit = data.draw(st.integers(0, 255))
        flipped = bytearray(path[number])
        flipped[bit // 8] ^= 1 << bit % 8
        changed = [*path[:number], bytes(flipped), *path[number + 1 :]]
        assert not verify_inclusion(HASHES[index], index, size, changed, root)
    flipped = bytearray(root)
    flipped[data.draw(st.integers(0, 31))] ^= 1
    assert not verify_inclusion(HASHES[index], index, size, path, bytes(flipped))


@given(st.integers(2, MOST), st.data())
def test_a_consistency_proof_proves_nothing_else(new, data):
    old = data.draw(st.integers(1, new - 1))
    path = TREE.consistency(old, new)
    assert verify_consistency(old, new, ROOTS[old], ROOTS[new], path)
    assert not verify_consistency(old, new, ROOTS[old], ROOTS[new], [*path, ROOTS[old]])
    assert not verify_consistency(old, new, ROOTS[new], ROOTS[old], path)
    assert not verify_consistency(new, old, ROOTS[new], ROOTS[old], path)
    assert not verify_consistency(0, new, EMPTY_ROOT, ROOTS[new], [])
    other = Tree(HASHES)
    other.truncate(old - 1)
    for _ in range(new - old + 1):
        other.append(leaf_hash(b"another history"))
    assert not verify_consistency(old, new, ROOTS[old], other.root(new), path)
    assert not verify_consistency(
        old, new, ROOTS[old], other.root(new), other.consistency(old, new)
    )
    for number in range(len(path)):
        assert not verify_consistency(old, new, ROOTS[old], ROOTS[new], path[:number])
        flipped = bytearray(path[number])
        flipped[data.draw(st.integers(0, 31))] ^= 0x10
        changed = [*path[:number], bytes(flipped), *path[number + 1 :]]
        assert not verify_consistency(old, new, ROOTS[old], ROOTS[new], changed)


def test_sizes_that_are_equal_need_no_path_and_allow_none():
    assert verify_consistency(5, 5, ROOTS[5], ROOTS[5], [])
    assert not verify_consistency(5, 5, ROOTS[5], ROOTS[6], [])
    assert not verify_consistency(5, 5, ROOTS[5], ROOTS[5], [ROOTS[5]])


def test_questions_that_have_no_answer_are_refused():
    for work in (
        lambda: TREE.root(MOST + 1),
        lambda: TREE.root(-1),
        lambda: TREE.inclusion(0, 0),
        lambda: TREE.inclusion(5, 5),
        lambda: TREE.inclusion(-1, 5),
        lambda: TREE.inclusion(0, MOST + 1),
        lambda: TREE.consistency(0, 5),
        lambda: TREE.consistency(6, 5),
        lambda: TREE.consistency(1, MOST + 1),
        lambda: Tree().append(b"short"),
        lambda: Tree([b""]),
        lambda: CompactRange(3, [HASHES[0]]),
        lambda: CompactRange(1, [b"short"]),
        lambda: CompactRange(0, [HASHES[0]]),
    ):
        with pytest.raises(Malformed):
            work()


# ---------------------------------------------------------------- vectors
def _raw(text):
    return base64.b64decode(text) if text else b""


def judge(case):
    path = [_raw(item) for item in case["proof"] or []]
    if case["kind"] == "inclusion":
        return verify_inclusion(
            _raw(case["leafHash"]), case["leafIdx"], case["treeSize"], path, _raw(case["root"])
        )
    return verify_consistency(
        case["size1"], case["size2"], _raw(case["root1"]), _raw(case["root2"]), path
    )


# Written decision: every hash has 32 bytes. The vectors accept two equal heads of one size
# without looking at them, in this case the words "don't care 2"; a head that is no hash proves
# nothing here, so it is refused. It is the one case in which we differ.
DECIDED = {"consistency/additional/sizes-are-equal-one-and-proof-is-empty.json"}


@pytest.mark.parametrize(
    "path, count",
    [(HERE / "merkle-some.jsonl", 39), (SHARED / "merkle-rfc6962.jsonl", 196)],
    ids=["copy", "shared"],
)
def test_the_vectors_of_transparency_dev(path, count):
    if not path.exists():
        pytest.skip("the shared vectors are not beside this checkout")
    cases = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    cases = [case for case in cases if case["kind"] in ("inclusion", "consistency")]
    assert len(cases) == count
    differ = {case["path"] for case in cases if judge(case) == case["wantErr"]}
    assert differ == DECIDED
    for case in cases:
        if case["path"] in DECIDED:
            assert not judge(case)
            assert {len(_raw(case["root1"])), len(_raw(case["root2"]))} != {32}


@pytest.mark.parametrize("folder", [HERE, SHARED], ids=["copy", "shared"])
def test_the_roots_of_the_classic_tree(folder):
    if not (folder / "rfc6962-known-roots.json").exists():
        pytest.skip("the shared vectors are not beside this checkout")
    vector = json.loads((folder / "rfc6962-known-roots.json").read_text("utf-8"))
    tree = Tree()
    assert tree.root().hex() == vector["empty_root_hex"]
    for leaf, root in zip(vector["leaves_hex"], vector["root_after_n_hex"], strict=True):
        tree.append(leaf_hash(bytes.fromhex(leaf)))
        assert tree.root().hex() == root
