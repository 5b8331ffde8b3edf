"""C2SP signed notes, checkpoints (tlog-checkpoint) and cosignatures (tlog-cosignature, v1).

Formats are C2SP's unmodified, so that foreign witnesses and verifiers read them. A log's key
and a witness's key are different keys; both are Ed25519 (algorithm bytes 0x01 and 0x04).
"""

import base64
import hashlib
import re

import msgspec

from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.signatures import Key, public_bytes, verify

LOG_KEY = 0x01
COSIGNATURE = 0x04
_LINE = re.compile(r"^— (\S+) (\S+)$")
_COSIGNED = "cosignature/v1\ntime {}\n"


def is_number(text: str) -> bool:
    """Whether a text is a size or an index in canonical decimal, of at most 16 digits."""
    return text.isascii() and text.isdigit() and len(text) <= 16 and str(int(text)) == text


class Signer(msgspec.Struct, frozen=True):
    """Somebody whose signature a note may carry: name, public key, algorithm byte."""

    name: str
    public: str
    algorithm: int

    @property
    def key_hash(self) -> bytes:
        """The first four bytes of SHA-256(name, newline, algorithm, key): signed-note."""
        data = self.name.encode() + b"\n" + bytes([self.algorithm]) + public_bytes(self.public)
        return hashlib.sha256(data).digest()[:4]


class Checkpoint(msgspec.Struct, frozen=True):
    """A log's head: origin, number of leaves, root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The signed text: three lines, no extension lines."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


class Note(msgspec.Struct, frozen=True):
    """A text and its signature lines, as (name, key hash, signature bytes)."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    def encode(self) -> str:
        """The note as it travels and is stored."""
        lines = [
            f"— {name} {base64.b64encode(key_hash + signature).decode()}\n"
            for name, key_hash, signature in self.signatures
        ]
        return self.text + "\n" + "".join(lines)

    def with_signature(self, line: tuple[str, bytes, bytes]) -> "Note":
        """The note with one more signature, replacing an earlier one of the same signer."""
        kept = tuple(item for item in self.signatures if item[:2] != line[:2])
        return Note(self.text, (*kept, line))

    def signed_by(self, signer: Signer) -> bool:
        """Whether a log's signature of this signer stands."""
        message = self.text.encode()
        return any(
            verify(signer.public, message, signature)
            for name, key_hash, signature in self.signatures
            if (name, key_hash) == (signer.name, signer.key_hash)
        )

    def cosigned_at(self, witness: Signer) -> int | None:
        """The second (since 1970) at which the witness cosigned, or None if it did not."""
        for name, key_hash, signature in self.signatures:
            if (name, key_hash) != (witness.name, witness.key_hash) or len(signature) != 72:
                continue
            seconds = int.from_bytes(signature[:8], "big")
            message = (_COSIGNED.format(seconds) + self.text).encode()
            if verify(witness.public, message, signature[8:]):
                return seconds
        return None


def parse_note(text: str) -> Note:
    """Read a note strictly.

    Raises:
        Malformed: not a text, an empty line and at least one signature line.
    """
    body, separator, tail = text.rpartition("\n\n")
    if not separator or not tail.endswith("\n") or not body:
        raise Malformed(
            "the note has no signatures", do="end it with an empty line and signature lines"
        )
    signatures = []
    for line in tail[:-1].split("\n"):
        match = _LINE.match(line)
        if match is None:
            raise Malformed(f"{line[:60]!r} is not a signature line")
        try:
            raw = base64.b64decode(match[2], validate=True)
        except ValueError as error:
            raise Malformed("a signature line is not base64") from error
        if len(raw) < 5 or base64.b64encode(raw).decode() != match[2]:
            raise Malformed("a signature line is too short or not in canonical base64")
        signatures.append((match[1], raw[:4], raw[4:]))
    return Note(body + "\n", tuple(signatures))


def parse_checkpoint(note: Note) -> Checkpoint:
    """The checkpoint in a note's text.

    Raises:
        Malformed: not three lines, size not in canonical decimal, root not 32 bytes.
    """
    lines = note.text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise Malformed("the checkpoint is not origin, size and root")
    if not is_number(lines[1]):
        raise Malformed(f"the checkpoint's size {lines[1]!r} is not a number")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except ValueError as error:
        raise Malformed("the checkpoint's root is not base64") from error
    if len(root) != 32 or base64.b64encode(root).decode() != lines[2]:
        raise Malformed("the checkpoint's root is not 32 bytes")
    return Checkpoint(lines[0], int(lines[1]), root)


def sign_checkpoint(checkpoint: Checkpoint, key: Key) -> Note:
    """The checkpoint as a note signed by the log's own key; the signer's name is the origin."""
    signer = Signer(checkpoint.origin, key.public, LOG_KEY)
    text = checkpoint.text()
    return Note(text, ((signer.name, signer.key_hash, key.sign(text.encode())),))


def cosign(note: Note, name: str, key: Key, seconds: int) -> tuple[str, bytes, bytes]:
    """A witness's signature line: it saw this head at that second and it extends the last."""
    signer = Signer(name, key.public, COSIGNATURE)
    message = (_COSIGNED.format(seconds) + note.text).encode()
    return (name, signer.key_hash, seconds.to_bytes(8, "big") + key.sign(message))
