"""Node-to-node requests: signed by the node key, bound to the receiver, good for one use."""

import base64
import binascii
import hashlib
from collections.abc import Mapping

import msgspec

from safeconduct.kernel.canonical import encode
from safeconduct.kernel.errors import Refused
from safeconduct.kernel.signatures import Key, verify

WINDOW_MS = 120_000
"""Ours: how far a request's date may lie from the receiver's clock. Nonces live twice that."""

PARTY = "safeconduct-party"
DATE = "safeconduct-date"
NONCE = "safeconduct-nonce"
SIGNATURE = "safeconduct-signature"


class Signed(msgspec.Struct, frozen=True):
    """What a signed request said of itself; the signature stood."""

    party: str
    date: int
    nonce: str


def _message(method: str, target: str, body: bytes, audience: str, signed: Signed) -> bytes:
    return encode(
        [
            "safeconduct-request/1",
            method,
            target,
            hashlib.sha256(body).hexdigest(),
            audience,
            signed.party,
            signed.date,
            signed.nonce,
        ]
    )


def sign_request(
    key: Key,
    method: str,
    target: str,
    body: bytes,
    *,
    audience: str,
    party: str,
    date: int,
    nonce: str,
) -> dict[str, str]:
    """The four headers of a request to the node whose log has the origin `audience`."""
    signed = Signed(party, date, nonce)
    signature = key.sign(_message(method, target, body, audience, signed))
    return {
        PARTY: party,
        DATE: str(date),
        NONCE: nonce,
        SIGNATURE: base64.b64encode(signature).decode(),
    }


def check_request(
    headers: Mapping[str, str],
    method: str,
    target: str,
    body: bytes,
    *,
    audience: str,
    keys: Mapping[str, str],
    now: int,
) -> Signed:
    """Who sent a request. The caller then asks its desk whether the nonce is fresh.

    Args:
        headers: lower-case names.
        keys: node key of each known party.
        now: the receiver's wall clock, ms.

    Raises:
        Refused: unsigned, unknown party, out of time, or the signature does not stand.
    """
    try:
        signed = Signed(headers[PARTY], int(headers[DATE]), headers[NONCE])
        signature = base64.b64decode(headers[SIGNATURE], validate=True)
    except (KeyError, ValueError, binascii.Error) as error:
        raise Refused(
            "the request is not signed", do="sign it with the node key of your party"
        ) from error
    key = keys.get(signed.party)
    if key is None:
        raise Refused(f"the party {signed.party!r} is not known here", do="exchange cards first")
    if not 16 <= len(signed.nonce) <= 64:
        raise Refused("the request's nonce has no valid length")
    if abs(now - signed.date) > WINDOW_MS:
        raise Refused(
            "the request is too old or too new",
            why=f"its date is more than {WINDOW_MS // 1000} s from this node's clock",
            do="set the clock and send a new request",
        )
    if not verify(key, _message(method, target, body, audience, signed), signature):
        raise Refused(
            "the request's signature does not stand",
            why="it covers method, target, body, receiver and date",
        )
    return signed
