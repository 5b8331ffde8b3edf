"""The envelope: read strictly, refused with line, reason and remedy."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.kernel.errors import Malformed
from safeconduct.standards import load_standards, standards_from

GOOD = """safeconduct: standards/1
standards:
  - id: s
    version: 1
    clause: "7.2"
    title: {en: T}
    severity: high
    owner: o
    ours: true
    rule: 'never a(x)'
"""
ITEM = {
    "id": "s",
    "version": 1,
    "clause": "7.2",
    "title": {"en": "T"},
    "severity": "high",
    "owner": "o",
    "ours": True,
    "rule": "never a(x)",
}


def test_a_good_one_has_all_its_parts():
    (one,) = load_standards(GOOD.replace("ours: true", "ours: false\n    source: UN, 3"))
    assert (one.id, one.version, one.clause, one.source) == ("s", 1, "7.2", "UN, 3")
    assert one.pattern == "never"
    assert standards_from([ITEM])[0].rule == one.rule


def test_the_interval_in_force_is_read_as_instants():
    more = GOOD + "    in_force: {from: 1970-01-01T00:00:01Z, until: '1970-01-01T00:00:02Z'}\n"
    (one,) = load_standards(more)
    assert (one.in_force_from, one.in_force_until) == (1000, 2000)
    assert not one.in_force(999)
    assert one.in_force(1000)
    assert not one.in_force(2000)


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("safeconduct: standards/1\n", "", "does not say `safeconduct: standards/1`"),
        ("standards/1", "standards/2", "does not say"),
        (GOOD, "", "not a mapping"),
        (GOOD, "- a\n", "not a mapping"),
        (GOOD, "a: [", "is not YAML"),
        (GOOD, "safeconduct: standards/1\nstandards: x\n", "is not a list"),
        (GOOD, "safeconduct: standards/1\nstandards: [3]\n", "is not a mapping"),
        (GOOD, "safeconduct: standards/1\nmore: 1\nstandards: []\n", "unknown key 'more'"),
        (
            '"7.2"',
            "7.2",
            "line 5: 7.2 is a float. unquoted, the clauses 7.1 and 7.10 would be one number",
        ),
        ('"7.2"', "7", "line 5: clause is not a text. put it in quotes"),
        ("    owner: o\n", "    owner: o\n    owner: p\n", "line 9: the key 'owner' stands twice"),
        ("    owner: o\n", "", "'owner' is missing"),
        ("    owner: o\n", "    owner: o\n    colour: red\n", "line 9: unknown key 'colour'"),
        ("ours: true", "ours: false", "without a source"),
        ("ours: true", "ours: yes", "yes is read as true or false by some readers"),
        ("ours: true", "ours: maybe", "ours is not true or false"),
        ("severity: high", "severity: low", "choose one of critical, high, other"),
        ("version: 1", "version: 0", "the version is not a whole number"),
        ("version: 1", "version: 0x1", "read as different numbers"),
        ("{en: T}", "{zh: T}", "the title has no English"),
        ("{en: T}", "{en: T, fr: U}", "no language 'fr'"),
        ("{en: T}", "{en: 3}", "the title in en is not a text"),
        ("id: s", "id: 's t'", "is not a name"),
        ("id: s", "id: &x s", "an anchor or alias"),
        ("id: s", "id: !!str s", "the tag 'tag:yaml.org,2002:str' is used"),
        ("never a(x)", "nevr a(x)", "standard s, rule, line 10 column 1: 'nevr'"),
        ("owner: o", "owner: ~", "a value is empty"),
        ("{en: T}", "{en: [[[[[[[[[[x]]]]]]]]]]}", "nested deeper than 8 levels"),
    ],
)
def test_a_bad_text_is_refused_with_its_reason(old, new, message):
    with pytest.raises(Malformed) as caught:
        load_standards(GOOD.replace(old, new))
    assert message in str(caught.value)


def test_an_interval_that_ends_before_it_begins_and_odd_ones():
    for value in (
        "{}",
        "{from: 3.5}",
        "{on: 3}",
        "{from: x}",
        "{from: 5, until: 5}",
        "{from: null}",
    ):
        with pytest.raises(Malformed):
            load_standards(GOOD + f"    in_force: {value}\n")


def test_one_id_and_version_stands_once():
    with pytest.raises(Malformed, match="stands twice"):
        standards_from([ITEM, ITEM])
    assert len(standards_from([ITEM, {**ITEM, "version": 2}])) == 2


def test_brackets_and_length_cost_nothing_but_a_refusal():
    with pytest.raises(Malformed):
        load_standards("safeconduct: standards/1\nstandards: " + "[" * 50_000)
    with pytest.raises(Malformed, match="longer than"):
        load_standards("#" * 1_000_001)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.integers(0, 200))
def test_no_text_brings_anything_but_a_refusal(noise, where):
    with contextlib.suppress(Malformed):
        load_standards(GOOD[:where] + noise + GOOD[where:])
