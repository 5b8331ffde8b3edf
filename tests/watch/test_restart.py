"""The watch after a restart at any point equals the one that was never stopped."""

from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.kernel.records import Fact, Record
from safeconduct.watch import (
    Change,
    Escalate,
    Ladder,
    PlaceHold,
    Raise,
    StandardInfo,
    Step,
    Tell,
    Verdict,
    Watch,
    project,
)

MIN = 60_000
T0 = 1_700_000_000_000
LADDER = Ladder(
    "unchecked-vehicle",
    "cordon-check",
    "7.3",
    (
        Step(5 * MIN, "alarm", ("post-commander", "host-duty-officer")),
        Step(10 * MIN, "escalate", ("designated-official", "host-duty-officer")),
        Step(15 * MIN, "hold", ("escort-leader",), ("other-exit",)),
    ),
    ("checked", "left"),
)
STANDARDS = [
    StandardInfo("cordon-check", 1, "critical", "post-commander", "7.2"),
    StandardInfo("escort-strength", 1, "high", "movement-planner", "5.1"),
]
ZONE = {"site": "site:airport", "zone": "zone:outer"}


class Cell:
    """A node in small: a log of facts, a watch, and all the intents that ever came out."""

    def __init__(self, restart_at=(), with_bindings=True, sealed=False):
        self.log, self.intents = [], []
        self.restart_at, self.with_bindings, self.sealed = restart_at, with_bindings, sealed
        self.extra = {}
        self.watch = Watch([LADDER], STANDARDS)

    def append(self, alias, time, values):
        n = len(self.log)
        record = Record(
            id=f"r_{n}",
            type=alias,
            mode="exercise",
            source="node",
            seq=n,
            time=time,
            party="host",
            acting="duty",
            by="key",
            subject=str(values.get("about", "x")),
            class_name="alarm",
            data=values,
        )
        values = {k: v for k, v in values.items() if v is not None}
        self.log.append(Fact(alias=alias, record=record, values=values, log="host", position=n))
        return record.id

    def keep(self, intents):
        for i in intents:
            self.intents.append(i)
            match i:
                case Raise():
                    values = {
                        "alert": i.alert_id,
                        "standard": i.standard,
                        "about": i.about,
                        "site": i.site,
                        "zone": i.zone,
                        "movement": i.movement,
                        "due": i.due,
                    }
                    self.append("raised", i.at, values)
                case Tell():
                    values = {"alert": i.alert_id, "about": i.about, "step": i.step}
                    if not self.sealed:
                        values["recipient"] = i.role
                    self.append("told", i.at, values)
                case Escalate():
                    values = {"alert": i.alert_id, "about": i.about, "step": i.step}
                    self.append("escalated", i.at, {**values, "to_role": i.role})
                case PlaceHold():
                    self.append("hold", i.at, {"hold": i.hold_id, "alert": i.alert_id})
                case Change():
                    values = {"alert": i.alert_id, "about": i.about, "state": i.state}
                    self.append("alert_changed", i.at, values)

    def restart(self):
        self.watch = Watch([LADDER], STANDARDS)
        for fact in self.log:
            bindings, trigger_time = self.extra.get(fact.record.id, (None, None))
            project(self.watch, fact, bindings, trigger_time)

    def verdict(self, standard, subject, bindings, trigger_time, trigger, word, now):
        deadline = trigger_time + 5 * MIN if standard == "cordon-check" else None
        values = {
            "standard": standard,
            "about": subject,
            "version": 1,
            "verdict": word,
            "trigger": trigger,
            "deadline": deadline,
        }
        ref = self.append("verdict", now, values)
        if self.with_bindings:
            self.extra[ref] = (bindings, trigger_time)
        verdict = Verdict(standard, 1, word, deadline)
        self.keep(
            self.watch.on_verdict(verdict, subject, bindings, trigger_time, trigger, ref, now)
        )

    def latest(self, kind):
        return next((i for i in reversed(self.intents) if isinstance(i, kind)), None)

    def act(self, vehicle, kind, back, now):
        match kind:
            case "breached" | "kept" | "cannot_tell":
                start = T0 - back * MIN
                bindings = {"vehicle": vehicle, **ZONE}
                trigger = f"r_stop_{vehicle}_{back}"
                self.verdict("cordon-check", vehicle, bindings, start, trigger, kind, now)
            case "checked":
                t = now - back * MIN
                values = {"vehicle": vehicle, **ZONE}
                ref = self.append("checked", t, values)
                self.keep(self.watch.on_fact("checked", values, t, ref, now))
            case "ack":
                if alert := self.latest(Raise):
                    self.append("ack", now, {"alert": alert.alert_id, "about": vehicle})
                    self.keep(self.watch.on_ack(alert.alert_id, "key", now))
            case "closed":
                if alert := self.latest(Raise):
                    values = {"alert": alert.alert_id, "about": vehicle, "state": "closed"}
                    self.append("alert_changed", now, values)
                    self.keep(self.watch.on_changed(alert.alert_id, "closed", "key", now))
            case "released":
                if hold := self.latest(PlaceHold):
                    self.append("hold_released", now, {"hold": hold.hold_id})
                    self.keep(self.watch.on_released(hold.hold_id))
            case "lonely":
                bindings = {"movement": vehicle}
                trigger = f"r_depart_{vehicle}"
                self.verdict("escort-strength", vehicle, bindings, now, trigger, "breached", now)
            case "tick":
                self.keep(self.watch.tick(now))

    def play(self, script):
        now = T0 + 5 * MIN + 1  # the first deadline is over
        for n, (wait, act) in enumerate(script):
            now += wait
            self.act(*act, now)
            if n in self.restart_at:
                self.restart()
        self.keep(self.watch.tick(now + 200 * MIN))
        return self.intents


KINDS = ["breached", "breached", "kept", "cannot_tell", "checked", "ack", "tick", "tick"]
KINDS += ["closed", "released", "lonely"]
ACTS = st.tuples(
    st.sampled_from(["ve_1", "ve_2"]), st.sampled_from(KINDS), st.sampled_from([0, 3, 8])
)
SCRIPTS = st.lists(st.tuples(st.integers(0, 6 * MIN), ACTS), max_size=12)


def key(intent):
    return repr(intent)


@settings(deadline=None, max_examples=25)
@given(SCRIPTS)
def test_a_restart_at_every_point_changes_nothing(script):
    whole = Cell().play(script)
    for point in range(len(script)):
        assert sorted(map(key, Cell([point]).play(script))) == sorted(map(key, whole))
    assert sorted(map(key, Cell(range(99)).play(script))) == sorted(map(key, whole))


@settings(deadline=None, max_examples=60)
@given(SCRIPTS)
def test_nor_where_the_recipients_are_closed_to_this_node(script):
    whole = Cell().play(script)
    assert sorted(map(key, Cell(range(99), sealed=True).play(script))) == sorted(map(key, whole))


def simple(script):
    """Without a movement's verdict: its trigger's time cannot be read back from its record."""
    return [item for item in script if item[1][1] != "lonely"]


@settings(deadline=None, max_examples=60)
@given(SCRIPTS.map(simple))
def test_nor_where_only_the_records_are_left(script):
    whole = Cell().play(script)
    again = Cell(range(99), with_bindings=False).play(script)
    assert sorted(map(key, again)) == sorted(map(key, whole))


@settings(deadline=None, max_examples=60)
@given(SCRIPTS)
def test_nothing_is_emitted_twice_and_nothing_after_return(script):
    out = Cell().play(script)
    again = [i for i in out if not isinstance(i, Raise | Change)]
    assert len(set(map(key, again))) == len(again)
    episodes = {i.alert_id for i in out if isinstance(i, Raise)}
    assert sum(isinstance(i, PlaceHold) for i in out) <= len(episodes)
    ended = {}
    for intent in out:
        if intent.alert_id in ended and not isinstance(intent, Change):
            assert intent.at <= ended[intent.alert_id]
        if isinstance(intent, Change) and intent.state == "returned":
            ended[intent.alert_id] = intent.at


@settings(deadline=None, max_examples=60)
@given(SCRIPTS, st.lists(st.integers(0, 60 * MIN), max_size=20))
def test_an_intent_has_the_same_instant_whenever_the_tick_comes(script, ticks):
    """Ticks between the acts of a script without retractions and late facts change nothing."""
    calm = [
        (wait, (vehicle, kind, 0))
        for wait, (vehicle, kind, _) in script
        if kind in ("breached", "checked", "ack")
    ]

    def run(extra):
        watch, out, now = Watch([LADDER], STANDARDS), [], T0
        acts = []
        for wait, (vehicle, kind, _) in calm:
            now += wait
            acts.append((now, 0, vehicle, kind))
        acts += [(T0 + t, 1, "", "tick") for t in extra]
        for t, _, vehicle, kind in sorted(acts):
            bindings = {"vehicle": vehicle, **ZONE}
            if kind == "breached":
                verdict = Verdict("cordon-check", 1, "breached", T0 + 5 * MIN)
                out += watch.on_verdict(
                    verdict, vehicle, bindings, T0, "r_" + vehicle, "r_v", max(t, T0 + 5 * MIN)
                )
            elif kind == "checked":
                out += watch.on_fact("checked", bindings, t, "r_c", t)
            elif kind == "ack":
                watch.on_ack(vehicle, "key", t)
            else:
                out += watch.tick(t)
        return sorted(map(key, out + watch.tick(T0 + 500 * MIN)))

    # an acknowledgement before the alert is known is no acknowledgement: keep raises first
    calm.sort(key=lambda item: item[1][1] != "breached")
    assert run(ticks) == run([])
