# ruff: noqa: E501, ISC004, RUF001 - a table of planted texts in three scripts
"""The linter: both texts are clean, and each planted fault is found with its message."""

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeconduct.agreement import Agreement, lint, load_agreement
from safeconduct.kernel.errors import Malformed
from safeconduct.node.vocabulary import VOCABULARY
from tests.agreement.texts import dump, plant


def errors(text: str) -> list[str]:
    return [one.text for one in lint(load_agreement(text), VOCABULARY) if one.level == "error"]


def test_both_texts_are_clean(scenario: Agreement, reference: Agreement) -> None:
    for agreement in (scenario, reference):
        assert [one for one in lint(agreement, VOCABULARY) if one.level == "error"] == []


def test_a_refusal_that_changes_nothing_is_a_note(scenario: Agreement) -> None:
    notes = [one for one in lint(scenario) if one.level == "note"]
    assert any(
        one.clause == "3.2" and "only gives the no a clause to cite" in one.text for one in notes
    )


CORDON = "- {standard: cordon-check,"
# The ten variants of the design's table: what is planted in the reference text, what is said.
TEN = {
    "granted and refused": (
        "",
        '        - {party: partner, acts: [approve], places: ["cell:joint"], kinds: [official]}\n',
        '        - {party: partner, acts: [approve], places: ["cell:joint"], kinds: [official]}\n'
        '        - {party: partner, acts: [deploy], places: ["site:airport"], kinds: [official]}\n',
        '3.2 grants partner deploy at site:airport (official); 4.1 refuses it. Add "notwithstanding", or drop one.',
    ),
    "no retention": (
        "",
        "        - {info: position, keep: 30 d, after: closed, ours: true}\n",
        "",
        "8.2 says nothing about how long position is kept. A class without a term may not be collected.",
    ),
    "owner without power": (
        "- {id: cordon-check",
        "owner: post-commander",
        "owner: liaison-officer",
        "7.2: liaison-officer owes cordon-check but may not task at zone:outer-cordon (refused by 3.2). "
        "Who could?: post-commander.",
    ),
    "step not reached": (
        "id: unchecked-vehicle",
        "at: 10 min",
        "at: 5 min",
        "7.3, ladder unchecked-vehicle, step 2: 5 min does not come after 5 min; the step is never reached.",
    ),
    "step nobody takes": (
        "{at: 15 min, do: hold",
        "by: host-duty-officer",
        "by: partner-duty-officer",
        "7.3, step 3 (hold): partner-duty-officer may not task at zone:outer-cordon; nobody can take this step.",
    ),
    "release by one side": (
        "",
        "release: {roles: [release-officer, host-duty-officer]",
        "release: {roles: [release-officer, liaison-officer]",
        "7.3: release needs 2 persons; only release-officer may release there. The hold could never end.",
    ),
    "languages differ": (
        'zh: "停在外围警戒线的车辆，须在',
        "5 分钟",
        "10 分钟",
        "7.2: the languages differ: en 5, zh 10, ur 5.",
    ),
    "rule and words differ": (
        "- {id: cordon-check",
        "within 5 min",
        "within 10 min",
        "7.2: the rule says 10, the words say 5 in every language.",
    ),
    "no end": (
        "of: route-reuse\n",
        '        ends: "2027-05-01T00:00:00Z"          # the first instant after; required: a derogation without an end is refused\n',
        "",
        "5.6: a derogation of route-reuse has no end. An open-ended one is an amendment.",
    ),
    "no such place": (
        "- {id: cordon-check",
        'zone="outer-cordon"',
        'zone="outer"',
        'standard cordon-check, zone="outer": no such place. Did you mean zone:outer-cordon?',
    ),
}


@pytest.mark.parametrize("name", TEN)
def test_the_ten_variants(reference_text: str, name: str) -> None:
    after, old, new, said = TEN[name]
    assert said in errors(plant(reference_text, old, new, after))


MORE = {
    "any kind in a grant": (
        '- {party: partner, acts: [request, object], places: ["country:host"], kinds: [official]}',
        '- {party: partner, acts: [request, object], places: ["country:host"], kinds: any}',
        "3.2 grants partner request, object for any kind of personnel. A grant names its kinds one by one.",
    ),
    "unknown place in a grant": (
        'grants:\n        - {party: partner, acts: [observe, task, deploy], places: ["premises:embassy"',
        'grants:\n        - {party: partner, acts: [observe, task, deploy], places: ["premises:embasy"',
        '4.1: no such place "premises:embasy". Did you mean premises:embassy?',
    ),
    "unknown act": (
        "may: [observe, release]",
        "may: [observe, relase]",
        'roles: no such act "relase". Did you mean release?',
    ),
    "unknown role": (
        "check: {by: [guard, post-commander]",
        "check: {by: [guards, post-commander]",
        '7.2: no such role "guards". Did you mean guard?',
    ),
    "unknown standard": (
        "{standard: radio-check,",
        "{standard: radio-chek,",
        '5.4: no such standard "radio-chek". Did you mean radio-check?',
    ),
    "unknown class": (
        "{info: route, keep",
        "{info: routes, keep",
        '8.2: no such class "routes". Did you mean route?',
    ),
    "unknown unit": (
        "commands: [embassy-security]",
        "commands: [embassy]",
        '4.1: no such unit "embassy". Did you mean embassy-security?',
    ),
    "nobody commands": (
        "commands: [embassy-security]",
        "commands: []",
        "units: nobody commands embassy-security. Name it under a clause's commands.",
    ),
    "unknown event": (
        "need radio(movement) every",
        "need radios(movement) every",
        'standard radio-check: no such event "radios". Did you mean radio?',
    ),
    "unknown field": (
        "need radio(movement) every",
        "need radio(move) every",
        'standard radio-check, radio: no such field "move". Did you mean movement?',
    ),
    "event that ends a ladder": (
        "ends_on: [checked, left]",
        "ends_on: [checkd, left]",
        '7.3, ladder unchecked-vehicle: no such event "checkd". Did you mean checked?',
    ),
    "unknown role in a rule": (
        'released_to(movement, role="escort-leader") need',
        'released_to(movement, role="escort-lead") need',
        'standard release-approved-by-two, role="escort-lead": no such role. Did you mean escort-leader?',
    ),
    "step before the deadline": (
        "- {at: 5 min, do: alarm",
        "- {at: 2 min, do: alarm",
        "7.3, ladder unchecked-vehicle, step 1: 2 min comes before the 5 min that cordon-check allows; "
        "it would fall on somebody who may still act in time.",
    ),
    "one person releases": (
        "host-duty-officer], persons: 2,",
        "host-duty-officer], persons: 1,",
        "7.3: 1 may release, but 2.2 wants 2 different persons.",
    ),
    "territory is not what is granted": (
        'only: ["premises:embassy", "premises:consulate"]',
        'only: ["premises:embassy"]',
        "4.1: the territory says premises:embassy, the grants of deploy say premises:consulate, premises:embassy. "
        "The sentence and the cells must be the same.",
    ),
    "caps differ": (
        'also: ["site:plant"], persons_max: 12',
        'also: ["site:plant"], persons_max: 13',
        "4.2/a: territory and grants name different caps in persons.",
    ),
    "bracket clashes once picked": (
        '        notwithstanding: ["4.1"]\n',
        "",
        '4.2/a grants partner deploy at site:plant (official); 4.1 refuses it. Add "notwithstanding", or drop one.',
    ),
    "notwithstanding what refuses nothing": (
        'notwithstanding: ["4.1"]',
        'notwithstanding: ["5.1"]',
        "4.2/a: notwithstanding 5.1, but 5.1 refuses nothing.",
    ),
    "no view": (
        ", company: {view: withheld}}\n        - {info: sighting",
        "}\n        - {info: sighting",
        "8.1 says nothing about what company sees of roster. Write withheld if that is meant.",
    ),
    "nobody owes": (
        '        - {standard: radio-check, owed_to: [partner, company], needs: [{act: co-ordinate, place: "road:transfer"}]}',
        "        []",
        "standard radio-check: nobody owes it. Add a duty under 5.4.",
    ),
    "owed under another clause": (
        '{id: radio-check, version: 1, clause: "5.4"',
        '{id: radio-check, version: 1, clause: "5.1"',
        "standard radio-check names clause 5.1, but it is owed under 5.4.",
    ),
    "stand-in without power": (
        "id: liaison-officer, party: partner, may: [observe, co-ordinate, request, object, approve, disclose]",
        "id: liaison-officer, party: partner, may: [observe, co-ordinate, object, approve, disclose]",
        "6.1: liaison-officer stands in for focal-person in notice-of-movement but may not request at "
        "country:host (refused by 1.2). Who could?: host-duty-officer, partner-duty-officer, focal-person.",
    ),
    "duty of an option": (
        '{act: approve, place: "site:plant"}]}',
        '{act: approve, place: "premises:embassy"}]}',
        "4.2/b: designated-official owes site-request-answered but may not approve at premises:embassy "
        "(refused by 1.2). Who could?: nobody.",
    ),
    "language missing": (
        '      zh: "停在外围警戒线的车辆，须在 5 分钟内接受检查或已离开。"\n',
        "",
        "7.2: the words are missing in zh.",
    ),
    "title missing": (
        'title: {en: "The cordon check", zh: "警戒线检查", ur:',
        'title: {en: "The cordon check", ur:',
        "7.2: the title is missing in zh.",
    ),
    "number not said": (
        "reason_within: 24 h",
        "reason_within: 25 h",
        "8.1: break_glass says 25, the words say 45, 2, 20, 24 in every language.",
    ),
    "date not said": (
        'ends: "2027-05-01T00:00:00Z"',
        'ends: "2027-06-01T00:00:00Z"',
        "5.6: standard route-reuse-one-road is not in force exactly while the derogation runs.",
    ),
    "proposal without end": (
        'by: partner\n    expires: "2027-01-31T12:00:00Z"\n',
        "by: partner\n",
        "10.3: a proposal has no end. Add expires.",
    ),
    "open answer without end": (
        'answer: open, until: "2027-01-31T12:00:00Z"',
        "answer: open",
        "3.3: company's answer to the reservation is open without an end.",
    ),
    "not ours, no source": (
        '     source: "ICAO Annex 13 in spirit, to be checked against the edition in force; pattern, not official text",\n',
        "",
        "standard recommendation-answered-by-host: its numbers are not ours but it has no source.",
    ),
    "open clause unlisted": (
        'open_clauses: ["4.2", "10.3"]',
        'open_clauses: ["4.2"]',
        "open_clauses: lists 4.2, but 10.3, 4.2 is open. A signature must say what it leaves open.",
    ),
    "hold without release": (
        "      release: {roles",
        "      legal_hold: {roles: [guard], at_most: 5 min, renewable: false, names: matter, told: [host]}\n      #",
        "7.3: a hold is placed that no clause releases. It could never end.",
    ),
}


@pytest.mark.parametrize("name", MORE)
def test_more_variants(reference_text: str, name: str) -> None:
    old, new, said = MORE[name]
    assert said in errors(plant(reference_text, old, new))


def test_mutual_notwithstanding_is_a_circle(reference_text: str) -> None:
    text = plant(
        reference_text,
        '    title: {en: "Official security',
        '    notwithstanding: ["4.2/a"]\n    title: {en: "Official security',
    )
    text = plant(
        text,
        "          territory: {party: partner, kinds: [official], also",
        '          refuses: [{party: host, acts: [deploy], places: ["site:plant"], kinds: any}]\n'
        "          territory: {party: partner, kinds: [official], also",
    )
    assert "4.1 and 4.2/a each say notwithstanding the other; neither can win." in errors(text)


def test_digits_of_every_script_are_one_number(reference_text: str) -> None:
    for digits in ("۵", "٥", "５"):
        assert (
            errors(plant(reference_text, "کی 5 منٹ کے اندر جانچ", f"کی {digits} منٹ کے اندر جانچ"))
            == []
        )


def test_findings_of_the_scenario_use_the_products_words(scenario_text: str) -> None:
    found = errors(
        plant(scenario_text, "need radio(movement) every", "need wireless(movement) every")
    )
    assert any('standard radio-check: no such event "wireless".' in one for one in found)
    found = errors(plant(scenario_text, 'kind="visit"', 'kind="vist"'))
    assert any("notice-of-movement" in one and "vist" in one for one in found)
    found = errors(plant(scenario_text, "every 15 min'", "evry 15 min'"))
    assert any("radio-check" in one and "evry" in one for one in found)


def test_errors_come_first_and_once(reference_text: str) -> None:
    found = lint(load_agreement(plant(reference_text, "{info: route, keep", "{info: routes, keep")))
    levels = [one.level for one in found]
    assert levels == sorted(levels)
    assert len(found) == len(set(found))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_lint_survives_whatever_loads(scenario_text, rng, count):
    tree = copy.deepcopy(load_agreement(scenario_text).tree)
    spots = []

    def walk(value):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in list(pairs):
            if isinstance(item, (dict, list)):
                walk(item)
                spots.append((value, key))
            else:
                spots.append((value, key))

    walk(tree)
    texts = [holder[key] for holder, key in spots if isinstance(holder[key], str)]
    for holder, key in rng.sample(spots, count):
        if isinstance(holder, list) and rng.random() < 0.3:
            holder.clear()
        elif key in holder if isinstance(holder, dict) else key < len(holder):
            holder[key] = rng.choice([*texts, "ghost", "zone:ghost", 7, []])
    try:
        agreement = load_agreement(dump(tree))
    except Malformed:
        return
    for finding in lint(agreement, VOCABULARY):
        assert finding.text
