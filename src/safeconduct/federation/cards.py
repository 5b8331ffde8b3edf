"""Cards: what two parties hand each other before the first request, by any channel.

A card names a party's log and carries the `key` records of its node, witness and enrolment
keys. Each is signed by the root key that the agreement text prints, so a card needs no trust.
"""

from typing import Any

import msgspec

from safeconduct.kernel.canonical import decode, encode
from safeconduct.kernel.errors import Malformed, Refused
from safeconduct.kernel.records import Record, decode_record
from safeconduct.kernel.signatures import open_envelope
from safeconduct.ledger.notes import COSIGNATURE, LOG_KEY, Signer

FORM = "card/1"
USES = ("node", "witness", "enrolment")


class Card(msgspec.Struct, frozen=True):
    """A party's log and its keys, as its root key signed them."""

    party: str
    origin: str
    root: str
    keys: dict[str, str]
    envelopes: tuple[bytes, ...]

    @property
    def log(self) -> Signer:
        """The signer of the party's checkpoints."""
        return Signer(self.origin, self.keys["node"], LOG_KEY)

    @property
    def witness(self) -> Signer:
        """The party as a witness of other logs."""
        return Signer(witness_name(self.party), self.keys["witness"], COSIGNATURE)

    def encode(self) -> bytes:
        """Canonical bytes of the card."""
        return encode(
            {
                "safeconduct": FORM,
                "party": self.party,
                "origin": self.origin,
                "root_key": self.root,
                "keys": [decode(item) for item in self.envelopes],
            }
        )


def witness_name(party: str) -> str:
    """The name under which a party cosigns."""
    return f"{party}/witness"


def read_card(data: bytes) -> Card:
    """Read a card and check that each key is signed by the root key it names.

    Raises:
        Malformed: not a card.
        Refused: a key is not signed by the root, or one is missing.
    """
    value: Any = decode(data)
    if (
        not isinstance(value, dict)
        or value.get("safeconduct") != FORM
        or set(value) != {"safeconduct", "party", "origin", "root_key", "keys"}
        or not isinstance(value["keys"], list)
        or not all(isinstance(value[name], str) for name in ("party", "origin", "root_key"))
    ):
        raise Malformed("the file is not a card", do="ask the other party for its card.json")
    keys: dict[str, str] = {}
    envelopes = []
    for item in value["keys"]:
        data = encode(item)
        envelope = open_envelope(data)
        record: Record = decode_record(envelope.payload)
        if envelope.keyid != value["root_key"] or record.party != value["party"]:
            raise Refused("a key of the card is not signed by the party's root key")
        use, public = record.data.get("use"), record.data.get("key")
        if use not in USES or not isinstance(public, str) or record.data.get("state") != "enrolled":
            raise Malformed("a key of the card has no known use")
        keys[use] = public
        envelopes.append(data)
    missing = [use for use in USES if use not in keys]
    if missing:
        raise Refused(f"the card lacks the {', '.join(missing)} key")
    return Card(value["party"], value["origin"], value["root_key"], keys, tuple(envelopes))
