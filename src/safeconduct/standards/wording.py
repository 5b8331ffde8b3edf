"""The short English reason of a verdict. Its wording is free; nothing may read it back."""

from safeconduct.kernel.instants import show_duration
from safeconduct.standards.language import Atom, Bind, Compares, Equals


def name(atom: Atom) -> str:
    """An atom in a sentence: its type, and what it asks for beside the joins."""
    asked = []
    for arg in atom.args:
        match arg:
            case Bind():
                pass
            case Equals(value=value):
                asked.append(value)
            case Compares(field=field, op=op, value=value, unit=unit):
                shown = str(value).lower() if isinstance(value, bool) else str(value)
                asked.append(f"{field} {op} {shown}" + (f" {unit}" if unit else ""))
    words = ("valid " if atom.valid else "") + atom.type.replace("_", " ")
    return words + (f" ({', '.join(asked)})" if asked else "")


def neither(atoms: tuple[Atom, ...]) -> str:
    """`not checked`, `neither checked nor left`."""
    names = list(dict.fromkeys(name(atom) for atom in atoms))
    if len(names) == 1:
        return f"not {names[0]}"
    return f"neither {names[0]} nor {' nor '.join(names[1:])}"


def lapse(ms: int) -> str:
    """A lapse of time for a reason: seconds up to ten minutes, then the largest whole unit."""
    if ms < 600_000 and ms % 1000 == 0:
        return f"{ms // 1000} s"
    return show_duration(ms)


def many(number: int, word: str) -> str:
    """`1 unit`, `2 units`."""
    return f"{number} {word}" + ("" if number == 1 else "s")
