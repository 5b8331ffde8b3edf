"""The contract: the example's standards over its trace give its verdicts."""

import json
from pathlib import Path

import pytest

from safeconduct.standards import (
    compile_standard,
    load_standards,
    plan,
    read_trace,
    run,
    verdict_line,
)

HERE = Path(__file__).parent / "data" / "example"
SHARED = Path(__file__).parents[3] / "shared" / "design" / "example"


def judge(folder, with_run=run):
    text = (folder / "standards.yaml").read_text("utf-8")
    compiled = [compile_standard(item) for item in load_standards(text)]
    lines = (folder / "trace.jsonl").read_bytes().splitlines()
    return [json.loads(verdict_line(item)) for item in with_run(compiled, read_trace(lines))]


def expected(folder):
    lines = (folder / "expected.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def bare(rows):
    return [[(key, value) for key, value in row.items() if key != "reason"] for row in rows]


@pytest.mark.parametrize("folder", [HERE, SHARED], ids=["copy", "shared"])
def test_the_example_gives_its_verdicts_with_keys_in_order(folder):
    if not folder.exists():
        pytest.skip("the shared design is not beside this checkout")
    assert bare(judge(folder)) == bare(expected(folder))
    assert all(row["reason"] for row in judge(folder))


def test_the_copy_is_the_shared_example():
    if not SHARED.exists():
        pytest.skip("the shared design is not beside this checkout")
    for name in ("standards.yaml", "trace.jsonl", "expected.jsonl"):
        assert (HERE / name).read_bytes() == (SHARED / name).read_bytes()


def test_a_plan_is_judged_by_the_same_engine():
    assert judge(HERE, plan) == judge(HERE)
