"""Agreement: who may do, see or demand what, where, and under which version.

Answers from one text that both parties sign: `may` and `authorise` (powers), `view` and
`retention` (information), `ladder_for`, `release_rule`, `check_rule`, `separations`, `waivable`
and `standards_in_force` (duties and what follows when nobody acts), `lint` (what is wrong with a
draft) and `wording_hash` (what is signed).

Owns the record types of signing, asking, approving, objecting, refusing and revoking.

Invariants: a refusal always cites a clause; what is not written is refused and withheld; the
order of lines never changes an answer; a bracketed or proposed clause has no effect; the hash
covers every word in every language together with what is executed.

Must never hold: a person's name, a clock, a private key, a decision of its own.
"""

from safeconduct.agreement.ladder import (
    CheckRule,
    Ladder,
    LadderStep,
    ReleaseRule,
    Separation,
    check_rule,
    ladder_for,
    ladders,
    release_rule,
    separations,
    standard_items,
    standards_in_force,
    waivable,
)
from safeconduct.agreement.lint import Finding, lint
from safeconduct.agreement.model import Agreement, Clause, OwnedStandard, Party, Place, Role
from safeconduct.agreement.powers import NODE, PERSON, Decision, authorise, may
from safeconduct.agreement.signing import (
    canonical_text,
    placeholders,
    signable,
    with_keys,
    wording_hash,
)
from safeconduct.agreement.text import load_agreement
from safeconduct.agreement.visibility import Retention, View, retention, view

__all__ = [
    "NODE",
    "PERSON",
    "Agreement",
    "CheckRule",
    "Clause",
    "Decision",
    "Finding",
    "Ladder",
    "LadderStep",
    "OwnedStandard",
    "Party",
    "Place",
    "ReleaseRule",
    "Retention",
    "Role",
    "Separation",
    "View",
    "authorise",
    "canonical_text",
    "check_rule",
    "ladder_for",
    "ladders",
    "lint",
    "load_agreement",
    "may",
    "placeholders",
    "release_rule",
    "retention",
    "separations",
    "signable",
    "standard_items",
    "standards_in_force",
    "view",
    "waivable",
    "with_keys",
    "wording_hash",
]
