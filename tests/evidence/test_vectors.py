"""The verifier's own signatures and trees against public vectors."""

import base64
import json
from pathlib import Path

import pytest

from safeconduct.kernel.signatures import verify
from safeconduct_verify import ed25519
from safeconduct_verify.tree import included, leaf_hash, root_of_range

HERE = Path(__file__).parent / "data"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "vectors" / "ledger"


def _shared(name):
    if not (SHARED / name).exists():
        pytest.skip(f"{name} is not beside this tree")
    return (SHARED / name).read_text()


def _speccheck(cases):
    out = []
    for case in cases:
        public, message, signature = (
            bytes.fromhex(case[k]) for k in ("pub_key", "message", "signature")
        )
        answer = ed25519.verify(public, message, signature)
        assert answer == verify(f"ed25519:{public.hex()}", message, signature)
        out.append(answer)
    return out


def test_the_copied_cases_on_which_libraries_disagree():
    cases = json.loads((HERE / "ed25519.json").read_text())["speccheck"]
    assert _speccheck(cases) == [case["valid"] for case in cases]


def test_speccheck_accepts_case_3_alone():
    answers = _speccheck(json.loads(_shared("ed25519-speccheck.json")))
    assert [i for i, answer in enumerate(answers) if answer] == [3]


def test_wycheproof():
    count = 0
    for group in json.loads(_shared("wycheproof-ed25519.json"))["testGroups"]:
        public = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            answer = ed25519.verify(public, bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
            assert answer == (case["result"] == "valid"), case["tcId"]
            count += 1
    assert count == 151


@pytest.mark.parametrize(
    "public, signature", [(b"", b""), (b"\0" * 31, b"\0" * 64), (b"\0" * 32, b"\0" * 63)]
)
def test_wrong_lengths_are_no_signatures(public, signature):
    assert not ed25519.verify(public, b"", signature)


def test_inclusion():
    count = 0
    for line in _shared("merkle-rfc6962.jsonl").splitlines():
        case = json.loads(line)
        if case["kind"] != "inclusion":
            continue
        root, hashed = (base64.b64decode(case[k] or "") for k in ("root", "leafHash"))
        path = [base64.b64decode(item) for item in case["proof"] or []]
        answer = included(hashed, case["leafIdx"], case["treeSize"], path, root)
        if len(root) == 32 and len(hashed) == 32:
            assert answer == (not case["wantErr"]), case["path"]
        else:
            assert answer is False
        count += 1
    assert count > 20


def test_known_roots():
    case = json.loads((HERE / "roots.json").read_text())
    leaves = [bytes.fromhex(item) for item in case["leaves_hex"]]
    for size, wanted in enumerate(case["root_after_n_hex"], 1):
        assert root_of_range(0, [], leaves[:size]).hex() == wanted
    for start in range(8):
        peaks, at = [], 0
        for level in (4, 2, 1):
            if start & level:
                peaks.append(root_of_range(0, [], leaves[at : at + level]))
                at += level
        assert root_of_range(start, peaks, leaves[start:]).hex() == case["root_after_n_hex"][-1]
    assert leaf_hash(b"").hex() == case["root_after_n_hex"][0]


def test_a_number_that_is_not_reduced_encodes_no_point():
    for low in range(19):
        assert ed25519._decode((ed25519.P + low).to_bytes(32, "little")) is None
    assert ed25519._decode((1).to_bytes(32, "little")) is not None
