"""The agreement as frozen values: parties, places, roles, clauses, standards.

`AgreementText` has the shape of the text, key by key. `Agreement` is that text read: with the
tree it came from (which is what both parties sign) and the lines of power already flattened, so
that a question costs a short walk. Nothing here decides anything: see `powers`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Literal

import msgspec

from safeconduct.agreement.effects import Does, Part, Power
from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.instants import parse_instant
from safeconduct.kernel.places import place_kind

Words = dict[str, str]

EFFECTIVE = ("agreed", "in-force", "reserved")
"""States in which a clause has effect; a reserved one as far as its reservation leaves it."""

OPEN = ("proposed", "bracketed")
"""States in which a clause has no effect until the talks settle it."""

PLACEHOLDER = "ed25519:PLACEHOLDER-"
"""How a root key begins that nobody has filled in yet. Such a text cannot be signed."""


class Party(Part, frozen=True, kw_only=True):
    """A party and the root key under which it signs."""

    id: str
    signs: bool
    optional: bool = False
    stand_in: str | None = None
    title: Words
    root_key: str
    root_holders: int
    root_quorum: int


class Unit(Part, frozen=True, kw_only=True):
    """A unit of one party and the kind of its personnel."""

    id: str
    party: str
    kind: str


class Place(Part, frozen=True, kw_only=True):
    """A place in the tree; a sealed one lets no power flow in from around it."""

    id: str
    within: str | None
    sealed: bool = False
    of: str | None = None
    class_name: str | None = msgspec.field(name="class", default=None)

    @property
    def kind(self) -> str:
        """The part before the colon."""
        return place_kind(self.id)


class Role(Part, frozen=True, kw_only=True):
    """A role: narrows what its party may do, and never widens it."""

    id: str
    party: str
    may: tuple[str, ...]
    persons_min: int
    always: bool = False
    stand_in: str | None = None


class InformationClass(Part, frozen=True, kw_only=True):
    """Whose a class of information is."""

    of: str


class Answer(Part, frozen=True, kw_only=True):
    """A party's answer to a reservation."""

    party: str
    answer: Literal["accepted", "open", "objected"]
    until: str | None = None


class ReservationDoes(Part, frozen=True, kw_only=True):
    """A reservation narrows: it may refuse, and nothing else."""

    refuses: tuple[Power, ...]


class Reservation(Part, frozen=True, kw_only=True):
    """A party's reservation on a clause."""

    by: str
    words: Words
    does: ReservationDoes
    answers: tuple[Answer, ...] = ()


class Option(Part, frozen=True, kw_only=True):
    """One of the wordings that a bracketed clause is still open between."""

    id: str
    by: str
    notwithstanding: tuple[str, ...] = ()
    words: Words
    does: Does | None = None
    words_only: str | None = None


class Clause(Part, frozen=True, kw_only=True):
    """A clause: words in each language, and either what it does or why it only says."""

    id: str
    state: Literal["proposed", "bracketed", "reserved", "agreed", "in-force", "suspended", "ended"]
    title: Words
    words: Words = msgspec.field(default_factory=dict)
    does: Does | None = None
    words_only: str | None = None
    notwithstanding: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    reservation: Reservation | None = None
    by: str | None = None
    since: str | None = None
    expires: str | None = None

    @property
    def effective(self) -> bool:
        """Whether the clause has effect."""
        return self.state in EFFECTIVE


class Interval(Part, frozen=True, kw_only=True):
    """From an instant, until just before another."""

    start: str = msgspec.field(name="from")
    until: str | None = None

    def holds(self, at: int) -> bool:
        """Whether an instant in milliseconds lies inside."""
        return parse_instant(self.start) <= at and (
            self.until is None or at < parse_instant(self.until)
        )


class OwnedStandard(Part, frozen=True, kw_only=True):
    """A standard as the agreement owns it: under one clause, owed by one role."""

    id: str
    version: int
    clause: str
    severity: Literal["low", "medium", "high", "critical", "other"]
    owner: str
    title: Words
    rule: str
    ours: bool
    source: str | None = None
    in_force: Interval | None = None


class Signature(Part, frozen=True, kw_only=True):
    """A signature under the text; it covers everything but this list."""

    party: str
    key: str
    draft: int
    open_clauses: tuple[str, ...]
    hash: str
    signature: str
    position_in_log: int


class AgreementText(Part, frozen=True, kw_only=True):
    """The whole text, key by key."""

    safeconduct: Literal["agreement/1"]
    id: str
    draft: int
    version: int | None
    mode: Literal["live", "exercise", "replay"]
    title: Words
    pen: str | None = None
    expires: str | None = None
    languages: tuple[str, ...]
    numbers: Literal["ours"] | None = None
    parties: tuple[Party, ...]
    kinds: dict[str, Words]
    units: tuple[Unit, ...]
    acts: dict[str, Words]
    places: tuple[Place, ...]
    roles: tuple[Role, ...]
    information: dict[str, InformationClass]
    events: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    precedence: str
    clauses: tuple[Clause, ...]
    standards: tuple[OwnedStandard, ...]
    open_clauses: tuple[str, ...]
    signatures: tuple[Signature, ...]


class Line(msgspec.Struct, frozen=True):
    """One grant or refusal with the clause to cite for it.

    `kinds` is None for any; `option` names the bracket that must be picked for the line to count,
    or is None where the line has effect as the text stands.
    """

    clause: str
    grants: bool
    power: Power
    notwithstanding: tuple[str, ...] = ()
    option: str | None = None

    @property
    def kinds(self) -> tuple[str, ...] | None:
        """The kinds of personnel that the line speaks of, or None for any."""
        return None if isinstance(self.power.kinds, str) else self.power.kinds


class Agreement(msgspec.Struct, frozen=True):
    """A text that was read.

    `tree` is the plain value of the text, whole: what is hashed and signed. `parties`, `places`,
    `roles`, `clauses` and `standards` are keyed by id, in the order of the text; `walks` holds
    for each place the places whose powers reach it, nearest first; `silence` is the clause that
    says that silence means no.
    """

    text: AgreementText
    tree: Mapping[str, Any]
    parties: Mapping[str, Party]
    places: Mapping[str, Place]
    roles: Mapping[str, Role]
    clauses: Mapping[str, Clause]
    standards: Mapping[str, OwnedStandard]
    walks: Mapping[str, tuple[str, ...]]
    lines: tuple[Line, ...]
    silence: str

    @property
    def id(self) -> str:
        """The agreement's name."""
        return self.text.id

    @property
    def draft(self) -> int:
        """Drafts count up until both have signed."""
        return self.text.draft

    @property
    def version(self) -> int | None:
        """None until both signatures stand in both logs."""
        return self.text.version

    @property
    def mode(self) -> str:
        """live, exercise or replay."""
        return self.text.mode

    @property
    def title(self) -> Words:
        """The title by language."""
        return self.text.title

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of personnel, in the order of the text."""
        return tuple(self.text.kinds)

    @property
    def acts(self) -> tuple[str, ...]:
        """Acts, in the order of the text."""
        return tuple(self.text.acts)

    @property
    def units(self) -> tuple[Unit, ...]:
        """Units of the parties."""
        return self.text.units

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes of information."""
        return tuple(self.text.information)

    @property
    def open_clauses(self) -> tuple[str, ...]:
        """Clauses that a signature leaves open."""
        return self.text.open_clauses


def clause_key(clause: str) -> tuple[tuple[int, int, str], ...]:
    """The order of clause ids: 7.2 before 7.2a before 7.10."""
    return tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part)
        for part in re.findall(r"\d+|[^\d.]+", clause)
    )


def effects(agreement: Agreement, *, every: bool = False) -> Iterator[tuple[str, Does]]:
    """What has effect, clause by clause, with the id to cite.

    Args:
        agreement: the text.
        every: also what stands in open clauses and their options.
    """
    for clause in agreement.text.clauses:
        if clause.does is not None and (every or clause.effective):
            yield clause.id, clause.does
        for option in clause.options if every else ():
            if option.does is not None:
                yield option.id, option.does


def parties_clause(agreement: Agreement) -> str:
    """The clause that names parties and their keys, or else the clause of silence."""
    return next((clause for clause, does in effects(agreement) if does.keys), agreement.silence)


def one_of(kind: str, name: str, known: Mapping[str, Any] | tuple[str, ...]) -> None:
    """Refuse a name that the agreement does not define.

    Raises:
        Malformed: names it, and the nearest names that are defined.
    """
    if name not in known:
        raise Malformed(f"the agreement knows no {kind} {name!r}", do=did_you_mean(name, known))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean a or b`, or the list of what there is."""
    near = nearest(name, known)
    return f"did you mean {' or '.join(near)}" if near else f"it knows {', '.join(known)}"


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """At most two known names that the given one may have meant, best first.

    For a place, those of its own kind come first: `zone:outer` means a zone.
    """
    names = list(known)
    kind, _, bare = name.rpartition(":")
    same = [one for one in names if kind and one.startswith(f"{kind}:")]
    for group in (same, names):
        short = {one.rpartition(":")[2]: one for one in reversed(group)}
        found = [short[bare]] if bare in short else get_close_matches(name, group, 2, 0.8)
        found = found or [short[one] for one in get_close_matches(bare, list(short), 2, 0.6)]
        found = found or [one for one in group if bare and bare in one]
        if found:
            return found[:2]
    return []
