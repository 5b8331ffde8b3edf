"""The file: a zip with exactly one form for given names and contents.

It is read by hand from front to back, then rebuilt from what was read and compared byte by byte.
So there is no room for a second directory, a comment, compression, a doubled name or a date.
"""

import re
import struct
import zlib

from safeconduct_verify.reading import altered, malformed

MAX_BUNDLE = 64 * 1024 * 1024
"""Bytes of a bundle. A day of a busy log is below 40 MB; nothing is compressed or inflates."""

MAX_FILES = 64
"""Files in a bundle: two of each party, and a handful besides."""

DATE = 0x0021
"""1980-01-01 as a zip writes it."""

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_NAME = re.compile(rb"(?:[a-z0-9][a-z0-9_-]*/)*[a-z0-9][a-z0-9_-]*\.[a-z]{3,4}")


def build(files: dict[str, bytes]) -> bytes:
    """The one form of these files: stored, sorted by name, fixed date, nothing else."""
    body, directory = b"", b""
    parts = []
    at = 0
    for name in sorted(files):
        data, raw = files[name], name.encode("ascii")
        crc, size = zlib.crc32(data), len(data)
        local = _LOCAL.pack(b"PK\3\4", 10, 0, 0, 0, DATE, crc, size, size, len(raw), 0) + raw
        directory += (
            _CENTRAL.pack(
                b"PK\1\2", 10, 10, 0, 0, 0, DATE, crc, size, size, len(raw), 0, 0, 0, 0, 0, at
            )
            + raw
        )
        parts += [local, data]
        at += len(local) + size
    body = b"".join(parts)
    end = _END.pack(b"PK\5\6", 0, 0, len(files), len(files), len(directory), at, 0)
    return body + directory + end


def read(data: bytes) -> dict[str, bytes]:
    """Names and contents of a bundle; anything but its one form is refused."""
    if len(data) > MAX_BUNDLE:
        malformed(f"the file is larger than {MAX_BUNDLE} bytes")
    files: dict[str, bytes] = {}
    at = 0
    while data[at : at + 4] == b"PK\3\4":
        if len(data) < at + _LOCAL.size:
            malformed("the file is cut off")
        head = _LOCAL.unpack_from(data, at)
        method, size, length, extra = head[3], head[8], head[9], head[10]
        if method != 0 or head[2] != 0:
            malformed("an entry is compressed or flagged; every entry must be stored as it is")
        if extra:
            malformed("an entry has an extra field")
        at += _LOCAL.size
        raw = data[at : at + length]
        at += length
        if len(raw) > 100 or not _NAME.fullmatch(raw):
            malformed(f"the entry name {raw[:100]!r} is not allowed")
        name = raw.decode("ascii")
        if name in files:
            malformed(f"the entry name {name} stands twice")
        if len(data) < at + size:
            malformed("the file is cut off")
        files[name] = data[at : at + size]
        at += size
        if len(files) > MAX_FILES:
            malformed(f"there are more than {MAX_FILES} entries")
    if not files:
        malformed("the file is not a bundle: it does not begin with a zip entry")
    if build(files) != data:
        altered("the file is not in its one canonical form: rebuilt from its contents it differs")
    return files
