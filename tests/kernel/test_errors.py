"""Errors: two families, each with its exit code, each one sentence for a person."""

from hypothesis import given
from hypothesis import strategies as st

from safeconduct.kernel.errors import Malformed, Refused, SafeconductError, StateUnknown

parts = st.text("abc .", max_size=8)


def test_exit_codes_are_the_contract_of_the_command_line():
    assert (Refused("a").exit_code, Malformed("a").exit_code, StateUnknown("a").exit_code) == (
        1,
        2,
        3,
    )
    assert issubclass(Malformed, Refused)
    assert not issubclass(StateUnknown, Refused)
    assert issubclass(StateUnknown, SafeconductError)


def test_a_sentence_says_what_why_what_to_do_and_the_clause():
    error = Refused("it is not", why="it may not", do="ask.", clause="7.2")
    assert str(error) == error.sentence() == "it is not. it may not. ask. (clause 7.2)"
    assert str(Refused("it is not")) == "it is not."
    assert str(Refused("it is not.", clause="1")) == "it is not. (clause 1)"


@given(st.sampled_from([Refused, Malformed, StateUnknown]), parts, parts, parts)
def test_no_sentence_ends_in_two_stops_or_loses_a_part(family, what, why, do):
    error = family(what, why=why, do=do)
    assert (error.what, error.why, error.do) == (what, why, do)
    for part in (what, why, do):
        assert part.rstrip(".") in error.sentence()
    assert not error.sentence().endswith("..")
