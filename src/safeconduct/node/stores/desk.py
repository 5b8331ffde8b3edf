"""The desk's file: what a node must remember that is not a record."""

import hashlib
from pathlib import Path

import apsw
import msgspec

from safeconduct.node.stores.sqlite import Store, translate

VERSION = 1


class Token(msgspec.Struct, frozen=True):
    """Who stands behind a bearer token, what it is bound to, and until when (ms)."""

    public: str
    person: str
    role: str
    source: str
    bound_to: str
    use: str
    until: int


class Invite(msgspec.Struct, frozen=True):
    """A one-time enrolment: for whom, in which role, about which place or movement."""

    person: str
    role: str
    about: str
    until: int


def digest(secret: str) -> str:
    """What is kept of a secret: its SHA-256, so that the file does not give it away."""
    return hashlib.sha256(secret.encode()).hexdigest()


class DeskStore(Store):
    """Codes and tokens by hash, nonces, and positions that are not sealed yet."""

    def __init__(self, folder: Path, *, create: bool = False, read_only: bool = False) -> None:
        super().__init__(folder / "desk.db", "desk", VERSION, create=create, read_only=read_only)

    def invite(self, code: str, invite: Invite) -> None:
        """Remember a one-time code."""
        self.run(
            "INSERT INTO invite VALUES (?, ?, ?, ?, ?, 0)",
            digest(code),
            invite.person,
            invite.role,
            invite.about,
            invite.until,
        )

    def redeem(self, code: str, now: int) -> Invite | None:
        """Use a code up; None if it is unknown, used or over. A crash here costs the code only."""
        row = self.one(
            "SELECT person, role, about, until FROM invite WHERE code_hash = ? AND used = 0",
            digest(code),
        )
        if row is None or row[3] <= now:
            return None
        if (
            self.run("UPDATE invite SET used = 1 WHERE code_hash = ? AND used = 0", digest(code))
            != 1
        ):
            return None
        return Invite(*row)

    def add_token(self, secret: str, token: Token) -> None:
        """Remember a token by its hash."""
        self.run(
            "INSERT INTO token VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            digest(secret),
            token.public,
            token.person,
            token.role,
            token.source,
            token.bound_to,
            token.use,
            token.until,
        )

    def token(self, secret: str, now: int) -> Token | None:
        """Who stands behind a token that is not over yet."""
        row = self.one(
            "SELECT public, person, role, source, bound_to, use, until FROM token"
            " WHERE token_hash = ?",
            digest(secret),
        )
        return Token(*row) if row is not None and row[6] > now else None

    def fresh(self, nonce: str, now: int, keep_ms: int) -> bool:
        """Whether a nonce was never seen; it is remembered before the answer."""
        self.run("DELETE FROM nonce WHERE seen < ?", now - keep_ms)
        return self.run("INSERT OR IGNORE INTO nonce VALUES (?, ?)", nonce, now) == 1

    def add_fixes(self, fixes: list[tuple[str, int, int, int, bytes]]) -> list[bool]:
        """Keep positions `(device, t, lat, lon, fix)`, all or none; says of each if it was new."""
        new = []
        try:
            with self.db:
                for fix in fixes:
                    self.db.execute("INSERT OR IGNORE INTO fix VALUES (?, ?, ?, ?, ?)", fix)
                    new.append(bool(self.db.changes()))
        except apsw.Error as error:
            raise translate(error, "the positions") from error
        return new

    def fixes(self, device: str | None = None, until: int | None = None) -> list[tuple[str, bytes]]:
        """Unsealed positions `(device, fix)` in order of device and time."""
        return list(
            self.all(
                "SELECT device, fix FROM fix WHERE (?1 IS NULL OR device = ?1)"
                " AND (?2 IS NULL OR t <= ?2) ORDER BY device, t",
                device,
                until,
            )
        )

    def drop_fixes(self, device: str, until: int) -> None:
        """Forget positions that a sealed segment holds now."""
        self.run("DELETE FROM fix WHERE device = ? AND t <= ?", device, until)
