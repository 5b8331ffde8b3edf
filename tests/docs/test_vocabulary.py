"""The rooms' record types are those of the shared vocabulary, save for what is listed here."""

import re
from pathlib import Path

import pytest

from safeconduct.kernel.vocabulary import Field, parse_fields
from safeconduct.node.vocabulary import VOCABULARY

TABLE = Path(__file__).resolve().parents[3] / "shared" / "design" / "vocabulary.md"

DEVIATIONS = {
    ("refused", "kinds"): "a clause refuses a person's record, and the node writes it down (0003)",
    ("ordered", "field gate"): "joins a hold on a gate zone to the movement that passes it (0003)",
    ("changed", "field gate"): "another gate is another road, and the hold follows it (0003)",
}
"""What differs, and why; the decision record docs/decisions/0003-words.md says it at length."""


class Row:
    """One row of the table, read."""

    def __init__(self, cells: list[str]) -> None:
        self.alias = cells[0].strip("`")
        self.name = cells[1]
        self.kinds = set(re.findall(r"\b[SNDT]\b", cells[3]))
        self.fields = parse_fields(cells[5])
        self.class_name = cells[6].partition(":")[0].strip()


def rows() -> dict[str, Row]:
    """Section 3's rows by alias."""
    if not TABLE.exists():
        return {}
    text = TABLE.read_text(encoding="utf-8")
    section = text.split("\n## 3. Types", 1)[1].split("\n## 4.", 1)[0]
    found = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("| `") and len(cells) >= 7:
            found[cells[0].strip("`")] = Row(cells)
    return found


ROWS = rows()
needs_table = pytest.mark.skipif(
    not ROWS, reason="the shared vocabulary is not beside this repository: nothing to compare with"
)


def shape(field: Field) -> tuple[object, ...]:
    return (field.type, field.key, field.personal, field.secret, field.optional, field.choices)


def differences(alias: str) -> set[str]:
    """What of a type is not as the table says."""
    kind, row = VOCABULARY.by_alias[alias], ROWS.get(alias)
    if row is None:
        return {"alias"}
    found = set()
    if kind.name != row.name:
        found.add("name")
    if set(kind.kinds) != row.kinds:
        found.add("kinds")
    if kind.class_name != row.class_name:
        found.add("class")
    ours = {field.name: shape(field) for field in kind.fields}
    theirs = {field.name: shape(field) for field in row.fields}
    found |= {f"field {n}" for n in ours.keys() | theirs.keys() if ours.get(n) != theirs.get(n)}
    shared = [name for name in ours if name in theirs]
    if shared != [name for name in theirs if name in ours]:
        found.add("order of fields")
    return found


@needs_table
def test_the_table_was_read_whole() -> None:
    text = TABLE.read_text(encoding="utf-8")
    said = re.search(r"\n## 3\. Types \((\d+)\)", text)
    assert said is not None
    # The heading counts types; the table is read by its rows.
    assert len(ROWS) == int(said[1]), sorted(ROWS)


@needs_table
@pytest.mark.parametrize("alias", sorted(VOCABULARY.by_alias))
def test_a_type_is_as_the_vocabulary_has_it(alias: str) -> None:
    listed = {what for name, what in DEVIATIONS if name == alias}
    assert differences(alias) == listed


def test_every_deviation_has_a_reason_and_a_type_that_exists() -> None:
    assert all(reason for reason in DEVIATIONS.values())
    assert {alias for alias, _ in DEVIATIONS} <= set(VOCABULARY.by_alias)
