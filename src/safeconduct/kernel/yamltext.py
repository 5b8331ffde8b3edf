"""The one way in which YAML is read here: a strict subset, without any guessing.

Two people who read one text must read one value. So this reader knows texts, whole numbers,
`true`, `false` and `null`, lists and mappings, and refuses whatever another YAML reader may take
for something else: floats, dates, `yes` and `no`, `0x10`, empty values, doubled keys, anchors,
tags, merge keys, control characters and marks that turn the direction of writing round.

Canonical JSON without such characters is in the subset and reads back equal.

The tree is built from parser events in one loop, so that a text of a hundred thousand opening
brackets costs nothing but a refusal.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec
import yaml

from safeconduct.kernel.canonical import LIMIT
from safeconduct.kernel.errors import Malformed

MAX_CHARACTERS = 1_000_000
"""Ten times the largest text there is; bounds time and memory before anything is read."""

MAX_DEPTH = 24
"""Deeper than any part of an agreement; below the bound of canonical bytes."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_INT = re.compile(r"(0|-?[1-9][0-9]{0,15})\Z")
_FLOAT = re.compile(
    r"[-+]?([0-9][0-9_]*)?\.[0-9_]*([eE][-+]?[0-9]+)?\Z|[-+]?[0-9]+[eE][-+]?[0-9]+\Z"
    r"|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*\Z|[-+]?\.((?i:inf|nan))\Z"
)
_ODD_INT = re.compile(
    r"[-+]?0[xob]?[0-9a-fA-F_]+\Z|[-+]?[0-9][0-9_]*\Z|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\Z"
)
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([Tt \t].*)?\Z")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,3})?Z\Z")
_ODD_BOOL = re.compile(r"(y|yes|n|no|on|off|true|false)\Z", re.IGNORECASE)
_ODD_NULL = re.compile(r"(~|null)?\Z", re.IGNORECASE)
_ODD_WORD = re.compile(r"(<<|=)\Z")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_HALF = re.compile("[\ud800-\udfff]")

_DOUBTS = (
    (
        _FLOAT,
        "{} is a float",
        "unquoted, the clauses 7.1 and 7.10 would be one number; signed data has no floats",
        'write "{}" in quotes if it is a clause, or a whole number in a smaller unit',
    ),
    (
        _DATE,
        "{} is a bare date",
        "readers turn it into different values",
        'write it in quotes: "{}"',
    ),
    (
        _ODD_BOOL,
        "{} is read as true or false by some readers and as text by others",
        "",
        'write true or false, or "{}" in quotes',
    ),
    (_ODD_NULL, "a value is empty", "", "write the value, or null"),
    (
        _ODD_INT,
        "{} is read as different numbers by different readers",
        "",
        'write a plain whole number, or "{}" in quotes',
    ),
    (_ODD_WORD, "{} means something else to some readers", "", 'write "{}" in quotes'),
)
"""Unquoted texts about which readers disagree: which, what is said, why, and what to write."""

Path = tuple[str | int, ...]
"""The way to a part of a value: keys and places in lists."""

Complain = Callable[[Any, Path, int, str, str, str], Malformed]
"""Makes the refusal from the value read so far, path, line, what, why and what to do."""


class Tree(msgspec.Struct, frozen=True):
    """A read text: its plain value, and for each path the line and the span where it stands."""

    value: Any
    lines: dict[Path, int]
    spans: dict[Path, tuple[int, int]]

    def line(self, path: Path) -> int:
        """The line of a path, or that of the nearest part around it."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


def complaint(_value: Any, _path: Path, line: int, what: str, why: str, do: str) -> Malformed:
    """A `Malformed` that names the line."""
    return Malformed(f"line {line}: {what}", why=why, do=do)


def read(
    text: str,
    *,
    complain: Complain = complaint,
    max_depth: int = MAX_DEPTH,
    bare_instants: bool = False,
) -> Tree:
    """Read a text strictly. The value of an empty text is None.

    Args:
        text: the YAML text, as a file holds it.
        complain: says how a refusal is worded that concerns one part of the text.
        max_depth: how many lists and mappings may stand in each other.
        bare_instants: whether `2027-03-01T00:00:00Z` may stand without quotes; it is then a text.

    Raises:
        Malformed: names line, what is wrong, why it is refused and what to write.
    """
    if len(text) > MAX_CHARACTERS:
        raise Malformed(f"the text is longer than {MAX_CHARACTERS} characters")
    unseen = _UNSEEN.search(text)
    if unseen is not None:
        raise Malformed(
            f"line {text.count(chr(10), 0, unseen.start()) + 1}: the text holds the invisible "
            f"character U+{ord(unseen[0]):04X}",
            why="two readers could see different words under one hash",
            do="delete it",
        )
    try:
        return _Builder(complain, max_depth, bare_instants=bare_instants).build(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        spot = f"line {mark.line + 1}: " if mark is not None else ""
        raise Malformed(
            f"{spot}the text is not YAML", why=str(getattr(error, "problem", None) or error)
        ) from error
    except (ValueError, OverflowError) as error:  # the slower parser on `\UFFFFFFFF` and the like
        raise Malformed("the text is not YAML", why=str(error)) from error


class _Builder:
    """Builds one tree from parser events; `stack` holds open containers with their paths."""

    def __init__(self, complain: Complain, max_depth: int, *, bare_instants: bool) -> None:
        self.complain = complain
        self.max_depth = max_depth
        self.bare_instants = bare_instants
        self.root: Any = None
        self.documents = 0
        self.stack: list[tuple[Path, Any]] = []
        self.key: list[str | None] = []
        self.lines: dict[Path, int] = {}
        self.spans: dict[Path, tuple[int, int]] = {}

    def build(self, text: str) -> Tree:
        for event in yaml.parse(text, Loader=_LOADER):
            self.take(event)
        return Tree(self.root, self.lines, self.spans)

    def fail(self, event: Any, path: Path, what: str, why: str = "", do: str = "") -> Malformed:
        return self.complain(self.root, path, event.start_mark.line + 1, what, why, do)

    def here(self) -> Path:
        if not self.stack:
            return ()
        path, holder = self.stack[-1]
        if isinstance(holder, list):
            return (*path, len(holder))
        key = self.key[-1]
        return path if key is None else (*path, key)

    def take(self, event: Any) -> None:
        path = self.here()
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise self.fail(event, path, "a second document begins", do="one text, one file")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self.fail(
                event, path, "an anchor or alias is used", do="write the part out again"
            )
        if getattr(event, "tag", None):
            raise self.fail(event, path, f"the tag {event.tag!r} is used", do="leave it away")
        if isinstance(event, yaml.ScalarEvent):
            self.scalar(event, path)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self.open(event, path)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self.stack.pop()
            self.key.pop()

    def open(self, event: Any, path: Path) -> None:
        if self.stack and isinstance(self.stack[-1][1], dict) and self.key[-1] is None:
            raise self.fail(event, path, "a key is not a plain text")
        if len(self.stack) >= self.max_depth:
            raise self.fail(event, path, f"the text is nested deeper than {self.max_depth} levels")
        holder: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.put(event, path, holder)
        self.stack.append((path, holder))
        self.key.append(None)

    def put(self, event: Any, path: Path, value: Any) -> None:
        self.lines[path] = event.start_mark.line + 1
        self.spans[path] = (event.start_mark.index, event.end_mark.index)
        if not self.stack:
            self.root = value
        elif isinstance(self.stack[-1][1], list):
            self.stack[-1][1].append(value)
        else:
            self.stack[-1][1][self.key[-1]] = value
            self.key[-1] = None

    def scalar(self, event: Any, path: Path) -> None:
        if _HALF.search(event.value):
            raise self.fail(event, path, "a text holds half a surrogate pair", "it is not Unicode")
        if self.stack and isinstance(self.stack[-1][1], dict) and self.key[-1] is None:
            self.take_key(event, path)
        else:
            self.put(event, path, self.plain(event, path) if _plain(event) else event.value)

    def take_key(self, event: Any, path: Path) -> None:
        key = event.value
        if _plain(event) and key == "<<":
            raise self.fail(event, path, "a merge key is used", do="write the part out again")
        value = self.plain(event, path) if _plain(event) else key
        if not isinstance(value, str) or not key.isascii() or not key:
            raise self.fail(
                event, path, f"the key {key!r} is not ASCII text", do="quote or rename it"
            )
        if key in self.stack[-1][1]:
            raise self.fail(
                event, (*path, key), f"the key {key!r} stands twice", do="keep one of the two"
            )
        self.key[-1] = key
        self.lines[(*path, key)] = event.start_mark.line + 1

    def plain(self, event: Any, path: Path) -> Any:
        """The value of an unquoted scalar; whatever readers disagree about is refused."""
        text = event.value
        if text == "null":
            return None
        if text in ("true", "false"):
            return text == "true"
        if _INT.match(text):
            return self.whole(event, path)
        if self.bare_instants and _INSTANT.match(text):
            return text
        for doubtful, what, why, do in _DOUBTS:
            if doubtful.match(text):
                raise self.fail(event, path, what.format(text), why, do.format(text))
        return text

    def whole(self, event: Any, path: Path) -> int:
        number = int(event.value)
        if not -LIMIT < number < LIMIT:
            raise self.fail(
                event,
                path,
                f"the integer {number} is too large",
                "integers must lie strictly between -2**53 and 2**53",
                "choose a coarser unit",
            )
        return number


def _plain(event: Any) -> bool:
    """Whether a scalar is written without quotes; the two parsers of PyYAML say so differently."""
    return event.style in (None, "")
