"""The loader: what it reads, and for every refusal the message that a drafter gets."""

import contextlib

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeconduct.agreement import load_agreement, notation
from safeconduct.kernel import yamltext
from safeconduct.kernel.errors import Malformed
from tests.agreement.texts import dump, plant, small


def test_the_reference_text_reads_whole(reference_text: str) -> None:
    agreement = load_agreement(reference_text)
    assert len(agreement.clauses) == 32
    assert len(agreement.standards) == 34
    states = [clause.state for clause in agreement.clauses.values()]
    assert (states.count("agreed"), states.count("bracketed")) == (29, 1)
    assert agreement.silence == "1.2"
    assert agreement.open_clauses == ("4.2", "10.3")


def test_the_scenario_reads_and_has_two_parties(scenario_text: str) -> None:
    agreement = load_agreement(scenario_text)
    assert list(agreement.parties) == ["host", "partner"]
    assert agreement.mode == "exercise"
    assert agreement.walks["post:outer-gate"] == (
        "post:outer-gate",
        "zone:outer-cordon",
        "site:airport",
        "district:harbour",
        "province:coast",
        "country:host",
    )
    assert agreement.walks["premises:consulate"] == ("premises:consulate",)


FAULTS = [
    ("draft: 1 ", "draft: 1\ndraft: 1 ", ["the key 'draft' stands twice", "keep one"]),
    ('- id: "7.2"\n', "- id: 7.2\n", ["7.2 is a float", 'write "7.2" in quotes']),
    ('"2027-02-15T12:00:00Z"', "2027-02-15T12:00:00Z", ["is a bare date", "in quotes"]),
    ('"2027-02-15T12:00:00Z"', "2027-02-15", ["2027-02-15 is a bare date"]),
    ("auto: true}", "auto: yes}", ["yes is read as true or false by some readers", "7.3"]),
    ("signs: true", "signs: on", ["on is read as true or false"]),
    ("signs: true", "signs: True", ["True is read as true or false"]),
    ("signs: true", "signs: no", ["no is read as true or false"]),
    ("persons_min: 2", "persons_min: 0x2", ["read as different numbers"]),
    ("persons_min: 2", "persons_min: 012", ["read as different numbers"]),
    ("persons_min: 2", "persons_min: 1_000", ["read as different numbers"]),
    ("persons_min: 2", "persons_min: 1:30", ["read as different numbers"]),
    ("persons_min: 2", "persons_min: 1e3", ["1e3 is a float"]),
    ("persons_min: 2", "persons_min: .5", [".5 is a float"]),
    ("persons_min: 2", "persons_min: .inf", [".inf is a float"]),
    ("persons_min: 2", "persons_min: ~", ["a value is empty"]),
    ("persons_min: 2}", "persons_min: }", ["a value is empty"]),
    ("persons_min: 2", 'persons_min: "2"', ["persons_min is a text", "write a whole number"]),
    ("precedence:", "precedense:", ["the key 'precedense' is unknown", "did you mean precedence"]),
    ("      grants:", "      grant:", ["the key 'grant' is unknown", "did you mean grants", "3.1"]),
    (
        "pen: host",
        "extra: 1\npen: host",
        ["the key 'extra' is unknown", "nothing would execute it"],
    ),
    ("mode: exercise ", "", ["the key 'mode' is missing"]),
    (
        "mode: exercise",
        "mode: rehearsal",
        ["mode may not be 'rehearsal'", "exercise, live, replay"],
    ),
    ("safeconduct: agreement/1", "safeconduct: agreement/2", ["may not be 'agreement/2'"]),
    ("    state: agreed", "    state: signed", ["state may not be 'signed'", "bracketed"]),
    ('places: ["country:host"]', "places: country:host", ["places is a text", "write a list"]),
    ("kinds: any", "kinds: all", ["kinds is 'all'", "write any"]),
    ("at: 10 min", "at: 10 minutes", ["'10 minutes' is not a duration", "clause 7.3"]),
    ("keep: 30 d", "keep: 1 month", ["'1 month' is not a duration", "clause 8.2"]),
    ("plate: 7 d", "plate: a week", ["'a week' is not a duration"]),
    (
        'within: "district:river"',
        'within: "district:rivers"',
        ["no place", "did you mean district:river"],
    ),
    (
        '"country:host", within: null',
        '"country:host", within: "site:airport"',
        ["lies within itself"],
    ),
    ('id: "zone:terminal"', 'id: "zone:outer-cordon"', ["stands twice among the places"]),
    ('id: "zone:terminal"', 'id: "terminal"', ["'terminal' is not a place"]),
    ('- id: "5.3"', '- id: "5.1"', ["'5.1' stands twice among the clauses", "never used again"]),
    ('- id: "5.3"', '- id: "five"', ["'five' is not a clause id"]),
    ("id: guard, party: host", "id: node, party: host", ["a role may not be called 'node'"]),
    (
        "id: guard, party: host",
        "id: guard, party: hots",
        ["unknown party 'hots'", "did you mean host"],
    ),
    (
        "defaults: {power: refused, visibility: withheld}\n      ",
        "",
        ["no clause says that silence means no"],
    ),
    ("ed25519:PLACEHOLDER-HOST-ROOT-KEY", "ed25519:abc", ["is not a key", "64 hexadecimal digits"]),
    ("root_quorum: 2", "root_quorum: 4", ["4 of 3 root holders is no quorum"]),
    ("{view: milestone}", "milestone", ["the view of partner is no mapping"]),
    ("info: owed, host", "host", ["names no class"]),
    (
        '    words_only: "a purpose',
        '    does: {}\n    words_only: "a purpose',
        ["exactly one of does and words_only"],
    ),
    ('id: "4.2/b"', 'id: "4.2/a"', ["stands twice or outside its clause"]),
    ("kinds:  ", "kinds: &k  ", ["an anchor or alias is used"]),
    ("pen: host", "pen: !!str host", ["the tag", "leave it away"]),
    ("pen: host", "pen: *k", ["anchor or alias"]),
    ("pen: host", "<<: {pen: host}", ["a merge key is used"]),
    ("pen: host", "pen: host\n---\npen: host", ["a second document begins"]),
    ("pen: host", "pen: [host", ["not YAML"]),
    ("pen: host", "مالک: host", ["is not ASCII text"]),
    ("pen: host", "7: host", ["is not ASCII text"]),
    ("pen: host", "[pen]: host", ["a key is not a plain text"]),
    ("pen: host", "pen: ho\u202est", ["the invisible character U+202E"]),
    ("draft: 1 ", "draft: 9007199254740992 ", ["too large"]),
]


@pytest.mark.parametrize("old,new,said", FAULTS)
def test_a_fault_is_refused_with_a_way_out(
    scenario_text: str, old: str, new: str, said: list[str]
) -> None:
    with pytest.raises(Malformed) as caught:
        load_agreement(plant(scenario_text, old, new))
    for part in said:
        assert part in str(caught.value)


def test_the_message_names_line_and_clause(scenario_text: str) -> None:
    text = plant(scenario_text, "at: 10 min, do: escalate", "at: 10.5 min, do: escalates")
    line = text[: text.index("escalates")].count("\n") + 1
    with pytest.raises(Malformed) as caught:
        load_agreement(text)
    assert str(caught.value).startswith(f"line {line}, clause 7.3: do may not be 'escalates'")
    assert caught.value.clause == "7.3"
    assert caught.value.exit_code == 2


def test_a_reservation_may_not_grant(reference_text: str) -> None:
    with pytest.raises(Malformed, match="the key 'grants' is unknown here"):
        load_agreement(
            plant(
                reference_text,
                "        refuses:\n          - {party: company",
                "        grants:\n          - {party: company",
            )
        )


def test_depth_and_length_are_bounded() -> None:
    with pytest.raises(Malformed, match="nested deeper"):
        load_agreement("a: " + "[" * 100_000)
    with pytest.raises(Malformed, match="nested deeper"):
        load_agreement("a: " + "{a: " * 30 + "1" + "}" * 30)
    with pytest.raises(Malformed, match="longer than"):
        load_agreement("a" * 2_000_001)


@pytest.mark.parametrize("text", ["", "\n", "# nothing", "- 1", "text", "null"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match="empty or not a mapping"):
        load_agreement(text)


@given(st.text(max_size=200))
def test_any_text_is_read_or_malformed(text: str) -> None:
    with contextlib.suppress(Malformed):
        load_agreement(text)


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_text_is_read_or_malformed(scenario_text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(scenario_text)))
    gone = data.draw(st.integers(0, 40))
    new = data.draw(st.text(st.sampled_from('ab7.2:"{}[],- \n#&*!|>'), max_size=8))
    with contextlib.suppress(Malformed):
        load_agreement(scenario_text[:at] + new + scenario_text[at + gone :])


def test_both_parsers_of_pyyaml_give_one_value(
    reference_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = notation.read(reference_text)
    monkeypatch.setattr(yamltext, "_LOADER", yaml.SafeLoader)
    slow = notation.read(reference_text)
    assert fast.value == slow.value == yaml.safe_load(reference_text)
    assert fast.lines == slow.lines


def test_a_small_agreement_reads() -> None:
    assert load_agreement(dump(small([]))).silence == "1.2"


ONCE = [
    (
        "        - {info: treaty, host: {view: full}, partner: {view: full}, ours: true}\n",
        "8.1 gives a view of treaty, which 8.1 gives already",
    ),
    (
        "        - {info: plan, keep: 90 d, after: closed, ours: true}\n",
        "8.2 gives a term for plan",
    ),
]


@pytest.mark.parametrize("row,said", ONCE)
def test_what_has_one_answer_is_said_once(scenario_text, row, said):
    with pytest.raises(Malformed, match=said):
        load_agreement(plant(scenario_text, row, row + row))


def test_two_clauses_may_not_both_release(scenario_text):
    release = next(line for line in scenario_text.splitlines() if "      release: {" in line)
    text = plant(scenario_text, "      waiver: {", release + "\n      waiver: {")
    with pytest.raises(Malformed, match=r"7\.4 gives a rule of release, which 7\.3 gives already"):
        load_agreement(text)
