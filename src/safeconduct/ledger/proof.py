"""C2SP tlog-proof v1: one leaf under one checkpoint, in one text.

```
c2sp.org/tlog-proof@v1
extra <base64>            (not used here)
index <n>
<base64 hash>             (audit path, leaf to root)

<checkpoint note>
```
"""

import base64

import msgspec

from safeconduct.kernel.errors import Malformed
from safeconduct.ledger.merkle import leaf_hash, verify_inclusion
from safeconduct.ledger.notes import Note, is_number, parse_checkpoint, parse_note

HEADER = "c2sp.org/tlog-proof@v1"


class Proof(msgspec.Struct, frozen=True):
    """Where a leaf stands, its audit path, and the checkpoint over it."""

    index: int
    path: tuple[bytes, ...]
    note: Note

    def encode(self) -> str:
        """The proof's text."""
        lines = [HEADER, f"index {self.index}"]
        lines += [base64.b64encode(item).decode() for item in self.path]
        return "\n".join(lines) + "\n\n" + self.note.encode()

    def proves(self, leaf: bytes) -> bool:
        """Whether the leaf stands at the index under the checkpoint (signatures not judged)."""
        checkpoint = parse_checkpoint(self.note)
        return verify_inclusion(
            leaf_hash(leaf), self.index, checkpoint.size, self.path, checkpoint.root
        )


def parse_proof(text: str) -> Proof:
    """Read a proof strictly.

    Raises:
        Malformed: another form.
    """
    head, separator, tail = text.partition("\n\n")
    lines = head.split("\n")
    if not separator or len(lines) < 2 or lines[0] != HEADER:
        raise Malformed("the text is not a tlog-proof")
    word, _, number = lines[1].partition(" ")
    if word != "index" or not is_number(number):
        raise Malformed("the proof has no index")
    try:
        path = tuple(base64.b64decode(item, validate=True) for item in lines[2:])
    except ValueError as error:
        raise Malformed("a hash of the proof is not base64") from error
    proof = Proof(int(number), path, parse_note(tail))
    if proof.encode() != text:
        raise Malformed("the proof is not in canonical form")
    return proof
