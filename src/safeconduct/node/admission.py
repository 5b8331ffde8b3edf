"""Admission: may this record change what this node holds for true.

Asked of every record that a person or device submits, and again of every body that the peer
gives. The peer's node has judged its own records already; a node that does not play fair is why
they are judged again. What has no power stays in the mirror as evidence and changes nothing here.
"""

from collections.abc import Callable
from typing import Any

from safeconduct import identity
from safeconduct.agreement import Agreement, Decision, may
from safeconduct.kernel.errors import Refused
from safeconduct.kernel.instants import SECOND
from safeconduct.kernel.records import Fact, Record
from safeconduct.kernel.signatures import Envelope
from safeconduct.kernel.vocabulary import Vocabulary, check_data
from safeconduct.node.authority import allowed, speaks
from safeconduct.node.drafts import NODE, Draft
from safeconduct.node.rooms import Rooms
from safeconduct.node.stores.desk import Token
from safeconduct.node.watching import Watching

AHEAD_MS = 5 * SECOND
"""Ours: how far a record's time may lie ahead of this node's clock, whatever its stated error."""

MAX_ERR_MS = 60 * SECOND
"""Ours: a clock that may be wrong by more than this states no time at all."""

PLACED = ("zone", "post", "site", "district")
"""Fields whose values are names of the agreement."""

Find = Callable[[str], Fact | None]


def check_caller(
    record: Record, envelope: Envelope, token: Token, *, party: str, mode: str
) -> None:
    """Refuse a record that is not the caller's own, or not for this node."""
    if record.mode != mode:
        raise Refused(
            f"this node keeps a log of mode {mode}, and the record is of mode {record.mode}",
            why="exercise and replay never mix with live",
            do=f"send it to a node of mode {record.mode}",
        )
    if record.party != party:
        raise Refused(f"this is the node of {party}, and the record speaks for {record.party}")
    if token.public != envelope.keyid or token.person != record.by:
        raise Refused(
            "the token was given for another key",
            do="sign with the key that was enrolled with it",
        )
    if record.source != token.source:
        raise Refused(
            f"the record's source is {record.source!r}, and the token's is {token.source!r}"
        )
    if record.acting != token.role:
        raise Refused(
            f"the token is for the role {token.role}, and the record acts as {record.acting}"
        )
    movement = record.data.get("movement")
    if token.bound_to.startswith("mv_") and movement not in (None, token.bound_to):
        raise Refused(f"the token is bound to {token.bound_to}, and the record is about {movement}")
    post = record.data.get("post")
    if token.bound_to.startswith("post:") and isinstance(post, str) and post != token.bound_to:
        raise Refused(f"the token is bound to {token.bound_to}, and the record is about {post}")


def check_names(fact: Fact, text: Agreement) -> None:
    """Refuse a place, clause or standard that the agreement does not know."""
    for name in PLACED:
        place = fact.get(name)
        if isinstance(place, str) and place not in text.places:
            raise Refused(
                f"the agreement knows no {name} {place!r}",
                why="a place that no text names lies under no power",
                do="use a place of the agreement",
            )
    for name, known in (("clause", text.clauses), ("standard", text.standards)):
        value = fact.get(name)
        if isinstance(value, str) and value.partition("/")[0] not in known:
            raise Refused(f"the agreement has no {name} {value!r}", do=f"cite a {name} that it has")


def check_time(record: Record, now: int) -> None:
    """Refuse a record whose time has not come, beyond its own stated error."""
    if record.err > MAX_ERR_MS:
        raise Refused(
            f"the record's clock may be wrong by {record.err // SECOND} s",
            why=f"at most {MAX_ERR_MS // SECOND} s can be weighed against a deadline",
            do="set the device's clock",
        )
    ahead = record.time - now
    if ahead > AHEAD_MS:
        raise Refused(
            f"the record's time lies {ahead // SECOND} s ahead of this node's clock",
            why="a fact is recorded when it holds, not before",
            do="set the device's clock",
        )


def power(
    rooms: Rooms,
    text: Agreement,
    vocabulary: Vocabulary,
    fact: Fact,
    *,
    watching: Watching | None,
    find: Find,
) -> Decision:
    """What the agreement in force says of a record; a taking back needs the act taken back."""
    held = find(str(fact.get("of"))) if fact.alias == "revoked" else None
    return allowed(
        rooms,
        text,
        vocabulary.by_name[fact.record.type],
        fact,
        owners=watching.owners if watching else {},
        taken_back=vocabulary.by_name.get(held.record.type) if held else None,
    )


def refusal_draft(fact: Fact, refusal: Refused, now: int) -> Draft:
    """The record of a refusal: what was refused, under which clause, why.

    The other party reads the reason, so it names a role and never a person.
    """
    record = fact.record
    reason = f"{refusal.what}. {refusal.why}".replace(record.by, f"this {record.acting}")
    values: dict[str, Any] = {
        "of": record.id,
        "about": record.subject or record.party,
        "clause": refusal.clause,
        "reason": reason[:500],
        "written": True,
    }
    if isinstance(fact.get("movement"), str):
        values["movement"] = fact.get("movement")
    return Draft(alias="refused", values=values, time=now, causes=(fact.record.id,))


def of_peer(  # noqa: PLR0913 - what a judgement needs, each named
    rooms: Rooms,
    text: Agreement,
    vocabulary: Vocabulary,
    fact: Fact,
    envelope: Envelope,
    *,
    mode: str,
    now: int,
    watching: Watching | None,
    find: Find,
) -> bool:
    """Whether a full body of the peer may change what this node holds for true."""
    record = fact.record
    kind = vocabulary.by_name.get(record.type)
    # Only a signature of the agreement stands in both logs; all else a party says in its own.
    foreign = record.party != fact.log and fact.alias != "signed"
    if kind is None or record.mode != mode or foreign:
        return False
    try:
        check_data(kind, fact.values, sealed=set(record.sealed) - set(fact.values))
        check_time(record, now)
        if fact.alias == "key":
            identity.decide(rooms.identity, fact, roots=rooms.roots)
            return _enrols(rooms, fact, envelope)
        if watching is None or fact.alias == "signed":
            return _speaks(rooms, fact, envelope)
        if record.acting == NODE:
            computed = bool(set("NDT") & set(kind.kinds))
            return computed and _speaks(rooms, fact, envelope) and _may_hold(text, fact)
        granted = power(rooms, text, vocabulary, fact, watching=watching, find=find).granted
        return granted and _speaks(rooms, fact, envelope)
    except Refused:
        return False


def _enrols(rooms: Rooms, fact: Fact, envelope: Envelope) -> bool:
    """Whether the signer of a key record is the one it names, and may enrol that use."""
    return fact.record.by == envelope.keyid and identity.may_enrol(
        rooms.identity, envelope.keyid, str(fact.get("use")), fact.record.party, rooms.roots
    )


def _speaks(rooms: Rooms, fact: Fact, envelope: Envelope) -> bool:
    """Whether the key speaks for the author; of a person whose name stays closed, for the party."""
    try:
        speaks(rooms, fact, envelope.keyid)
    except Refused:
        info = identity.speaker(rooms.identity, envelope.keyid, fact.record.time)
        return info is not None and info.use == "person" and info.party == fact.record.party
    return True


def _may_hold(text: Agreement, fact: Fact) -> bool:
    """A node's hold counts where its party may task; other computed records need no power."""
    if fact.alias != "hold":
        return True
    zone = str(fact.get("zone") or fact.get("site"))
    return zone in text.places and may(text, fact.record.party, "task", zone).granted
