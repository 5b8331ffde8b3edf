"""Reading and writing files that a person names: every failure is a sentence."""

from pathlib import Path

from safeconduct.kernel.errors import Malformed, Refused


def read_bytes(path: Path, what: str) -> bytes:
    """The bytes of a file.

    Raises:
        Malformed: it is missing, a folder, or not readable (exit 2).
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise Malformed(
            f"{what} {path} cannot be read", why=str(error.strerror), do="check the path"
        ) from error


def read_text(path: Path, what: str) -> str:
    """The text of a file in UTF-8."""
    try:
        return read_bytes(path, what).decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"{what} {path} is not text in UTF-8", why=str(error)) from error


def write_bytes(path: Path, data: bytes, what: str) -> None:
    """Write a file whole or not at all.

    Raises:
        Refused: the disk is full, or the folder cannot be written.
    """
    temporary = path.with_name(path.name + ".new")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise Refused(
            f"{what} {path} could not be written",
            why=str(error.strerror),
            do="free space, or choose another folder",
        ) from error
