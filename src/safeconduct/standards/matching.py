"""Whether an event fits an atom: yes, no, or in doubt because a compared field is not there."""

import json
import operator
from collections.abc import Callable, Iterable
from typing import Any

from safeconduct.kernel.vocabulary import SHARED
from safeconduct.standards.language import Atom, Compares, Equals
from safeconduct.standards.verdicts import Event

YES, NO, DOUBT = 1, 0, -1

Key = tuple[str | int, ...]
"""Values of variables in one fixed order, in a form in which equal means equal."""

_OPS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}


def read(event: Event, field: str) -> Any:
    """The value of a field or shared attribute, or None. A trace may carry these in its data."""
    if field in SHARED:
        value = getattr(event, field)
        if value is not None:
            return value
    return event.data.get(field)


def same(value: Any) -> str | int:
    """A value as a key: texts and whole numbers as they are, all else as marked JSON text.

    Python holds True and 1 for equal and cannot hash a list; the mark keeps them apart.
    """
    if type(value) is int:
        return value
    if type(value) is str and not value.startswith("\0"):
        return value
    return "\0" + json.dumps(value, sort_keys=True)


def restored(key: str | int) -> Any:
    """The value whose key `same` gave."""
    return json.loads(key[1:]) if isinstance(key, str) and key.startswith("\0") else key


class Matcher:
    """An atom made ready for many events. Holds no state."""

    def __init__(self, atom: Atom) -> None:
        self.atom = atom
        binds = atom.binds
        self.variables = atom.variables
        self._field = {bind.var: bind.field for bind in reversed(binds)}
        self._plain = tuple(dict.fromkeys(bind.field for bind in binds))
        self._equal = tuple((a.field, a.value) for a in atom.args if isinstance(a, Equals))
        self._typed = tuple(a for a in atom.args if isinstance(a, Compares))
        self._twins = tuple(
            (bind.field, self._field[bind.var])
            for bind in binds
            if bind.field != self._field[bind.var]
        )
        self._named = tuple((var, self._field[var]) for var in self.variables)
        self._shared = any(arg.field in SHARED for arg in atom.args)
        self._simple = not self._twins and not self._typed

    def test(self, event: Event) -> int:
        """YES, NO or DOUBT.

        A field that binds a variable or equals a text must be there, else NO: a stop in no zone
        is not a stop in the outer one. A number or true/false that is compared and is absent,
        or is not of that kind, leaves the answer in DOUBT.
        """
        if self._shared:
            return self._test_shared(event)
        data = event.data
        for field, value in self._equal:
            if data.get(field) != value:
                return NO
        for field in self._plain:
            if data.get(field) is None:
                return NO
        return YES if self._simple else self._compare(event)

    def _test_shared(self, event: Event) -> int:
        for field, value in self._equal:
            if read(event, field) != value:
                return NO
        for field in self._plain:
            if read(event, field) is None:
                return NO
        return self._compare(event)

    def _compare(self, event: Event) -> int:
        for one, two in self._twins:
            if same(read(event, one)) != same(read(event, two)):
                return NO
        answer = YES
        for arg in self._typed:
            value = read(event, arg.field)
            if type(value) is not type(arg.value):
                answer = DOUBT
            elif not _OPS[arg.op](value * arg.scale, arg.value):
                return NO
        return answer

    def projector(self, variables: Iterable[str]) -> Callable[[Event], Key]:
        """A function from a fitting event to the key of these variables."""
        fields = tuple(self._field[var] for var in variables)
        if len(fields) == 1 and fields[0] not in SHARED:
            name = fields[0]
            return lambda event: (same(event.data[name]),)
        return lambda event: tuple([same(read(event, field)) for field in fields])

    def bindings(self, event: Event) -> dict[str, Any]:
        """The atom's variables and their values, in written order."""
        if self._shared:
            return {var: read(event, field) for var, field in self._named}
        data = event.data
        return {var: data[field] for var, field in self._named}
