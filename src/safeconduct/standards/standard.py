"""A standard: one rule with its envelope, read strictly from YAML or from an agreement."""

from collections.abc import Mapping
from typing import Any

import msgspec

from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.instants import parse_instant
from safeconduct.kernel.yamltext import Path, Tree, read
from safeconduct.standards.grammar import parse_rule
from safeconduct.standards.language import PATTERN, Rule

HEADER = "standards/1"
LANGUAGES = ("en", "zh", "ur")
SEVERITIES = ("critical", "high", "other")

MAX_DEPTH = 8
"""Twice what a standard needs."""

_REQUIRED = ("id", "version", "clause", "title", "severity", "owner", "ours", "rule")
_OPTIONAL = ("source", "in_force")
_SHAPE = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_"


class Standard(msgspec.Struct, frozen=True):
    """A standard as an agreement states it.

    `title` maps en (always), zh and ur to a sentence. `ours` says that its numbers are made up
    here; otherwise `source` says where they are from. `in_force_from` (inclusive) and
    `in_force_until` (exclusive) are milliseconds UTC or None; the trigger's time decides.
    """

    id: str
    version: int
    clause: str
    title: Mapping[str, str]
    severity: str
    owner: str
    ours: bool
    source: str | None
    in_force_from: int | None
    in_force_until: int | None
    text: str
    rule: Rule

    @property
    def pattern(self) -> str:
        """Kind of rule: response, precondition, periodic, standing, apart or never."""
        return PATTERN[type(self.rule)]

    def in_force(self, t: int) -> bool:
        """Whether the standard governs a trigger at that instant."""
        return (self.in_force_from is None or self.in_force_from <= t) and (
            self.in_force_until is None or t < self.in_force_until
        )


class Spot(msgspec.Struct, frozen=True):
    """Where an item stands in its file; without a tree it came from an agreement."""

    tree: Tree | None
    path: Path

    def line(self, key: str) -> int:
        """The line of the value of a key; 1 if there is none."""
        return self.tree.lines.get((*self.path, key), 1) if self.tree is not None else 1

    def at(self, key: str) -> str:
        """The same for a message: `, line 9`, or nothing."""
        known = self.tree is not None and (*self.path, key) in self.tree.lines
        return f", line {self.line(key)}" if known else ""


def load_standards(text: str) -> tuple[Standard, ...]:
    """Standards from the YAML envelope (`safeconduct: standards/1`).

    Raises:
        Malformed: line, what, why and what to do; duplicate or unknown keys, floats, aliases,
            tags, missing fields and rules that do not parse are all refused.
    """
    # The guide writes the instants of `in_force` without quotes.
    tree = read(text, max_depth=MAX_DEPTH, bare_instants=True)
    value = tree.value
    if not isinstance(value, dict):
        raise Malformed("the file is not a mapping", do=f"begin it with `safeconduct: {HEADER}`")
    if value.get("safeconduct") != HEADER:
        raise Malformed(
            f"the file does not say `safeconduct: {HEADER}`",
            why="without it nothing says which notation the rules are in",
            do=f"write `safeconduct: {HEADER}` in its first line",
        )
    for key in value:
        if key not in ("safeconduct", "standards"):
            raise Malformed(f"line {tree.line((key,))}: unknown key {key!r}", do="write standards")
    items = value.get("standards")
    if not isinstance(items, list):
        raise Malformed("`standards` is not a list", do="write each standard as `- id: ...`")
    return _standards(items, tree)


def standards_from(items: list[Any]) -> tuple[Standard, ...]:
    """Standards from values already parsed, as an agreement carries them.

    Raises:
        Malformed: as `load_standards`; also when one id and version stands twice.
    """
    return _standards(items, None)


def _standards(items: list[Any], tree: Tree | None) -> tuple[Standard, ...]:
    out: dict[tuple[str, int], Standard] = {}
    for number, item in enumerate(items, 1):
        standard = _standard(item, number, Spot(tree, ("standards", number - 1)))
        if (standard.id, standard.version) in out:
            raise Malformed(
                f"standard {standard.id}: version {standard.version} stands twice",
                do="raise the version of the newer one",
            )
        out[standard.id, standard.version] = standard
    return tuple(out.values())


def _standard(item: Any, number: int, spot: Spot) -> Standard:
    if not isinstance(item, dict):
        raise Malformed(f"standard number {number} is not a mapping", do="write `id: ...` in it")
    name = item.get("id")
    if not isinstance(name, str) or not name or len(name) > 80 or not set(name) <= set(_SHAPE):
        raise Malformed(
            f"standard number {number}{spot.at('id')}: the id {name!r} is not a name",
            do="write letters, digits, - _ and . only, at most 80, in quotes if it looks a number",
        )
    where = f"standard {name}"
    for key in item:
        if key not in _REQUIRED and key not in _OPTIONAL:
            raise Malformed(
                f"{where}{spot.at(key)}: unknown key {key!r}",
                do=f"its keys are {', '.join(_REQUIRED + _OPTIONAL)}",
            )
    for key in _REQUIRED:
        if key not in item:
            raise Malformed(f"{where}: {key!r} is missing", do=f"write `{key}:`")
    _check_values(item, where, spot)
    start, end = _in_force(item, where, spot)
    return Standard(
        id=name,
        version=item["version"],
        clause=item["clause"],
        title=_title(item, where, spot),
        severity=item["severity"],
        owner=item["owner"],
        ours=item["ours"],
        source=item.get("source"),
        in_force_from=start,
        in_force_until=end,
        text=item["rule"].strip(),
        rule=parse_rule(item["rule"].strip(), name, spot.line("rule")),
    )


def _check_values(item: dict[str, Any], where: str, spot: Spot) -> None:
    version = item["version"]
    if not isinstance(version, int) or isinstance(version, bool) or not 0 < version < 2**31:
        raise Malformed(f"{where}{spot.at('version')}: the version is not a whole number from 1")
    for key in ("clause", "owner", "rule", *(["source"] if "source" in item else [])):
        if not isinstance(item[key], str) or not item[key].strip():
            raise Malformed(
                f"{where}{spot.at(key)}: {key} is not a text",
                do='put it in quotes, for example "7.2"' if key == "clause" else "write a text",
            )
    if item["severity"] not in SEVERITIES:
        raise Malformed(
            f"{where}{spot.at('severity')}: the severity is {item['severity']!r}",
            do=f"choose one of {', '.join(SEVERITIES)}",
        )
    if not isinstance(item["ours"], bool):
        raise Malformed(f"{where}{spot.at('ours')}: ours is not true or false")
    if not item["ours"] and "source" not in item:
        raise Malformed(
            f"{where}: not ours, but without a source",
            why="a number that is not ours must say where it is from",
            do="write `source:` with the text and its clause, or `ours: true`",
        )


def _title(item: dict[str, Any], where: str, spot: Spot) -> dict[str, str]:
    title = item["title"]
    if not isinstance(title, dict) or "en" not in title:
        raise Malformed(f"{where}{spot.at('title')}: the title has no English", do="write `en:`")
    for key, text in title.items():
        if key not in LANGUAGES:
            raise Malformed(f"{where}{spot.at('title')}: the title has no language {key!r}")
        if not isinstance(text, str) or not text.strip():
            raise Malformed(f"{where}{spot.at('title')}: the title in {key} is not a text")
    return dict(title)


def _in_force(item: dict[str, Any], where: str, spot: Spot) -> tuple[int | None, int | None]:
    if "in_force" not in item:
        return None, None
    value = item["in_force"]
    here = f"{where}{spot.at('in_force')}"
    if not isinstance(value, dict) or not set(value) <= {"from", "until"} or not value:
        raise Malformed(f"{here}: in_force has `from` and `until`, and nothing else")
    out: list[int | None] = []
    for key in ("from", "until"):
        moment = value.get(key)
        if isinstance(moment, str):
            moment = parse_instant(moment)
        left_open = moment is None and (key == "until" or key not in value)
        if not left_open and (not isinstance(moment, int) or isinstance(moment, bool)):
            raise Malformed(f"{here}: {key} is not an instant", do="write 2027-03-01T00:00:00Z")
        out.append(moment)
    start, end = out
    if start is not None and end is not None and end <= start:
        raise Malformed(f"{here}: it ends before it begins")
    return start, end
