"""Printing: data on stdout, as JSON lines or as a table."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

WIDE = 200
"""Columns of a table that goes to a file or a pipe."""


def print_json(value: Any) -> None:
    """One JSON value on one line."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows as a table for people; a file or pipe gets it without colours."""
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        # The first column is what another command needs: it is never cut.
        table.add_column(column.replace("_", " "), no_wrap=not number, overflow="fold")
    for row in rows:
        table.add_row(
            *("" if row.get(column) is None else str(row.get(column)) for column in columns)
        )
    # A pipe or a file has no width of its own; a table folded at 80 columns helps nobody there.
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)
