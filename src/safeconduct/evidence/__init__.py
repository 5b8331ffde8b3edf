"""Evidence: what can I hand to somebody who trusts neither of us.

Owns no record type. It turns one verdict into one file that proves itself offline, against the
reader's own trust file, with `safeconduct_verify`, a program that shares no code with this one.

- `view`     a log as this room reads it
- `window`   which stretch of which log a verdict of this form rests on
- `choice`   which leaves are opened, and how far; nothing more than needed
- `pack`     the one form of the file: manifest, signature, zip
- `exporting` one verdict to one file

Invariants: the same inputs give the same bytes; a bundle is made only when it would be proven as
far as this node can see; what stays closed is listed in words.

It must never hold: a file handle, a clock, the reader's trust, or an opened field that the rule
does not name.
"""

from safeconduct.evidence.exporting import export
from safeconduct.evidence.view import LogView

__all__ = ["LogView", "export"]
