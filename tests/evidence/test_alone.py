"""The verifier stands alone: the standard library, no network, small files, its own words."""

import ast
import json
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import safeconduct
from safeconduct.kernel.vocabulary import DIMENSIONS
from safeconduct.standards.grammar import parse_rule
from safeconduct_verify import words
from safeconduct_verify.reading import Finding
from safeconduct_verify.rules import parse
from tests.evidence.two_logs import RULES, World, made

SOURCE = Path(words.__file__).parent
PATTERN = Path(__file__).parents[3] / "shared" / "design" / "example" / "agreement.yaml"


def test_it_imports_the_standard_library_and_itself():
    for path in SOURCE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [item.name for item in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [node.module or ""]
            for name in names:
                top = name.split(".")[0]
                assert top == "safeconduct_verify" or top in sys.stdlib_module_names, (path, name)


def test_no_file_is_longer_than_600_lines():
    for path in SOURCE.glob("*.py"):
        assert len(path.read_text().splitlines()) <= 600, path


_RUN = """
import sys, socket
def refuse(*a, **k): raise SystemExit("the verifier touched the network")
socket.socket = socket.create_connection = socket.getaddrinfo = refuse
class Wall:
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")[0]
        if top == "safeconduct":
            raise SystemExit("the verifier imported the product")
        if top not in sys.stdlib_module_names and top != "safeconduct_verify":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Wall())
sys.path.insert(0, sys.argv[1])
from safeconduct_verify import main
sys.exit(main(sys.argv[2:]))
"""


def test_it_runs_in_isolation_with_no_network(tmp_path):
    world = World()
    (tmp_path / "x.scb").write_bytes(made(world, world.breach()))
    (tmp_path / "trust.json").write_text(json.dumps(world.trust))
    root = tmp_path / "lib"
    root.mkdir()
    (root / "safeconduct_verify").symlink_to(SOURCE, target_is_directory=True)
    command = [
        sys.executable,
        "-I",
        "-S",
        "-B",
        "-c",
        _RUN,
        str(root),
        str(tmp_path / "x.scb"),
        "--trust",
        str(tmp_path / "trust.json"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert done.stdout.startswith("PROVEN")


def _declared():
    root = Path(safeconduct.__file__).parent
    for path in sorted(root.glob("*/records.py")):
        yield from getattr(import_module(f"safeconduct.{path.parent.name}.records"), "TYPES", ())


def test_its_words_are_those_of_the_rooms():
    found = 0
    for kind in _declared():
        assert words.TYPES.get(kind.alias) == kind.name, kind.alias
        found += 1
        units = words.UNITS.get(kind.alias, {})
        for item in kind.fields:
            if item.type in DIMENSIONS and item.type not in ("t", "n"):
                assert units.get(item.name) == item.type, (kind.alias, item.name)
    assert found >= 40


def test_it_reads_every_rule_that_the_product_reads():
    for _, rule in RULES.values():
        parse_rule(rule)
        parse(rule)


def test_what_it_does_not_read_it_names():
    if not PATTERN.exists():
        pytest.skip("the example agreement is not beside this tree")
    unread = []
    rules = re.findall(r"rule: '([^']+)'", PATTERN.read_text())
    assert len(rules) > 30
    for rule in rules:
        try:
            parse(rule)
        except Finding as finding:
            assert "cannot evaluate" in finding.reason  # noqa: PT017
            unread.append(rule)
    assert all("unknown to it" in str(_why(rule)) for rule in unread)


def _why(rule):
    try:
        parse(rule)
    except Finding as finding:
        return finding.reason
    return ""
