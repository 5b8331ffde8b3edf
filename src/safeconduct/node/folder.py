"""A node's data folder: what lies where, made once, owned by one party, written by one process.

```
node.json            party, mode, origin; never changed after it was made
agreement.yaml/.json the text as given, and its canonical form, whose hash is signed
keys/*.key           private keys of root, node, witness, enrolment (readable by the owner only)
card.json, peer.json own card; the other party's, once it was confirmed
ledger.db, desk.db   the stores
head.note            the newest own checkpoint: a log behind it was rolled back
lock                 held by the process that writes
```
The root key belongs off this machine once the agreement is signed; nothing else here needs it.
"""

import fcntl
import os
from pathlib import Path
from typing import Any

import msgspec

from safeconduct.federation.cards import Card, read_card
from safeconduct.kernel.canonical import decode, encode
from safeconduct.kernel.errors import Malformed, Refused, SafeconductError, StateUnknown
from safeconduct.kernel.signatures import Key

FORM = "node/1"
KEY_USES = ("root", "node", "witness", "enrolment")


class NodeFile(msgspec.Struct, frozen=True):
    """What never changes about a node."""

    party: str
    mode: str
    origin: str

    def encode(self) -> bytes:
        """Canonical bytes of node.json."""
        return encode(
            {"safeconduct": FORM, "party": self.party, "mode": self.mode, "origin": self.origin}
        )


def _decode_node(data: bytes) -> NodeFile:
    value: Any = decode(data)
    if (
        not isinstance(value, dict)
        or set(value) != {"safeconduct", "party", "mode", "origin"}
        or not all(isinstance(item, str) for item in value.values())
    ):
        raise Malformed("node.json has another form")
    if value["safeconduct"] != FORM:
        raise StateUnknown(
            f"the data folder has the form {value['safeconduct']!r}; this version knows {FORM!r}",
            why="another version of safeconduct has made it",
            do="use that version or a newer one; nothing was changed",
        )
    return NodeFile(value["party"], value["mode"], value["origin"])


class Folder:
    """The files of one data folder. Reading never changes anything."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    def exists(self) -> bool:
        """Whether a node was made here."""
        return (self.path / "node.json").exists()

    def node_file(self) -> NodeFile:
        """Who this folder belongs to.

        Raises:
            Refused: there is no node here.
            StateUnknown: node.json is damaged or of another version.
        """
        if not self.exists():
            raise Refused(
                f"there is no node in {self.path}",
                do="run `safeconduct node init`, or name another folder",
            )
        try:
            return _decode_node((self.path / "node.json").read_bytes())
        except Malformed as error:
            raise StateUnknown("node.json is damaged", why=error.sentence()) from error

    def key(self, use: str) -> Key:
        """A private key of this node."""
        path = self.path / "keys" / f"{use}.key"
        try:
            seed = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except FileNotFoundError as error:
            raise Refused(
                f"the {use} key is not in this folder",
                do="bring it, or use the machine that holds it",
            ) from error
        except (ValueError, UnicodeDecodeError) as error:
            raise StateUnknown(f"the {use} key is damaged") from error
        if len(seed) != 32:
            raise StateUnknown(f"the {use} key is damaged")
        return Key(seed)

    def save_key(self, use: str, key: Key) -> None:
        """Write a private key so that only its owner can read it."""
        folder = self.path / "keys"
        folder.mkdir(mode=0o700, exist_ok=True)
        try:
            descriptor = os.open(folder / f"{use}.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise Refused(
                f"{folder} holds a {use} key already",
                why="a key is never written over",
                do="choose an empty folder",
            ) from error
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key.seed.hex() + "\n")

    def card(self, name: str = "card.json") -> Card | None:
        """The own card, or with `peer.json` the other party's; None if there is none yet."""
        path = self.path / name
        if not path.exists():
            return None
        try:
            return read_card(path.read_bytes())
        except SafeconductError as error:
            raise StateUnknown(f"{name} is damaged", why=error.sentence()) from error

    def write(self, name: str, data: bytes) -> None:
        """Write a small file whole or not at all: a crash leaves the old one or the new one."""
        temporary = self.path / f".{name}.new"
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path / name)
        except OSError as error:
            raise Refused(f"{name} could not be written", why=str(error.strerror)) from error

    def read(self, name: str) -> bytes | None:
        """A small file's bytes, or None."""
        path = self.path / name
        return path.read_bytes() if path.exists() else None

    def lock(self) -> None:
        """Become the one writer of this folder.

        Raises:
            Refused: another process writes here.
        """
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise Refused(
                f"another process writes {self.path}",
                why="a log has one writer",
                do="stop the node that runs on this folder",
            ) from error
        self._lock = descriptor

    def unlock(self) -> None:
        """Let the folder go."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
