"""Standards: three rules over a long stream, event by event and as a whole."""

import random
from typing import Any

import msgspec

from bench import Figure, Say, best, seconds
from safeconduct.standards import Event, Monitor, Standard, compile_standard, parse_rule, run
from safeconduct.standards.compiled import Compiled

RULES = {
    "cordon-check": 'when stopped(vehicle, zone="outer") then within 5 min:'
    " checked(vehicle) or left(vehicle)",
    "escort-strength": "before depart(movement) need at least 2 unit in"
    " escort(movement, unit) within 2 h",
    "radio-check": "from depart(movement) until arrived(movement)"
    " need radio(movement) every 15 min",
}
"""The rules of the example that is the notation's contract (tests/standards/data/example)."""

EVENTS = 100_000
VEHICLES = 20_000
MOVEMENTS = 500
START = 1_800_000_000_000


def compiled() -> list[Compiled]:
    """The three rules, ready."""
    out = []
    for name, text in RULES.items():
        rule = parse_rule(text, name)
        standard = Standard(
            id=name,
            version=1,
            clause="1",
            title={"en": name},
            severity="high",
            owner="owner",
            ours=True,
            source=None,
            in_force_from=None,
            in_force_until=None,
            text=text,
            rule=rule,
        )
        out.append(compile_standard(standard, strict=False))
    return out


def trace() -> list[Event]:
    """A day or so at a cordon: most is said of vehicles, some of movements."""
    draw = random.Random(7)  # noqa: S311 - the same trace in every run
    now, out = START, []
    for number in range(1, EVENTS + 1):
        now += draw.randint(1, 1_500)
        data: dict[str, Any]
        if draw.random() < 0.9:
            kind = draw.choice(("stopped", "checked", "left", "stopped", "checked"))
            data = {"vehicle": f"ve_{draw.randrange(VEHICLES):05d}"}
            if kind != "checked":
                data["zone"] = draw.choice(("outer", "outer", "inner"))
        else:
            kind = draw.choice(("escort", "escort", "depart", "radio", "radio", "radio", "arrived"))
            data = {"movement": f"mv_{draw.randrange(MOVEMENTS):03d}"}
            if kind == "escort":
                data["unit"] = f"un_{draw.randrange(20)}"
        out.append(Event(now, kind, "host/a", number, data, number))
    return out


def _per_s(name: str, took: float, decoding: float) -> Figure:
    return Figure(
        name,
        EVENTS / took,
        "events/s",
        f"decoding their JSON (msgspec), {EVENTS / decoding:,.0f} events/s",
        decoding / took,
    )


def figures(say: Say) -> list[Figure]:
    """All figures of the standards."""
    rules, events = compiled(), trace()
    lines = [
        msgspec.json.encode(
            {"t": e.t, "type": e.type, "source": e.source, "seq": e.seq, "data": e.data}
        )
        for e in events
    ]
    decoder = msgspec.json.Decoder()

    def decode() -> None:
        for line in lines:
            decoder.decode(line)

    verdicts = [0, 0]

    def live() -> None:
        monitor = Monitor(rules)
        for event in events:
            verdicts[0] += len(monitor.step((event,), event.t))
        verdicts[0] += len(monitor.finish())

    def whole() -> None:
        verdicts[1] += len(run(rules, events))

    say("decoding events")
    decoding = best(decode)
    say("standards, event by event")
    live_s = seconds(live)
    say("standards, the whole trace")
    whole_s = seconds(whole)
    if verdicts[0] != verdicts[1]:
        raise AssertionError(f"live and batch differ: {verdicts}")
    return [
        _per_s("standards.live.events_per_s", live_s, decoding),
        _per_s("standards.batch.events_per_s", whole_s, decoding),
    ]
