"""Documents that the code writes: records, the command line, settings.

    python tools/gen_docs.py            write docs/records.md, docs/cli.md, docs/settings.md
    python tools/gen_docs.py --check    compare only; 1 if one of them is out of date

`tests/docs/test_docs.py` compares byte for byte, so a type, command or number that is not in its
document fails the test run.
"""

import ast
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyclopts import App

from safeconduct.cli.main import app as root
from safeconduct.kernel.vocabulary import Field, RecordType
from safeconduct.node.vocabulary import VOCABULARY

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("safeconduct", "safeconduct_verify")
NOTE = (
    "<!-- Written by tools/gen_docs.py from the code. Do not edit: change the code, run it. -->\n"
)

KINDS = {
    "S": "signed by a person or device",
    "N": "made and signed by a node",
    "D": "derived; on record (made by a node) once a verdict cites it",
    "T": "a sealed segment of telemetry, made by a node",
}
TYPES = {
    "id": "id or agreement name",
    "t": "instant, ms UTC",
    "ms": "duration in ms",
    "min": "duration in minutes",
    "m": "metres",
    "mm": "millimetres",
    "ml": "millilitres",
    "pm": "per mille",
    "n": "count",
    "bool": "true or false",
    "text": "text",
    "hash": "hash",
    "ref": "record id",
    "list": "list",
    "name": "name",
}
EXITS = {
    0: "yes, kept or done",
    1: "refused, breached or not proven",
    2: "usage, or an input file that is malformed or unreadable",
    3: "own state unknown",
    4: "nothing breached but something cannot be told",
}


def _cell(text: object) -> str:
    """Text for a table's cell: one line, no bar that would end it."""
    return " ".join(str(text).split()).replace("|", "\\|")


def _row(*cells: object) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _table(head: tuple[str, ...], rows: list[str]) -> list[str]:
    return [_row(*head), _row(*("---" for _ in head)), *rows, ""]


# ------------------------------------------------------------------ records


def _marks(field: Field) -> str:
    words = {
        "join key": field.key,
        "personal": field.personal,
        "secret until released": field.secret,
        "optional": field.optional,
    }
    return ", ".join(word for word, set_ in words.items() if set_)


def _field(field: Field) -> str:
    kind = (
        "one of " + ", ".join(f"`{choice}`" for choice in field.choices)
        if field.choices
        else TYPES[field.type]
    )
    return _row(f"`{field.name}`", kind, _marks(field))


def _record(kind: RecordType) -> list[str]:
    kinds = "; or ".join(f"{letter}, {KINDS[letter]}" for letter in kind.kinds)
    shows = ", ".join(f"`{name}`" for name in kind.shows) or "nothing more"
    identity = ", ".join(f"`{name}`" for name in kind.identity)
    return [
        f"### `{kind.alias}`",
        "",
        f"`{kind.name}`, schema {kind.schema}: {kind.meaning}.",
        "",
        f"- Kind: {kinds}.",
        f"- Author: {'; '.join(f'`{author}`' for author in kind.author)}.",
        f"- Class: `{kind.class_name}`. Milestone: {kind.words}; it shows {shows}.",
        *([f"- `valid` finds the newest by {identity}."] if identity else []),
        "",
        *_table(("field", "type", "marks"), [_field(field) for field in kind.fields]),
    ]


def records() -> str:
    """`docs/records.md`: each record type, room by room."""
    out = [
        NOTE,
        "# Records",
        "",
        (
            f"The {len(VOCABULARY.by_alias)} record types that the rooms declare, by their "
            "short name. The same list: `safeconduct standards vocabulary --json`."
        ),
        "",
        (
            "Every record also has `id`, `type`, `schema`, `mode`, `source`, `seq`, `time`, "
            "`err`, `party`, `acting`, `by`, `subject`, `class`, and where they apply "
            "`agreement`, `prev`, `seen`, `upto`, `replaces`, `rev`, `basis` "
            "([kernel/records.py](../src/safeconduct/kernel/records.py)). A rule may name "
            "`source`, `party`, `acting` and `by` as if they were fields of each type."
        ),
        "",
        (
            "Marks: a *join key* is opened first when an absence must be shown; a *personal* "
            "or *secret* field is a salted commitment of its own, so that it can stay closed "
            "while the record is shown."
        ),
        "",
    ]
    room = ""
    for kind in VOCABULARY.by_alias.values():
        if (here := kind.name.split(".", maxsplit=1)[0]) != room:
            room = here
            out += [f"## {room}", ""]
        out += _record(kind)
    return "\n".join(out).rstrip() + "\n"


# ------------------------------------------------------------------ the command line


@dataclass(frozen=True)
class Parameter:
    """One parameter of a command, as the command line knows it."""

    names: tuple[str, ...]
    required: bool
    default: str
    variables: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Command:
    """One command with its words."""

    name: str
    text: str
    parameters: tuple[Parameter, ...]


_SECTION = re.compile(r"\n\s*Parameters\n\s*-+\n")
_ITEM = re.compile(r"^(\w+)(?:: (.*))?$")


def _docstring(text: str) -> tuple[str, dict[str, str]]:
    """Words of a command, and those of its parameters: `name: words`, or words indented below."""
    head, _, tail = _SECTION.sub("\0", inspect.cleandoc(text), count=1).partition("\0")
    about: dict[str, str] = {}
    name = ""
    for line in tail.splitlines():
        if match := _ITEM.match(line):
            name = match[1]
            about[name] = match[2] or ""
        elif name:
            about[name] = f"{about[name]} {line.strip()}".strip()
    return head.strip(), about


def _commands(app: App, path: tuple[str, ...]) -> Iterator[Command]:
    own = app.default_command
    if own is not None:
        text, about = _docstring(own.__doc__ or "")
        yield Command(" ".join(path), text, tuple(_parameters(app, about)))
    for name in app:
        if not name.startswith("-"):
            yield from _commands(app[name], (*path, name))


def _parameters(app: App, about: dict[str, str]) -> Iterator[Parameter]:
    for item in app.assemble_argument_collection():
        info, said = item.field_info, item.parameter
        words = next((about[name] for name in info.names if name in about), "")
        if not words:
            bare = [name.strip("-").replace("-", "_") for name in item.names]
            words = next((about[n] for b in bare for n in (b, f"{b}_") if n in about), "")
        default = "" if info.required else _default(info.default)
        variables = said.env_var if isinstance(said.env_var, tuple) else ()
        yield Parameter(tuple(item.names), info.required, default, variables, words)


def _default(value: Any) -> str:
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def commands() -> list[Command]:
    """Every command, in the order of the help pages."""
    return list(_commands(root, ("safeconduct",)))


def _module_words(name: str) -> str:
    return (importlib.import_module(name).__doc__ or "").strip()


def _command(command: Command) -> list[str]:
    rows = [
        _row(
            ", ".join(f"`{name}`" for name in item.names),
            "required" if item.required else f"`{item.default}`",
            item.text + "".join(f" Environment: `{name}`." for name in item.variables),
        )
        for item in command.parameters
    ]
    return [
        f"## `{command.name}`",
        "",
        command.text,
        "",
        *_table(("parameter", "default", "meaning"), rows),
    ]


def cli() -> str:
    """`docs/cli.md`: each command with its parameters, and the exit codes."""
    codes = [_row(code, text) for code, text in EXITS.items()]
    out = [
        NOTE,
        "# The command line",
        "",
        "Noun, then verb. Data on stdout, talk on stderr. `--help` works at each level.",
        "",
        "## Exit codes",
        "",
        *_table(("code", "means"), codes),
        (
            "A command ends with 0, or with 1, 2 or 3 for the reason in the table; where it "
            "gives a code a closer meaning, its text says so. An interrupted command ends "
            "with 130."
        ),
        "",
    ]
    for command in commands():
        out += _command(command)
    out += [
        "## `safeconduct-verify`",
        "",
        "A separate program: the standard library alone, and no line of the product.",
        "",
        "```text",
        _module_words("safeconduct_verify"),
        "```",
    ]
    return "\n".join(out).rstrip() + "\n"


# ------------------------------------------------------------------ settings


@dataclass(frozen=True)
class Ours:
    """A number that was made up here: its name, value, place and reason."""

    name: str
    value: str
    written: str
    path: str
    reason: str


_OURS = re.compile(r"\bours\b", re.IGNORECASE)
_CONSTANT = re.compile(r"^[A-Z][A-Z0-9_]*$")


def _assigned(node: ast.stmt) -> tuple[str, ast.expr] | None:
    """Name and value of a module-level constant, or None."""
    target: ast.expr
    match node:
        case ast.Assign(targets=[target], value=value):
            pass
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            pass
        case _:
            return None
    if isinstance(target, ast.Name) and _CONSTANT.match(target.id):
        return target.id, value
    return None


def _said(node: ast.stmt | None) -> str | None:
    match node:
        case ast.Expr(value=ast.Constant(value=str() as text)):
            return " ".join(text.split())
    return None


def _comment(lines: list[str], node: ast.stmt) -> str:
    """The comment on a statement's last line, or the block of comments just above it."""
    _, mark, after = lines[(node.end_lineno or node.lineno) - 1].partition("  # ")
    if mark:
        return after.strip()
    above: list[str] = []
    at = node.lineno - 2
    while at >= 0 and lines[at].startswith("#"):
        above.insert(0, lines[at].lstrip("# ").strip())
        at -= 1
    return " ".join(above)


def _adjoins(one: ast.stmt, other: ast.stmt) -> bool:
    """Whether two constants stand on adjacent lines and are both numbers."""
    pair = (_assigned(one), _assigned(other))
    texts = any(found is None or _is_text(found[1]) for found in pair)
    return not texts and other.lineno == (one.end_lineno or 0) + 1


def _is_text(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str | bytes)


def _ours_in(path: Path, module: str) -> Iterator[Ours]:
    """Constants of one file whose words say that their number is ours.

    Constants on adjacent lines share the words below the last of them.
    """
    text = path.read_text(encoding="utf-8")
    lines, body = text.splitlines(), ast.parse(text).body
    for at, node in enumerate(body):
        found = _assigned(node)
        if found is None:
            continue
        below = at + 1
        while below < len(body) and _adjoins(body[below - 1], body[below]):
            below += 1
        words = _said(body[below] if below < len(body) else None) or _comment(lines, node)
        if not _OURS.search(words):
            continue
        name, value = found
        known = getattr(importlib.import_module(module), name)
        where = path.relative_to(ROOT).as_posix()
        yield Ours(name, repr(known), ast.unparse(value), where, words)


def ours() -> list[Ours]:
    """Every number of ours in the code, by file."""
    out = []
    for package in PACKAGES:
        for path in sorted((ROOT / "src" / package).rglob("*.py")):
            parts = path.relative_to(ROOT / "src").with_suffix("").parts
            if parts[-1] != "__main__":
                name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
                out += list(_ours_in(path, name))
    return out


def settings() -> str:
    """`docs/settings.md`: what can be set, and which numbers are made up."""
    given: list[str] = []
    variables: list[str] = []
    for command in commands():
        for item in command.parameters:
            names = ", ".join(f"`{name}`" for name in item.names)
            if not item.required:
                given.append(_row(f"`{command.name}`", names, f"`{item.default}`", item.text))
            variables += [
                _row(f"`{name}`", f"`{command.name}`", names, item.text) for name in item.variables
            ]
    numbers = [
        _row(
            f"`{item.name}`",
            f"`{item.value}`" + (f" (`{item.written}`)" if item.written != item.value else ""),
            f"[{item.path.removeprefix('src/')}](../{item.path})",
            item.reason,
        )
        for item in ours()
    ]
    out = [
        NOTE,
        "# Settings",
        "",
        (
            "There is no configuration file. What two parties must agree on stands in the "
            "agreement; what one operator chooses stands on the command line; the rest is a "
            "named constant."
        ),
        "",
        "## On the command line",
        "",
        (
            "Parameters that may be left out, and what holds then. All others are required "
            "([cli.md](cli.md))."
        ),
        "",
        *_table(("command", "parameter", "default", "meaning"), given),
        "## Environment variables",
        "",
        *_table(("variable", "command", "same as", "meaning"), variables),
        "## Numbers of ours",
        "",
        (
            "Constants whose own words say that we made them up. `_MS` is milliseconds, `_M` "
            "metres, `_S` seconds. Numbers of an agreement are not here: each says in its own "
            "text whether it is ours."
        ),
        "",
        *_table(("name", "value", "file", "reason"), numbers),
    ]
    return "\n".join(out).rstrip() + "\n"


DOCUMENTS = {"docs/records.md": records, "docs/cli.md": cli, "docs/settings.md": settings}


def main(arguments: list[str]) -> int:
    """Write the documents, or compare them; 1 if one is out of date."""
    stale = []
    for path, make in DOCUMENTS.items():
        file = ROOT / path
        text = make()
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            stale.append(path)
            if "--check" not in arguments:
                file.write_text(text, encoding="utf-8")
    word = "out of date" if "--check" in arguments else "written"
    for path in stale:
        print(f"{path}: {word}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
