"""Values of identity: a key and whom it speaks for."""

import msgspec


class KeyInfo(msgspec.Struct, frozen=True):
    """A public key, whom it speaks for and from when until when (`until` exclusive).

    `holder` is None where it stays closed on this node. `ended` is judged by the order of
    facts, never by the time that the ending record states.
    """

    public: str
    party: str
    holder: str | None
    use: str
    begins: int
    until: int
    bound_to: str | None
    enrolled_by: str
    record: str
    next: str | None = None
    ended: bool = False
    ended_time: int | None = None
    compromised_since: int | None = None
