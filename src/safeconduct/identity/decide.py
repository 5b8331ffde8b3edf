"""Which key may enter the log: the chain from the root key in the agreement down to a device."""

from collections.abc import Mapping

from safeconduct.identity.projection import State
from safeconduct.identity.queries import BY_ENROLMENT, may_enrol
from safeconduct.kernel.errors import Refused
from safeconduct.kernel.instants import show_instant
from safeconduct.kernel.records import Fact
from safeconduct.kernel.signatures import public_bytes


def decide(state: State, fact: Fact, *, roots: Mapping[str, str]) -> None:
    """Refuse a key record that must not enter the log; other aliases pass.

    A key record's `by` is the text of the public key that signed it.

    Raises:
        Refused: the signer may not enrol that use, the key is another's or has ended, or its
            span is empty.
        Malformed: the key's text is not a key.
    """
    if fact.alias != "key" or fact.get("key") is None:
        return
    public_bytes(fact.get("key"))
    if fact.get("state") == "enrolled":
        _span(fact)
        _free(state, fact, roots)
        _chain(state, fact, roots, "enrol")
    else:
        _known(state, fact)
        if fact.record.by != fact.get("key"):
            _chain(state, fact, roots, "end")


def _span(fact: Fact) -> None:
    begins, until = fact.get("from"), fact.get("until")
    if begins >= until:
        raise Refused(
            f"the key would end at {show_instant(until)}, not after its begin",
            why=f"it begins at {show_instant(begins)}, and its end is exclusive",
            do="give an end later than the begin",
        )


def _free(state: State, fact: Fact, roots: Mapping[str, str]) -> None:
    public, party, use = fact.get("key"), fact.record.party, fact.get("use")
    owner = next((name for name, root in sorted(roots.items()) if root == public), None)
    if (use == "root" or owner is not None) and not (use == "root" and owner == party):
        raise Refused(
            f"{public} cannot be enrolled as a {use} key of {party}",
            why="root keys stand in the signed agreement, and serve as nothing else",
            do="draw a fresh key, or amend the agreement to change a root key",
        )
    info = state.keys.get(public)
    if info is None:
        return
    if info.ended:
        raise Refused(
            f"the key {public} has ended",
            why="an ended key never comes back: its old and new holder could not be told apart",
            do="draw a fresh key and enrol that",
        )
    holder = fact.get("holder")
    other = holder is not None and info.holder is not None and holder != info.holder
    if info.party != party or info.use != use or other:
        raise Refused(
            f"the key {public} is enrolled already, for another holder, party or use",
            why="one key speaks for one holder in one use",
            do="draw a fresh key and enrol that",
        )


def _known(state: State, fact: Fact) -> None:
    public = fact.get("key")
    info = state.keys.get(public)
    if info is None or info.party != fact.record.party:
        raise Refused(
            f"{fact.record.party} has not enrolled the key {public}",
            why="only a party that enrolled a key can end it",
            do="check the key's text against the list of keys",
        )
    if info.ended:
        raise Refused(f"the key {public} has ended already", do="nothing more is needed")
    if info.use != fact.get("use"):
        raise Refused(
            f"the key {public} is a {info.use} key, not a {fact.get('use')} key",
            do=f"name its use as {info.use}",
        )


def _chain(state: State, fact: Fact, roots: Mapping[str, str], verb: str) -> None:
    record, use = fact.record, fact.get("use")
    if may_enrol(state, record.by, use, record.party, roots, at=record.time):
        return
    allowed = "root or enrolment key" if use in BY_ENROLMENT else "root key"
    raise Refused(
        f"{record.by} may not {verb} a {use} key of {record.party}",
        why=f"that takes the {allowed} of {record.party}, in force at the record's time",
        do=f"have it signed by the {allowed} of {record.party}",
    )
