"""Views, terms, ladders, releases: the numbers and clauses that other rooms read."""

import pytest
import yaml

from safeconduct.agreement import (
    Agreement,
    check_rule,
    ladder_for,
    load_agreement,
    release_rule,
    retention,
    separations,
    standard_items,
    standards_in_force,
    view,
    waivable,
)
from safeconduct.kernel.errors import Malformed, Refused
from safeconduct.kernel.instants import DAY, MINUTE, parse_instant
from tests.agreement.texts import ROOT, dump, small

PARTNER_SEES = {
    "treaty": "full",
    "owed": "milestone",
    "move": "milestone",
    "plan": "withheld",
    "track": "withheld",
    "cordon": "milestone",
    "people": "milestone",
    "alarm": "full",
    "access": "milestone",
    "review": "full",
}


@pytest.mark.parametrize("name,form", PARTNER_SEES.items())
def test_what_the_partner_sees_of_the_host(scenario: Agreement, name: str, form: str) -> None:
    seen = view(scenario, name, "partner", "host")
    assert (seen.form, seen.clause) == (form, "8.1")


@pytest.mark.parametrize("name", PARTNER_SEES)
def test_own_records_are_whole(scenario: Agreement, name: str) -> None:
    for party in scenario.parties:
        assert view(scenario, name, party, party).form == "full"


def test_a_class_without_a_row_is_withheld_by_silence(scenario: Agreement) -> None:
    seen = view(scenario, "voice", "partner", "host")
    assert (seen.form, seen.clause) == ("withheld", "1.2")
    assert view(scenario, "voice", "host", "host").form == "full"
    assert retention(scenario, "voice") is None


def test_staged_views_and_choice(reference: Agreement) -> None:
    seen = view(reference, "itinerary", "partner", "host")
    assert (seen.form, seen.since) == ("milestone", "24 h before depart")
    chosen = view(reference, "grievance-identity", "host", "partner")
    assert (chosen.form, chosen.by_choice) == ("withheld", True)


def test_unknown_class_or_party(scenario: Agreement) -> None:
    with pytest.raises(Malformed, match="did you mean cordon"):
        view(scenario, "cordons", "partner", "host")
    with pytest.raises(Malformed, match="no party"):
        view(scenario, "cordon", "guest", "host")


def test_retention(scenario: Agreement) -> None:
    days = {
        "owed": 1825,
        "move": 365,
        "plan": 90,
        "track": 30,
        "people": 30,
        "alarm": 730,
        "access": 90,
        "review": 3650,
    }
    for name, count in days.items():
        term = retention(scenario, name)
        assert term is not None
        assert (term.ms, term.clause) == (count * DAY, "8.2")
    treaty, cordon = retention(scenario, "treaty"), retention(scenario, "cordon")
    assert treaty is not None
    assert treaty.ms is None
    assert cordon is not None
    assert cordon.sooner == (("plate", 7 * DAY),)


def test_the_ladder_of_an_unchecked_vehicle(scenario: Agreement) -> None:
    ladder = ladder_for(scenario, "cordon-check")
    assert ladder is not None
    assert (ladder.clause, ladder.counts_from, ladder.ends_on) == (
        "7.3",
        "trigger",
        ("checked", "left"),
    )
    assert [(step.at, step.do) for step in ladder.steps] == [
        (5 * MINUTE, "alarm"),
        (10 * MINUTE, "escalate"),
        (15 * MINUTE, "hold"),
    ]
    assert ladder.steps[1].to == ("designated-official", "liaison-officer")
    assert ladder.hold is not None
    assert ladder.hold.offers == ("other-exit", "other-time")
    assert not ladder.cannot_tell


def test_the_ladder_of_a_silent_post(scenario: Agreement) -> None:
    ladder = ladder_for(scenario, "queue-report")
    assert ladder is not None
    assert (ladder.counts_from, ladder.ends_on, ladder.cannot_tell) == (
        "last-report",
        ("queue",),
        True,
    )
    assert [(step.at, step.do) for step in ladder.steps] == [
        (10 * MINUTE, "alarm"),
        (15 * MINUTE, "hold"),
    ]


def test_no_ladder_and_no_standard(scenario: Agreement) -> None:
    assert ladder_for(scenario, "radio-check") is None
    with pytest.raises(Malformed, match="did you mean cordon-check"):
        ladder_for(scenario, "cordon-chek")


def test_release_check_and_separation(scenario: Agreement) -> None:
    release = release_rule(scenario)
    assert (release.roles, release.persons, release.different) == (
        ("release-officer", "host-duty-officer"),
        2,
        True,
    )
    assert (release.act, release.place, release.clause) == ("release", "zone:outer-cordon", "7.3")
    check = check_rule(scenario)
    assert (check.roles, check.rostered, check.not_who_acknowledged, check.clause) == (
        ("guard", "post-commander"),
        True,
        True,
        "7.2",
    )
    (pair,) = separations(scenario)
    assert (pair.first, pair.second, pair.clause) == ("acknowledge", "check", "2.2")


def test_without_a_clause_nobody_releases_or_checks() -> None:
    bare = load_agreement(dump(small([])))
    with pytest.raises(Refused) as caught:
        release_rule(bare)
    assert caught.value.clause == "1.2"
    with pytest.raises(Refused):
        check_rule(bare)
    assert separations(bare) == ()


def test_some_clauses_are_never_waived(scenario: Agreement) -> None:
    never = waivable(scenario, "cordon-check")
    assert (never.granted, never.clause) == (False, "7.4")
    assert waivable(scenario, "notice-of-movement").granted


def test_an_open_clause_demands_nothing(scenario: Agreement, reference: Agreement) -> None:
    now = parse_instant("2027-01-15T00:00:00Z")
    assert "site-request-answered" in scenario.standards
    names = [one.id for one in standards_in_force(scenario, now)]
    assert "site-request-answered" not in names
    assert len(names) == len(scenario.standards) - 1
    assert [item["id"] for item in standard_items(scenario, now)] == names
    assert len(standard_items(scenario)) == len(scenario.standards)


def test_an_interval_ends_before_its_last_instant(reference: Agreement) -> None:
    def names(at: str) -> set[str]:
        return {one.id for one in standards_in_force(reference, parse_instant(at))}

    assert "road-searched" not in names("2027-02-28T23:59:59Z")
    assert "road-searched" in names("2027-03-01T00:00:00Z")
    assert "road-searched" in names("2027-04-30T23:59:59Z")
    assert "road-searched" not in names("2027-05-01T00:00:00Z")


def test_the_standards_file_repeats_the_agreement(scenario_text: str) -> None:
    alone = (ROOT / "scenarios" / "airport-transfer" / "standards.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(alone)["standards"] == yaml.safe_load(scenario_text)["standards"]
    body = scenario_text[scenario_text.index("\nstandards:\n") :]
    assert alone[alone.index("\nstandards:\n") :].strip() in body
