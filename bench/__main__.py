"""`python -m bench`: measure, print a table, write build/bench.json."""

import os
import platform
import sys
import time
from pathlib import Path
from typing import Self

import msgspec
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from bench import Figure, alerts, ledger, standards

OUT = Path("build/bench.json")


def main() -> int:
    """Run all of it."""
    talk = Console(stderr=True, highlight=False)
    began = time.monotonic()
    figures: list[Figure] = []
    with talk.status("starting") if talk.is_terminal else _Quiet() as status:
        for room in (ledger, standards, alerts):
            figures += room.figures(lambda text: status.update(f"measuring {text}"))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=1) + b"\n")
    table = Table(box=SIMPLE)
    for name in ("figure", "value", "unit", "against", "ratio"):
        table.add_column(name, justify="right" if name in ("value", "ratio") else "left")
    for figure in figures:
        value = f"{figure.value:,.0f}" if figure.value >= 100 else f"{figure.value:,.2f}"
        table.add_row(figure.name, value, figure.unit, figure.peer, f"{figure.ratio:.2f}")
    Console(highlight=False, width=None if sys.stdout.isatty() else 140).print(table)
    print(
        f"{os.cpu_count()} processors, {platform.machine()}, Python {platform.python_version()};"
        f" {time.monotonic() - began:.0f} s; {OUT}",
        file=sys.stderr,
    )
    return 0


class _Quiet:
    """What stands for a progress line where nobody looks on."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def update(self, _text: str) -> None:
        """Say nothing."""


if __name__ == "__main__":
    sys.exit(main())
