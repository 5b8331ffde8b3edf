"""Ed25519 verification in plain Python, with one strict acceptance rule.

Canonical A, R and S; no small-order A or R; cofactorless. Libraries disagree on the edges: a
signature that only one of them takes would be valid for one party and void for the other.
"""

import hashlib

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)

Point = tuple[int, int, int, int]
"""Extended coordinates (X, Y, Z, T) with x = X/Z, y = Y/Z, x*y = T/Z."""

ZERO: Point = (0, 1, 1, 0)


def _add(a: Point, b: Point) -> Point:
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    p, q, r, s = f - e, h - g, h + g, f + e
    return (p * q % P, r * s % P, q * r % P, p * s % P)


def _double(a: Point) -> Point:
    x, y = a[0] * a[0] % P, a[1] * a[1] % P
    z = 2 * a[2] * a[2] % P
    h = x + y
    e = h - (a[0] + a[1]) * (a[0] + a[1]) % P
    g = x - y
    f = z + g
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _decode(data: bytes) -> Point | None:
    """The point of 32 bytes, or None if they are not its canonical encoding."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P) % P, (P - 5) // 8, P) % P
    if v * x * x % P != u:
        x = x * ROOT % P
        if v * x * x % P != u:
            return None
    if x == 0 and sign:
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def _encode(a: Point) -> bytes:
    inverse = pow(a[2], P - 2, P)
    x, y = a[0] * inverse % P, a[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _small(a: Point) -> bool:
    """Whether eight times the point is the neutral element."""
    eight = _double(_double(_double(a)))
    return eight[0] % P == 0 and (eight[1] - eight[2]) % P == 0


_base = _decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
BASE: Point = _base if _base is not None else ZERO


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature stands under the strict rule. Never raises."""
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = _decode(public), _decode(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER or _small(a) or _small(r):
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    k = int.from_bytes(digest, "little") % ORDER
    minus: Point = (P - a[0], a[1], 1, P - a[3])
    both = _add(BASE, minus)
    out = ZERO
    for bit in range(252, -1, -1):
        out = _double(out)
        which = (s >> bit & 1) | (k >> bit & 1) << 1
        if which:
            out = _add(out, (BASE, minus, both)[which - 1])
    return _encode(out) == signature[:32]
