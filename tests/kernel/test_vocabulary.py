"""The notation of fields, read and written back; and what a field's declaration allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.vocabulary import (
    DIMENSIONS,
    SHARED,
    Field,
    Vocabulary,
    check_data,
    parse_fields,
    record_type,
)
from safeconduct.node.vocabulary import VOCABULARY
from tests.strategies import data_of, kinds

TYPES = ("id", "text", "hash", "ref", "list", "name", "bool", *DIMENSIONS)


def write(field):
    """A field in the vocabulary's notation: the printer that the parser is held against."""
    marks = "".join(
        mark
        for mark, is_set in (("!", field.key), ("~", field.personal), ("^", field.secret))
        if is_set
    )
    kind = "{" + "/".join(field.choices) + "}" if field.choices else field.type
    return f"{field.name}{marks}:{kind}{'?' if field.optional else ''}"


names = st.from_regex(r"[a-z][a-z_]{0,9}", fullmatch=True).filter(lambda name: name not in SHARED)
choices = st.lists(st.from_regex(r"[a-z0-9_]{1,6}", fullmatch=True), min_size=1, max_size=3)
fields = st.builds(
    lambda name, kind, marks, optional, chosen: Field(
        name,
        kind,
        *marks,
        optional=optional,
        choices=tuple(chosen) if kind == "choice" else (),
    ),
    names,
    st.sampled_from([*TYPES, "choice"]),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
    st.booleans(),
    choices,
)


@given(st.lists(fields, max_size=5, unique_by=lambda field: field.name))
def test_fields_come_back_as_they_were_written(declared):
    assert parse_fields(" ".join(write(field) for field in declared)) == tuple(declared)


def test_every_declared_field_comes_back_as_it_was_written():
    for kind in VOCABULARY.by_alias.values():
        assert parse_fields(" ".join(write(field) for field in kind.fields)) == kind.fields


def test_a_field_without_a_type_is_an_id_and_the_mark_of_the_optional_stands_on_either_side():
    assert parse_fields("a! b? c?:n d:n?") == (
        Field("a", "id", key=True),
        Field("b", "id", optional=True),
        Field("c", "n", optional=True),
        Field("d", "n", optional=True),
    )


@pytest.mark.parametrize(
    "text", ["A", "1a", "a:", "a:float", "a:int", "a:{}", "a:{x y}", "a:{X}", "a-b", "a:n:m", "?",
             "a#", "a:n??", *SHARED]
)  # fmt: skip
def test_what_is_not_a_field_is_refused(text):
    with pytest.raises(Malformed, match="field"):
        parse_fields(f"first {text}")


def _type(alias, name, **more):
    given_ = {"kinds": "S", "author": "self", "fields": "x", "class_name": "move"}
    return record_type(alias, name, "a type", **{**given_, **more}, milestone="full")


def test_a_class_must_exist_and_no_type_is_declared_twice():
    with pytest.raises(Malformed, match="not a class"):
        _type("a", "t.a", class_name="nothing")
    for other in (_type("a", "t.b"), _type("b", "t.a")):
        with pytest.raises(Malformed, match="declared twice"):
            Vocabulary.of([_type("a", "t.a"), other])


def test_authors_and_lists_of_names_are_parted():
    made = _type("a", "t.a", author="self; task @ post", fields="x! y! z:n", identity="x y")
    assert made.author == ("self", "task @ post")
    assert made.keys == made.identity == ("x", "y")
    assert made.field("z").dimension == "count"
    assert made.field("w") is None


# ---------------------------------------------------------------- check_data
ROW = _type(
    "row",
    "t.row",
    fields="x! n:n t:t m:m flag:bool text:text list:list kind:{one/two} s^:text p~!:id o:n?",
)
GOOD = {
    "x": "a",
    "n": 0,
    "t": 0,
    "m": 2**53 - 1,
    "flag": False,
    "text": "x" * 2_000,
    "list": [],
    "kind": "one",
    "s": "secret",
    "p": "person",
}


def test_good_values_pass_with_and_without_the_optional_and_the_sealed():
    check_data(ROW, GOOD)
    check_data(ROW, {**GOOD, "o": 3})
    open_ = {name: value for name, value in GOOD.items() if name not in ("s", "p")}
    check_data(ROW, open_, sealed=["s", "p"])
    check_data(ROW, {**open_, "p": "person"}, sealed=["s"])


BAD = [
    ("x", "", "1 to 2,000"),
    ("x", 5, "1 to 2,000"),
    ("x", None, "1 to 2,000"),
    ("text", "x" * 2_001, "1 to 2,000"),
    ("text", ["x"], "1 to 2,000"),
    ("n", -1, "negative"),
    ("n", "1", "whole number"),
    ("n", True, "whole number"),
    ("n", None, "whole number"),
    ("n", 1.0, "whole number"),
    ("t", "2027-03-01T00:00:00Z", "whole number"),
    ("t", False, "whole number"),
    ("t", -1, "negative"),
    ("t", 7_258_118_400_001, "after the year 2200"),
    ("m", -1, "negative"),
    ("flag", 0, "true or false"),
    ("flag", "true", "true or false"),
    ("flag", None, "true or false"),
    ("list", "a", "not a list"),
    ("list", {}, "not a list"),
    ("list", ("a",), "not a list"),
    ("kind", "three", "one, two"),
    ("kind", "", "one, two"),
    ("kind", ["one"], "one, two"),
    ("kind", None, "one, two"),
    ("o", None, "whole number"),
]


@pytest.mark.parametrize("name, value, words", BAD)
def test_a_bad_value_is_refused_by_type_and_field(name, value, words):
    with pytest.raises(Malformed, match=words) as caught:
        check_data(ROW, {**GOOD, name: value})
    assert f"row.{name}" in caught.value.what


@pytest.mark.parametrize("name", [field.name for field in ROW.fields if not field.optional])
def test_a_field_that_is_owed_is_named(name):
    with pytest.raises(Malformed, match=rf"row lacks the field '{name}'"):
        check_data(ROW, {key: value for key, value in GOOD.items() if key != name})


def test_unknown_fields_and_seals_on_open_fields_are_refused():
    with pytest.raises(Malformed, match=r"no field 'y'.*its fields are x, n"):
        check_data(ROW, {**GOOD, "y": 1})
    with pytest.raises(Malformed, match="no field 'y'"):
        check_data(ROW, GOOD, sealed=["y"])
    with pytest.raises(Malformed, match=r"row\.x may not be sealed"):
        check_data(ROW, {name: value for name, value in GOOD.items() if name != "x"}, sealed=["x"])


@given(st.data())
def test_what_a_declaration_allows_passes(data):
    kind = data.draw(kinds)
    values = data.draw(data_of(kind))
    check_data(kind, values)
    closed = [field.name for field in kind.fields if field.sealed and field.name in values]
    shut = data.draw(st.sets(st.sampled_from(closed))) if closed else set()
    check_data(kind, {k: v for k, v in values.items() if k not in shut}, sealed=shut)
