"""Each house rule finds the violation planted for it, and nothing in a clean tree."""

from pathlib import Path

import pytest

from tools import house_rules

ROOM = '"""Ledger: was this recorded, by whom, and is it unchanged."""\n'
CLEAN = '''"""Concept. No field of it can ever, and never will, hold ethnicity."""

import datetime
import hashlib
import time
from datetime import UTC, datetime as moment
from pathlib import PurePosixPath

from nacl.signing import SigningKey


def opened(open: bytes, at: int) -> str:
    """Pure: what is given in decides what comes out."""
    time_of_day = moment.fromtimestamp(at / 1000, tz=UTC).isoformat()
    key = SigningKey(open).verify_key
    name = PurePosixPath("a") / datetime.timedelta(at).__str__()
    return hashlib.sha256(bytes(key)).hexdigest() + time_of_day + str(name) + str(time.strptime)
'''


def tree(root: Path, **files: str) -> Path:
    """A small tree: one clean room, and the files named, by path."""
    plain = {"src/safeconduct/ledger/__init__.py": ROOM, "src/safeconduct/ledger/leaf.py": CLEAN}
    for path, text in (plain | files).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def findings(root: Path, path: str, text: str) -> list[tuple[str, int]]:
    """Rule and line of every finding once that file is planted; all of them must be in it."""
    found = house_rules.check(tree(root, **{path: text}))
    assert {finding.path for finding in found} <= {path}
    return [(finding.rule, finding.line) for finding in found]


def test_a_clean_tree_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert house_rules.main([str(tree(tmp_path))]) == 0
    assert capsys.readouterr().out == ""


IMPURE = [
    "import time\nNOW = time.time()",
    "import time as clock\nNOW = clock.monotonic()",
    "from time import time_ns\nNOW = 1",
    "from datetime import datetime\nNOW = datetime.now()",
    "import datetime as d\nNOW = d.datetime.now(d.UTC)",
    "from datetime import datetime as moment\nNOW = moment.utcnow()",
    "from datetime import date\nTODAY = date.today()",
    "import random",
    "from secrets import token_bytes",
    "import uuid",
    "import os",
    "from os import urandom",
    "import os.path",
    "import socket",
    "import http.client",
    "from urllib import request",
    "import urllib.request",
    "import subprocess",
    "import asyncio",
    "import sqlite3",
    "import apsw",
    "import httpx",
    "from importlib import resources",
    "from importlib import import_module",
    "__import__('os')",
    "from pathlib import Path",
    "import pathlib\nX = pathlib.Path('a')",
    "with open('a') as f:\n    pass",
    "import io\nio.open('a')",
    "def load(path):\n    return path.read_text()",
    "def store(path):\n    path.write_bytes(b'')",
    "from nacl.signing import SigningKey\nKEY = SigningKey.generate()",
    "import nacl.utils\nSALT = nacl.utils.random(32)",
    "from nacl.utils import random\nSALT = random(32)",
    "import nacl.signing as s\nKEY = s.SigningKey.generate()",
    "from zoneinfo import ZoneInfo",
    "import sys\nX = sys.stdin",
    "def late():\n    import random\n    return random.random()",
]


@pytest.mark.parametrize("code", IMPURE)
def test_a_core_room_that_reaches_the_world_is_found(tmp_path: Path, code: str):
    found = findings(tmp_path, "src/safeconduct/ledger/now.py", code + "\n")
    assert {rule for rule, _ in found} == {"pure"}


@pytest.mark.parametrize("code", IMPURE)
def test_the_shell_may_reach_the_world(tmp_path: Path, code: str):
    tree(tmp_path, **{"src/safeconduct/node/__init__.py": ROOM})
    assert findings(tmp_path, "src/safeconduct/node/now.py", code + "\n") == []


@pytest.mark.parametrize("room", sorted(house_rules.CORE))
def test_every_core_room_is_watched(tmp_path: Path, room: str):
    code = ROOM + "import random\n"
    assert findings(tmp_path, f"src/safeconduct/{room}/__init__.py", code) == [("pure", 2)]


def test_a_named_marker_with_its_reason_excuses_one_line(tmp_path: Path):
    code = "import os  # house: allow-pure: a reason\nimport random\n"
    assert findings(tmp_path, "src/safeconduct/ledger/now.py", code) == [("pure", 2)]


def test_another_marker_excuses_nothing(tmp_path: Path):
    code = "import os  # house: allow\nimport random  # house: allow-size\n"
    found = findings(tmp_path, "src/safeconduct/ledger/now.py", code)
    assert found == [("pure", 1), ("pure", 2)]


@pytest.mark.parametrize("folder", ["src/safeconduct/ledger", "tests/ledger", "tools", "bench"])
def test_a_module_over_600_lines_is_found(tmp_path: Path, folder: str):
    assert findings(tmp_path, f"{folder}/merkle.py", "X = 1\n" * 600) == []
    assert findings(tmp_path, f"{folder}/merkle.py", "X = 1\n" * 601) == [("size", 601)]
    marked = "# house: allow-size: a table\n" + "X = 1\n" * 601
    assert findings(tmp_path, f"{folder}/merkle.py", marked) == []


@pytest.mark.parametrize(
    "path",
    [
        "src/safeconduct/ledger/utils.py",
        "src/safeconduct/ledger/helpers.py",
        "src/safeconduct/ledger/manager.py",
        "src/safeconduct/ledger/service.py",
        "src/safeconduct/ledger/common/__init__.py",
        "tests/ledger/helpers.py",
    ],
)
def test_a_file_named_after_nothing_is_found(tmp_path: Path, path: str):
    assert findings(tmp_path, path, "X = 1\n") == [("names", 1)]


def test_a_room_without_init_is_found(tmp_path: Path):
    found = house_rules.check(tree(tmp_path, **{"src/safeconduct/sites/zone.py": "X = 1\n"}))
    assert [(f.path, f.rule) for f in found] == [("src/safeconduct/sites/__init__.py", "rooms")]


@pytest.mark.parametrize("text", ["", "X = 1\n", '"""sites."""\n'])
def test_a_room_without_a_docstring_is_found(tmp_path: Path, text: str):
    assert findings(tmp_path, "src/safeconduct/sites/__init__.py", text) == [("rooms", 1)]


@pytest.mark.parametrize(
    "text",
    [
        "is_guilty = 1",
        "# the culprit",
        "# a VIP",
        "vip_list = 1",
        "# Perpetrator",
        "watchlist = 1",
        "# a watch-list",
        "biometric_hash = 1",
        "ethnicity = 1",
        "religion = 1",
    ],
)
@pytest.mark.parametrize("name", ["ledger/leaf2.py", "web/page.html", "locale/en.ftl"])
def test_a_word_that_accuses_or_profiles_is_found(tmp_path: Path, text: str, name: str):
    path = f"src/safeconduct/{name}"
    if name.endswith(".py"):
        assert findings(tmp_path, path, f"X = 1\n{text}\n") == [("words", 2)]
        assert findings(tmp_path, path, f"X = 1\n{text}  # house: allow: quoted\n") == []
    else:
        assert findings(tmp_path, path, f"hello\n{text}\n") == [("words", 2)]


def test_only_the_sentence_that_says_never_may_name_what_is_not_held(tmp_path: Path):
    path = "src/safeconduct/ledger/leaf2.py"
    kept = '"""It will never hold: biometric\ntraits, ethnicity or religion. Also this."""\n'
    assert findings(tmp_path, path, kept) == []
    broken = '"""This is never so. It holds ethnicity."""\n'
    assert findings(tmp_path, path, broken) == [("words", 1)]


def test_words_are_not_found_inside_other_words(tmp_path: Path):
    text = "viper = 1\nwatch_lists_of_clocks = ()\n".replace("_lists", "_clock_lists")
    assert findings(tmp_path, "src/safeconduct/ledger/leaf2.py", text) == []


MACHINES = [
    "https://" + "pypi" + ".org/simple",
    "https://files." + "pythonhosted" + ".org/x.whl",
    "https://registry." + "npmjs.org/x",
    "--" + "index-url x",
    "see /" + "work/main/x",
    "open('/" + "home/ann/x')",
    "file:///" + "root/x",
    "/" + "Users/ann",
]


@pytest.mark.parametrize("text", MACHINES)
@pytest.mark.parametrize(
    "path", ["README.md", "requirements/x.txt", "Makefile", "src/safeconduct/a.py"]
)
def test_a_registry_or_a_path_of_one_machine_is_found(tmp_path: Path, text: str, path: str):
    if path.endswith(".py"):
        text = f"# {text}"
    assert findings(tmp_path, path, f"\n{text}\n") == [("machines", 2)]
    assert findings(tmp_path, path, f"\n{text}  # house: allow-machines: quoted\n") == []


OTHERS = [
    "https://example.org/" + "home/x",
    "src/" + "work/x",
    "~/" + "home/x",
    "/" + "homes/",
]


@pytest.mark.parametrize("text", OTHERS)
def test_other_paths_pass(tmp_path: Path, text: str):
    assert findings(tmp_path, "README.md", text) == []


def test_the_verifier_stands_alone(tmp_path: Path):
    path = "src/safeconduct_verify/bundle.py"
    assert findings(tmp_path, path, "import zipfile\nfrom safeconduct_verify import a\n") == []
    for code in (
        "import msgspec\n",
        "from safeconduct.kernel import ids\n",
        "import nacl.signing\n",
    ):
        assert findings(tmp_path, path, code) == [("alone", 1)]


def test_a_file_that_is_not_python_is_a_finding_and_not_a_crash(tmp_path: Path):
    assert findings(tmp_path, "src/safeconduct/ledger/now.py", "def\n") == [("syntax", 1)]


def test_files_that_are_not_text_are_passed_over(tmp_path: Path):
    (tmp_path / "a.bin").write_bytes(b"\0" + b"pypi" + b".org")
    (tmp_path / "b.bin").write_bytes(b"\xff\xfe")
    assert house_rules.check(tree(tmp_path)) == []


def test_a_finding_is_one_line_with_file_line_rule_what_and_advice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    tree(tmp_path, **{"src/safeconduct/ledger/now.py": "import random\n"})
    assert house_rules.main([str(tmp_path)]) == 1
    assert capsys.readouterr().out == (
        "src/safeconduct/ledger/now.py:1: pure: imports random, which reaches randomness; "
        "take it through a port or as an argument\n"
    )


def test_every_rule_tells_its_story(capsys: pytest.CaptureFixture[str]):
    assert house_rules.main(["--list"]) == 0
    shown = capsys.readouterr().out
    for rule in house_rules.RULES:
        assert f"{rule.name}  (# house: allow" in shown
        assert rule.why in shown
