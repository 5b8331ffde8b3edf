"""Standards: does this stream of events keep this rule, and which events decide it.

Records: `verdict`. A standard is one line in a small language with a signed envelope; it is
written once and used on a plan, on the stream, on the log, and on past events under a draft.

Invariants: one semantics for all four uses. All events of one instant are one set. Bounds are
inclusive; a deadline is decided by the first instant after it and nothing beyond the last one.
Three verdicts: kept, breached, cannot tell; what is missing never counts as kept. The same
events give the same verdicts in whatever order they came and wherever a snapshot was taken.

It must never hold a clock, a file, a connection or randomness; never a place, a person or a
party of its own; never who is told of a verdict, which is the watch's.
"""

from safeconduct.standards.check import compile_standard
from safeconduct.standards.compiled import Compiled
from safeconduct.standards.explain import explain, sentence
from safeconduct.standards.grammar import parse_rule
from safeconduct.standards.language import Rule, show
from safeconduct.standards.monitor import Monitor, plan, run
from safeconduct.standards.silence import cordon_standards_of
from safeconduct.standards.standard import Standard, load_standards, standards_from
from safeconduct.standards.trace import read_trace, verdict_line
from safeconduct.standards.verdicts import TICK, Event, Obligation, Ref, Verdict

__all__ = [
    "TICK",
    "Compiled",
    "Event",
    "Monitor",
    "Obligation",
    "Ref",
    "Rule",
    "Standard",
    "Verdict",
    "compile_standard",
    "cordon_standards_of",
    "explain",
    "load_standards",
    "parse_rule",
    "plan",
    "read_trace",
    "run",
    "sentence",
    "show",
    "standards_from",
    "verdict_line",
]
