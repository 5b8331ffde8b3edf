"""Frozen values of tracking: fixes, zones, and what is derived from them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from safeconduct.kernel.places import Point

DEFAULT_ACCURACY_M = 50
"""Ours: taken where a device states no accuracy; a phone's fused position under open sky is
better, one between buildings rarely worse."""


class Fix(msgspec.Struct, frozen=True):
    """One position as a device states it, in integers.

    `t` is None where the device gave no time: the caller fills in the time of receipt.
    `accuracy_m` 0 means *not stated*; `valid` is False where the device itself doubts the fix.
    """

    device: str
    t: int | None
    lat: int
    lon: int
    accuracy_m: int = 0
    speed_mms: int | None = None
    heading_cdeg: int | None = None
    mock: bool = False
    valid: bool = True

    @property
    def point(self) -> Point:
        """Where."""
        return Point(self.lat, self.lon)

    @property
    def doubt_m(self) -> int:
        """Radius of the disc in which the device is: the stated accuracy, or the default."""
        return self.accuracy_m or DEFAULT_ACCURACY_M


class Marked(msgspec.Struct, frozen=True):
    """A fix with its time known, and the reasons to doubt it; empty for a trusted one."""

    fix: Fix
    t: int
    suspect: tuple[str, ...] = ()


class Sealed(NamedTuple):
    """A segment ready to be stored: its bytes, their SHA-256, and what its record states."""

    payload: bytes
    segment: str
    number: int
    since: int
    until: int
    worst_accuracy_m: int


class Zone(msgspec.Struct, frozen=True):
    """A circular zone of a site, under its agreement name."""

    name: str
    site: str
    centre: Point
    radius_m: int


class Derived(msgspec.Struct, frozen=True):
    """A derived event (kind D): no leaf of its own until a verdict, alert or hold cites it.

    `basis` names the records or segments it reads, the founding one first. One that reads
    exactly one record keeps that record's `source` and `seq`; `seq` is 0 where none is read.
    `withdraws` is only set on a `stopped` that rejoins its old episode: the bases of the `left`
    or `moved` that, as known now, did not end it.
    """

    t: int
    alias: str
    source: str
    seq: int
    data: Mapping[str, Any]
    basis: tuple[str, ...]
    withdraws: tuple[str, ...] = ()
