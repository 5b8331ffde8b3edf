"""Short ways to write a rule, a trace and what comes of it."""

from safeconduct.standards import Event, Standard, compile_standard, parse_rule, run

MINUTE = 60_000


def standard(text, name="s", frm=None, until=None):
    rule = parse_rule(text, name)
    return Standard(name, 1, "1", {"en": "t"}, "high", "o", True, None, frm, until, text, rule)


def ready(text, vocabulary=None, **more):
    return compile_standard(standard(text, **more), vocabulary, strict=vocabulary is not None)


def trace(*lines):
    """Events from (t, type, data) or (t, type, data, attributes); the reference is the number."""
    out = []
    for number, (t, kind, *rest) in enumerate(lines, 1):
        data, more = (*rest, {}, {})[:2]
        out.append(Event(t, kind, more.pop("source", "x"), number, data, number, **more))
    return out


def said(text, *lines, vocabulary=None, **more):
    """`(verdict, trigger, by, decided_at)` of one rule over a trace."""
    verdicts = run([ready(text, vocabulary, **more)], trace(*lines))
    return [(v.verdict, v.trigger, list(v.by), v.decided_at) for v in verdicts]
