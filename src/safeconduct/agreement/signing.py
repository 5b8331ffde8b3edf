"""What both parties sign: one hash over the whole text, and the keys that stand in it.

The hash covers words in all languages, the executable part and the standards, but neither
comments nor layout, and not the list of signatures. Changing one character of one word in one
language changes it.
"""

import hashlib
import json
from collections.abc import Mapping

from safeconduct.agreement.model import PLACEHOLDER, Agreement, parties_clause
from safeconduct.agreement.notation import read
from safeconduct.agreement.text import load_agreement
from safeconduct.kernel.canonical import encode
from safeconduct.kernel.errors import Malformed, Refused
from safeconduct.kernel.signatures import public_bytes


def canonical_text(agreement: Agreement) -> bytes:
    """The canonical JSON of the whole text without its signatures (clause 10.1 of the pattern)."""
    return encode({key: value for key, value in agreement.tree.items() if key != "signatures"})


def wording_hash(agreement: Agreement) -> str:
    """SHA-256 over `canonical_text`, 64 hexadecimal digits: what both parties sign."""
    return hashlib.sha256(canonical_text(agreement)).hexdigest()


def placeholders(agreement: Agreement) -> tuple[str, ...]:
    """The parties whose root key nobody has filled in yet, in the order of the text."""
    return tuple(
        party.id for party in agreement.parties.values() if party.root_key.startswith(PLACEHOLDER)
    )


def signable(agreement: Agreement) -> None:
    """Refuse a text that may not be signed yet.

    Raises:
        Refused: a root key is still a placeholder, or an open clause is not listed as such.
    """
    missing = placeholders(agreement)
    if missing:
        raise Refused(
            f"the root key of {' and '.join(missing)} is still a placeholder",
            why="a signature under a text without keys binds nobody",
            do="fill the keys in, and confirm the other's by another channel",
            clause=parties_clause(agreement),
        )
    still = {
        clause.id
        for clause in agreement.clauses.values()
        if clause.state in ("proposed", "bracketed")
    }
    if still != set(agreement.open_clauses):
        raise Refused(
            f"open_clauses lists {', '.join(agreement.open_clauses) or 'nothing'}, "
            f"but {', '.join(sorted(still)) or 'no clause'} is open",
            why="whoever signs must see what the signature leaves open",
            do="list exactly the clauses that are proposed or bracketed",
        )


def with_keys(text: str, keys: Mapping[str, str]) -> str:
    """The text with placeholder root keys filled in; nothing else of it changes.

    Args:
        text: an agreement's text.
        keys: public keys (`ed25519:` and 64 hexadecimal digits) by party.

    Raises:
        Malformed: the text or a key does not read, or the party is unknown.
        Refused: a party's key is no placeholder any more; another key is an amendment.
    """
    agreement = load_agreement(text)
    spans = read(text).spans
    order = list(agreement.parties)
    cuts: list[tuple[int, int, str]] = []
    for party, key in keys.items():
        public_bytes(key)
        if party not in agreement.parties:
            raise Malformed(
                f"the agreement knows no party {party!r}", do=f"its parties are {', '.join(order)}"
            )
        if party not in placeholders(agreement):
            if agreement.parties[party].root_key == key:
                continue
            raise Refused(
                f"the root key of {party} is filled in already",
                why="a new key needs the old one's signature",
                do="amend the agreement",
                clause=parties_clause(agreement),
            )
        start, end = spans[("parties", order.index(party), "root_key")]
        cuts.append((start, end, json.dumps(key)))
    for start, end, new in sorted(cuts, reverse=True):
        text = text[:start] + new + text[end:]
    return text
