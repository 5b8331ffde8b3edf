"""What is signed: the hash, and the keys that are filled in before anybody signs."""

import copy
import random
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeconduct.agreement import (
    Agreement,
    canonical_text,
    load_agreement,
    may,
    placeholders,
    signable,
    with_keys,
    wording_hash,
)
from safeconduct.kernel.canonical import decode
from safeconduct.kernel.errors import Malformed, Refused
from safeconduct.kernel.signatures import Key
from tests.agreement.texts import plant

HOST, PARTNER = Key(b"\x01" * 32).public, Key(b"\x02" * 32).public


def test_layout_and_comments_do_not_count(scenario: Agreement, scenario_text: str) -> None:
    wanted = wording_hash(scenario)
    bare = "\n".join(
        line for line in scenario_text.splitlines() if not line.lstrip().startswith("#")
    )
    assert wording_hash(load_agreement(bare)) == wanted
    block = yaml.safe_dump(yaml.safe_load(scenario_text), allow_unicode=True, sort_keys=True)
    assert wording_hash(load_agreement(block)) == wanted
    flow = yaml.safe_dump(yaml.safe_load(scenario_text), default_flow_style=True, width=9999)
    assert wording_hash(load_agreement(flow)) == wanted


def _texts(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in _texts(item, (*path, key))]
    if isinstance(value, list):
        return [found for at, item in enumerate(value) for found in _texts(item, (*path, at))]
    return [path] if isinstance(value, str) else []


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_every_word_counts(scenario: Agreement, seed: int) -> None:
    rng = random.Random(seed)
    free = [
        path
        for path in _texts(scenario.tree)
        if path[0] in ("clauses", "standards")
        and {"words", "title", "words_only", "rule"} & set(path)
    ]
    path = rng.choice(free)
    tree = copy.deepcopy(dict(scenario.tree))
    holder: Any = tree
    for part in path[:-1]:
        holder = holder[part]
    text = holder[path[-1]]
    at = rng.randrange(len(text))
    holder[path[-1]] = text[:at] + ("x" if text[at] != "x" else "y") + text[at + 1 :]
    changed = load_agreement(yaml.safe_dump(tree, allow_unicode=True))
    assert wording_hash(changed) != wording_hash(scenario)


def test_signatures_are_outside_the_hash(scenario: Agreement, scenario_text: str) -> None:
    row = (
        'signatures:\n  - {party: host, key: k, draft: 1, open_clauses: ["4.2"], '
        "hash: h, signature: s, position_in_log: 3}"
    )
    signed = load_agreement(plant(scenario_text, "signatures: []", row))
    assert signed.text.signatures[0].party == "host"
    assert wording_hash(signed) == wording_hash(scenario)
    assert "signatures" not in decode(canonical_text(signed))


def test_keys_are_filled_in_and_nothing_else_changes(
    scenario: Agreement, scenario_text: str
) -> None:
    assert placeholders(scenario) == ("host", "partner")
    text = with_keys(scenario_text, {"partner": PARTNER, "host": HOST})
    filled = load_agreement(text)
    assert placeholders(filled) == ()
    assert [party.root_key for party in filled.parties.values()] == [HOST, PARTNER]
    back = text.replace(HOST, "ed25519:PLACEHOLDER-HOST-ROOT-KEY")
    assert back.replace(PARTNER, "ed25519:PLACEHOLDER-PARTNER-ROOT-KEY") == scenario_text
    assert wording_hash(filled) != wording_hash(scenario)
    assert with_keys(text, {"host": HOST}) == text
    one = load_agreement(with_keys(scenario_text, {"partner": PARTNER}))
    assert placeholders(one) == ("host",)


def test_block_style_keys_are_filled_in_too(scenario_text: str) -> None:
    block = yaml.safe_dump(yaml.safe_load(scenario_text), allow_unicode=True, sort_keys=False)
    filled = load_agreement(with_keys(block, {"host": HOST, "partner": PARTNER}))
    assert filled.parties["partner"].root_key == PARTNER


def test_wrong_keys_are_refused(scenario_text: str) -> None:
    with pytest.raises(Malformed, match="no party 'guest'"):
        with_keys(scenario_text, {"guest": HOST})
    with pytest.raises(Malformed, match="is not a key"):
        with_keys(scenario_text, {"host": "ed25519:xyz"})
    with pytest.raises(Refused, match="filled in already") as caught:
        with_keys(with_keys(scenario_text, {"host": HOST}), {"host": PARTNER})
    assert caught.value.clause == "2.1"


def test_a_text_with_placeholders_answers_but_cannot_be_signed(
    scenario: Agreement, scenario_text: str
) -> None:
    assert may(scenario, "partner", "observe", "cell:joint").granted
    with pytest.raises(Refused, match="root key of host and partner is still a placeholder"):
        signable(scenario)
    keyed = with_keys(scenario_text, {"host": HOST, "partner": PARTNER})
    signable(load_agreement(keyed))
    with pytest.raises(Refused, match=r"lists nothing, but 4\.2 is open"):
        signable(load_agreement(plant(keyed, 'open_clauses: ["4.2"]', "open_clauses: []")))
