"""The two families of error at every edge of trust.

```
SafeconductError
 |- Refused        the input's fault: nothing was changed; says what, why and what to do
 |   `- Malformed  the input cannot even be read as what it claims to be
 `- StateUnknown   our own state is unknown: stop, recover, never guess
```
A `Refused` never leaves anything half written; a `StateUnknown` is never retried.
"""


class SafeconductError(Exception):
    """Root of both families. `exit_code` is the contract of the command line."""

    exit_code = 3

    def __init__(
        self, what: str, *, why: str = "", do: str = "", clause: str | None = None
    ) -> None:
        self.what = what
        self.why = why
        self.do = do
        self.clause = clause
        super().__init__(self.sentence())

    def sentence(self) -> str:
        """The error as one line for a person: what, why, what to do, and the clause if any."""
        parts = [
            text if text.endswith("?") else text.rstrip(".") + "."
            for text in (self.what, self.why, self.do)
            if text
        ]
        if self.clause:
            parts.append(f"(clause {self.clause})")
        return " ".join(parts)


class Refused(SafeconductError):
    """The input, or the person behind it, may not do this. Exit 1."""

    exit_code = 1


class Malformed(Refused):
    """The input is not what it claims to be: bytes, syntax, type or range. Exit 2."""

    exit_code = 2


class StateUnknown(SafeconductError):
    """Stored state contradicts itself or could not be made durable. Exit 3; stop the process."""

    exit_code = 3
