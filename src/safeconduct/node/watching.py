"""Watching: what a fact, a fix or the passing of time leads to while an agreement is in force.

It holds the rooms that react (standards' monitor, tracking, watch) and turns what they compute
into drafts. It does no input or output: `Node` commits what comes out, or rebuilds this.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from safeconduct import movements, registers, standards, tracking, watch
from safeconduct.kernel.canonical import decode, encode
from safeconduct.kernel.ids import computed_id
from safeconduct.kernel.instants import MINUTE
from safeconduct.kernel.places import Point
from safeconduct.kernel.records import Fact
from safeconduct.node.drafts import NODE, Draft
from safeconduct.node.duties import Duties
from safeconduct.node.lane import Judged, Lane, event_of
from safeconduct.node.reactions import intent_drafts, verdict_draft
from safeconduct.node.rooms import Rooms
from safeconduct.node.stores.desk import Token
from safeconduct.standards import language
from safeconduct.tracking import Derived, Fix, Marked

SEAL_AFTER_MS = 5 * MINUTE
"""Ours: a device's positions are sealed into a segment so long after the first of them."""

SUBJECTS = ("vehicle", "movement", "post", "hold", "alert", "request", "person")
"""What a verdict is about, where its bindings name several things: the first of these."""

CONTEXT = ("vehicle", "movement", "site", "zone", "post")
"""Fields of the trigger that an alert, a hold or the end of a ladder may need."""


OF_A_NODE = ("verdict", "raised", "told", "escalated", "hold")
"""What a node puts on record about its own ladders; the peer's own are its own matter."""

Happening = tuple[str, Mapping[str, Any], int, str]
"""Alias, values, instant and record of something that may end a ladder."""


class FixRow(msgspec.Struct, frozen=True):
    """A marked fix and the row under which it is kept."""

    marked: Marked
    row: tuple[str, int, int, int, bytes]


class Sealed(msgspec.Struct, frozen=True):
    """A segment to be kept before its record is committed; then its fixes may go."""

    device: str
    digest: str
    payload: bytes
    until: int


class Watching:
    """The reacting half of a node. Rebuilt from the logs by `replay`."""

    def __init__(self, duties: Duties, rooms: Rooms, party: str) -> None:
        self.duties = duties
        self.rooms = rooms
        self.party = party
        self.lane = Lane(duties.decided_here)
        self.watch = watch.Watch(duties.ladders, duties.infos)
        self.derive = tracking.Derive(())
        self.silence = tracking.Silence()
        self.picture = tracking.Picture()
        self.marker = tracking.Marker()
        self.owners: dict[str, tuple[str, str]] = {}
        self._judged: dict[str, Judged] = {}
        self._pending: dict[str, list[Marked]] = {}
        self._cited: dict[str, Draft] = {}
        self._holders: dict[str, tuple[str, str]] = {}
        self._rosters: dict[str, str] = {}
        """The roster that first put a post on duty: what silence refers to if nothing was heard."""
        self._rules = {item.standard.id: item.rule for item in duties.standards}

    # ------------------------------------------------------------------ facts
    def absorb(self, fact: Fact, now: int) -> list[Draft]:
        """What follows from one more fact (already projected into the rooms)."""
        if fact.form != "full":
            return []
        events, happened, drafts = self._read(fact)
        out: list[Draft] = list(drafts)
        intents: list[watch.Intent] = []
        if fact.alias == "verdict" and fact.log == self.party:
            intents += self._on_verdict(fact, now)
        self._hear(fact)
        for alias, values, t, ref in happened:
            intents += self.watch.on_fact(alias, values, t, ref, now)
        out += intent_drafts(intents, now)
        for judged in self.lane.add(events):
            out += self._verdict(judged, now)
        return out

    def _read(self, fact: Fact) -> tuple[list[standards.Event], list[Happening], list[Draft]]:
        """A fact as events for the monitor and as happenings for the watch."""
        record = fact.record
        events = [
            event_of(
                fact.alias,
                record.time,
                fact.values,
                source=record.source,
                seq=record.seq,
                ref=record.id,
                party=record.party,
                acting=record.acting,
                by=record.by,
                replaces=record.replaces,
            )
        ]
        happened: list[Happening] = [(fact.alias, fact.values, record.time, record.id)]
        drafts: list[Draft] = []
        match fact.alias:
            case "sighted":
                for derived in self.derive.on_sighted(fact):
                    events.append(self._event(derived, fact, record.id))
                    happened.append((derived.alias, derived.data, derived.t, record.id))
                    self.lane.withdraw(derived.withdraws)
            case "site_listed":
                self._zones(fact)
            case "rostered":
                self._expect(fact)
            case "queue":
                heard = self.silence.heard(str(fact.get("post")), record.time, record.id)
                drafts += [
                    self._silent(item, record.time)
                    for item in heard
                    if item.data["state"] == "heard"
                ]
            case "key":
                if fact.get("use") == "device" and fact.get("bound_to"):
                    vehicle, movement = str(fact.get("holder")), str(fact.get("bound_to"))
                    device = computed_id("device", vehicle, movement)
                    self._holders[device] = (vehicle, movement)
            case "raised" if fact.log == self.party:
                clause = self._clause(str(fact.get("standard")))
                self.owners[str(fact.get("alert"))] = (str(fact.get("owner")), clause)
        return events, happened, drafts

    def _hear(self, fact: Fact) -> None:
        """What people did with an alert or a hold."""
        match fact.alias:
            case "ack":
                self.watch.on_ack(
                    str(fact.get("alert") or fact.get("about")), fact.record.by, fact.record.time
                )
            case "alert_changed" if fact.record.acting != "node":
                self.watch.on_changed(
                    str(fact.get("alert")), str(fact.get("state")), fact.record.by, fact.record.time
                )
            case "hold_released":
                self.watch.on_released(str(fact.get("hold")))

    def _event(self, derived: Derived, fact: Fact, ref: str) -> standards.Event:
        record = fact.record
        return event_of(
            derived.alias,
            derived.t,
            derived.data,
            source=derived.source,
            seq=derived.seq,
            ref=ref,
            party=record.party,
            acting=record.acting,
            by=record.by,
        )

    def _clause(self, standard: str) -> str:
        item = self.duties.agreement.standards.get(standard)
        return item.clause if item else self.duties.agreement.silence

    # ------------------------------------------------------------------ time
    def next_due(self) -> int | None:
        """The first instant at which something falls due if nothing comes in."""
        dues = [self.lane.next_due(), self.silence.next_due(), self.watch.next_due()]
        dues += [pending[0].t + SEAL_AFTER_MS for pending in self._pending.values() if pending]
        known = [due for due in dues if due is not None]
        return min(known) if known else None

    def fire(self, due: int, now: int) -> tuple[list[Draft], list[Sealed]]:
        """What falls due at an instant: deadlines, silences, rungs of ladders, segments."""
        out: list[Draft] = []
        for derived in self.silence.tick(due):
            out += self._silence_begins(derived, now) if derived.data["state"] == "silent" else []
        for judged in self.lane.tick(due):
            out += self._verdict(judged, now)
        out += intent_drafts(self.watch.tick(due), now)
        sealed: list[Sealed] = []
        for device, pending in list(self._pending.items()):
            if pending and pending[0].t + SEAL_AFTER_MS <= due:
                one, draft = self._seal(device, now)
                sealed.append(one)
                out.append(draft)
        return out, sealed

    # ------------------------------------------------------------------ verdicts
    def _verdict(self, judged: Judged, now: int) -> list[Draft]:
        """The record of a verdict, after the derived events that it cites."""
        cited = [str(ref) for ref in judged.verdict.by if str(ref) in self._cited]
        out = [self._cited.pop(ref) for ref in cited]
        draft = verdict_draft(judged, self._about(judged.verdict), now)
        self._judged[f"{draft.id}/{draft.rev}"] = judged
        return [*out, draft]

    def about_of(self, owed: standards.Obligation) -> str:
        """What an open obligation is about."""
        return self._about(owed)

    def _about(self, verdict: standards.Verdict | standards.Obligation) -> str:
        context = self._context(verdict)
        for name in SUBJECTS:
            if isinstance(context.get(name), str):
                return str(context[name])
        return next((str(value) for value in verdict.bindings.values()), "programme")

    def _context(self, verdict: standards.Verdict | standards.Obligation) -> dict[str, Any]:
        """Bindings of a verdict, and of its trigger what an alert or a hold needs."""
        event = self.lane.event(verdict.trigger)
        context = {name: event.data[name] for name in CONTEXT if event and name in event.data}
        for name, value in verdict.bindings.items():
            kind = self._kind_of(verdict.standard, name)
            context[kind or name] = value
        place = self.duties.agreement.places.get(str(context.get("post")))
        within = place.within if place is not None else None
        if "zone" not in context and within is not None and within.startswith("zone:"):
            context["zone"] = within
        return context

    def _kind_of(self, standard: str, variable: str) -> str | None:
        """The field that a variable of a rule's trigger stands for: `m` may be a movement."""
        rule = self._rules.get(standard)
        if rule is None:
            return None
        for atom in language.atoms_of(rule):
            for bind in atom.binds:
                if bind.var == variable and bind.field in SUBJECTS:
                    return bind.field
        return None

    def _on_verdict(self, fact: Fact, now: int) -> list[watch.Intent]:
        judged = self._judged.get(f"{fact.record.id}/{fact.record.rev}")
        if judged is None:
            return []
        verdict = judged.verdict
        return self.watch.on_verdict(
            verdict,
            str(fact.get("about")),
            self._context(verdict),
            self._since(verdict),
            str(verdict.trigger),
            fact.record.id,
            now,
        )

    def _since(self, verdict: standards.Verdict) -> int:
        """The instant from which a ladder counts: the deadline less the time that was given."""
        rule = self._rules.get(verdict.standard)
        span = None
        if isinstance(rule, language.Response):
            span = rule.within
        elif isinstance(rule, language.FromUntil | language.WhileValid):
            span = rule.every
        if span is not None and verdict.deadline is not None:
            return verdict.deadline - span
        event = self.lane.event(verdict.trigger)
        return event.t if event else verdict.decided_at or 0

    # ------------------------------------------------------------------ silence
    def _expect(self, fact: Fact) -> None:
        owed = self.duties.report_interval()
        post = str(fact.get("post"))
        if owed is None or (owed[1] and fact.get("role") != owed[1]):
            return
        self._rosters.setdefault(post, fact.record.id)
        place = self.duties.agreement.places.get(post)
        zone = place.within if place is not None and place.within else post
        self.silence.expect(
            post,
            str(fact.get("site")),
            zone,
            owed[0],
            int(fact.get("from")),
            int(fact.get("until")),
        )

    def _silent(self, derived: Derived, now: int) -> Draft:
        return Draft(
            alias="silent",
            values=dict(derived.data),
            time=now,
            causes=(str(derived.data["post"]), str(derived.data["state"]), derived.t),
            basis=derived.basis,
        )

    def _silence_begins(self, derived: Derived, now: int) -> list[Draft]:
        """The silence itself, the source left out, and what cannot be told while it lasts."""
        post = str(derived.data["post"])
        interval = self.silence.interval(post)
        out = [self._silent(derived, now)]
        last = derived.basis[0] if derived.basis else self._rosters.get(post)
        if interval is None or last is None:
            return out
        out.append(
            Draft(
                alias="excluded",
                values={"origin": post, "from": interval.silent_since, "reason": "silent"},
                time=now,
                causes=(post, last),
                basis=(last,),
            )
        )
        for item in self.duties.cordon_standards(interval.zone):
            verdict = standards.Verdict(
                standard=item.standard.id,
                version=item.standard.version,
                verdict="cannot_tell",
                trigger=last,
                deadline=None,
                decided_at=now,
                by=(last,),
                bindings={"post": post, "zone": interval.zone},
                reason=f"source gap: {post} is silent",
            )
            self.lane.adopt((verdict.standard, verdict.version, last), "cannot_tell", 0)
            out += self._verdict(Judged(verdict, 0), now)
        return out

    # ------------------------------------------------------------------ positions
    def _zones(self, fact: Fact) -> None:
        """Zones of a listed site become places where vehicles stop, enter and leave."""
        place = fact.get("place")
        if not isinstance(place, list):
            return
        zones = [
            tracking.Zone(str(name), str(fact.get("site")), Point(int(lat), int(lon)), int(radius))
            for name, lat, lon, radius in place
            if str(name).startswith("zone:")
        ]
        fresh = {zone.name for zone in zones}
        self.derive.zones = (
            *(zone for zone in self.derive.zones if zone.name not in fresh),
            *zones,
        )

    def accept_fixes(
        self, token: Token, query: str, body: bytes, content_type: str, now: int
    ) -> list[FixRow]:
        """The fixes of a request that lie in the movement's window, marked and ready to keep."""
        window = movements.window(self.rooms.movements, token.bound_to)
        out = []
        for fix in tracking.parse_osmand(query, body, content_type):
            t = now if fix.t is None else fix.t
            if window is None or t < window[0] or (window[1] is not None and t >= window[1]):
                continue
            own = msgspec.structs.replace(fix, device=token.source, t=t)
            marked = self.marker.mark(own, now)
            row = (own.device, t, own.lat, own.lon, _encode_fix(own, token))
            out.append(FixRow(marked, row))
        return out

    def on_fixes(self, token: Token, fixes: Sequence[FixRow]) -> list[standards.Event]:
        """Events that fixes lead to; the record of one is drafted only if a verdict cites it."""
        return [
            event
            for item in fixes
            for event in self._fix(token.person, token.bound_to, item.marked)
        ]

    def judge(self, events: Sequence[standards.Event], now: int) -> list[Draft]:
        """What follows from derived events."""
        intents: list[watch.Intent] = []
        for event in events:
            intents += self.watch.on_fact(event.type, event.data, event.t, str(event.ref), now)
        out = intent_drafts(intents, now)
        for judged in self.lane.add(events):
            out += self._verdict(judged, now)
        return out

    def _fix(self, vehicle: str, movement: str, marked: Marked) -> list[standards.Event]:
        pending = self._pending.setdefault(marked.fix.device, [])
        pending.append(marked)
        return self._drive(vehicle, movement, marked, pending[0].t)

    def _drive(
        self, vehicle: str, movement: str, marked: Marked, first: int
    ) -> list[standards.Event]:
        """Events of one more fix; `first`, when its segment begins, makes the segment's id."""
        device = marked.fix.device
        segment = Draft(alias="fixes", values={}, time=0, causes=(device, first)).id
        self.picture.on_fix(vehicle, marked, segment)
        events = []
        for derived in self.derive.on_fix(vehicle, movement, marked, segment):
            values = dict(derived.data)
            if derived.alias == "stopped":
                listed = registers.vehicle(self.rooms.registers, vehicle, derived.t)
                values.setdefault("vehicle_type", listed.vehicle_type if listed else "car")
            draft = Draft(
                alias=derived.alias,
                values=values,
                time=derived.t,
                causes=(vehicle, str(derived.data["zone"]), derived.t),
                basis=derived.basis,
            )
            self._cited[draft.id] = draft
            events.append(
                event_of(
                    derived.alias,
                    derived.t,
                    derived.data,
                    source=device,
                    seq=0,
                    ref=draft.id,
                    party=self.party,
                    acting="node",
                    by="node",
                )
            )
        return events

    def _seal(self, device: str, now: int) -> tuple[Sealed, Draft]:
        pending = self._pending.pop(device)
        sealed = tracking.seal(sorted(pending, key=lambda item: item.t))
        movement = self._holders.get(device, ("", ""))[1]
        values: dict[str, Any] = {
            "device": device,
            "segment": sealed.segment,
            "from": sealed.since,
            "until": sealed.until + 1,
            "count": sealed.number,
            "worst_accuracy": sealed.worst_accuracy_m,
        }
        if movement:
            values["movement"] = movement
        draft = Draft(alias="fixes", values=values, time=now, causes=(device, pending[0].t))
        return Sealed(device, sealed.segment, sealed.payload, sealed.until), draft

    def seal_all(self, now: int) -> tuple[list[Draft], list[Sealed]]:
        """Seal what is pending, before a node stops in good order."""
        pairs = [self._seal(device, now) for device in list(self._pending) if self._pending[device]]
        return [draft for _, draft in pairs], [sealed for sealed, _ in pairs]

    # ------------------------------------------------------------------ replay
    def replay(
        self,
        facts: Sequence[Fact],
        fixes: Sequence[tuple[str, bytes]],
        segments: Sequence[bytes],
        now: int,
    ) -> list[Draft]:
        """Take in what the logs hold, without doing again what is on record.

        Args:
            facts: of both logs, own first.
            fixes: positions that are not sealed yet.
            segments: sealed positions.
            now: the node's instant.

        Returns:
            What follows now and is not on record yet: nothing, unless the node was stopped
            between two instants at which something fell due.
        """
        events: list[standards.Event] = []
        known = [fact for fact in facts if fact.form == "full"]
        derived: dict[tuple[str, int], list[Happening]] = {}
        for fact in known:
            found, happened, _drafts = self._read(fact)
            events += found
            derived[fact.log, fact.position] = happened[1:]
            if fact.alias == "verdict" and fact.log == self.party:
                self.lane.adopt(_key(fact), str(fact.get("verdict")), fact.record.rev)
        events += self._drive_again(fixes, segments)
        drafts: list[Draft] = []
        for judged in self.lane.add(sorted(events, key=lambda event: event.t)):
            drafts += self._verdict(judged, now)
        for fact in known:
            self._watch_again(fact)
            for alias, values, t, ref in derived[fact.log, fact.position]:
                self.watch.happened(alias, values, t, ref)
        return drafts

    def _drive_again(
        self, fixes: Sequence[tuple[str, bytes]], segments: Sequence[bytes]
    ) -> list[standards.Event]:
        """The events of all kept positions, in order of time, as they were when they came."""
        rows: list[tuple[Marked, str, str, int | None]] = []
        for payload in segments:
            marked = tracking.open_segment(payload)
            vehicle, movement = self._holders.get(marked[0].fix.device, ("", ""))
            rows += [(item, vehicle, movement, marked[0].t) for item in marked if vehicle]
        for _device, data in fixes:
            vehicle, movement, fix = _decode_fix(data)
            rows.append((self.marker.mark(fix, fix.t or 0), vehicle, movement, None))
        events = []
        for item, vehicle, movement, first in sorted(rows, key=lambda row: row[0].t):
            if first is None:
                events += self._fix(vehicle, movement, item)
            else:
                events += self._drive(vehicle, movement, item, first)
        return events

    def _watch_again(self, fact: Fact) -> None:
        """One fact into the watch; of the peer's log only what its people did."""
        if fact.log != self.party and (fact.alias in OF_A_NODE or fact.record.acting == NODE):
            return
        verdict = self.lane.verdict(_key(fact)) if fact.alias == "verdict" else None
        if verdict is None:
            watch.project(self.watch, fact)
        else:
            watch.project(self.watch, fact, self._context(verdict), self._since(verdict))


def _key(fact: Fact) -> tuple[str, int, str]:
    return str(fact.get("standard")), int(fact.get("version")), str(fact.get("trigger"))


def _encode_fix(fix: Fix, token: Token) -> bytes:
    return encode([token.person, token.bound_to, msgspec.to_builtins(fix)])


def _decode_fix(data: bytes) -> tuple[str, str, Fix]:
    vehicle, movement, fix = decode(data)
    return vehicle, movement, msgspec.convert(fix, Fix)
