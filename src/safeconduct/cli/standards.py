"""`safeconduct standards`: judge a trace, explain a standard, list the words of the rules."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from safeconduct.kernel.errors import Malformed

app = App(name="standards", help="Judge a trace by standards; explain a standard; list the words.")

KEPT, BREACHED, CANNOT_TELL = 0, 1, 4


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        why = f"byte {error.start} does not read"
        raise Malformed(f"{path} is not UTF-8", why=why, do="save it as UTF-8") from error
    except OSError as error:
        why = error.strerror or str(error)
        raise Malformed(f"{path} cannot be read", why=why, do="check the path") from error


def _text(path: Path) -> str:
    with _reading(path):
        return path.read_bytes().decode("utf-8")


def _lines(path: Path) -> Iterator[bytes]:
    with _reading(path), path.open("rb") as file:
        yield from file


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Put the file's name before what a standard's text did wrong."""
    try:
        yield
    except Malformed as error:
        raise Malformed(f"{path}: {error.what}", why=error.why, do=error.do) from error


@app.command
def check(
    *,
    standards: Path,
    trace: Path,
    json_: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Judge a trace: which standards it keeps, and which lines decide it.

    Exit 0 all kept, 1 any breached, 4 none breached but some cannot be told, 2 input refused.

    Parameters
    ----------
    standards
        YAML text of the standards (`safeconduct: standards/1`).
    trace
        One JSON object a line: t, type, source, seq, data; or a tick with t and type.
    json_
        Print one JSON object a verdict instead of a table.
    """
    from safeconduct.standards import (
        compile_standard,
        load_standards,
        read_trace,
        run,
        verdict_line,
    )

    with _naming(standards):
        vocabulary = _vocabulary()
        compiled = [
            compile_standard(item, vocabulary, strict=False)
            for item in load_standards(_text(standards))
        ]
    verdicts = run(compiled, read_trace(_lines(trace), str(trace)))
    if json_:
        for verdict in verdicts:
            print(verdict_line(verdict))
    else:
        _table(verdicts)
    found = {verdict.verdict for verdict in verdicts}
    if "breached" in found:
        return BREACHED
    return CANNOT_TELL if "cannot_tell" in found else KEPT


@app.command
def explain(
    name: str,
    /,
    *,
    standards: Path,
    json_: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Say a standard in plain English, with its joins and what is easily missed.

    Parameters
    ----------
    name
        The standard's id; `id@2` for one of several versions, else the newest.
    standards
        YAML text of the standards.
    json_
        Print one JSON object instead of lines for people.
    """
    import msgspec

    from safeconduct.standards import explain as told
    from safeconduct.standards import load_standards

    with _naming(standards):
        known = load_standards(_text(standards))
    wanted, _, version = name.partition("@")
    found = [s for s in known if s.id == wanted and (not version or str(s.version) == version)]
    if not found:
        names = ", ".join(dict.fromkeys(standard.id for standard in known)) or "none"
        raise Malformed(f"{standards} has no standard {name!r}", do=f"it has {names}")
    standard = max(found, key=lambda item: item.version)
    if json_:
        said = {
            "id": standard.id,
            "version": standard.version,
            "clause": standard.clause,
            "title": dict(standard.title),
            "rule": standard.text,
            "explained": told(standard),
        }
        print(msgspec.json.encode(said).decode())
        return KEPT
    print(f"{standard.id} version {standard.version}, clause {standard.clause}")
    print(standard.title["en"])
    print(f"Rule: {standard.text}")
    print(told(standard))
    return KEPT


@app.command
def vocabulary(*, json_: Annotated[bool, Parameter(name="--json")] = False) -> int:
    """List the words on which rules are written: types and their fields.

    Parameters
    ----------
    json_
        Print one JSON list instead of a table.
    """
    import msgspec
    from rich.console import Console
    from rich.table import Table

    from safeconduct.node.vocabulary import VOCABULARY

    rows = [_word(kind) for kind in VOCABULARY.by_alias.values()]
    if json_:
        print(msgspec.json.encode(rows).decode())
        return KEPT
    table = Table("word", "type", "meaning", "fields", box=None, pad_edge=False)
    for row in rows:
        fields = [
            field["name"] + ("!" if field["key"] else "") + ("?" if field["optional"] else "")
            for field in row["fields"]
        ]
        table.add_row(row["alias"], row["type"], row["meaning"], " ".join(fields))
    Console().print(table)
    return KEPT


def _vocabulary() -> Any:
    from safeconduct.node.vocabulary import VOCABULARY

    return VOCABULARY


def _word(kind: Any) -> dict[str, Any]:
    return {
        "alias": kind.alias,
        "type": kind.name,
        "meaning": kind.meaning,
        "kinds": kind.kinds,
        "author": list(kind.author),
        "fields": [
            {
                "name": field.name,
                "type": field.type,
                "key": field.key,
                "personal": field.personal,
                "secret": field.secret,
                "optional": field.optional,
                "choices": list(field.choices),
            }
            for field in kind.fields
        ],
        "class": kind.class_name,
        "milestone": kind.words,
    }


def _table(verdicts: Any) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from safeconduct.kernel.instants import show_instant

    styles = {"kept": "green", "breached": "bold red", "cannot_tell": "yellow"}
    table = Table(box=None, pad_edge=False)
    for column in ("verdict", "standard", "of", "line", "deadline", "decided", "by", "reason"):
        table.add_column(column, overflow="fold", no_wrap=column in ("verdict", "standard"))
    for item in verdicts:
        table.add_row(
            Text(item.verdict.replace("_", " "), styles[item.verdict]),
            Text(f"{item.standard} v{item.version}"),
            Text(" ".join(f"{name}={value}" for name, value in item.bindings.items())),
            str(item.trigger),
            "-" if item.deadline is None else show_instant(item.deadline),
            "-" if item.decided_at is None else show_instant(item.decided_at),
            " ".join(map(str, item.by)),
            Text(item.reason),
        )
    Console().print(table)
    counts = [sum(item.verdict == kind for item in verdicts) for kind in styles]
    print(f"{counts[0]} kept, {counts[1]} breached, {counts[2]} cannot be told")
