"""`authorise`: the author column of every type, for the scenario's roles."""

import pytest

from safeconduct.agreement import NODE, PERSON, Agreement, authorise
from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.vocabulary import RecordType, record_type
from safeconduct.node.vocabulary import VOCABULARY

POST = ["post:outer-gate", "zone:outer-cordon", "site:airport"]

CASES = [
    ("sighted", "host", "guard", POST, True, "3.1"),
    ("checked", "host", "guard", POST, True, "3.1"),
    ("queue", "host", "guard", ["post:north-gate"], True, "3.1"),
    ("unchecked", "host", "post-commander", POST, True, "3.1"),
    ("rostered", "host", "post-commander", ["post:outer-gate"], True, "3.1"),
    ("rostered", "host", "guard", ["post:outer-gate"], False, "1.2"),
    ("sighted", "partner", "premises-security-chief", POST, False, "4.1"),
    ("requested", "host", "movement-planner", ["country:host"], True, "3.1"),
    ("requested", "partner", "liaison-officer", ["site:airport", "site:plant"], True, "3.2"),
    ("notified", "partner", "liaison-officer", ["country:host"], True, "3.2"),
    ("cleared", "host", "district-officer", ["district:harbour"], True, "3.1"),
    ("cleared", "partner", "liaison-officer", ["district:harbour"], False, "1.2"),
    ("ordered", "host", "movement-planner", ["road:transfer"], True, "3.1"),
    ("escort", "host", "movement-planner", ["road:transfer"], True, "3.1"),
    ("escort", "partner", "liaison-officer", ["road:transfer"], False, "3.2"),
    ("depart", "host", "escort-leader", ["site:airport"], True, "3.1"),
    ("arrived", "host", "escort-leader", ["site:plant"], True, "3.1"),
    ("radio", "host", "escort-leader", ["road:transfer"], True, "3.1"),
    ("radio", "host", "host-duty-officer", [], True, "3.1"),
    ("landed", "host", "host-duty-officer", ["site:airport"], True, "3.1"),
    ("landed", "partner", PERSON, ["site:airport"], True, "2.1"),
    ("approved", "partner", "liaison-officer", ["road:transfer"], True, "3.2"),
    ("approved", "partner", "liaison-officer", ["cell:joint"], True, "3.2"),
    ("approved", "host", "release-officer", ["zone:outer-cordon"], True, "3.1"),
    ("approved", "partner", "liaison-officer", ["zone:outer-cordon"], False, "1.2"),
    ("objected", "partner", "partner-duty-officer", ["site:airport"], True, "3.2"),
    ("asked", "partner", "liaison-officer", [], True, "3.2"),
    ("refused", "host", "host-duty-officer", ["road:transfer"], True, "3.1"),
    ("refused", "host", NODE, [], True, "2.1"),
    ("tasked", "host", "host-duty-officer", ["post:outer-gate"], True, "3.1"),
    ("tasked", "partner", "partner-duty-officer", ["post:outer-gate"], False, "3.2"),
    ("hold", "host", NODE, [], True, "2.1"),
    ("hold", "host", "host-duty-officer", ["zone:outer-cordon"], True, "3.1"),
    ("hold", "partner", "partner-duty-officer", ["zone:outer-cordon"], False, "3.2"),
    ("hold_released", "host", "release-officer", ["zone:outer-cordon"], True, "3.1"),
    ("hold_released", "partner", "liaison-officer", ["zone:outer-cordon"], False, "3.2"),
    ("ack", "partner", "partner-duty-officer", [], True, "3.2"),
    ("ack", "host", "guard", [], True, "3.1"),
    ("ack", "host", PERSON, [], True, "2.1"),
    ("signed", "partner", "liaison-officer", [], True, "2.1"),
    ("key", "host", "host-duty-officer", [], True, "2.1"),
    ("unit_listed", "partner", "premises-security-chief", [], True, "2.1"),
    ("revoked", "host", "movement-planner", [], True, "2.1"),
    ("alert_changed", "host", "host-duty-officer", [], True, "2.1"),
    ("verdict", "host", NODE, [], True, "2.1"),
    ("verdict", "host", "host-duty-officer", [], False, "2.1"),
    ("sighted", "host", NODE, POST, False, "2.1"),
    ("checked", "partner", PERSON, POST, False, "2.1"),
    ("sighted", "host", "guard", [], False, "1.2"),
]


@pytest.mark.parametrize("alias,party,role,places,granted,clause", CASES)
def test_author_column(
    scenario: Agreement,
    alias: str,
    party: str,
    role: str,
    places: list[str],
    granted: bool,
    clause: str,
) -> None:
    decision = authorise(scenario, VOCABULARY.by_alias[alias], party, role, places)
    assert (decision.granted, decision.clause) == (granted, clause), decision.reason
    assert decision.reason


def test_one_refused_place_refuses(scenario: Agreement) -> None:
    task = VOCABULARY.by_alias["ordered"]
    places = ["road:transfer", "premises:consulate"]
    decision = authorise(scenario, task, "host", "movement-planner", places)
    assert (decision.granted, decision.clause) == (False, "4.1")


def test_a_role_of_the_other_party_is_refused(scenario: Agreement) -> None:
    for alias in ("signed", "sighted", "ack", "revoked"):
        decision = authorise(
            scenario, VOCABULARY.by_alias[alias], "partner", "guard", ["cell:joint"]
        )
        assert (decision.granted, decision.clause) == (False, "2.1")


def test_unknown_names_are_malformed(scenario: Agreement) -> None:
    sighted = VOCABULARY.by_alias["sighted"]
    with pytest.raises(Malformed, match="did you mean guard"):
        authorise(scenario, sighted, "host", "guards", POST)
    with pytest.raises(Malformed, match="did you mean zone:outer-cordon"):
        authorise(scenario, sighted, "host", "guard", ["outer-cordon"])
    with pytest.raises(Malformed, match="no party"):
        authorise(scenario, sighted, "guest", "guard", POST)


def test_a_role_without_any_granted_act_may_not_even_acknowledge(scenario: Agreement) -> None:
    kind: RecordType = VOCABULARY.by_alias["ack"]
    for role in scenario.roles.values():
        assert authorise(scenario, kind, role.party, role.id, []).granted


def test_every_type_has_an_author_that_reads(scenario: Agreement) -> None:
    for kind in VOCABULARY.by_alias.values():
        for role in scenario.roles.values():
            decision = authorise(scenario, kind, role.party, role.id, ["road:transfer"])
            assert decision.clause in scenario.clauses


def test_an_act_that_the_agreement_lacks_is_malformed(scenario: Agreement) -> None:
    odd = record_type(
        "odd",
        "a.b.c",
        "odd",
        kinds="S",
        author="dance @ post",
        fields="post!",
        class_name="owed",
        milestone="full",
    )
    with pytest.raises(Malformed, match="no act 'dance'"):
        authorise(scenario, odd, "host", "guard", ["post:outer-gate"])
