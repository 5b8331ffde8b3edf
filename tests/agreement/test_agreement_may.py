"""`may`: the worked answers, an oracle that expands every cell, and the order of lines."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.agreement import Agreement, load_agreement, may
from safeconduct.kernel.errors import Malformed
from tests.agreement.texts import dump, small

WORKED = [
    ("partner", "task", "zone:outer-cordon", None, False, "3.2"),
    ("partner", "task", "post:outer-gate", None, False, "3.2"),
    ("partner", "release", "country:host", None, False, "3.2"),
    ("partner", "observe", "meeting:coordination", None, True, "3.2"),
    ("partner", "deploy", "premises:consulate", None, True, "4.1"),
    ("partner", "deploy", "premises:consulate", "official", True, "4.1"),
    ("partner", "deploy", "premises:consulate", "military", False, "1.2"),
    ("partner", "deploy", "site:plant", None, False, "4.1"),
    ("partner", "request", "country:host", None, True, "3.2"),
    ("partner", "object", "country:host", None, True, "3.2"),
    ("partner", "object", "premises:embassy", None, False, "1.2"),
    ("host", "task", "premises:consulate", None, False, "4.1"),
    ("host", "observe", "premises:consulate", None, False, "1.2"),
    ("host", "task", "zone:outer-cordon", None, True, "3.1"),
    ("host", "task", "meeting:coordination", None, False, "1.2"),
]


@pytest.mark.parametrize("which", ["scenario", "reference"])
@pytest.mark.parametrize("party,act,place,kind,granted,clause", WORKED)
def test_worked_answers(
    request: pytest.FixtureRequest,
    which: str,
    party: str,
    act: str,
    place: str,
    kind: str | None,
    granted: bool,
    clause: str,
) -> None:
    decision = may(request.getfixturevalue(which), party, act, place, kind)
    assert (decision.granted, decision.clause) == (granted, clause)
    assert clause in decision.reason
    assert bool(decision.kinds) == granted


def test_kinds_are_named(scenario: Agreement) -> None:
    assert may(scenario, "partner", "deploy", "premises:consulate").kinds == ("official",)
    assert may(scenario, "host", "deploy", "site:plant").kinds == ("official", "military", "police")


def test_a_reservation_narrows_inside_the_grant(reference: Agreement) -> None:
    inside = may(reference, "company", "deploy", "zone:plant-gate")
    assert (inside.granted, inside.clause) == (False, "3.3/reservation")
    around = may(reference, "company", "deploy", "site:plant")
    assert (around.granted, around.clause, around.kinds) == (True, "3.3", ("private",))


def test_a_bracket_counts_only_when_picked(reference: Agreement) -> None:
    assert not may(reference, "partner", "deploy", "site:plant").granted
    picked = may(reference, "partner", "deploy", "zone:plant-gate", picks={"4.2/a"})
    assert (picked.granted, picked.clause) == (True, "4.2/a")
    other = may(reference, "partner", "deploy", "site:plant", picks={"4.2/b"})
    assert (other.granted, other.clause) == (False, "4.1")


def test_a_role_narrows_and_never_widens(scenario: Agreement) -> None:
    assert may(scenario, "host", "deploy", "post:outer-gate", role="guard").granted
    narrowed = may(scenario, "host", "task", "post:outer-gate", role="guard")
    assert (narrowed.granted, narrowed.clause) == (False, "1.2")
    assert "the role guard may observe, deploy and disclose, not task" in narrowed.reason
    wrong = may(scenario, "host", "deploy", "post:outer-gate", role="liaison-officer")
    assert not wrong.granted
    assert "belongs to the partner, not to the host" in wrong.reason
    wide = may(scenario, "partner", "task", "site:plant", role="premises-security-chief")
    assert (wide.granted, wide.clause) == (False, "3.2")


@pytest.mark.parametrize(
    "names,said",
    [
        (("partnr", "task", "site:plant"), "no party 'partnr'. did you mean partner"),
        (("partner", "coordinate", "site:plant"), "no act 'coordinate'. did you mean co-ordinate"),
        (
            ("partner", "task", "outer-cordon"),
            "no place 'outer-cordon'. did you mean zone:outer-cordon.",
        ),
        (("partner", "task", "zone:outer"), "did you mean zone:outer-cordon"),
        (("partner", "task", "site:plant", "officials"), "did you mean official"),
        (("partner", "task", "site:plant", None, "liaison"), "did you mean liaison-officer"),
        (("partner", "dance", "site:plant"), "it knows observe, co-ordinate"),
    ],
)
def test_unknown_names(scenario: Agreement, names: tuple[Any, ...], said: str) -> None:
    with pytest.raises(Malformed) as caught:
        may(scenario, *names)
    assert said in str(caught.value)


# ---- an oracle over small random agreements

PLACES = ["country:host", "site:a", "zone:b", "post:c", "premises:d", "zone:e"]
ACTS = ("observe", "task", "deploy")
KINDS = ("official", "police")
PARTIES = ("host", "partner")


@st.composite
def agreements(draw: st.DrawFn) -> dict[str, Any]:
    places = [
        {
            "id": name,
            "within": None if not at else draw(st.sampled_from([None, *PLACES[:at]])),
            "sealed": draw(st.booleans()) if at else False,
        }
        for at, name in enumerate(PLACES)
    ]
    ids = draw(st.lists(st.integers(1, 12), min_size=1, max_size=4, unique=True))
    line = st.fixed_dictionaries(
        {
            "party": st.sampled_from(PARTIES),
            "acts": st.lists(st.sampled_from(ACTS), min_size=1, max_size=2, unique=True),
            "places": st.lists(st.sampled_from(PLACES), min_size=1, max_size=3, unique=True),
            "kinds": st.lists(st.sampled_from(KINDS), min_size=1, unique=True) | st.just("any"),
        }
    )
    states = ["agreed", "agreed", "in-force", "bracketed", "suspended"]
    names = st.lists(st.sampled_from([f"3.{each}" for each in ids]), max_size=2, unique=True)
    clauses = [
        {
            "id": f"3.{number}",
            "state": draw(st.sampled_from(states)),
            "title": {"en": "t"},
            "words": {"en": "w"},
            "notwithstanding": draw(names),
            "does": {
                "grants": draw(st.lists(line, max_size=3)),
                "refuses": draw(st.lists(line, max_size=2)),
            },
        }
        for number in ids
    ]
    return small(clauses, places=places)


def oracle(spec: dict[str, Any], party: str, act: str, place: str, kind: str) -> tuple[bool, str]:
    """The rule of the guide, over plain data, cell by cell."""
    tree = {one["id"]: one for one in spec["places"]}

    def reach(name: str) -> set[str]:
        one = tree[name]
        return {name} | (set() if one["sealed"] or not one["within"] else reach(one["within"]))

    def hits(line: dict[str, Any]) -> bool:
        return (
            line["party"] == party
            and act in line["acts"]
            and (line["kinds"] == "any" or kind in line["kinds"])
            and bool(reach(place) & set(line["places"]))
        )

    grants: dict[str, list[str]] = {}
    refusals: set[str] = set()
    for clause in spec["clauses"]:
        if clause["state"] in ("agreed", "in-force"):
            if any(hits(line) for line in clause["does"].get("grants", ())):
                grants[clause["id"]] = clause["notwithstanding"]
            if any(hits(line) for line in clause["does"].get("refuses", ())):
                refusals.add(clause["id"])

    def number(clause: str) -> int:
        return int(clause.split(".")[1])

    winners = [clause for clause, beats in grants.items() if refusals <= set(beats)]
    if winners:
        return True, min(winners, key=number)
    if refusals:
        beaten_by_all = {
            one for one in refusals if grants and all(one in beats for beats in grants.values())
        }
        return False, min(refusals - beaten_by_all, key=number)
    return False, "1.2"


def read(spec: dict[str, Any]) -> Agreement:
    return load_agreement(dump(spec))


@settings(max_examples=60, deadline=None)
@given(agreements())
def test_may_agrees_with_the_oracle(spec: dict[str, Any]) -> None:
    agreement = read(spec)
    for party in PARTIES:
        for act in ACTS:
            for place in PLACES:
                wanted = {kind: oracle(spec, party, act, place, kind) for kind in KINDS}
                for kind in KINDS:
                    got = may(agreement, party, act, place, kind)
                    assert (got.granted, got.clause) == wanted[kind]
                some = may(agreement, party, act, place)
                assert some.granted == any(granted for granted, _ in wanted.values())
                assert some.kinds == tuple(kind for kind in KINDS if wanted[kind][0])


def shuffled(value: Any, rng: random.Random) -> Any:
    """The same text with the order of every list and mapping changed, but those that mean order."""
    if isinstance(value, dict):
        items = [(key, shuffled(item, rng)) for key, item in value.items()]
        rng.shuffle(items)
        return dict(items)
    if isinstance(value, list):
        items_ = [shuffled(item, rng) for item in value]
        rng.shuffle(items_)
        return items_
    return value


def answers(agreement: Agreement) -> dict[tuple[str, ...], tuple[bool, str, str, frozenset[str]]]:
    return {
        (party, act, place, kind or ""): (
            one.granted,
            one.clause,
            one.reason if kind else "",
            frozenset(one.kinds),
        )
        for party in sorted(agreement.parties)
        for act in sorted(agreement.acts)
        for place in sorted(agreement.places)
        for kind in (None, *sorted(agreement.kinds))
        for one in [may(agreement, party, act, place, kind)]
    }


@settings(max_examples=40, deadline=None)
@given(agreements(), st.randoms(use_true_random=False))
def test_the_order_of_lines_never_matters(spec: dict[str, Any], rng: random.Random) -> None:
    assert answers(read(spec)) == answers(read(shuffled(spec, rng)))


def test_the_order_of_the_scenario_never_matters(scenario: Agreement) -> None:
    wanted = answers(scenario)
    for seed in range(3):
        mixed = shuffled(dict(scenario.tree), random.Random(seed))
        assert answers(read(mixed)) == wanted
