"""House rules: what no general linter knows about this project.

Each rule has a name, a skip marker and the story of why it is there. A finding is one line,
`file:line: rule: what is wrong; what to do`, and any finding makes the exit code 1.

A marker is a comment on the offending line that says why it stands there, for instance
`# house: allow-pure: reads a grammar that ships in the package`. For a rule about a whole file
the marker stands in one of its first five lines.

    python tools/house_rules.py [ROOT]      check a tree (this one, if none is named)
    python tools/house_rules.py --list      print the rules, their markers and their stories
"""

import ast
import builtins
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

MAX_LINES = 600
"""ARCHITECTURE.md: about 150 lines, rarely over 400, never over 600."""

CORE = frozenset(
    "kernel ledger standards agreement registers identity sites movements threats tracking watch "
    "planning passes disclosure federation evidence review".split()
)
"""Rooms that are pure: `decide`, `project` and `step` give the same answer at every replay."""

CODE_FOLDERS = ("src", "tests", "tools", "bench")
VAGUE_NAMES = frozenset(
    "util utils helper helpers manager managers service services common misc".split()
)
SKIPPED_FOLDERS = frozenset("build dist node_modules __pycache__".split())
HEAD = 5
"""Lines at the start of a file in which a marker for the whole file counts."""


@dataclass(frozen=True)
class File:
    """One text file of the tree, parsed at most once."""

    path: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends."""
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree; raises SyntaxError as `ast.parse` does."""
        return ast.parse(self.text, self.path)

    def line_at(self, offset: int) -> int:
        """The line, counted from 1, of a place in the text."""
        return self.text.count("\n", 0, offset) + 1

    @property
    def parts(self) -> tuple[str, ...]:
        """The path in parts."""
        return tuple(self.path.split("/"))

    @property
    def room(self) -> str | None:
        """The room whose package holds this file, or None outside of rooms."""
        return (
            self.parts[2] if self.parts[:2] == ("src", "safeconduct") and self.depth > 3 else None
        )

    @property
    def depth(self) -> int:
        """How many parts the path has."""
        return len(self.parts)

    @property
    def is_python(self) -> bool:
        """Whether it is Python source."""
        return self.path.endswith(".py")


@dataclass(frozen=True)
class Finding:
    """One place that breaks one rule."""

    path: str
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


Check = Callable[[File], Iterator[tuple[int, str]]]


@dataclass(frozen=True)
class Rule:
    """A named check over one file; yields line and text of each finding."""

    name: str
    why: str
    check: Check
    whole_file: bool = False
    marker: str = field(default="")

    def run(self, file: File) -> Iterator[Finding]:
        """The findings in this file that no marker excuses."""
        marker = re.compile(re.escape(self.marker or f"house: allow-{self.name}") + r"(?![-\w])")
        if self.whole_file and any(marker.search(line) for line in file.lines[:HEAD]):
            return
        for line, text in self.check(file):
            at = file.lines[line - 1] if 0 < line <= len(file.lines) else ""
            if not marker.search(at):
                yield Finding(file.path, line, self.name, text)


# ------------------------------------------------------------------ pure

WORLD_MODULES = {
    "apsw": "a store",
    "asyncio": "a scheduler",
    "concurrent": "a scheduler",
    "fileinput": "the disk",
    "getpass": "the terminal",
    "glob": "the disk",
    "granian": "the network",
    "http": "the network",
    "httpx": "the network",
    "importlib.resources": "the disk",
    "litestar": "the network",
    "locale": "the machine",
    "multiprocessing": "a scheduler",
    "nacl.utils.random": "randomness",
    "os": "the machine",
    "platform": "the machine",
    "random": "randomness",
    "secrets": "randomness",
    "select": "the network",
    "selectors": "the network",
    "shutil": "the disk",
    "signal": "the machine",
    "smtplib": "the network",
    "socket": "the network",
    "socketserver": "the network",
    "sqlite3": "a store",
    "ssl": "the network",
    "subprocess": "the machine",
    "tempfile": "the disk",
    "threading": "a scheduler",
    "urllib.request": "the network",
    "uuid": "randomness",
    "zoneinfo": "the disk (time zone tables differ between machines)",
}
"""Modules, or names in them, whose import alone reaches the world."""

WORLD_CALLS = {
    "builtins.__import__": "a hidden import",
    "builtins.input": "the terminal",
    "builtins.open": "the disk",
    "datetime.date.today": "the clock",
    "datetime.datetime.now": "the clock",
    "datetime.datetime.today": "the clock",
    "datetime.datetime.utcnow": "the clock",
    "importlib.import_module": "a hidden import",
    "io.open": "the disk",
    "nacl.public.PrivateKey.generate": "randomness",
    "nacl.signing.SigningKey.generate": "randomness",
    "nacl.utils.random": "randomness",
    "pathlib.Path": "the disk",
    "pathlib.PosixPath": "the disk",
    "sys.argv": "the machine",
    "sys.stdin": "the terminal",
    "time.clock_gettime": "the clock",
    "time.ctime": "the clock",
    "time.gmtime": "the clock",
    "time.localtime": "the clock",
    "time.monotonic": "the clock",
    "time.monotonic_ns": "the clock",
    "time.perf_counter": "the clock",
    "time.perf_counter_ns": "the clock",
    "time.process_time": "the clock",
    "time.sleep": "the clock",
    "time.strftime": "the clock",
    "time.time": "the clock",
    "time.time_ns": "the clock",
}
"""Full names that reach the world wherever they are used."""

PATH_METHODS = frozenset("read_text read_bytes write_text write_bytes".split())
PURE_NAMES = frozenset({"os.PathLike", "os.fspath"})


def _world(name: str) -> str | None:
    """What of the world a full dotted name reaches, or None."""
    if name in PURE_NAMES:
        return None
    parts = name.split(".")
    for size in range(len(parts), 0, -1):
        head = ".".join(parts[:size])
        if found := WORLD_MODULES.get(head) or WORLD_CALLS.get(head):
            return found
    return None


def _imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that import statements ask for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _aliases(tree: ast.Module) -> dict[str, str]:
    """Each local name that an import binds, with the full name that it stands for."""
    bound = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                head = alias.name.split(".")[0]
                bound[alias.asname or head] = alias.name if alias.asname else head
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                bound[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return bound


def _own_names(tree: ast.Module) -> set[str]:
    """Names that the module binds itself, so that they are not the built-in ones."""
    own: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            own.add(node.name)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            own.add(node.id)
        elif isinstance(node, ast.arg):
            own.add(node.arg)
    return own


def _dotted(node: ast.AST) -> list[str] | None:
    """`a.b.c` as its parts, or None for anything that is not plain names and dots."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute) and (head := _dotted(node.value)):
        return [*head, node.attr]
    return None


def _uses(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every use of an imported or built-in name, in full, once and at its longest."""
    aliases, own, inner = _aliases(tree), _own_names(tree), set[int]()
    for node in ast.walk(tree):  # breadth first: an attribute comes before what it hangs on
        if not isinstance(node, ast.Name | ast.Attribute):
            continue
        if isinstance(node, ast.Attribute):
            inner.add(id(node.value))
        if id(node) in inner or not (parts := _dotted(node)):
            continue
        if parts[0] in aliases:
            yield node.lineno, ".".join([aliases[parts[0]], *parts[1:]])
        elif parts[0] not in own and hasattr(builtins, parts[0]):
            yield node.lineno, ".".join(["builtins", *parts])


def pure(file: File) -> Iterator[tuple[int, str]]:
    """A core room reaches no clock, disk, network or randomness."""
    if not file.is_python or file.room not in CORE:
        return
    advice = "take it through a port or as an argument"
    for line, name in _imports(file.tree):
        if reached := _world(name):
            yield line, f"imports {name}, which reaches {reached}; {advice}"
    for line, name in _uses(file.tree):
        if reached := _world(name):
            yield line, f"uses {name.removeprefix('builtins.')}, which reaches {reached}; {advice}"
    for node in ast.walk(file.tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in PATH_METHODS
        ):
            yield node.lineno, f"calls .{node.func.attr}(), which reaches the disk; {advice}"


# ------------------------------------------------------------------ size, names, rooms


def size(file: File) -> Iterator[tuple[int, str]]:
    """No module over the limit."""
    count = len(file.lines)
    if file.is_python and count > MAX_LINES and file.parts[0] in CODE_FOLDERS:
        yield MAX_LINES + 1, f"{count} lines, at most {MAX_LINES}; split it by concept"


def names(file: File) -> Iterator[tuple[int, str]]:
    """No file or package whose name says nothing."""
    if file.is_python and file.parts[0] in CODE_FOLDERS:
        for part in file.parts[1:]:
            if (stem := part.removesuffix(".py").lower()) in VAGUE_NAMES:
                yield 1, f"the name {stem!r} says nothing; name it after the concept it holds"


def rooms(file: File) -> Iterator[tuple[int, str]]:
    """Each room's `__init__.py` says what the room is for."""
    if file.room and file.depth == 4 and file.parts[-1] == "__init__.py":
        words = (ast.get_docstring(file.tree) or "").split()
        if len(words) < 5:
            yield (
                1,
                (
                    "the room has no docstring worth the name; say what it answers, its "
                    "records, its invariants and what it must never hold"
                ),
            )


def _rooms_without_init(files: list[File]) -> Iterator[Finding]:
    """Rooms that hold Python files but no `__init__.py` at all."""
    have = {file.room for file in files if file.parts[-1] == "__init__.py" and file.depth == 4}
    first = {file.room: file for file in reversed(files) if file.room and file.is_python}
    for room in sorted(set(first) - have, key=str):
        path = f"src/safeconduct/{room}/__init__.py"
        yield Finding(path, 1, "rooms", "the room has no __init__.py; write one with a docstring")


# ------------------------------------------------------------------ words

ALWAYS_REFUSED = re.compile(
    r"guilty|culprit|perpetrator|(?<![a-z])vips?(?![a-z])|watch[-_]?list", re.IGNORECASE
)
REFUSED_UNLESS_NEVER = re.compile(r"biometric|ethnic|religio", re.IGNORECASE)
NEVER = re.compile(r"\bnever\b", re.IGNORECASE)
SENTENCE_END = re.compile(r"[.!?]\s|\n\s*\n|\"\"\"")


def _sentence(text: str, start: int, end: int) -> str:
    """The sentence around a span of text."""
    begin = max((m.end() for m in SENTENCE_END.finditer(text, 0, start)), default=0)
    stop = SENTENCE_END.search(text, end)
    return text[begin : stop.start() if stop else len(text)]


def words(file: File) -> Iterator[tuple[int, str]]:
    """No word in the product that asserts guilt or names what it must not hold."""
    if file.parts[0] != "src":
        return
    for match in ALWAYS_REFUSED.finditer(file.text):
        yield (
            file.line_at(match.start()),
            f"the word {match[0]!r}; write what was reported or alleged, in the glossary's words",
        )
    for match in REFUSED_UNLESS_NEVER.finditer(file.text):
        if not NEVER.search(_sentence(file.text, *match.span())):
            yield (
                file.line_at(match.start()),
                f"the word {match[0]!r}; only a sentence that says 'never' may name it",
            )


# ------------------------------------------------------------------ machines, alone

INDEXES = (
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("registry", "npmjs", "org"),
    ("registry", "yarnpkg", "com"),
    ("static", "crates", "io"),
    ("index", "crates", "io"),
    ("proxy", "golang", "org"),
    ("conda", "anaconda", "org"),
)
"""Hosts of package indexes, in parts: this file keeps the rule that it states."""

HOSTS = re.compile(
    "|".join(r"\.".join(parts) for parts in INDEXES) + r"|--(?:extra-)?index-url", re.IGNORECASE
)
MACHINE_PATHS = re.compile(
    r"(?<![\w.~-])/(?:work|home|root|Users|opt/wheels)/[\w.<{$-]|\b[A-Z]:\\Users\\"
)


def machines(file: File) -> Iterator[tuple[int, str]]:
    """No package registry and no path of one machine in any file that is kept."""
    for number, line in enumerate(file.lines, 1):
        if match := HOSTS.search(line):
            yield (
                number,
                f"names the package index {match[0]!r}; leave it to each user's own settings",
            )
        if match := MACHINE_PATHS.search(line):
            yield (
                number,
                f"the path {match[0]!r} of one machine; write it relative to the repository",
            )


def alone(file: File) -> Iterator[tuple[int, str]]:
    """The stand-alone verifier needs the standard library and itself, and nothing else."""
    if not file.is_python or file.parts[:2] != ("src", "safeconduct_verify"):
        return
    for line, name in _imports(file.tree):
        top = name.split(".")[0]
        if top != "safeconduct_verify" and top not in sys.stdlib_module_names:
            yield line, f"imports {name}; write it out with the standard library"


RULES = (
    Rule(
        "pure",
        "One call to the wall clock in a core room, and a replay, the other party's recomputation "
        "and the crash tests each reach a verdict of their own.",
        pure,
    ),
    Rule(
        "size",
        "Single files of thousands of lines are what people who work on otherwise fine projects "
        "complain about most.",
        size,
        whole_file=True,
    ),
    Rule(
        "names",
        "Whatever has no home ends in a file named after nothing, and then everything imports it.",
        names,
        whole_file=True,
    ),
    Rule(
        "rooms",
        "A room whose page does not say what it must never hold will one day hold it.",
        rooms,
        whole_file=True,
    ),
    Rule(
        "words",
        "Screens and records are read by courts and by families: they say what was reported, and "
        "accuse nobody.",
        words,
        marker="house: allow",
    ),
    Rule(
        "machines",
        "A lock file that named an index, or a path from one desk, stops working at the first site "
        "with its own mirror.",
        machines,
    ),
    Rule(
        "alone",
        "Evidence is read by somebody who trusts neither party, on a machine where nothing can be "
        "installed.",
        alone,
    ),
)


# ------------------------------------------------------------------ the tree


def _listed(root: Path) -> list[str]:
    """Paths that git keeps or would keep; without git, all but hidden and built folders."""
    if (root / ".git").exists():
        done = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root,
            capture_output=True,
            check=True,
            text=True,
        )
        return [path for path in done.stdout.split("\0") if path]
    paths = [path.relative_to(root) for path in root.rglob("*")]
    return [
        path.as_posix()
        for path in paths
        if not SKIPPED_FOLDERS.intersection(path.parts)
        and not any(part.startswith(".") and part != ".ci" for part in path.parts[:-1])
    ]


def read_tree(root: Path) -> list[File]:
    """All text files below the root, in order of path."""
    files = []
    for path in sorted(set(_listed(root))):
        if not (root / path).is_file():
            continue
        data = (root / path).read_bytes()
        if b"\0" in data:
            continue
        try:
            files.append(File(path, data.decode()))
        except UnicodeDecodeError:
            continue
    return files


def check(root: Path) -> list[Finding]:
    """All findings of all rules in the tree."""
    files = read_tree(root)
    found = list(_rooms_without_init(files))
    for file in files:
        if file.is_python:
            try:
                _ = file.tree
            except SyntaxError as error:
                found.append(
                    Finding(file.path, error.lineno or 1, "syntax", f"{error.msg}; repair it")
                )
                continue
        for rule in RULES:
            found.extend(rule.run(file))
    return sorted(
        set(found), key=lambda finding: (finding.path, finding.line, finding.rule, finding.text)
    )


def main(arguments: list[str]) -> int:
    """Check a tree and print the findings; 1 if there is any."""
    if arguments == ["--list"]:
        for rule in RULES:
            print(f"{rule.name}  (# {rule.marker or f'house: allow-{rule.name}'})\n    {rule.why}")
        return 0
    found = check(Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent)
    for finding in found:
        print(finding)
    print(f"house rules: {len(found)} findings" if found else "house rules: kept", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
