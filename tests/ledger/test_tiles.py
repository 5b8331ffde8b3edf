"""Tiles: their paths, bundles of entries, tiles of hashes, whole and partial."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.kernel.errors import Malformed
from safeconduct.ledger.merkle import Tree, leaf_hash, node_hash
from safeconduct.ledger.tiles import (
    MAX_ENTRY,
    WIDTH,
    decode_bundle,
    decode_hash_tile,
    encode_bundle,
    hash_tile,
    index_path,
    parse_index_path,
)


@pytest.mark.parametrize(
    "number, path",
    [
        (0, "000"),
        (7, "007"),
        (999, "999"),
        (1_000, "x001/000"),
        (1_234_067, "x001/x234/067"),
        (999_999, "x999/999"),
        (1_000_000, "x001/x000/000"),
    ],
)
def test_paths_are_those_of_the_specification(number, path):
    assert index_path(number) == path
    assert parse_index_path(path) == (number, WIDTH)
    assert parse_index_path(f"{path}.p/7") == (number, 7)


@given(st.integers(0, 2**54), st.integers(1, WIDTH))
def test_a_path_comes_back(number, width):
    partial = "" if width == WIDTH else f".p/{width}"
    assert parse_index_path(index_path(number) + partial) == (number, width)


@pytest.mark.parametrize(
    "path",
    ["", "0", "00", "0000", "x000/067", "x000/x234/067", "001/234", "x001", "x01/000", "x001/x000",
     "/000", "000/", "000.p/0", "000.p/256", "000.p/257", "000.p/01", "000.p/", "000.p/-1", "..",
     "000.P/1", "X001/000", "000.p/1/2", "-01", "\u0660\u0660\u0660", "000.p/\u0667"],
)  # fmt: skip
def test_another_path_is_refused(path):
    with pytest.raises(Malformed):
        parse_index_path(path)


@pytest.mark.parametrize("path", ["000\n", "000.p/7\n"])
def test_a_path_followed_by_a_line_end_is_refused(path):
    with pytest.raises(Malformed):
        parse_index_path(path)


# ---------------------------------------------------------------- bundles
entries = st.lists(st.binary(max_size=300), max_size=8)


@given(entries)
def test_a_bundle_comes_back(items):
    data = encode_bundle(items)
    assert len(data) == sum(2 + len(item) for item in items)
    assert decode_bundle(data, len(items)) == items


@given(entries.filter(bool), st.data())
def test_a_bundle_cut_short_or_of_another_count_is_refused(items, data):
    whole = encode_bundle(items)
    cut = data.draw(st.integers(0, len(whole) - 1))
    for count in {len(items) - 1, len(items) + 1}:
        with pytest.raises(Malformed):
            decode_bundle(whole, count)
    with pytest.raises(Malformed):
        decode_bundle(whole[:cut], len(items))
    with pytest.raises(Malformed, match="cut off"):
        decode_bundle(whole + b"\x00", len(items))


def test_the_largest_entry_fits_and_no_larger_one():
    assert decode_bundle(encode_bundle([bytes(MAX_ENTRY)]), 1) == [bytes(MAX_ENTRY)]
    with pytest.raises(Malformed, match="65535"):
        encode_bundle([bytes(MAX_ENTRY + 1)])


# ---------------------------------------------------------------- hashes
LEAVES = [leaf_hash(number.to_bytes(3, "big")) for number in range(3 * WIDTH + 5)]
TREE = Tree(LEAVES)


def test_a_tile_of_leaves_holds_their_hashes():
    assert decode_hash_tile(hash_tile(TREE, 0, 0, WIDTH), WIDTH) == LEAVES[:WIDTH]
    assert decode_hash_tile(hash_tile(TREE, 0, 3, 5), 5) == LEAVES[3 * WIDTH :]


def test_a_tile_above_holds_the_roots_of_the_tiles_below():
    above = decode_hash_tile(hash_tile(TREE, 1, 0, 3), 3)
    for number, root in enumerate(above):
        level = decode_hash_tile(hash_tile(TREE, 0, number, WIDTH), WIDTH)
        while len(level) > 1:
            level = [node_hash(a, b) for a, b in zip(level[::2], level[1::2], strict=True)]
        assert level == [root]


@pytest.mark.parametrize(
    "level, number, width", [(0, 3, 6), (0, 4, 1), (1, 0, 4), (1, 1, 1), (2, 0, 1), (9, 0, 1)]
)
def test_a_tile_that_the_tree_does_not_have_is_refused(level, number, width):
    with pytest.raises(Malformed, match="no tile"):
        hash_tile(TREE, level, number, width)


@pytest.mark.parametrize("size", [0, 31, 33, 63])
def test_a_tile_of_another_length_is_refused(size):
    with pytest.raises(Malformed, match="bytes"):
        decode_hash_tile(bytes(size), 2)
