"""Drafts: what a node itself puts on record, made from what the rooms computed.

A draft's record id is computed from its causes, so that the same records lead to the same ids
on every node and in every replay; only salts differ.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from safeconduct.kernel.errors import Refused
from safeconduct.kernel.ids import computed_id
from safeconduct.kernel.ports import Random
from safeconduct.kernel.records import SALT_BYTES, Record, seal_fields, subject_of
from safeconduct.kernel.signatures import Envelope, Key, seal
from safeconduct.kernel.vocabulary import Vocabulary, check_data

NODE = "node"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A record that is still to be numbered and signed. `causes` make its id."""

    alias: str
    values: Mapping[str, Any]
    time: int
    causes: tuple[str | int, ...]
    basis: tuple[str, ...] = ()
    rev: int = 0

    @property
    def id(self) -> str:
        """The record id: computed, equal wherever the causes are equal."""
        return computed_id("computed", self.alias, *self.causes)


class Author(msgspec.Struct, frozen=True):
    """Who signs on a party's behalf: the key, and the source and role it writes under."""

    party: str
    source: str
    acting: str
    by: str
    key: Key


def sign_record(  # noqa: PLR0913 - a record has that many attributes
    vocabulary: Vocabulary,
    author: Author,
    *,
    alias: str,
    values: Mapping[str, Any],
    record_id: str,
    seq: int,
    time: int,
    mode: str,
    salts: Random,
    agreement: str | None = None,
    prev: str | None = None,
    seen: str | None = None,
    rev: int = 0,
    replaces: str | None = None,
    basis: Sequence[str] = (),
    err: int = 0,
) -> tuple[Envelope, Record, dict[str, list[Any]]]:
    """Make and sign a record: fields checked, personal and secret ones sealed.

    Returns:
        `(envelope, record, openings of sealed fields)`.

    Raises:
        Malformed: the values do not fit the type.
        Refused: the vocabulary has no such type.
    """
    kind = vocabulary.by_alias.get(alias)
    if kind is None:
        raise Refused(
            f"there is no record type {alias!r}", do="see `safeconduct standards vocabulary`"
        )
    check_data(kind, values)
    fresh = {field.name: salts.draw(SALT_BYTES) for field in kind.fields if field.sealed}
    data, sealed, openings = seal_fields(kind, values, fresh)
    record = Record(
        id=record_id,
        type=kind.name,
        mode=mode,
        source=author.source,
        seq=seq,
        time=time,
        err=err,
        party=author.party,
        acting=author.acting,
        by=author.by,
        subject=subject_of(kind, values) or author.party,
        class_name=kind.class_name,
        data=data,
        sealed=sealed,
        agreement=agreement,
        prev=prev,
        seen=seen,
        rev=rev,
        replaces=replaces,
        basis=tuple(basis),
    )
    return seal(author.key, record.encode()), record, openings
