"""The monitor against the naive judge, and its invariances."""

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from safeconduct.kernel.canonical import decode, encode
from safeconduct.kernel.errors import Malformed
from safeconduct.standards import Monitor, compile_standard, parse_rule, run, show
from tests.standards.oracle import Oracle
from tests.standards.strategies import IDENTITIES, KINDS, WORDS, events, rules, standard

MANY = settings(
    max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)
FEW = settings(MANY, max_examples=100)


def ready(rule, frm=None, until=None):
    try:
        return compile_standard(standard(rule, frm, until), WORDS, strict=False)
    except Malformed:
        assume(False)


def rows(verdicts):
    return sorted(
        ((v.verdict, v.trigger, v.deadline, v.decided_at, v.bindings) for v in verdicts), key=repr
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_monitor_says_what_the_formulas_say(kind):
    numbers = kind not in ("fromuntil", "whilevalid")

    @MANY
    @given(st.data())
    def check(data):
        rule = data.draw(rules(kind))
        standing = "valid" in show(rule)
        trace = data.draw(events(numbers, standing))
        frm = until = None
        if kind != "whilevalid" and data.draw(st.integers(0, 3)) == 0:
            frm, until = sorted(data.draw(st.tuples(st.integers(0, 9), st.integers(10, 15))))
        verdicts = run([ready(rule, frm, until)], trace)
        assert rows(verdicts) == Oracle(rule, trace, IDENTITIES, frm, until).rows(), show(rule)
        known = {event.ref for event in trace}
        for verdict in verdicts:
            assert verdict.trigger in verdict.by
            assert set(verdict.by) <= known
            assert len(set(verdict.by)) == len(verdict.by)

    check()


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_lines_changes_nothing_but_ties(kind):
    @FEW
    @given(st.data())
    def check(data):
        rule = data.draw(rules(kind))
        trace = data.draw(events(standing="valid" in show(rule)))
        other = data.draw(st.permutations(trace))
        one = ready(rule)
        if kind in ("fromuntil", "whilevalid"):  # the trigger itself may be a tie there
            strip = lambda found: sorted(repr((r[0], *r[2:])) for r in found)  # noqa: E731
            assert strip(rows(run([one], trace))) == strip(rows(run([one], other)))
        else:
            assert rows(run([one], trace)) == rows(run([one], other))

    check()


@pytest.mark.parametrize("kind", KINDS)
def test_a_snapshot_anywhere_changes_nothing(kind):
    @FEW
    @given(st.data())
    def check(data):
        rule = data.draw(rules(kind))
        trace = data.draw(events(standing="valid" in show(rule)))
        one = ready(rule)
        monitor, out = Monitor([one]), []
        for t in sorted({event.t for event in trace}):
            out += monitor.step([e for e in trace if e.t == t and e.type != "tick"], t)
            due = monitor.next_deadline()
            opened = monitor.open()
            assert not opened or (due is not None and due <= opened[0].deadline)
            saved = decode(encode(monitor.snapshot()))
            monitor = Monitor.restore([one], saved)
            assert encode(monitor.snapshot()) == encode(saved)
        out += monitor.finish()
        assert msgspec.json.encode(out) == msgspec.json.encode(run([one], trace))

    check()


@pytest.mark.parametrize("kind", KINDS)
def test_ticks_move_only_the_instant_of_deciding(kind):
    @FEW
    @given(st.data())
    def check(data):
        rule = data.draw(rules(kind))
        trace = data.draw(events(standing="valid" in show(rule)))
        assume(trace)
        one, last = ready(rule), max(event.t for event in trace)
        tick = trace[0].__class__
        more = [tick(t, "tick", "", 0, {}, 100 + t) for t in range(last + 1)]
        without = [r[:3] for r in rows(run([one], trace))]
        assert without == [r[:3] for r in rows(run([one], trace + more))]

    check()


@pytest.mark.parametrize("kind", KINDS)
def test_a_printed_rule_reads_back_to_itself(kind):
    @FEW
    @given(st.data())
    def check(data):
        rule = data.draw(rules(kind))
        assert parse_rule(show(rule)) == rule

    check()
