"""`safeconduct agreement check` and `may`: exit codes, what is said, files that do not read."""

import json
from pathlib import Path
from typing import Any

import pytest

from safeconduct.cli.agreement import app
from safeconduct.kernel.errors import Malformed
from tests.agreement.texts import REFERENCE, SCENARIO, plant


def run(*words: object) -> Any:
    return app([str(word) for word in words], result_action="return_value")


def ask(*words: str) -> Any:
    return run("may", "--agreement", SCENARIO, *words)


def test_check_a_clean_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", SCENARIO) == 0
    said = capsys.readouterr()
    assert "airport-transfer, draft 1, exercise" in said.out
    assert "24: 23 agreed, 1 bracketed" in said.out
    assert "host, partner (no root key yet: it cannot be signed)" in said.out
    assert "0 errors, 2 notes" in said.out
    assert "a human reader of each signs for the rest" in said.err
    assert run("check", REFERENCE) == 0


def test_check_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", SCENARIO, "--json") == 0
    value = json.loads(capsys.readouterr().out)
    assert value["placeholders"] == ["host", "partner"]
    assert len(value["hash"]) == 64
    assert {one["level"] for one in value["findings"]} == {"note"}


def test_check_finds(
    tmp_path: Path, scenario_text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        plant(scenario_text, "at: 10 min, do: escalate", "at: 5 min, do: escalate"),
        encoding="utf-8",
    )
    assert run("check", file) == 1
    assert "error: 7.3, ladder unchecked-vehicle, step 2" in capsys.readouterr().out


def test_may(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("--party", "partner", "--act", "task", "--place", "zone:outer-cordon") == 1
    said = capsys.readouterr().out
    assert said.startswith("refused by clause 3.2: The partner may not task at zone:outer-cordon")
    assert ask("--party", "partner", "--act", "observe", "--place", "meeting:coordination") == 0
    assert capsys.readouterr().out.startswith("granted by clause 3.2: The partner may observe")
    assert (
        ask(
            "--party",
            "partner",
            "--act",
            "deploy",
            "--place",
            "premises:consulate",
            "--kind",
            "military",
        )
        == 1
    )
    assert "clause 1.2" in capsys.readouterr().out
    assert (
        ask("--party", "host", "--act", "task", "--place", "post:outer-gate", "--role", "guard")
        == 1
    )


def test_may_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("--party", "partner", "--act", "deploy", "--place", "site:plant", "--json") == 1
    value = json.loads(capsys.readouterr().out)
    assert (value["granted"], value["clause"], value["kinds"]) == (False, "4.1", [])


def test_names_and_files_that_do_not_read(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="did you mean zone:outer-cordon"):
        ask("--party", "partner", "--act", "task", "--place", "outer-cordon")
    with pytest.raises(Malformed, match=r"cannot be read\. No such file"):
        run("check", tmp_path / "none.yaml")
    with pytest.raises(Malformed, match=r"cannot be read\. Is a directory"):
        run("check", tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9\n")
    with pytest.raises(Malformed, match="is not text in UTF-8") as caught:
        run("check", tmp_path / "latin.yaml")
    assert caught.value.exit_code == 2
