"""`safeconduct standards`: exit codes, JSON, and every bad input named with file and line."""

import json
from pathlib import Path

import pytest

from safeconduct.cli.standards import app
from safeconduct.kernel.errors import Malformed

EXAMPLE = Path(__file__).parent / "data" / "example"
GOOD = '{"t":1,"type":"stopped","source":"s","seq":1,"data":{"vehicle":"v","zone":"outer"}}'


def call(*words):
    return app([str(word) for word in words], exit_on_error=False, result_action="return_value")


def check(trace, *more, standards=EXAMPLE / "standards.yaml"):
    return call("check", "--standards", standards, "--trace", trace, *more)


def written(folder, *lines):
    path = folder / "trace.jsonl"
    path.write_bytes(b"".join(x if isinstance(x, bytes) else x.encode() + b"\n" for x in lines))
    return path


def test_the_example_exits_1_with_its_lines(capsys):
    assert check(EXAMPLE / "trace.jsonl", "--json") == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    wanted = [json.loads(x) for x in (EXAMPLE / "expected.jsonl").read_text().splitlines()]
    for row in rows + wanted:
        row.pop("reason")
    assert rows == wanted


def test_the_table_is_for_people(capsys):
    assert check(EXAMPLE / "trace.jsonl") == 1
    out = capsys.readouterr().out
    assert "2 kept, 2 breached, 1 cannot be told" in out
    assert "cordon-check" in out


def test_all_kept_is_0_and_an_open_one_is_4(tmp_path, capsys):
    checked = '{"t":2,"type":"checked","source":"s","seq":2,"data":{"vehicle":"v"}}'
    assert check(written(tmp_path, GOOD, checked)) == 0
    assert check(written(tmp_path, GOOD)) == 4
    assert check(written(tmp_path, "", " ")) == 0


@pytest.mark.parametrize(
    "line, message",
    [
        ("{", "it is not JSON"),
        ("[]", "it is not an object"),
        ("null", "it is not an object"),
        (b"\xff\n", "it is not JSON"),
        (GOOD.replace('"t":1', '"t":1.0'), "the number 1.0 is a float"),
        (GOOD.replace('"t":1', '"t":1e3'), "the number 1e3 is a float"),
        (GOOD.replace('"t":1', '"t":"1"'), "`t` is not an instant"),
        (GOOD.replace('"t":1', '"t":true'), "`t` is not an instant"),
        (GOOD.replace('"t":1', '"t":-1'), "`t` is not an instant"),
        (GOOD.replace('"t":1,', ""), "`t` is not an instant"),
        (GOOD.replace('"t":1', '"t":9007199254740992'), "too large"),
        (GOOD.replace('"t":1', '"t":253402300800000'), "`t` is not an instant"),
        (GOOD.replace('"seq":1', '"seq":1,"seq":2'), "the key 'seq' stands twice"),
        (GOOD.replace('"vehicle":"v"', '"vehicle":"v","vehicle":"w"'), "stands twice"),
        (GOOD.replace('"v"', "0.5"), "the number 0.5 is a float"),
        (GOOD.replace('"v"', "99999999999999999999"), "too large"),
        (GOOD.replace('"v"', "NaN"), "it is not JSON"),
        (GOOD.replace(',"seq":1', ""), "'seq' is missing"),
        (GOOD.replace('"seq":1', '"seq":-1'), "`seq` is not a whole number"),
        (GOOD.replace('"seq":1', '"seq":"1"'), "`seq` is not a whole number"),
        (GOOD.replace('"source":"s"', '"source":""'), "`source` is not a text"),
        (GOOD.replace('"type":"stopped"', '"type":7'), "`type` is not a text"),
        (GOOD.replace('"t":1', '"t":1,"who":"x"'), "unknown key 'who'"),
        (GOOD.replace('"t":1', '"t":1,"by":7'), "`by` is not a text"),
        ('{"t":1,"type":"a","source":"s","seq":1,"data":[]}', "`data` is not an object"),
        ('{"t":1,"type":"tick","seq":1}', "a tick has no 'seq'"),
        (
            '{"t":1,"type":"a","source":"s","seq":1,"data":{"x":' + "[" * 99 + "]" * 99 + "}}",
            "deep",
        ),
        ('{"t":1,"x":' + "[" * 5000 + "]" * 5000 + "}", "not JSON"),
    ],
)
def test_a_bad_line_is_refused_with_file_and_number(tmp_path, line, message):
    path = written(tmp_path, GOOD, "", line)
    with pytest.raises(Malformed) as caught:
        check(path, "--json")
    assert str(caught.value).startswith(f"{path}, line 3: ")
    assert message in str(caught.value)
    assert caught.value.exit_code == 2


def test_white_space_and_escapes_are_no_double_keys(tmp_path, capsys):
    odd = GOOD.replace(":", " : ").replace('"v"', '"\\u0076"').replace("}}", "} }")
    assert check(written(tmp_path, odd.encode() + b"\r\n")) == 4


def test_an_unreadable_file_is_named(tmp_path):
    missing = tmp_path / "no.jsonl"
    for words in ((missing,), (tmp_path,)):
        with pytest.raises(Malformed, match="cannot be read"):
            check(*words)
    with pytest.raises(Malformed, match="cannot be read"):
        check(EXAMPLE / "trace.jsonl", standards=missing)
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"\xe9")
    with pytest.raises(Malformed, match="is not UTF-8"):
        check(EXAMPLE / "trace.jsonl", standards=latin)
    latin.write_text("a: 1\na: 2\n")
    with pytest.raises(Malformed) as caught:
        check(EXAMPLE / "trace.jsonl", standards=latin)
    assert str(caught.value).startswith(f"{latin}: line 2: the key 'a' stands twice")


def test_explain_says_the_sentence_and_the_note(capsys):
    assert call("explain", "cordon-check", "--standards", EXAMPLE / "standards.yaml") == 0
    out = capsys.readouterr().out
    assert "the same vehicle; any zone" in out
    assert "Note: left(vehicle) names no zone" in out
    assert call("explain", "cordon-check@1", "--standards", EXAMPLE / "standards.yaml") == 0
    with pytest.raises(Malformed, match="has no standard 'x'"):
        call("explain", "x", "--standards", EXAMPLE / "standards.yaml")


def test_the_vocabulary_is_listed(capsys):
    assert call("vocabulary", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    stopped = next(row for row in rows if row["alias"] == "stopped")
    assert list(stopped) == [
        "alias", "type", "meaning", "kinds", "author", "fields", "class", "milestone",
    ]  # fmt: skip
    assert stopped["fields"][0] == {
        "name": "vehicle",
        "type": "id",
        "key": True,
        "personal": False,
        "secret": False,
        "optional": False,
        "choices": [],
    }
    assert call("vocabulary") == 0
    assert "stopped" in capsys.readouterr().out
