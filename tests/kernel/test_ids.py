"""Ids: their form, the same from the same causes, never the same from others."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.ids import PREFIX, computed_id, entity_id, is_id, record_id
from tests.strategies import integers, record_ids, texts

kinds = st.sampled_from(sorted(PREFIX))
causes = st.lists(texts | integers, max_size=4)


def test_no_two_kinds_share_a_prefix():
    assert len(set(PREFIX.values())) == len(PREFIX)


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_record_ids_have_the_form_and_differ_where_the_bytes_do(one, other):
    assert is_id(record_id(one), "record")
    assert len(record_id(one)) == 28
    assert (record_id(one) == record_id(other)) == (one == other)


@pytest.mark.parametrize("count", [0, 15, 17, 32])
def test_a_record_id_needs_16_bytes(count):
    with pytest.raises(Malformed, match="16 random bytes"):
        record_id(bytes(count))


@given(kinds, record_ids)
def test_an_entity_has_the_id_of_its_kind_and_founding_record(kind, founding):
    made = entity_id(kind, founding)
    assert is_id(made, kind)
    assert made == entity_id(kind, founding)
    for other in PREFIX:
        if other != kind:
            assert not is_id(made, other)
            # not only the prefix differs: two kinds founded by one record share no digits
            assert entity_id(other, founding).split("_")[1] != made.split("_")[1]


@given(kinds, causes, causes)
def test_computed_ids_are_equal_exactly_where_their_causes_are(kind, one, other):
    assume(one != other)
    assert is_id(computed_id(kind, *one), kind)
    assert computed_id(kind, *one) == computed_id(kind, *one)
    assert computed_id(kind, *one) != computed_id(kind, *other)


def test_causes_do_not_run_together():
    assert computed_id("alert", "a", "bc") != computed_id("alert", "ab", "c")
    assert computed_id("alert", "1") != computed_id("alert", 1)
    assert computed_id("alert", "a") != computed_id("alert", "a", "")
    assert computed_id("alert", "a") != computed_id("hold", "a")


@pytest.mark.parametrize("cause", [2**53, "\ud800", 1.5])
def test_a_cause_without_canonical_form_is_refused(cause):
    with pytest.raises(Malformed):
        computed_id("alert", cause)


GOOD = "r_" + "a" * 26
NOT_IDS = [
    "",
    "r",
    "r_",
    GOOD[:-1],
    GOOD + "a",
    GOOD.upper(),
    "r-" + "a" * 26,
    "r_" + "1" * 26,  # 0, 1, 8, 9 are no digits of base32
    "abc_" + "a" * 26,
    "_" + "a" * 26,
    " " + GOOD,
    "r_" + "\uff41" * 26,
]


@pytest.mark.parametrize("text", NOT_IDS)
def test_another_form_is_not_an_id(text):
    assert not is_id(text)


def test_a_kind_that_does_not_exist_has_no_ids():
    assert is_id(GOOD)
    assert not is_id(GOOD, "nothing")


def test_an_id_followed_by_a_line_end_is_not_an_id():
    assert not is_id(GOOD + "\n")
