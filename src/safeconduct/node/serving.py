"""Serving the peer: the head, tiles of leaves, and bodies in the form that a clause gives."""

from safeconduct import agreement as agreements
from safeconduct.federation import forms
from safeconduct.federation.forms import Parcel
from safeconduct.kernel.errors import Refused
from safeconduct.ledger.notes import Note
from safeconduct.ledger.tiles import WIDTH, encode_bundle, hash_tile
from safeconduct.node.node import Node

TREATY = "treaty"
MAX_LEVEL = 6
"""Tiles of tlog-tiles have levels 0 to 5."""


def head(node: Node, at_most: int) -> Note:
    """The newest published head of at most that size; the first beyond it if there is none."""
    notes = node.journal.notes()
    if not notes:
        raise Refused(
            "this log has no published head yet", do="ask again after the next checkpoint"
        )
    fitting = [note for size, note in notes if size <= at_most]
    return fitting[-1] if fitting else notes[0][1]


def entries(node: Node, number: int, width: int) -> bytes:
    """A bundle of leaves, if that many stand under a published head."""
    published = max((size for size, _ in node.journal.notes()), default=0)
    start = number * WIDTH
    if start + width > published:
        raise Refused(f"no published head covers {start + width} leaves")
    return encode_bundle([node.journal.leaf(start + offset) for offset in range(width)])


def hashes(node: Node, level: int, number: int, width: int) -> bytes:
    """A tile of hashes of complete subtrees, as far as published heads reach."""
    published = max((size for size, _ in node.journal.notes()), default=0)
    if not 0 <= level < MAX_LEVEL or (number * WIDTH + width) << (8 * level) > published:
        raise Refused(f"no published head covers the tile {level}/{number}")
    return hash_tile(node.journal.tree, level, number, width)


def parcels(node: Node, viewer: str, start: int, limit: int) -> list[Parcel]:
    """What the other party gets of each published leaf, from `start` on.

    Before an agreement is in force only what belongs to the treaty itself is shown.
    """
    published = max((size for size, _ in node.journal.notes()), default=0)
    return [
        parcel(node, viewer, position) for position in range(start, min(published, start + limit))
    ]


def parcel(node: Node, viewer: str, position: int) -> Parcel:
    """What the other party gets of one leaf: full, milestone or withheld, under its clause."""
    entry, fact = node.journal.entry(position), node.journal.fact(position)
    kind = node.vocabulary.by_name.get(fact.record.type) if fact is not None else None
    if entry is None or fact is None or kind is None:
        return forms.withheld(position, node.text.silence)
    if fact.record.party == viewer:
        return forms.full(position, kind, entry)
    view = agreements.view(node.text, kind.class_name, viewer, node.party)
    if not node.in_force and kind.class_name != TREATY:
        return forms.withheld(position, node.text.silence)
    if view.form == "full":
        return forms.full(position, kind, entry)
    if view.form == "milestone":
        return forms.milestone(node.file.origin, kind, fact, view.clause, node.key)
    return forms.withheld(position, view.clause)
