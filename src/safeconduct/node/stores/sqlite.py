"""Opening a SQLite file the only way it may be opened here.

WAL, `synchronous=FULL`, and SQLite's own checksum VFS (cksumvfs, shipped with apsw): eight bytes
at the end of each page, so that one changed byte of the file is an error and never an answer.
"""

import ctypes
import os
import threading
from pathlib import Path
from typing import Any

import apsw
import apsw.sqlite_extra

from safeconduct.kernel.errors import Refused, StateUnknown

CHECKSUM_VFS = "cksmvfs"
_RESERVED = 8
_SCHEMA = Path(__file__).parent / "schema"


_loading = threading.Lock()
_keep: list[apsw.Connection] = []


def _load_vfs() -> None:
    """Register the VFS once in this process; two threads that both register it crash SQLite."""
    with _loading:
        if _keep:
            return
        connection = apsw.Connection(":memory:")
        apsw.sqlite_extra.load(connection, "cksumvfs")
        # Kept open on purpose: closing the connection that loaded it must not unload the VFS.
        _keep.append(connection)


def _caused_by(error: BaseException | None, *kinds: type[Exception]) -> bool:
    """Whether an error is of a kind, or came while one was handled.

    SQLite rolls back by itself when the disk is full; leaving the transaction then fails as well,
    and that second error is the one that is seen.
    """
    while error is not None:
        if isinstance(error, kinds):
            return True
        error = error.__context__
    return False


def translate(error: apsw.Error, what: str) -> Refused | StateUnknown:
    """A store's error as one of the two families.

    A full disk rolled the transaction back: our state is known and nothing was written. Any
    other input or output error leaves the state on disk unknown; it is never retried.
    """
    if _caused_by(error, apsw.FullError, apsw.TooBigError):
        return Refused(
            f"{what} was not recorded: the disk is full",
            why="nothing of it was written",
            do="free space and send it again",
        )
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return Refused(
            f"{what} was not recorded: another process writes this folder", do="stop that process"
        )
    if isinstance(error, apsw.ReadOnlyError):
        return Refused(f"{what} was not recorded: the data folder is read-only")
    return StateUnknown(
        f"{what} met an error of the store",
        why=str(error),
        do="stop, run `safeconduct ledger fsck`, and recover from the partner's mirror",
    )


def _sealed(path: Path) -> bool:
    """Whether a file lies where nobody can write, with nothing of it waiting in its journal.

    SQLite keeps shared memory beside a file in WAL mode, which such a folder does not allow.
    """
    journal = path.with_name(path.name + "-wal")
    waiting = journal.exists() and journal.stat().st_size > 0
    return not waiting and not os.access(path.parent, os.W_OK)


class Store:
    """One file with one schema, versioned by `PRAGMA user_version`."""

    def __init__(
        self, path: Path, schema: str, version: int, *, create: bool, read_only: bool = False
    ) -> None:
        self.path = path
        _load_vfs()
        exists = path.exists()
        if not exists and not create:
            raise Refused(
                f"there is no {path.name} in {path.parent}", do="run `safeconduct node init` first"
            )
        flags = (
            apsw.SQLITE_OPEN_READONLY
            if read_only
            else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        )
        try:
            name = str(path)
            if read_only and _sealed(path):
                name, flags = (
                    f"{path.absolute().as_uri()}?immutable=1",
                    flags | apsw.SQLITE_OPEN_URI,
                )
            self.db = apsw.Connection(name, flags=flags, vfs=CHECKSUM_VFS)
            self.db.set_busy_timeout(2_000)
            if not exists:
                reserved = ctypes.c_int(_RESERVED)
                self.db.file_control(
                    "main", apsw.SQLITE_FCNTL_RESERVE_BYTES, ctypes.addressof(reserved)
                )
            if not read_only:
                self.db.pragma("journal_mode", "wal")
                self.db.pragma("synchronous", "full")
            found = int(self.db.pragma("user_version"))
            if not exists:
                with self.db:
                    self.db.execute((_SCHEMA / f"{schema}_{version:03d}.sql").read_text())
                    self.db.pragma("user_version", version)
                found = version
        except apsw.Error as error:
            raise translate(error, f"opening {path.name}") from error
        if found > version:
            raise StateUnknown(
                f"{path.name} has schema {found}, and this version knows {version}",
                why="a newer version of safeconduct has written this data folder",
                do="use that version or a newer one; nothing was changed",
            )
        if found < version:
            raise StateUnknown(
                f"{path.name} has schema {found}, and this version needs {version}",
                why="no migration from that schema is known",
            )

    def all(self, sql: str, *values: Any) -> list[Any]:
        """All rows of a query."""
        try:
            return list(self.db.execute(sql, values))
        except apsw.Error as error:
            raise translate(error, f"reading {self.path.name}") from error

    def one(self, sql: str, *values: Any) -> Any:
        """The first row of a query, or None."""
        rows = self.all(sql, *values)
        return rows[0] if rows else None

    def run(self, sql: str, *values: Any) -> int:
        """One statement in a transaction of its own; the number of rows it changed."""
        try:
            with self.db:
                self.db.execute(sql, values)
        except apsw.Error as error:
            raise translate(error, f"writing {self.path.name}") from error
        return int(self.db.changes())

    def integrity(self) -> list[str]:
        """What SQLite finds wrong with the file, page checksums included; empty if nothing."""
        try:
            found = [str(row[0]) for row in self.db.execute("PRAGMA integrity_check")]
        except apsw.Error as error:
            return [str(error)]
        return [] if found == ["ok"] else found

    def close(self) -> None:
        """Close the file; SQLite folds the write-ahead log into it."""
        self.db.close()
