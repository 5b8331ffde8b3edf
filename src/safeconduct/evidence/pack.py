"""The one form of a bundle: canonical manifest, its signature, and a zip without any freedom."""

import hashlib
import struct
import zlib
from collections.abc import Mapping
from typing import Any

from safeconduct.kernel.canonical import encode
from safeconduct.kernel.signatures import Key, seal

PAYLOAD = "application/vnd.safeconduct.evidence+json"
VERSION = "evidence/1"
DATE = 0x0021
"""1980-01-01 as a zip writes it: a bundle's bytes must not tell when or where it was written."""

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")


def stored_zip(files: Mapping[str, bytes]) -> bytes:
    """These files as a zip: stored, sorted by name, fixed date, no extra fields, no comments."""
    parts: list[bytes] = []
    directory: list[bytes] = []
    at = 0
    for name in sorted(files):
        data, raw = files[name], name.encode("ascii")
        crc, size = zlib.crc32(data), len(data)
        local = _LOCAL.pack(b"PK\3\4", 10, 0, 0, 0, DATE, crc, size, size, len(raw), 0) + raw
        central = _CENTRAL.pack(
            b"PK\1\2", 10, 10, 0, 0, 0, DATE, crc, size, size, len(raw), 0, 0, 0, 0, 0, at
        )
        parts += [local, data]
        directory.append(central + raw)
        at += len(local) + size
    tail = b"".join(directory)
    end = _END.pack(b"PK\5\6", 0, 0, len(files), len(files), len(tail), at, 0)
    return b"".join([*parts, tail, end])


def bundle(manifest: Mapping[str, Any], files: Mapping[str, bytes], key: Key) -> bytes:
    """The file: the manifest lists every other file by hash, and the node signs the manifest."""
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    text = encode({"safeconduct": VERSION, **manifest, "files": digests})
    signature = seal(key, text, PAYLOAD).encode()
    return stored_zip({**files, "manifest.json": text, "manifest.sig": signature})
