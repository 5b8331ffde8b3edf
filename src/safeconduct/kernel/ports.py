"""Ports: the only ways to the world. `node` gives them; core rooms only name them."""

from typing import Protocol


class Clock(Protocol):
    """Tells the instant. A scenario's clock is driven from outside; a live one is the system's."""

    def now(self) -> int:
        """Milliseconds since 1970, UTC."""
        ...


class Random(Protocol):
    """Draws bytes. Ids come from a source that a seed may fix; keys and salts never do."""

    def draw(self, count: int) -> bytes:
        """That many random bytes."""
        ...
