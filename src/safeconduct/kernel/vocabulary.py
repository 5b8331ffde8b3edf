"""How a room declares its words: record types, their fields, authors and milestone forms.

The notation of fields is that of the project's vocabulary: `name` with marks `!` join key,
`~` personal, `^` secret until released, `?` optional, and `:type` (a `!` field without one is
an id or an agreement name). `{a/b}` is a closed choice.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from safeconduct.kernel.errors import Malformed

ACTS = (
    "observe",
    "co-ordinate",
    "request",
    "object",
    "approve",
    "task",
    "deploy",
    "release",
    "disclose",
)
"""The nine acts of an agreement."""

CLASSES = (
    "treaty",
    "owed",
    "move",
    "plan",
    "track",
    "cordon",
    "people",
    "alarm",
    "access",
    "threat",
    "review",
    "voice",
)
"""Visibility and retention classes."""

SHARED = ("source", "party", "acting", "by")
"""Attributes that a rule may name as if they were fields of every type."""

DIMENSIONS = {
    "t": "instant",
    "ms": "duration",
    "min": "duration",
    "m": "length",
    "mm": "length",
    "ml": "volume",
    "pm": "ratio",
    "n": "count",
}
"""What an integer field measures; units of one dimension are converted, others never compared."""

LATEST = 7_258_118_400_000
"""The last instant that a field may name, 2200-01-01, in milliseconds; later ones are slips."""

_TYPES = {
    "id",
    "t",
    "ms",
    "m",
    "mm",
    "ml",
    "min",
    "pm",
    "n",
    "bool",
    "text",
    "hash",
    "ref",
    "list",
    "name",
}
_FIELD = re.compile(r"^([a-z][a-z_]*)([!~^?]*)(?::([a-z]+|\{[a-z0-9_/]+\}))?(\?)?$")


class Field(msgspec.Struct, frozen=True):
    """One field of a record type."""

    name: str
    type: str
    key: bool = False
    personal: bool = False
    secret: bool = False
    optional: bool = False
    choices: tuple[str, ...] = ()

    @property
    def sealed(self) -> bool:
        """Whether the value is its own salted commitment, so that it can stay closed."""
        return self.personal or self.secret

    @property
    def dimension(self) -> str | None:
        """What an integer field measures, or None."""
        return DIMENSIONS.get(self.type)


class RecordType(msgspec.Struct, frozen=True):
    """One word for one fact.

    `kinds` holds letters: S signed by a person or device, N made by a node, D derived, T segment.
    `author` lists who may author it: `act @ place kind`, `self`, `person` or `node`.
    `identity` names the fields by which `valid` finds the newest record of one thing.
    `shows` names the fields that the milestone form opens; `words` are its words.
    """

    alias: str
    name: str
    meaning: str
    kinds: str
    author: tuple[str, ...]
    fields: tuple[Field, ...]
    class_name: str
    words: str
    shows: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    schema: int = 1

    def field(self, name: str) -> Field | None:
        """The field of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the join keys, in declared order."""
        return tuple(field.name for field in self.fields if field.key)


def parse_fields(text: str) -> tuple[Field, ...]:
    """Fields from the vocabulary's notation.

    Raises:
        Malformed: names the part that does not read.
    """
    out: list[Field] = []
    for part in text.split():
        match = _FIELD.match(part)
        if match is None:
            raise Malformed(f"the field {part!r} does not read")
        name, marks, kind, late = match[1], match[2], match[3] or "", match[4] or ""
        marks += late
        choices: tuple[str, ...] = ()
        if kind.startswith("{"):
            choices, kind = tuple(kind[1:-1].split("/")), "choice"
        elif not kind:
            kind = "id"
        if kind != "choice" and kind not in _TYPES:
            raise Malformed(f"the field {part!r} has no known type")
        if len(set(marks)) < len(marks) or not all(choices):
            raise Malformed(f"the field {part!r} does not read")
        if any(field.name == name for field in out):
            raise Malformed(f"the field {name!r} stands twice")
        if name in SHARED:
            raise Malformed(f"no type may have a field of the name {name!r}")
        out.append(
            Field(
                name,
                kind,
                key="!" in marks,
                personal="~" in marks,
                secret="^" in marks,
                optional="?" in marks,
                choices=choices,
            )
        )
    return tuple(out)


def record_type(  # noqa: PLR0913 - the columns of the vocabulary
    alias: str,
    name: str,
    meaning: str,
    *,
    kinds: str,
    author: str,
    fields: str,
    class_name: str,
    milestone: str,
    shows: str = "",
    identity: str = "",
) -> RecordType:
    """Declare a record type in the vocabulary's notation; authors are parted by `;`."""
    if class_name not in CLASSES:
        raise Malformed(f"{class_name!r} is not a class")
    return RecordType(
        alias=alias,
        name=name,
        meaning=meaning,
        kinds=kinds,
        author=tuple(part.strip() for part in author.split(";")),
        fields=parse_fields(fields),
        class_name=class_name,
        words=milestone,
        shows=tuple(shows.split()),
        identity=tuple(identity.split()),
    )


class Vocabulary(msgspec.Struct, frozen=True):
    """All the types that the rooms declare, by alias and by name."""

    by_alias: Mapping[str, RecordType]
    by_name: Mapping[str, RecordType]

    @classmethod
    def of(cls, types: Iterable[RecordType]) -> "Vocabulary":
        """Collect types; two with one alias or name is a defect of the program."""
        by_alias: dict[str, RecordType] = {}
        by_name: dict[str, RecordType] = {}
        for item in types:
            if item.alias in by_alias or item.name in by_name:
                raise Malformed(f"the type {item.alias} is declared twice")
            by_alias[item.alias] = item
            by_name[item.name] = item
        return cls(by_alias, by_name)


def check_data(kind: RecordType, data: Mapping[str, Any], *, sealed: Iterable[str] = ()) -> None:
    """Check field values against their type's declaration.

    Args:
        kind: the record type.
        data: the open values.
        sealed: names of fields whose values stay closed here.

    Raises:
        Malformed: names type, field, reason and what would be valid.
    """
    closed = set(sealed)
    known = {field.name: field for field in kind.fields}
    for name in (*data, *closed):
        if name not in known:
            raise Malformed(
                f"{kind.alias} has no field {name!r}", do=f"its fields are {', '.join(known)}"
            )
    for field in kind.fields:
        if field.name in closed:
            if not field.sealed:
                raise Malformed(f"{kind.alias}.{field.name} may not be sealed")
            continue
        if field.name not in data:
            if field.optional:
                continue
            raise Malformed(f"{kind.alias} lacks the field {field.name!r}")
        _check_value(kind.alias, field, data[field.name])


def _check_value(alias: str, field: Field, value: Any) -> None:
    where = f"{alias}.{field.name}"
    if field.type == "choice":
        if value not in field.choices:
            raise Malformed(f"{where} is {value!r}", do=f"choose one of {', '.join(field.choices)}")
    elif field.type == "bool":
        if not isinstance(value, bool):
            raise Malformed(f"{where} is not true or false")
    elif field.type in DIMENSIONS:
        if not isinstance(value, int) or isinstance(value, bool):
            raise Malformed(f"{where} is not a whole number")
        if value < 0:
            raise Malformed(f"{where} is negative")
        if field.type == "t" and value > LATEST:
            raise Malformed(f"{where} lies after the year 2200", do="give milliseconds since 1970")
    elif field.type == "list":
        if not isinstance(value, list):
            raise Malformed(f"{where} is not a list")
    elif not isinstance(value, str) or not value or len(value) > 2_000:
        raise Malformed(f"{where} is not a text of 1 to 2,000 characters")
