"""What must hold between parts of a text before any question about it has one answer."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from safeconduct.agreement.effects import Does, Power
from safeconduct.agreement.model import (
    OPEN,
    PLACEHOLDER,
    AgreementText,
    Clause,
    Words,
    did_you_mean,
)
from safeconduct.agreement.notation import complaint
from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.instants import parse_duration, parse_instant
from safeconduct.kernel.signatures import public_bytes
from safeconduct.kernel.yamltext import Path, Tree

RESERVED_ROLES = ("node", "person")
"""Roles that no agreement may define: a node computes, a person has a code and no account."""

DURATIONS = frozenset(
    "at at_most keep every stale_after notice comment_within reason_within".split()
)
"""Keys under `does` whose value is a duration."""

INSTANTS = frozenset("starts ends until expires".split())
"""Keys whose value is an instant, anywhere."""

_NAME = re.compile(r"[a-z][a-z0-9_-]*\Z")
_CLAUSE = re.compile(r"[1-9][0-9]*(\.[1-9][0-9]*[a-z]?)+\Z")


class Consistency:
    """The checks that need two parts of the text at once; each raises where it stands."""

    def __init__(self, tree: Tree, text: AgreementText) -> None:
        self.tree = tree
        self.text = text

    def fail(self, path: Path, what: str, why: str = "", do: str = "") -> NoReturn:
        """Raise `Malformed` with the line and the clause of a path."""
        raise complaint(self.tree.value, path, self.tree.line(path), what, why=why, do=do)

    def check(self) -> None:
        """All checks.

        Raises:
            Malformed: the first fault, in the order of the text's sections.
        """
        self.check_parties()
        for name in ("units", "places", "roles", "clauses", "standards"):
            self.unique(name, [item.id for item in getattr(self.text, name)])
        self.check_roles()
        for index, clause in enumerate(self.text.clauses):
            self.check_clause(("clauses", index), clause)
        self.check_once()
        self.check_values()

    def unique(self, section: str, ids: Sequence[str]) -> None:
        """An id stands once in its section."""
        for index, name in enumerate(ids):
            if name in ids[:index]:
                self.fail(
                    (section, index),
                    f"{name!r} stands twice among the {section}",
                    "an id is never used again",
                    "rename one of the two",
                )

    def check_parties(self) -> None:
        """Names, keys and quorums of the parties read."""
        self.unique("parties", [party.id for party in self.text.parties])
        for index, party in enumerate(self.text.parties):
            path = ("parties", index, "root_key")
            if not _NAME.match(party.id):
                self.fail(
                    path[:2], f"{party.id!r} is not a name", do="write small letters, digits and -"
                )
            if not party.root_key.startswith(PLACEHOLDER):
                try:
                    public_bytes(party.root_key)
                except Malformed as error:
                    self.fail(path, error.what, error.why, error.do)
            if not 1 <= party.root_quorum <= party.root_holders:
                self.fail(
                    path[:2],
                    f"{party.root_quorum} of {party.root_holders} root holders is no quorum",
                )

    def check_roles(self) -> None:
        """A role has a free name and a known party."""
        for index, role in enumerate(self.text.roles):
            path = ("roles", index)
            if role.id in RESERVED_ROLES or not _NAME.match(role.id):
                self.fail(path, f"a role may not be called {role.id!r}", do="choose another name")
            if role.party not in {party.id for party in self.text.parties}:
                self.fail(
                    (*path, "party"),
                    f"the role {role.id} belongs to the unknown party {role.party!r}",
                    do=did_you_mean(role.party, tuple(party.id for party in self.text.parties)),
                )

    def check_clause(self, path: Path, clause: Clause) -> None:
        """A clause is either settled or open between options, never both."""
        if not _CLAUSE.match(clause.id):
            self.fail(path, f"{clause.id!r} is not a clause id", do='write "7.2" or "7.2a"')
        if clause.state == "reserved" and clause.reservation is None:
            self.fail(
                path,
                f"{clause.id} is reserved but has no reservation",
                do="add one, or write agreed",
            )
        if not clause.options:
            self.check_part(path, clause.id, clause.words, clause.does, clause.words_only)
            return
        if clause.does or clause.words_only or clause.words or clause.state not in OPEN:
            self.fail(
                path,
                f"clause {clause.id} has options and words or effects of its own",
                "a clause that is open between wordings has none yet",
                "keep the options of a bracketed clause, or settle on one",
            )
        self.unique_options(path, [option.id for option in clause.options], clause.id)
        for at, option in enumerate(clause.options):
            where = (*path, "options", at)
            self.check_part(where, option.id, option.words, option.does, option.words_only)

    def check_part(
        self, where: Path, name: str, words: Words, does: Does | None, only: str | None
    ) -> None:
        """Words in the languages of the text, and exactly one of does and words_only."""
        if (does is None) == (only is None):
            self.fail(
                where,
                f"{name} must have exactly one of does and words_only",
                "a reader must see whether the words are executed",
                "add `does`, or `words_only` with the reason",
            )
        if not words:
            self.fail(where, f"{name} has no words", do="write them in each language")
        for language in words:
            if language not in self.text.languages:
                self.fail(
                    (*where, "words"),
                    f"{name} has words in {language!r}, which is no language of the text",
                    do=f"add it to languages, or drop it: {', '.join(self.text.languages)}",
                )
        if does is not None:
            self.check_does(where, does)

    def check_once(self) -> None:
        """What has one answer may be said once: else the order of lines would decide."""
        said: dict[str, str] = {}
        for index, clause in enumerate(self.text.clauses):
            if clause.does is None or not clause.effective:
                continue
            for what in _said(clause.does):
                if what in said:
                    self.fail(
                        ("clauses", index),
                        f"{clause.id} gives {what}, which {said[what]} gives already",
                        "the order of lines may not decide between the two",
                        "keep one of the two",
                    )
                said[what] = clause.id

    def unique_options(self, path: Path, ids: Sequence[str], clause: str) -> None:
        """Options are called after their clause, each once."""
        for index, name in enumerate(ids):
            if name in ids[:index] or not name.startswith(clause + "/"):
                self.fail(
                    (*path, "options", index),
                    f"the option {name!r} stands twice or outside its clause",
                    do=f"call the options {clause}/a, {clause}/b",
                )

    def check_does(self, path: Path, does: Does) -> None:
        """Lines of power and rows of views read."""
        for at, power in enumerate((*does.grants, *does.refuses)):
            part = "grants" if at < len(does.grants) else "refuses"
            index = at if part == "grants" else at - len(does.grants)
            self.check_power((*path, "does", part, index), power)
        for at, row in enumerate(does.visibility):
            where: Path = (*path, "does", "visibility", at)
            if not isinstance(row.get("info"), str):
                self.fail(
                    where, "a row of visibility names no class", do="write info: and the class"
                )
            for name, cell in row.items():
                if name == "ours" and not isinstance(cell, bool):
                    self.fail(where, "ours is neither true nor false")
                if name not in ("info", "ours") and isinstance(cell, (str, bool)):
                    self.fail(where, f"the view of {name} is no mapping", do="write {view: full}")

    def check_power(self, path: Path, power: Power) -> None:
        """A line names kinds, or any."""
        if isinstance(power.kinds, str) and power.kinds != "any":
            self.fail(
                (*path, "kinds"), f"kinds is {power.kinds!r}", do="list the kinds, or write any"
            )

    def check_values(self) -> None:
        """Durations and instants are read once here, so that later code may rely on them."""
        for path, value in leaves(self.tree.value, ()):
            name = next((part for part in reversed(path) if isinstance(part, str)), "")
            sooner = len(path) > 1 and path[-2] == "sooner"
            try:
                if "does" in path and value is not None and (sooner or name in DURATIONS):
                    if not (name == "keep" and value == "for-ever"):
                        parse_duration(str(value))
                elif (name in INSTANTS and value is not None) or (
                    path[0] == "standards" and name == "from"
                ):
                    parse_instant(str(value))
            except Malformed as error:
                self.fail(path, f"{name} {error.what}", error.why, error.do)


def _said(does: Does) -> Iterator[str]:
    """What a clause answers that only one clause may answer."""
    for row in does.visibility:
        yield f"a view of {row['info']}"
    for keep in does.retention:
        yield f"a term for {keep.info}"
    for ladder in does.ladders:
        yield f"a ladder for {ladder.standard}"
    if does.defaults is not None:
        yield "a meaning to silence"
    if does.release is not None:
        yield "a rule of release"
    if does.check is not None:
        yield "a rule of checks"
    if does.waiver is not None:
        yield "a rule of waivers"


def leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Every value of a tree that is neither mapping nor list, with its path."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from leaves(item, (*path, at))
    else:
        yield path, value
