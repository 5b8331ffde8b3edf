"""The command line is a contract: exit codes, data on stdout, talk on stderr, no stack trace."""

import json
import sys

import pytest

import safeconduct
from safeconduct.agreement import with_keys
from safeconduct.kernel.signatures import Key, fingerprint
from tests.cli.said import AGREEMENT, EXAMPLE, STANDARDS, complains
from tests.web.running import stored


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
