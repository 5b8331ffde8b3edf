"""Clocks and randomness: the system's, and those that a scenario drives."""

import hashlib
import os
import time

from safeconduct.kernel.errors import Refused


class SystemClock:
    """The machine's clock, UTC."""

    driven = False

    def now(self) -> int:
        """Milliseconds since 1970."""
        return time.time_ns() // 1_000_000


class DrivenClock:
    """A clock that stands until somebody moves it on. For exercises and replays only."""

    driven = True

    def __init__(self, start: int) -> None:
        self._now = start

    def now(self) -> int:
        """Milliseconds since 1970."""
        return self._now

    def advance(self, now: int) -> None:
        """Move on; a clock never goes back."""
        if now < self._now:
            raise Refused("the exercise clock cannot go back", do="start a new exercise")
        self._now = now


AnyClock = SystemClock | DrivenClock


class SystemRandom:
    """Bytes of the operating system: for keys, salts, tokens."""

    def draw(self, count: int) -> bytes:
        """That many random bytes."""
        return os.urandom(count)


class SeededRandom:
    """Bytes that a seed fixes: for ids in an exercise, so that a replay has the same ids."""

    def __init__(self, seed: str) -> None:
        self._seed = seed.encode()
        self._count = 0

    def draw(self, count: int) -> bytes:
        """That many bytes, the same for the same seed and call."""
        out = b""
        while len(out) < count:
            self._count += 1
            out += hashlib.sha256(self._seed + self._count.to_bytes(8, "big")).digest()
        return out[:count]
