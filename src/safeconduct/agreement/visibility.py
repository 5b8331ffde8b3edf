"""Who sees what, and how long it is kept: by class of information, with the clause that says so.

Own records are always whole. Of another party's records a party sees what the agreement opens to
it: in full, as milestones, or nothing. What is not written is withheld, under the clause of
silence; a class that no row names is such a case, so that a new class never leaks.
"""

from typing import Literal

import msgspec

from safeconduct.agreement.effects import ViewCell
from safeconduct.agreement.model import Agreement, did_you_mean, effects, one_of
from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.instants import parse_duration
from safeconduct.kernel.vocabulary import CLASSES

Form = Literal["full", "milestone", "withheld"]


class View(msgspec.Struct, frozen=True):
    """The form in which a party sees a record, and the clause for it.

    `since` is the staged instant as the clause writes it (`24 h before depart`), or None;
    `by_choice` says that the complainant may open what is withheld here.
    """

    form: Form
    clause: str
    since: str | None = None
    by_choice: bool = False


class Retention(msgspec.Struct, frozen=True):
    """How long a class is kept: milliseconds after an event, or None for ever.

    `sooner` holds fields that go before the rest, with their milliseconds.
    """

    ms: int | None
    after: str
    clause: str
    sooner: tuple[tuple[str, int], ...] = ()


def _known_class(agreement: Agreement, class_name: str) -> None:
    if class_name not in agreement.classes and class_name not in CLASSES:
        raise Malformed(
            f"there is no class of information {class_name!r}",
            do=did_you_mean(class_name, agreement.classes),
        )


def view(agreement: Agreement, class_name: str, viewer_party: str, owner_party: str) -> View:
    """In which form one party sees another's records of a class.

    Args:
        agreement: the text in force for the owner when the record was made.
        class_name: the record's class.
        viewer_party: who wants to see.
        owner_party: whose record it is.

    Raises:
        Malformed: the class or a party is unknown.
    """
    _known_class(agreement, class_name)
    one_of("party", viewer_party, agreement.parties)
    one_of("party", owner_party, agreement.parties)
    clause, cell = _cell(agreement, class_name, viewer_party)
    if viewer_party == owner_party:
        return View("full", clause)
    if cell is None:
        return View("withheld", agreement.silence)
    if cell.view == "by-choice":
        return View("withheld", clause, cell.since, by_choice=True)
    return View(cell.view, clause, cell.since)


def _cell(agreement: Agreement, class_name: str, party: str) -> tuple[str, ViewCell | None]:
    """The clause whose table names the class, and the party's cell in it if there is one."""
    found: tuple[str, ViewCell | None] = (agreement.silence, None)
    for clause, does in effects(agreement):
        for row in does.visibility:
            if row.get("info") == class_name:
                cell = row.get(party)
                found = (clause, cell if isinstance(cell, ViewCell) else None)
    return found


def retention(agreement: Agreement, class_name: str) -> Retention | None:
    """How long a class is kept, or None if no clause says so: then it may not be collected.

    Raises:
        Malformed: the class is unknown.
    """
    _known_class(agreement, class_name)
    for clause, does in effects(agreement):
        for row in does.retention:
            if row.info == class_name:
                return Retention(
                    None if row.keep == "for-ever" else parse_duration(row.keep),
                    row.after,
                    clause,
                    tuple(
                        sorted((name, parse_duration(keep)) for name, keep in row.sooner.items())
                    ),
                )
    return None
