"""The command line: noun, then verb. One file a noun, imported only when it is called.

Exit codes: 0 yes, kept or done; 1 refused, breached or not proven; 2 usage or input that cannot
be read; 3 own state unknown; 4 nothing breached but something cannot be told.
"""

from safeconduct.cli.main import main

__all__ = ["main"]
