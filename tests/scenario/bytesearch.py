"""A byte search that also looks through the coats in which bytes may be wrapped.

Each file is read whole and shown in several faces: as it is, as either half of UTF-16, and every
run of hexadecimal or base64 digits decoded, at each alignment, and decoded once more.
"""

import base64
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

HEX = re.compile(rb"[0-9a-fA-F]{8,}")
BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{11,}")
NUMBER = re.compile(rb"(?<![0-9A-Za-z.])-?(\d{7,9})(?![0-9A-Za-z.])")
DECIMAL = re.compile(rb"(?<![0-9A-Za-z.])-?(\d{1,3}\.\d{4,7})(?![0-9A-Za-z.])")


def files(folder: Path) -> list[Path]:
    """Every file of a folder, hidden ones and journals of the stores included."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _unwrapped(data: bytes) -> Iterator[bytes]:
    for run in HEX.findall(data):
        for start in (0, 1):
            part = run[start:]
            yield bytes.fromhex(part[: len(part) // 2 * 2].decode())
    for run in BASE64.findall(data):
        plain = run.replace(b"-", b"+").replace(b"_", b"/")
        for start in range(4):
            yield _decoded(plain[start:])


def _decoded(digits: bytes) -> bytes:
    """Base64 digits with or without their padding; a single digit left over says nothing."""
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return base64.b64decode(digits + b"=" * (-len(digits) % 4))


def faces(data: bytes) -> bytes:
    """All faces of some bytes, one after the other, parted by line ends."""
    first = [data, data[::2], data[1::2], *_unwrapped(data)]
    second = [part for face in first[3:] for part in _unwrapped(face)]
    return b"\n".join([*first, *second])


def words(folder: Path, secrets: Iterable[str], *, but: tuple[str, ...] = ()) -> set[str]:
    """Which of the words stand anywhere in the folder, in any letter case.

    Args:
        folder: all its files are searched.
        secrets: what must not be there.
        but: names of files that are left out.
    """
    wanted = {secret: secret.lower().encode() for secret in secrets}
    found = set()
    for path in files(folder):
        if path.name in but:
            continue
        seen = faces(path.read_bytes()).lower()
        found |= {secret for secret, data in wanted.items() if data in seen}
        found |= {secret for secret, data in wanted.items() if data.decode() in path.name.lower()}
    return found


def coordinates(folder: Path, points: Iterable[tuple[int, int]]) -> set[int]:
    """Which of these microdegrees stand anywhere: whole, with a decimal point, or packed."""
    points = list(points)
    known = {abs(number) for point in points for number in point}
    # A reader may print fewer digits: five are still one metre.
    printed = {f"{number / 1e6:.{digits}f}": number for number in known for digits in (5, 6)}
    packed = {
        lat.to_bytes(size, order, signed=True) + lon.to_bytes(size, order, signed=True): abs(lat)
        for lat, lon in points[::10] + points[-3:]
        for size in (4, 8)
        for order in ("big", "little")
    }
    found: set[int] = set()
    for path in files(folder):
        data = path.read_bytes()
        seen = faces(data)
        found |= known & {int(text) for text in NUMBER.findall(seen)}
        texts = {text.decode() for text in DECIMAL.findall(seen)}
        found |= {printed[text] for text in printed.keys() & texts}
        found |= {lat for form, lat in packed.items() if form in data}
    return found
