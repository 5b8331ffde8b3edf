"""One thing that the linter found, and the few words that its checks share."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from safeconduct.agreement.model import OPEN, Agreement, nearest


class Finding(msgspec.Struct, frozen=True):
    """What is wrong (error) or worth knowing (note) under which clause.

    `text` names the clause, the fact, the reason and the way out, as one or two sentences.
    """

    clause: str
    level: Literal["error", "note"]
    text: str


def error(clause: str, text: str) -> Finding:
    """A finding that must be mended before anybody signs."""
    return Finding(clause, "error", text)


def note(clause: str, text: str) -> Finding:
    """A finding that may stay."""
    return Finding(clause, "note", text)


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """That a name is not known, with the nearest that are, as two short sentences."""
    near = nearest(name, known)
    return f'no such {kind} "{name}".' + (f" Did you mean {' or '.join(near)}?" if near else "")


def open_choices(agreement: Agreement) -> list[str]:
    """Each wording that is still open, by the id under which a what-if picks it."""
    out: list[str] = []
    for clause in agreement.clauses.values():
        if not clause.effective and clause.state in OPEN:
            out += [option.id for option in clause.options] or [clause.id]
    return out
