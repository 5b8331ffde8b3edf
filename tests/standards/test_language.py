"""The notation: what this version judges parses and prints back; the rest is refused by name."""

from pathlib import Path

import pytest

from safeconduct.kernel.errors import Malformed
from safeconduct.node.vocabulary import VOCABULARY
from safeconduct.standards import compile_standard, parse_rule, show
from safeconduct.standards.language import atoms_of
from tests.standards.kit import standard

TABLE = Path(__file__).parent / "data" / "vocabulary-rules.tsv"
LINES = [line.split("\t") for line in TABLE.read_text("utf-8").splitlines()]
SUPPORTED = {"now", "X1", "X2", "X3", "X10", "X12", "X13", "X14", "X15", "X16"}
LATER = {
    "X4": "every A has P",
    "X5": "deadline from a field",
    "X6": "working days",
    "X7": "calendar period",
    "X8": "by night",
    "X9": "sum over a window",
    "X11": "parameter",
    "X17": "scope",
}


def split(supported):
    return [
        pytest.param(code, needs, rule, id=code)
        for code, needs, rule in LINES
        if (set(needs.split()) <= SUPPORTED) is supported
    ]


def test_the_table_holds_every_line_of_the_vocabulary():
    assert len(LINES) == 105
    assert len(split(supported=True)) == 71


@pytest.mark.parametrize("code, needs, rule", split(supported=True))
def test_supported_lines_parse_and_print_back(code, needs, rule):
    parsed = parse_rule(rule, code)
    assert parse_rule(show(parsed), code) == parsed


@pytest.mark.parametrize("code, needs, rule", split(supported=False))
def test_what_is_not_supported_is_refused_by_its_name(code, needs, rule):
    with pytest.raises(Malformed, match="is not supported by this version") as caught:
        parse_rule(rule, code)
    assert f"standard {code}, rule, line 1 column" in caught.value.what
    reasons = [LATER[need] for need in needs.split() if need in LATER]
    assert any(reason in caught.value.why for reason in reasons)


@pytest.mark.parametrize("code, needs, rule", split(supported=True))
def test_supported_lines_fit_the_vocabulary_where_the_rooms_have_their_types(code, needs, rule):
    if not {atom.type for atom in atoms_of(parse_rule(rule))} <= set(VOCABULARY.by_alias):
        pytest.skip("a room that owns one of its types does not exist yet")
    compile_standard(standard(rule, code), VOCABULARY)


@pytest.mark.parametrize(
    "rule, column, piece, wanted",
    [
        ("when a(x) then", 15, "the end", "within"),
        ("when a(x then within 5 s: b(x)", 10, "then", ")"),
        ("nevr a(x)", 1, "nevr", "never"),
        ("", 1, "the end", "when"),
        ("never a()", 9, ")", "a name"),
        ("never a(x) b", 12, "b", "within"),
        ("never a(x) within 5 parsec of b(x)", 21, "parsec", "s, min, h or d"),
        ("when A(x) then within 5 s: b(x)", 6, "A(x)", "a name"),
        ('never a(x="z)', 11, '"z)', "double quotes"),
        ('never a(x!="z")', 10, "!=", "="),
        ("before a(x) need at least two u in b(x, u)", 27, "two", "a whole number"),
        ("never a(x) within 99999999 d of b(x)", 19, "99999999", "a hundred years"),
        ("never a(x < 1234567890123456)", 13, "1234567890123456", "fewer than 16"),
        ("before a(x) need at least 1234567890 u in b(u)", 27, "1234567890", "fewer than 10"),
        ("when a(x) then within 5 s: b(x);", 32, ";", "the end of the rule"),
        ("never a(x > 1.5)", 14, ".5)", "a name"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_would_fit(rule, column, piece, wanted):
    with pytest.raises(Malformed) as caught:
        parse_rule(rule, "my-rule", 7)
    assert caught.value.what.startswith(f"standard my-rule, rule, line 7 column {column}: ")
    assert piece in caught.value.what
    assert wanted in caught.value.do
    assert caught.value.exit_code == 2


def test_a_word_of_the_notation_may_be_a_field():
    rule = parse_rule("before a(from as f, until, by, need, valid as v) need b(by, until)")
    assert [bind.field for bind in rule.trigger.binds] == ["from", "until", "by", "need", "valid"]


def test_texts_hide_nothing_from_the_parser():
    assert parse_rule('never a(x="by night at $z each sum x in")').trigger.args[0].value


def test_a_long_rule_is_refused_before_it_is_read():
    with pytest.raises(Malformed, match="longer than"):
        parse_rule("never a(" + "x," * 4000 + "x)")
