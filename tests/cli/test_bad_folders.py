"""Folders and paths that are not in order: a sentence and an exit code, never a stack trace."""

import shutil
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from safeconduct.node.folder import Folder
from safeconduct.node.setup import make_root
from safeconduct.node.stores.desk import DeskStore
from safeconduct.node.stores.ledger import LedgerStore
from safeconduct.testing.stage import free_port
from tests.cli.said import EXAMPLE, STANDARDS, complains, written
from tests.web.running import stored

# ---------------------------------------------------------------- folders that are not in order
READS = {
    "status": ("node", "status"),
    "head": ("ledger", "head"),
    "fsck": ("ledger", "fsck"),
    "list": ("evidence", "list"),
}


def reads(folder):
    return [(*words, "--data", folder) for words in READS.values()]


def writes(folder, tmp_path):
    return [
        ("identity", "invite", "--data", folder, "--role", "guard"),
        ("agreement", "sign", "--data", folder, "--fingerprint", "x"),
        ("node", "run", "--data", folder, "--port", free_port()),
        ("evidence", "export", "--data", folder, "--verdict", "r_" + "a" * 26,
         "--out", tmp_path / "out.scb"),
    ]  # fmt: skip


def test_no_node_in_the_folder(call, tmp_path):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "missing"):
        for words in reads(folder) + writes(folder, tmp_path):
            complains(call(*words), 1, "there is no node in")
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]
    assert list((tmp_path / "empty").iterdir()) == []


def test_the_stores_of_another_party(call, own, tmp_path):
    for path in (own / "host").glob("*.db*"):
        path.unlink()
    for path in (own / "partner").glob("*.db*"):
        shutil.copy(path, own / "host")
    before = written(own / "host")
    for words in reads(own / "host")[:1] + reads(own / "host")[3:] + writes(own / "host", tmp_path):
        complains(call(*words), 1, "log of partner")
    assert call("ledger", "fsck", "--data", own / "host").code == 3
    assert written(own / "host") == before


def test_the_party_that_was_meant_is_another(call, own):
    said = call("node", "run", "--data", own / "host", "--party", "partner", "--port", free_port())
    complains(said, 1, "not of partner")


@pytest.mark.parametrize("store", [LedgerStore, DeskStore])
def test_a_store_of_a_newer_schema(call, own, tmp_path, store):
    opened = store(own / "host")
    opened.db.pragma("user_version", 99)
    opened.close()
    before = written(own / "host")
    for words in reads(own / "host") + writes(own / "host", tmp_path):
        if store is DeskStore and words[:2] == ("ledger", "head"):
            continue  # a head is read from the ledger alone
        said = call(*words)
        assert said.code == 3, (words, said)
        assert "schema 99" in said.out + said.err
    assert written(own / "host") == before


@pytest.mark.parametrize(
    "content, word",
    [
        (b'{"mode":"exercise","origin":"x","party":"host","safeconduct":"node/2"}', "node/2"),
        (b"", "damaged"),
        (b"{}", "damaged"),
        (b"\x00\xff", "damaged"),
        (b'{"mode":"exercise","mode":"live"}', "damaged"),
    ],
)
def test_a_node_file_that_this_version_does_not_know(call, own, tmp_path, content, word):
    (own / "host" / "node.json").write_bytes(content)
    before = stored(own / "host")
    for words in reads(own / "host") + writes(own / "host", tmp_path):
        said = call(*words)
        assert said.code == 3, (words, said)
        assert word in said.out + said.err
    assert stored(own / "host") == before


@pytest.mark.parametrize(
    "name", ["ledger.db", "desk.db", "agreement.yaml", "card.json", "peer.json"]
)
@pytest.mark.parametrize("damage", ["cut", "junk", "gone", "empty", "folder"])
def test_a_damaged_file_of_the_folder_is_state_unknown_or_refused(
    call, own, tmp_path, name, damage
):
    path = own / "host" / name
    data = path.read_bytes()
    for beside in path.parent.glob(name + "-*"):
        beside.unlink()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage != "gone":
        path.write_bytes(
            {"cut": data[: len(data) // 2], "junk": b"\x00\xff junk" * 99, "empty": b""}[damage]
        )
    if name == "peer.json" and damage == "gone":
        assert call("node", "status", "--data", own / "host").code in (0, 3)
        return  # a node that knows no peer yet is an ordinary state
    for words in reads(own / "host") + writes(own / "host", tmp_path):
        said = call(*words)
        unaffected = said.code == 0 and words[:2] in (("ledger", "head"), ("ledger", "fsck"))
        assert said.code in (1, 2, 3) or unaffected, (words, said)
    fsck = call("ledger", "fsck", "--data", own / "host")
    assert fsck.code == 3, fsck


def test_one_changed_byte_of_the_log_is_found(call, own):
    path = own / "host" / "ledger.db"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    said = call("ledger", "fsck", "--data", own / "host")
    assert said.code == 3
    assert "WRONG" in said.out


# ---------------------------------------------------------------- paths that are none
def bad_paths(folder):
    (folder / "a-folder").mkdir()
    (folder / "empty").write_bytes(b"")
    (folder / "binary").write_bytes(bytes(range(256)) * 40)
    (folder / "nulls").write_bytes(b"\x00" * 5000)
    (folder / "text").write_text("hello: [world\n", encoding="utf-8")
    (folder / "deep").write_text("[" * 20_000, encoding="utf-8")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "latin").write_bytes("città: è\n".encode("latin-1"))
    return [
        folder / "missing", folder / "a-folder", folder / "empty", folder / "binary",
        folder / "nulls", folder / "text", folder / "deep", folder / "loop", folder / "latin",
        folder / "empty" / "below", folder / ("x" * 300), Path("/dev/null"), Path(), Path("/"),
        Path("/proc/self/mem"), folder / "-dashed", folder / "two\nlines",
    ]  # fmt: skip


INPUTS = {
    "agreement check": ("agreement", "check", "{}"),
    "agreement may": ("agreement", "may", "--agreement", "{}", "--party", "host", "--act", "task",
                      "--place", "zone:outer-cordon"),
    "standards check": ("standards", "check", "--standards", "{}", "--trace",
                        str(EXAMPLE / "trace.jsonl")),
    "standards trace": ("standards", "check", "--standards", str(STANDARDS), "--trace", "{}"),
    "standards explain": ("standards", "explain", "cordon-check", "--standards", "{}"),
    "node status": ("node", "status", "--data", "{}"),
    "node run": ("node", "run", "--data", "{}"),
    "fsck": ("ledger", "fsck", "--data", "{}"),
    "head": ("ledger", "head", "--data", "{}"),
    "list": ("evidence", "list", "--data", "{}", "--json"),
    "export": ("evidence", "export", "--data", "{}", "--verdict", "x", "--out", "{out}"),
    "invite": ("identity", "invite", "--data", "{}", "--role", "guard"),
    "sign": ("agreement", "sign", "--data", "{}", "--fingerprint", "x"),
    "card": ("federation", "add", "--data", "{host}", "--card", "{}"),
    "card into": ("federation", "add", "--data", "{}", "--card", "{host}/card.json"),
    "init text": ("node", "init", "--data", "{out}", "--party", "host", "--agreement", "{}",
                  "--root-key", "{}"),
}  # fmt: skip
EMPTY_IS_A_TRACE = ("/dev/null", "empty")
"""A trace with no line holds nothing to judge: it is read, and all of nothing is kept."""


@pytest.mark.parametrize("name", INPUTS)
def test_no_path_however_bad_is_answered_with_a_stack_trace(call, host, tmp_path, name):
    out = tmp_path / "out"
    for path in bad_paths(tmp_path):
        words = [word.format(path, out=out, host=host) for word in INPUTS[name]]
        said = call(*words)
        if name == "standards trace" and (str(path) in EMPTY_IS_A_TRACE or path.name == "empty"):
            assert said.code == 0
            continue
        assert said.code in (1, 2, 3), (words, said)
        assert said.err.strip() or name == "fsck", (words, said)
        assert said.out == "" or name == "fsck", (words, said)
        assert not out.exists()
    assert (tmp_path / "binary").read_bytes() == bytes(range(256)) * 40


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["node", "nonsense"],
        ["node", "status"],
        ["node", "status", "--data"],
        ["node", "run", "--data", "x", "--port", "many"],
        ["demo", "--speed", "fast"],
        ["demo", "--speed", "0"],
        ["demo", "--speed", "-1"],
        ["demo", "--speed", "inf"],
        ["demo", "--speed", "nan"],
        ["demo", "--seed", "seven"],
        ["identity", "invite", "--data", "x", "--role", "guard", "--days", "few"],
        ["agreement", "may", "--party", "host"],
        ["standards", "check", "--standards", "x"],
        ["standards", "explain"],
        ["ledger", "fsck", "--data", "x", "--unknown"],
        ["--nonsense"],
    ],
)
def test_a_call_that_does_not_fit_is_usage(call, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = call(*words)
    assert said.code == 2, said
    assert said.out == "", said
    assert said.err.strip()
    assert list(tmp_path.iterdir()) == []


def test_bytes_that_are_no_text_as_arguments(tmp_path):
    """A file name may be any bytes; what we say of it must not break what says it."""
    for words in ([b"node", b"status", b"--data"], [b"agreement", b"check"], [b"\xff\xfe"]):
        done = subprocess.run(
            [sys.executable, "-m", "safeconduct", *words, bytes(tmp_path) + b"/\xff\xfe"],
            capture_output=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode in (1, 2), done
        assert b"Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_error_of_ours():
    done = subprocess.run(
        f"{sys.executable} -m safeconduct standards vocabulary --json | head -c 10",
        shell=True, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert b"Traceback" not in done.stderr
    assert len(done.stdout) == 10


def test_a_verdict_that_is_unknown(call, verdict, tmp_path):
    folder, _ = verdict
    for record in ("r_" + "a" * 26, "", "x", "../../etc/passwd", "'"):
        said = call(
            "evidence", "export", "--data", folder, f"--verdict={record}", "--out", tmp_path / "e"
        )
        complains(said, 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["folder", "below a file", "missing folder"])
def test_an_export_to_where_nothing_can_be_written(call, verdict, tmp_path, kind):
    folder, record = verdict
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "there").mkdir()
    out = {
        "folder": tmp_path / "there",
        "below a file": tmp_path / "file" / "e.scb",
        "missing folder": tmp_path / "none" / "e.scb",
    }[kind]
    said = call("evidence", "export", "--data", folder, "--verdict", record, "--out", out)
    complains(said, 1)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "there"]


def test_an_older_export_stays_if_the_new_one_fails(call, verdict, tmp_path):
    folder, _record = verdict
    out = tmp_path / "e.scb"
    out.write_bytes(b"the older one")
    assert call("evidence", "export", "--data", folder, "--verdict", "x", "--out", out).code == 1
    assert out.read_bytes() == b"the older one"


def test_a_running_node_can_be_read_beside(call, own):
    """Reading needs no lock: fsck and status work while another process holds the folder."""
    folder = Folder(own / "host")
    folder.lock()
    try:
        for words in reads(own / "host"):
            assert call(*words).code == 0
        said = call("identity", "invite", "--data", own / "host", "--role", "guard")
        complains(said, 1, "another process writes")
    finally:
        folder.unlock()


def test_apsw_is_recent_enough():
    """Versions before 3.51.3 have a corruption bug with two connections to one WAL."""
    assert tuple(map(int, apsw.sqlite_lib_version().split("."))) >= (3, 51, 3)


def test_two_roots_are_two():
    assert make_root().public != make_root().public
