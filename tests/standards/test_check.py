"""Names, types, units, places and joins; and what the author is told of a rule."""

import pytest

from safeconduct.kernel.errors import Malformed
from safeconduct.node.vocabulary import VOCABULARY
from safeconduct.standards import Event, compile_standard, explain, run
from tests.standards.kit import standard

PLACES = ["zone:outer-cordon", "zone:inner", "post:gate", "district:upper"]


def compiled(rule, places=None, vocabulary=VOCABULARY, *, strict=True):
    return compile_standard(standard(rule, "cordon-check"), vocabulary, places, strict=strict)


@pytest.mark.parametrize(
    "rule, message",
    [
        ("never stoped(vehicle)", "no type 'stoped'. did you mean stopped"),
        ("never stopped(vehicl)", "no field 'vehicl'. did you mean vehicle"),
        ('never sighted(vehicle, motion="gon")', "'gon'. choose stopped, moving, gone"),
        ("never stopped(vehicle, standoff < 98)", "is a length. write a unit: mm, cm, m, km"),
        ("never stopped(vehicle, standoff < 98 min)", "is a length, min measures duration"),
        ("never stopped(vehicle, standoff < 98 ft)", "'ft' is not a unit"),
        ('never stopped(vehicle, standoff="98")', "is not a text"),
        ("never stopped(vehicle, zone > 3)", "is not compared with 3"),
        ("never assigned(movement, spare=true, persons=true)", "is not compared with true"),
        ("never rostered(shift, until > 3)", "an instant is not compared"),
        ("never site_listed(site, zones)", "is a list"),
        ("when stopped(vehicle) then within 5 min: depart(movement as vehicle)", "is a vehicle in"),
        ("before depart(movement) need valid radio(movement)", "has no identity key"),
        ("never tick(t)", "`tick` is not a type"),
        ("when stopped(vehicle) then within 5 min: stopped(vehicle)", "answers itself"),
        ("from depart(movement) until arrived(movement) need radio(movement) every 0 s", "more"),
        (
            "before depart(movement) need at least 2 movement in escort(movement, unit)",
            "the trigger fixes it",
        ),
        ("before depart(movement) need at least 2 u in escort(movement, unit)", "does not bind it"),
        ("before depart(movement) need at least 0 unit in escort(movement, unit)", "asks for no"),
        ("never escort(movement) within 5 s of depart(movement) where movement != x", "'x'"),
        ("never depart(movement) within 5 s of depart(movement) where movement != movement", "dif"),
        ('never sighted(vehicle, plate=true) within 5 s of sighted(vehicle, plate="x")', "plate"),
    ],
)
def test_a_rule_that_means_nothing_is_refused_with_the_reason(rule, message):
    with pytest.raises(Malformed) as caught:
        compiled(rule)
    assert "standard cordon-check" in str(caught.value)
    assert message in str(caught.value)


def test_one_field_is_of_one_kind_even_without_a_vocabulary():
    with pytest.raises(Malformed, match="is a text in one place, a number in another"):
        compiled('never a(x="1") within 5 s of a(x > 1)', vocabulary=None)
    with pytest.raises(Malformed, match="the unit in which its values are written is not known"):
        compiled("never a(x < 98 m)", vocabulary=None)


def test_units_become_whole_numbers_of_one_unit():
    def one(text):
        arg = compiled(text).rule.trigger.args[-1]
        return arg.scale, arg.value

    assert one("never stopped(vehicle, standoff < 98 m)") == (1, 98)
    assert one("never stopped(vehicle, standoff < 2440 mm)") == (25, 61)
    assert one("never stopped(vehicle, standoff < 2 km)") == (1, 2000)
    assert one("never stopped(vehicle, standoff > 0 mm)") == (1, 0)


def test_a_fraction_of_the_fields_unit_is_compared_exactly():
    rule = compiled("never stopped(vehicle, standoff < 2440 mm)")

    def word(metres):
        return run([rule], [Event(0, "stopped", "s", 1, {"vehicle": "v", "standoff": metres}, 1)])

    assert [v.verdict for v in word(2)] == ["breached"]
    assert word(3) == []


def test_places_are_completed_and_unknown_ones_refused_with_the_nearest():
    rule = compiled('never stopped(vehicle, zone="outer-cordon")', PLACES).rule
    assert rule.trigger.args[1].value == "zone:outer-cordon"
    rule = compiled('never stopped(vehicle, zone="zone:inner")', PLACES).rule
    assert rule.trigger.args[1].value == "zone:inner"
    with pytest.raises(Malformed) as caught:
        compiled('never stopped(vehicle, zone="outer")', PLACES)
    assert caught.value.what == 'standard cordon-check, zone="outer": no such place'
    assert caught.value.do == "Did you mean zone:outer-cordon?"
    with pytest.raises(Malformed, match="it has no site at all"):
        compiled('never stopped(vehicle, site="camp")', PLACES)


def test_a_plain_trace_may_use_its_own_words_and_still_has_units_and_identities():
    free = 'when stopped(vehicle, colour="red") then within 5 s: washed(vehicle)'
    assert compiled(free, strict=False).rule
    arg = compiled("never stopped(vehicle, standoff < 98 m)", strict=False).rule.trigger.args[1]
    assert (arg.scale, arg.value) == (1, 98)
    held = compiled("before depart(movement) need valid cleared(movement)", strict=False)
    assert held.identities == {"cleared": ("movement", "district", "authority")}


def test_explain_spells_out_joins_and_what_is_easily_missed():
    text = explain(
        standard(
            'when stopped(vehicle, zone="outer") '
            "then within 5 min: checked(vehicle) or left(vehicle)"
        )
    )
    assert "the same vehicle; any zone" in text
    assert "left(vehicle) names no zone: any zone will do" in text
    whole = explain(standard('when stopped(v, zone="o") then within 5 min: left(v, zone="o")'))
    assert "Note" not in whole


def test_explain_names_states_left_open_and_atoms_that_join_nothing():
    text = explain(
        standard("when silent(site, post) then within 5 min: valid hold(site)"), VOCABULARY
    )
    assert "is met in any state: silent, heard" in text
    assert "shares no name" in explain(standard("when a(x) then within 5 s: b(y)"))


@pytest.mark.parametrize(
    "rule, words",
    [
        ("before a(x) need at least 2 y in b(x, y) within 2 h", "at least 2 different values of y"),
        ("before a(x) need no valid b(x)", "no a valid `b`"),
        ("before a(x) need b(x) at least 2 h earlier or b(x) not since c(x)", "with no `c`"),
        ("never a(x) within 5 s of a(x, y as z) where z != x", "z and x not the same"),
        ("while valid a(x) need b(x) every 5 s", "As long as a valid `a`"),
        ("from a(x) until b(x) need c(x, n >= 2) every 5 s", "nothing is due after the end"),
        ("never a(x, ok=false)", "ok = false"),
    ],
)
def test_every_pattern_has_its_sentence(rule, words):
    assert words in explain(standard(rule))


def test_explain_tells_the_interval():
    text = explain(standard("never a(x)", frm=0, until=86_400_000))
    assert "from 1970-01-01T00:00:00Z on" in text
    assert "ends at 1970-01-02T00:00:00Z" in text
