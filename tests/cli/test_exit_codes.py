"""The command line is a contract: exit codes, data on stdout, talk on stderr, no stack trace."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

import safeconduct
from safeconduct.agreement import with_keys
from safeconduct.cli.main import run
from safeconduct.kernel.signatures import Key, fingerprint
from safeconduct.node.folder import Folder
from safeconduct.node.setup import make_root
from safeconduct.node.stores.desk import DeskStore
from safeconduct.node.stores.ledger import LedgerStore
from safeconduct.testing.stage import free_port
from tests.node.inside import World, base, scenario
from tests.web.running import stored

EXAMPLE = Path(__file__).parents[1] / "standards" / "data" / "example"
AGREEMENT = scenario().agreement
STANDARDS = AGREEMENT.parent / "standards.yaml"


class Said:
    """What a command said, and how it ended."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"exit {self.code}\n{self.out}\n{self.err}"


@pytest.fixture
def call(capsys, monkeypatch):
    """Run a command here. An exception that comes through is a stack trace at a user: it fails."""
    locked = []
    lock = Folder.lock

    def noted(folder):
        lock(folder)
        locked.append(folder)

    monkeypatch.setattr(Folder, "lock", noted)

    def do(*words):
        capsys.readouterr()
        locked.clear()
        code = run([str(word) for word in words])
        while locked:  # a process that ends lets its folders go
            locked.pop().unlock()
        said = Said(code, *capsys.readouterr())
        assert "Traceback" not in said.out + said.err
        assert code in (0, 1, 2, 3, 4)
        return said

    return do


def complains(said, code, *words):
    """It ended with this code, put nothing on stdout, and said a sentence with these words."""
    assert said.code == code, said
    assert said.out == "", said
    for word in words:
        assert word in said.err, said
    assert said.err.strip().endswith((".", ")", "?")), said


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two folders of a pair in force; tests that change anything take a copy."""
    folder = tmp_path_factory.mktemp("pair")
    shutil.copytree(base().folder, folder, dirs_exist_ok=True)
    return folder


@pytest.fixture
def host(pair):
    """The host's folder, and that no command changed a byte of what it stored."""
    before = written(pair / "host")
    yield pair / "host"
    assert written(pair / "host") == before


def written(folder):
    """What a folder stores; a reader may leave an empty journal or lock file behind."""
    return {name: data for name, data in stored(folder).items() if data}


@pytest.fixture
def own(tmp_path):
    """A copy of the pair for one test."""
    shutil.copytree(base().folder, tmp_path / "own")
    return tmp_path / "own"


@pytest.fixture(scope="module")
def verdict(tmp_path_factory):
    """A host's folder with a breached verdict that the partner cosigned, and the verdict's id."""
    world = World(base(), tmp_path_factory.mktemp("verdict"))
    world.reports(0)
    world.sight("guard-b")
    world.reports(12)
    (fact,) = world.newest("cordon-check")
    world.stop()
    return world.data("host"), fact.record.id


# ---------------------------------------------------------------- 0: yes, kept or done
def test_version(call):
    said = call("--version")
    assert (said.code, said.out.strip()) == (0, safeconduct.__version__)


def test_help_at_each_level(call):
    for words in (["--help"], ["node", "--help"], ["ledger", "fsck", "--help"], []):
        said = call(*words)
        assert said.code == 0
        assert "safeconduct" in said.out


def test_status(call, host):
    said = call("node", "status", "--data", host)
    assert said.code == 0
    assert "party: host" in said.out
    value = json.loads(call("node", "status", "--data", host, "--json").out)
    assert (value["party"], value["mode"], value["in_force"]) == ("host", "exercise", True)


def test_fsck(call, host):
    assert call("ledger", "fsck", "--data", host).code == 0
    value = json.loads(call("ledger", "fsck", "--data", host, "--json").out)
    assert value["ok"] is True


def test_head(call, host):
    said = call("ledger", "head", "--data", host)
    assert said.code == 0
    assert said.out.startswith("safeconduct/host/")


def test_evidence_list(call, verdict):
    folder, record = verdict
    said = call("evidence", "list", "--data", folder, "--json")
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert said.code == 0
    assert [row["verdict"] for row in rows if row["verdict_id"] == record] == ["breached"]
    assert "cordon-check" in call("evidence", "list", "--data", folder).out


def test_evidence_export(call, verdict, tmp_path):
    folder, record = verdict
    out = tmp_path / "e.scb"
    said = call("evidence", "export", "--data", folder, "--verdict", record, "--out", out)
    assert said.code == 0, said
    assert out.read_bytes()[:2] == b"PK"
    assert [path.name for path in tmp_path.iterdir()] == ["e.scb"]


def test_vocabulary(call):
    words = json.loads(call("standards", "vocabulary", "--json").out)
    aliases = {word["alias"] for word in words}
    assert {"sighted", "checked", "queue", "depart", "hold", "verdict", "stopped"} <= aliases
    assert call("standards", "vocabulary").code == 0


def test_explain(call):
    said = call("standards", "explain", "cordon-check", "--standards", STANDARDS)
    assert said.code == 0
    assert "clause 7.2" in said.out


# ---------------------------------------------------------------- agreement may, as the issue says
@pytest.mark.parametrize(
    "party, act, place, granted, clause",
    [
        ("host", "task", "zone:outer-cordon", True, "3.1"),
        ("host", "release", "zone:outer-cordon", True, "3.1"),
        ("host", "deploy", "site:plant", True, "3.1"),
        ("host", "deploy", "premises:consulate", False, "4.1"),
        ("partner", "task", "zone:outer-cordon", False, "3.2"),
        ("partner", "release", "zone:outer-cordon", False, "3.2"),
        ("partner", "observe", "meeting:coordination", True, "3.2"),
        ("partner", "co-ordinate", "meeting:coordination", True, "3.2"),
        ("partner", "task", "meeting:coordination", False, "1.2"),
        ("partner", "deploy", "premises:consulate", True, "4.1"),
        ("partner", "deploy", "zone:outer-cordon", False, "4.1"),
        ("partner", "deploy", "site:plant", False, None),
        ("partner", "object", "zone:outer-cordon", True, "3.2"),
    ],
)
def test_may(call, party, act, place, granted, clause):
    words = ("agreement", "may", "--agreement", AGREEMENT, "--party", party, "--act", act)
    said = call(*words, "--place", place)
    assert said.code == (0 if granted else 1), said
    assert said.out.startswith("granted by clause" if granted else "refused by clause")
    value = json.loads(call(*words, "--place", place, "--json").out)
    assert value["granted"] is granted
    assert value["clause"] in said.out
    assert clause is None or value["clause"] == clause


@pytest.mark.parametrize(
    "party, act, place",
    [("company", "task", "zone:outer-cordon"), ("host", "dance", "zone:outer-cordon"),
     ("host", "task", "zone:nowhere"), ("host", "task", "outer-cordon"), ("", "", "")],
)  # fmt: skip
def test_may_of_a_name_that_is_unknown(call, party, act, place):
    said = call("agreement", "may", "--agreement", AGREEMENT, "--party", party, "--act", act,
                "--place", place)  # fmt: skip
    complains(said, 2)


def test_check_of_the_scenarios_text(call):
    said = call("agreement", "check", AGREEMENT)
    assert said.code == 0, said
    assert "PLACEHOLDER" in said.out or "placeholders" in said.out
    value = json.loads(call("agreement", "check", AGREEMENT, "--json").out)
    assert value["mode"] == "exercise"
    assert sorted(value["placeholders"]) == ["host", "partner"]


def test_check_of_a_text_with_an_error(call, tmp_path):
    text = AGREEMENT.read_text(encoding="utf-8").replace(
        'clause: "7.2", severity', 'clause: "9.9", severity'
    )
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    assert call("agreement", "check", tmp_path / "a.yaml").code in (1, 2)


# ---------------------------------------------------------------- standards check: 0, 1, 2, 4
def judged(call, trace, *more, standards=EXAMPLE / "standards.yaml"):
    return call("standards", "check", "--standards", standards, "--trace", trace, *more)


def test_the_example_is_breached_as_expected(call):
    said = judged(call, EXAMPLE / "trace.jsonl", "--json")
    assert said.code == 1
    rows = [json.loads(line) for line in said.out.splitlines()]
    wanted = [
        json.loads(line)
        for line in (EXAMPLE / "expected.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    for row in rows + wanted:
        row.pop("reason")
    assert rows == wanted


STOP = '{"t":0,"type":"stopped","source":"s","seq":1,"data":{"vehicle":"v","zone":"outer-cordon"}}'
CHECKED = '{"t":60000,"type":"checked","source":"s","seq":2,"data":{"vehicle":"v"}}'
LEFT = '{"t":70000,"type":"left","source":"s","seq":3,"data":{"vehicle":"v","zone":"outer-cordon"}}'
TICK = '{"t":9000000,"type":"tick"}'


@pytest.mark.parametrize(
    "lines, code",
    [([STOP, CHECKED, LEFT, TICK], 0), ([STOP, TICK], 1), ([STOP], 4), (["{"], 2), ([], 0)],
)
def test_the_four_ends_of_a_trace(call, tmp_path, lines, code):
    trace = tmp_path / "t.jsonl"
    trace.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    said = judged(call, trace, standards=STANDARDS)
    assert said.code == code, said


# ---------------------------------------------------------------- making a node
@pytest.fixture
def made(call, tmp_path):
    """A text with keys of both, and the host's root key in a file."""
    keys = {}
    for party in ("host", "partner"):
        said = call("node", "key", "--out", tmp_path / f"{party}.key")
        assert said.code == 0
        keys[party] = said.out.strip()
    text = with_keys(AGREEMENT.read_text(encoding="utf-8"), keys)
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def init(call, made, folder="host", *, party="host", key="host", text="a.yaml"):
    return call("node", "init", "--data", made / folder, "--party", party, "--agreement",
                made / text, "--root-key", made / f"{key}.key")  # fmt: skip


def test_a_whole_beginning_from_the_command_line(call, made):
    for party in ("host", "partner"):
        assert init(call, made, party, party=party, key=party).code == 0
    for party, other in (("host", "partner"), ("partner", "host")):
        said = call(
            "federation", "add", "--data", made / party, "--card", made / other / "card.json"
        )
        assert said.code == 0
        seed = bytes.fromhex((made / f"{other}.key").read_text(encoding="ascii").strip())
        confirmed = fingerprint(Key(seed).public)
        assert confirmed in said.out
        signed = call("agreement", "sign", "--data", made / party, "--fingerprint", confirmed)
        assert signed.code == 0, signed
        given = call("identity", "invite", "--data", made / party, "--role",
                     "host-duty-officer" if party == "host" else "liaison-officer")  # fmt: skip
        assert given.code == 0, given
        assert call("ledger", "fsck", "--data", made / party).code == 0
        value = json.loads(call("node", "status", "--data", made / party, "--json").out)
        assert value["in_force"] is False


def test_a_root_key_is_never_overwritten(call, made):
    before = (made / "host.key").read_bytes()
    complains(call("node", "key", "--out", made / "host.key"), 1, "exists already")
    assert (made / "host.key").read_bytes() == before
    assert (made / "host.key").stat().st_mode & 0o077 == 0


def test_init_twice(call, made):
    assert init(call, made).code == 0
    before = stored(made / "host")
    complains(init(call, made), 1, "holds a node already")
    assert stored(made / "host") == before


@pytest.mark.parametrize(
    "changed, code, word",
    [
        ({"party": "company"}, 1, "no party"),
        ({"key": "partner"}, 1, "another root key"),
        ({"key": "none"}, 2, "cannot be read"),
        ({"key": "a"}, 2, "cannot be read"),
        ({"text": "none.yaml"}, 2, "cannot be read"),
        ({"text": "host.key"}, 2, ""),
    ],
)
def test_init_that_makes_nothing(call, made, changed, code, word):
    said = init(call, made, "new", **changed)
    complains(said, code, word)
    assert not (made / "new").exists()


@pytest.mark.parametrize("content", [b"", b"zz", b"00" * 31, b"\xff" * 32, b"00" * 33])
def test_init_with_a_damaged_root_key(call, made, content):
    (made / "bad.key").write_bytes(content)
    said = init(call, made, "new", key="bad")
    assert said.code in (1, 2), said
    assert not (made / "new").exists()


def test_sign_without_a_fingerprint_and_nobody_to_ask(call, made, monkeypatch):
    init(call, made)
    monkeypatch.setattr(sys, "stdin", open("/dev/null", encoding="ascii"))  # noqa: SIM115, PTH123
    with sys.stdin:
        complains(call("agreement", "sign", "--data", made / "host"), 2, "fingerprint")


def test_sign_with_a_wrong_fingerprint(call, own):
    said = call("agreement", "sign", "--data", own / "host", "--fingerprint", "0000-1111")
    complains(said, 1, "not '0000-1111'")


def test_a_role_that_is_not_this_partys(call, own):
    said = call("identity", "invite", "--data", own / "host", "--role", "liaison-officer")
    complains(said, 2, "host has no role 'liaison-officer'")


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
