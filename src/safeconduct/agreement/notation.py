"""The notation of an agreement: strict YAML (`kernel.yamltext`), with complaints that name clauses.

A drafter looks for the clause first and for the line second, so every refusal names both.
"""

from typing import Any

from safeconduct.kernel import yamltext
from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.yamltext import Path, Tree


def clause_at(value: Any, path: Path) -> str | None:
    """The id of the clause or standard within which a path lies, as far as it has been read."""
    if len(path) < 2 or path[0] not in ("clauses", "standards") or not isinstance(value, dict):
        return None
    items = value.get(path[0])
    if not isinstance(items, list) or not isinstance(path[1], int) or path[1] >= len(items):
        return None
    item = items[path[1]]
    found = item.get("id" if path[0] == "clauses" else "clause") if isinstance(item, dict) else None
    return found if isinstance(found, str) else None


def complaint(
    value: Any, path: Path, line: int, what: str, why: str = "", do: str = ""
) -> Malformed:
    """A `Malformed` that names line, place in the text and clause."""
    clause = clause_at(value, path)
    spot = f"line {line}" + (f", clause {clause}" if clause else "")
    return Malformed(f"{spot}: {what}", why=why, do=do, clause=clause)


def read(text: str) -> Tree:
    """Read a text strictly; its value is a mapping.

    Raises:
        Malformed: names line, clause, what is wrong, why it is refused and what to write.
    """
    tree = yamltext.read(text, complain=complaint)
    if not isinstance(tree.value, dict):
        raise Malformed(
            "the text is empty or not a mapping", do="begin with safeconduct: agreement/1"
        )
    return tree
