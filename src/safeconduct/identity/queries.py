"""Questions to identity: who speaks with this key, and who may enrol which key."""

from collections.abc import Mapping

from safeconduct.identity.model import KeyInfo
from safeconduct.identity.projection import State

BY_ROOT = ("root", "node", "witness", "enrolment")
"""Uses that only the party's root key enrols: each of them can speak for the party itself."""

BY_ENROLMENT = ("person", "device")
"""Uses that an enrolment key may enrol as well, so that the root key can stay in its safe."""


def speaker(state: State, public_key: str, at: int) -> KeyInfo | None:
    """Whom a key speaks for at that instant; None if it is unknown, ended or out of its time."""
    info = state.keys.get(public_key)
    if info is None or info.ended or not info.begins <= at < info.until:
        return None
    return info


def key_info(state: State, public_key: str) -> KeyInfo | None:
    """What is on record about a key, ended or not."""
    return state.keys.get(public_key)


def keys_of(state: State, holder: str, at: int) -> list[KeyInfo]:
    """The keys that speak for a holder at that instant, in order of their text."""
    return [
        info
        for public, info in sorted(state.keys.items())
        if info.holder == holder and speaker(state, public, at) is not None
    ]


def may_enrol(
    state: State,
    signer_public: str,
    use: str,
    party: str,
    roots: Mapping[str, str],
    *,
    at: int | None = None,
) -> bool:
    """Whether the signer may enrol (or end) a key of that use for that party.

    Args:
        state: the keys so far.
        signer_public: the key that signed the record.
        use: the use of the key to be enrolled.
        party: the party for which it shall speak.
        roots: the root key of each party, from the agreement.
        at: judge the enrolment key's own span at this instant; None skips the span.
    """
    root = roots.get(party)
    if root is not None and signer_public == root:
        info = state.keys.get(root)
        return use in BY_ROOT + BY_ENROLMENT and not (info is not None and info.ended)
    info = state.keys.get(signer_public)
    return (
        use in BY_ENROLMENT
        and info is not None
        and info.use == "enrolment"
        and info.party == party
        and not info.ended
        and (at is None or info.begins <= at < info.until)
    )
