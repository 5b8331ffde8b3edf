"""What a clause does: the executable part beside its words, as frozen values.

One struct for each key that may stand under `does`. A key that is not here is refused by the
loader, since a reader could otherwise believe that something is executed which is not.
"""

from typing import Any, Literal

import msgspec

from safeconduct.kernel.instants import parse_duration


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Root of every part of an agreement's text: frozen, and closed to unknown keys."""


class Power(Part, frozen=True, kw_only=True):
    """One line of grants or refuses: party x acts x places x kinds; `any` means each kind."""

    party: str
    acts: tuple[str, ...]
    places: tuple[str, ...]
    kinds: tuple[str, ...] | str
    persons_max: int | None = None


class Territory(Part, frozen=True, kw_only=True):
    """The cells of a grant said again as a sentence for people, with a cap in persons."""

    party: str
    kinds: tuple[str, ...]
    only: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    persons_max: int | None = None
    under: str | None = None
    ours: bool = False


class Need(Part, frozen=True, kw_only=True):
    """The power without which a duty's owner could not do it."""

    act: str
    place: str
    kind: str | None = None


class Duty(Part, frozen=True, kw_only=True):
    """Who is owed a standard, and the powers that its owner needs."""

    standard: str
    owed_to: tuple[str, ...]
    needs: tuple[Need, ...] = ()


class Step(Part, frozen=True, kw_only=True):
    """One step of a ladder: when, what, to whom, by whose power; `auto` falls by itself."""

    at: str
    do: Literal["alarm", "escalate", "hold"]
    to: tuple[str, ...]
    by: str
    act: str
    place: str
    auto: bool = False
    offers: tuple[str, ...] = ()

    @property
    def ms(self) -> int:
        """Milliseconds after the ladder's start."""
        return parse_duration(self.at)


class LadderText(Part, frozen=True, kw_only=True):
    """What happens when nobody acts, counted from the trigger or from the last report."""

    id: str
    standard: str
    counts_from: Literal["trigger", "last-report"]
    steps: tuple[Step, ...]
    ends_on: tuple[str, ...]
    acknowledging: Literal["stops-paging-only"]
    meanwhile: Literal["cannot-tell"] | None = None
    ours: bool = False


class Release(Part, frozen=True, kw_only=True):
    """Who ends a hold: how many different persons, in which roles, with which power."""

    roles: tuple[str, ...]
    persons: int
    different: bool
    reason: Literal["written"]
    tells: tuple[str, ...]
    act: str
    place: str
    ours: bool = False


class Check(Part, frozen=True, kw_only=True):
    """Who may check a vehicle: roles, on the roster, and never the one who acknowledged."""

    by: tuple[str, ...]
    rostered: bool
    not_by: Literal["who-acknowledged"] | None = None


class Separate(Part, frozen=True, kw_only=True):
    """Two acts that one person may not do about one thing."""

    first: str
    second: str


class TwoPersons(Part, frozen=True, kw_only=True):
    """Acts, and early openings, that need several persons."""

    acts: tuple[str, ...]
    early_opening_of: tuple[str, ...] = ()
    exempt: str | None = msgspec.field(name="except", default=None)
    persons: int
    different: bool
    ours: bool = False


class Waiver(Part, frozen=True, kw_only=True):
    """How a standard is lifted for one case, and of which clauses never."""

    fields: tuple[str, ...]
    approvers: tuple[str, ...]
    never_of: tuple[str, ...]
    counted: Literal["beside-score"]


class ViewCell(Part, frozen=True, kw_only=True):
    """What one party sees of a class; `from` is the staged instant, as the clause writes it."""

    view: Literal["full", "milestone", "withheld", "by-choice"]
    since: str | None = msgspec.field(name="from", default=None)


class Disclosure(Part, frozen=True, kw_only=True):
    """From when a role gets a class, and how many approvals that takes."""

    info: str
    to: str
    since: str = msgspec.field(name="from")
    approvals: int
    ours: bool = False


class BreakGlass(Part, frozen=True, kw_only=True):
    """The loud way round: open at once, tell both, give a reason after."""

    roles: tuple[str, ...]
    only_own_view: bool
    tells: tuple[str, ...]
    reason_within: str
    ours: bool = False


class Keep(Part, frozen=True, kw_only=True):
    """How long a class is kept, after what; `sooner` names fields that go before the rest."""

    info: str
    keep: str
    after: Literal["recorded", "closed", "role-ended"]
    sooner: dict[str, str] = {}
    ours: bool = False


class LegalHold(Part, frozen=True, kw_only=True):
    """Who may stop erasure, for how long at most."""

    roles: tuple[str, ...]
    at_most: str
    renewable: bool
    names: str
    told: tuple[str, ...]
    ours: bool = False


class Derogation(Part, frozen=True, kw_only=True):
    """Another standard for a while, at some places, with something in return and an end."""

    of: str
    places: tuple[str, ...]
    starts: str
    ends: str | None = None
    instead: str
    in_return: tuple[str, ...] = ()
    renewal: Literal["amendment"]


class Witness(Part, frozen=True, kw_only=True):
    """Who cosigns whose log, how often; a witness sees checkpoints and nothing else."""

    key: str | None = None
    cosigns: tuple[str, ...]
    each_other: bool = False
    every: str | None = None
    stale_after: str | None = None
    sees: tuple[str, ...]
    ours: bool = False


class Meeting(Part, frozen=True, kw_only=True):
    """Seats and an observer's rights: participation without command."""

    place: str
    convened_by: str
    quorum: tuple[str, ...]
    seats: tuple[dict[str, str], ...]
    observer_may: tuple[str, ...]
    observer_may_not: tuple[str, ...]
    seat_changes: str
    closed_session: dict[str, Any] = {}
    secretaries: dict[str, str] = {}


class Process(Part, frozen=True, kw_only=True):
    """A case with steps: concern, grievance, review."""

    name: str
    steps: tuple[str, ...]
    opens: tuple[str, ...] | str
    act: str | None = None
    place: str | None = None
    answers: tuple[str, ...] = ()
    closes: str | None = None
    account: str | None = None
    text_seen_by: tuple[str, ...] = ()
    identity_seen_by: str | None = None
    observers: tuple[str, ...] = ()
    comment_within: str | None = None
    dissent: str | None = None
    freezes: tuple[str, ...] = ()
    ours: bool = True
    source: str | None = None


class InForce(Part, frozen=True, kw_only=True):
    """When the text is in force."""

    signatures: tuple[str, ...]
    in_logs: tuple[str, ...]
    open_clauses: Literal["no-effect"]
    reserved: Literal["as-far-as-left"]


class Hashed(Part, frozen=True, kw_only=True):
    """What the hash that both sign covers."""

    covers: tuple[str, ...]
    languages: tuple[str, ...]


class Amendment(Part, frozen=True, kw_only=True):
    """Who signs a change, and which version governs a running clock."""

    signatures: tuple[str, ...]
    governs: Literal["version-at-trigger"]
    open_obligations: str


class Suspension(Part, frozen=True, kw_only=True):
    """Who may suspend, with which notice, what stops and what stays."""

    by: tuple[str, ...]
    notice: str
    at_once_if: str
    reason: str
    stops: tuple[str, ...]
    under_way: str
    stays: tuple[str, ...]
    ours: bool = False


class Exit(Part, frozen=True, kw_only=True):
    """How a party leaves."""

    by: tuple[str, ...]
    notice: str
    keeps: tuple[str, ...]
    erases: tuple[str, ...]
    exempt: str | None = msgspec.field(name="except", default=None)
    survives: tuple[str, ...]
    ours: bool = False


class Succession(Part, frozen=True, kw_only=True):
    """How a key, unit or role is followed by another."""

    of: tuple[str, ...]
    signed_by: tuple[str, ...]
    confirmed_by: str
    judged_by: str


class Life(Part, frozen=True, kw_only=True):
    """Entry into force, amendment, suspension, exit, succession."""

    in_force: InForce | None = None
    hash: Hashed | None = None
    on_difference: Literal["narrower-power"] | None = None
    amendment: Amendment | None = None
    suspension: Suspension | None = None
    exit: Exit | None = None
    succession: Succession | None = None


class Defaults(Part, frozen=True, kw_only=True):
    """Silence means no."""

    power: Literal["refused"]
    visibility: Literal["withheld"]


class Keys(Part, frozen=True, kw_only=True):
    """Where keys stand and how they are confirmed."""

    source: str = msgspec.field(name="from")
    confirm: str
    before: str


class StandIn(Part, frozen=True, kw_only=True):
    """Who carries an absent party's duties."""

    absent: str
    by: str


class Draw(Part, frozen=True, kw_only=True):
    """What is drawn by lot, and who commits to it."""

    what: str
    method: str
    commits: tuple[str, ...]


class Question(Part, frozen=True, kw_only=True):
    """How a person asks what is held about them."""

    by: str
    identity: str
    answers: dict[str, str]


class Dispute(Part, frozen=True, kw_only=True):
    """Steps of a dispute; none stops a clock."""

    steps: tuple[dict[str, Any], ...]
    stops: tuple[str, ...]
    ours: bool = False


class Does(Part, frozen=True, kw_only=True):
    """The executable part of a clause or of an option."""

    defaults: Defaults | None = None
    never_collected: tuple[str, ...] = ()
    keys: Keys | None = None
    stand_in: tuple[StandIn, ...] = ()
    two_persons: TwoPersons | None = None
    separate: tuple[Separate, ...] = ()
    commands: tuple[str, ...] = ()
    under: str | None = None
    territory: Territory | None = None
    grants: tuple[Power, ...] = ()
    refuses: tuple[Power, ...] = ()
    meeting: Meeting | None = None
    duties: tuple[Duty, ...] = ()
    sides: dict[str, tuple[str, ...]] = {}
    draw: Draw | None = None
    derogation: Derogation | None = None
    check: Check | None = None
    ladders: tuple[LadderText, ...] = ()
    release: Release | None = None
    waiver: Waiver | None = None
    visibility: tuple[dict[str, ViewCell | str | bool], ...] = ()
    disclosure: tuple[Disclosure, ...] = ()
    break_glass: BreakGlass | None = None
    retention: tuple[Keep, ...] = ()
    legal_hold: LegalHold | None = None
    erasure: dict[str, Any] = {}
    question: Question | None = None
    process: Process | None = None
    life: Life | None = None
    witness: Witness | None = None
    dispute: Dispute | None = None
