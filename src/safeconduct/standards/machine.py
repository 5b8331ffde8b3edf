"""What every kind of rule has in common while it is monitored."""

from abc import ABC, abstractmethod
from typing import Any, Literal

from safeconduct.standards.compiled import Compiled
from safeconduct.standards.language import Atom, Bind
from safeconduct.standards.matching import Key, Matcher
from safeconduct.standards.past import Aged, Past, Seen
from safeconduct.standards.standing import HOLD, Standing
from safeconduct.standards.verdicts import Event, Obligation, Ref, Verdict

Answer = Literal["kept", "breached", "cannot_tell"]
Source = Past | Aged | Standing
Noted = tuple[Event, Seen, bool]
"""An event of the instant at hand, as evidence, and whether it surely fits."""

ENDED = "the trace ends before the deadline"


class Machine(ABC):
    """One standard's state, driven by the monitor.

    For each instant that has events or is a tick it calls `advance` (all that lies strictly
    before), `take` for each event of a type in `roles`, then `settle` (the instant as one set).
    """

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.standard = compiled.standard
        self._always = self.standard.in_force_from is None and self.standard.in_force_until is None
        self.roles: list[tuple[str, int]] = []

    @abstractmethod
    def take(self, role: int, event: Event, seen: Seen) -> bool:
        """Note an event in one of its roles; true if `settle` is needed."""

    @abstractmethod
    def settle(self, now: int, out: list[Verdict]) -> None:
        """Judge the set of events noted at `now`."""

    def advance(self, now: int, out: list[Verdict]) -> None:
        """Decide what fell due strictly before `now`."""

    def due(self) -> int | None:
        """The earliest instant after which time alone may change something, or None."""
        return None

    def open(self) -> list[Obligation]:
        """What is due and undecided."""
        return []

    def finish(self, out: list[Verdict]) -> None:
        """Say of all that is open that it cannot be told."""

    def save(self) -> Any:
        """The state as a plain value; only between instants."""
        return None

    def load(self, value: Any) -> None:
        """Take back what `save` gave."""

    def governs(self, t: int) -> bool:
        """Whether the standard is in force at a trigger's instant."""
        return self._always or self.standard.in_force(t)

    def source(
        self, atom: Atom, bound: tuple[str, ...], free: tuple[str, ...], window: int | None
    ) -> Past | Standing:
        """A memory for one atom of the rule, with its window in ms."""
        matcher = Matcher(atom)
        memory: Past | Standing
        if atom.valid:
            memory = Standing(matcher, self.identity(atom), bound, free)
        else:
            memory = Past(matcher, bound, free)
        memory.window = window
        return memory

    def identity(self, atom: Atom) -> tuple[str, ...]:
        """Identity key of a type under `valid`; unknown to the vocabulary, all bound fields."""
        known = self.compiled.identities.get(atom.type)
        if known is None and atom.type == HOLD:
            return (HOLD,)
        return known or tuple(arg.field for arg in atom.args if isinstance(arg, Bind))

    def say(
        self,
        out: list[Verdict],
        verdict: Answer,
        trigger: Seen,
        by: tuple[Seen, ...],
        bindings: dict[str, Any],
        reason: str,
        *,
        deadline: int | None = None,
        at: int | None = None,
    ) -> None:
        """Add a verdict; evidence is put in the order of time and named once."""
        if not by:
            refs: tuple[Ref, ...] = (trigger.ref,)
        else:
            refs = tuple(dict.fromkeys([seen.ref for seen in sorted([trigger, *by])]))
        out.append(
            Verdict(
                self.standard.id,
                self.standard.version,
                verdict,
                trigger.ref,
                deadline,
                at,
                refs,
                bindings,
                reason,
            )
        )


def key_in(variables: tuple[str, ...], values: dict[str, str | int]) -> Key:
    """The key of these variables from named values."""
    return tuple(values[var] for var in variables)


def shared(atom: Atom, variables: tuple[str, ...]) -> tuple[str, ...]:
    """Variables of the atom that are among these, in the atom's order."""
    return tuple(var for var in atom.variables if var in variables)


def in_order(bindings: dict[str, Any], variables: tuple[str, ...]) -> dict[str, Any]:
    """Bindings in the order of the rule, which a canonical form does not keep."""
    return {var: bindings[var] for var in variables}
