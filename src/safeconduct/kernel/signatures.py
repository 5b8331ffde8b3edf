"""Signatures: Ed25519 with one pinned acceptance rule, over DSSE pre-authentication bytes.

The rule: canonical A, R and S; no small-order A or R; cofactorless. libsodium has exactly this
rule (its verdicts on the speccheck and Wycheproof vectors are tests), so it is the one engine
for signing and verifying here; the stand-alone verifier holds the same rule in plain Python.
"""

import base64
import binascii
import hashlib
from typing import Any

import msgspec
from nacl.bindings import crypto_core_ed25519_is_valid_point
from nacl.exceptions import BadSignatureError, CryptoError
from nacl.exceptions import ValueError as NaclValueError
from nacl.signing import SigningKey, VerifyKey

from safeconduct.kernel.canonical import decode, encode
from safeconduct.kernel.errors import Malformed, Refused

ALGORITHM = "ed25519"
_HEX = frozenset("0123456789abcdef")
RECORD_PAYLOAD = "application/vnd.safeconduct.record+json"
MAX_ENVELOPE = 60_000
"""Largest envelope in bytes: an entry of a tlog-tiles bundle has a 16-bit length."""


class Key(msgspec.Struct, frozen=True):
    """A private key. Made from a 32-byte seed that the caller drew; never logged, never repr'd."""

    seed: bytes

    def __repr__(self) -> str:
        return f"Key({self.public})"

    @property
    def public(self) -> str:
        """The public half as agreements print it: `ed25519:` and 64 hexadecimal digits."""
        return f"{ALGORITHM}:{bytes(SigningKey(self.seed).verify_key).hex()}"

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature over the message."""
        return SigningKey(self.seed).sign(message).signature


def public_bytes(public: str) -> bytes:
    """The 32 bytes of a public key.

    Raises:
        Malformed: if it is not `ed25519:` and 64 lower-case hexadecimal digits.
    """
    algorithm, _, digits = public.partition(":")
    if algorithm != ALGORITHM or len(digits) != 64 or not set(digits) <= _HEX:
        raise Malformed(
            f"{public[:80]!r} is not a key", do="write ed25519: and 64 hexadecimal digits"
        )
    return bytes.fromhex(digits)


def check_usable(public: str) -> None:
    """Refuse a key under which no signature can ever stand: not canonical, or of small order.

    Raises:
        Malformed: it is not a key, or not a usable one.
    """
    if not crypto_core_ed25519_is_valid_point(public_bytes(public)):
        raise Malformed(
            f"{public} is no usable key",
            why="it is no canonical point of the main subgroup, so no signature stands under it",
            do="make a new key",
        )


def fingerprint(public: str) -> str:
    """What two people read to each other: SHA-256 of the key, 32 digits in groups of four."""
    digits = hashlib.sha256(public_bytes(public)).hexdigest()[:32]
    return "-".join(digits[i : i + 4] for i in range(0, 32, 4))


def verify(public: str, message: bytes, signature: bytes) -> bool:
    """Whether the signature stands under the pinned rule. Never raises for a bad signature."""
    key = public_bytes(public)
    if len(signature) != 64:
        return False
    try:
        VerifyKey(key).verify(message, signature)
    except (BadSignatureError, CryptoError, NaclValueError):
        return False
    return True


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE pre-authentication encoding: binds the bytes to what they claim to be."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


class Envelope(msgspec.Struct, frozen=True):
    """A DSSE envelope with exactly one signature."""

    payload: bytes
    payload_type: str
    keyid: str
    signature: bytes

    def encode(self) -> bytes:
        """Canonical bytes of the envelope."""
        return encode(
            {
                "payload": base64.b64encode(self.payload).decode(),
                "payloadType": self.payload_type,
                "signatures": [
                    {"keyid": self.keyid, "sig": base64.b64encode(self.signature).decode()}
                ],
            }
        )

    def stands(self) -> bool:
        """Whether the signature is that of the key it names."""
        return verify(self.keyid, pae(self.payload_type, self.payload), self.signature)


def seal(key: Key, payload: bytes, payload_type: str = RECORD_PAYLOAD) -> Envelope:
    """Sign payload bytes into an envelope."""
    return Envelope(payload, payload_type, key.public, key.sign(pae(payload_type, payload)))


def _b64(text: Any) -> bytes:
    if not isinstance(text, str):
        raise Malformed("a base64 field of the envelope is not text")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("a field of the envelope is not base64") from error
    if base64.b64encode(data).decode() != text:
        raise Malformed("a base64 field of the envelope is not in canonical form")
    return data


def open_envelope(data: bytes) -> Envelope:
    """Read envelope bytes strictly and check the signature.

    Raises:
        Malformed: not canonical, not one signature, too large.
        Refused: the signature does not stand.
    """
    if len(data) > MAX_ENVELOPE:
        raise Malformed(
            f"the envelope has {len(data)} bytes", why=f"at most {MAX_ENVELOPE} fit a log entry"
        )
    value = decode(data)
    shape = isinstance(value, dict) and set(value) == {"payload", "payloadType", "signatures"}
    signatures = value["signatures"] if shape else None
    if (
        not isinstance(signatures, list)
        or len(signatures) != 1
        or not isinstance(signatures[0], dict)
        or set(signatures[0]) != {"keyid", "sig"}
        or not isinstance(signatures[0]["keyid"], str)
        or not isinstance(value["payloadType"], str)
    ):
        raise Malformed("the envelope is not a DSSE envelope with one signature")
    envelope = Envelope(
        _b64(value["payload"]),
        value["payloadType"],
        signatures[0]["keyid"],
        _b64(signatures[0]["sig"]),
    )
    if not envelope.stands():
        raise Refused(
            "the signature does not stand",
            why="it was not made by the key it names over these bytes",
            do="sign the exact canonical bytes",
        )
    return envelope
