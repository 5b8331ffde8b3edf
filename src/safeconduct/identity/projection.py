"""The state of identity and how a fact changes it."""

import msgspec

from safeconduct.identity.model import KeyInfo
from safeconduct.kernel.records import Fact


class State(msgspec.Struct):
    """Owned by its caller; changed by `project` only. Keyed by the public key's text."""

    keys: dict[str, KeyInfo] = msgspec.field(default_factory=dict)


def project(state: State, fact: Fact) -> None:
    """Enter one fact. Order matters here: a key that ended stays ended, whatever comes later.

    The first party to enrol a public key keeps it; another party's record about it is ignored.
    """
    public = fact.get("key")
    if fact.alias != "key" or public is None:
        return
    known = state.keys.get(public)
    if known is not None and (known.party != fact.record.party or known.ended):
        return
    if fact.get("state") == "enrolled":
        _enrol(state, fact, public, known)
    elif fact.get("state") == "ended" and known is not None:
        state.keys[public] = msgspec.structs.replace(
            known,
            ended=True,
            ended_time=fact.record.time,
            compromised_since=fact.get("compromised_since"),
        )


def _enrol(state: State, fact: Fact, public: str, known: KeyInfo | None) -> None:
    begins, until, use = fact.get("from"), fact.get("until"), fact.get("use")
    if begins is None or until is None or use is None:
        return
    if known is not None and known.use != use:
        return
    holder = fact.get("holder")
    if known is not None:
        # A renewal moves the end; whose key it is was said once and does not change.
        holder = known.holder if known.holder is not None else holder
        begins = min(begins, known.begins)
    state.keys[public] = KeyInfo(
        public=public,
        party=fact.record.party,
        holder=holder,
        use=use,
        begins=begins,
        until=until,
        bound_to=fact.get("bound_to"),
        enrolled_by=fact.record.by,
        record=fact.record.id,
        next=fact.get("next"),
    )
