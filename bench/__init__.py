"""Benchmarks: each figure beside a peer or a physical bound that was measured in the same run."""

import time
from collections.abc import Callable

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One measured value. `peer` says what `ratio` is against: ours divided by theirs."""

    name: str
    value: float
    unit: str
    peer: str
    ratio: float


Say = Callable[[str], None]
"""Tells a person what is being measured; silent where nobody looks on."""


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def best(work: Callable[[], object], times: int = 3) -> float:
    """The shortest of a few calls: other processes only ever add to it."""
    return min(seconds(work) for _ in range(times))
