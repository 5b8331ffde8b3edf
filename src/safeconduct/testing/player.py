"""Plays one play on a stage, against real nodes over real sockets, and says how it came out."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from safeconduct.kernel.errors import Refused, StateUnknown
from safeconduct.kernel.ids import entity_id
from safeconduct.kernel.instants import MINUTE, SECOND
from safeconduct.kernel.places import Point, metres
from safeconduct.kernel.signatures import Key
from safeconduct.ledger.notes import Signer
from safeconduct.node.clocks import DrivenClock
from safeconduct.node.folder import Folder
from safeconduct.node.handing import of_node
from safeconduct.node.node import Node
from safeconduct.testing.ground import Seen
from safeconduct.testing.script import Play, Scenario, Step, instant
from safeconduct.testing.stage import PARTIES, Stage

STRIDE = 10 * SECOND
"""Ours: the clock moves on in strides of ten seconds while the convoy drives."""

FOUNDS = {
    "requested": "movement",
    "vehicle_listed": "vehicle",
    "unit_listed": "unit",
    "sighted": "vehicle",
    "rostered": "shift",
    "asked": "request",
}
"""What kind of thing a record of each type founds."""

Progress = Callable[[str, int, int], None]


class Fix(msgspec.Struct, frozen=True):
    """One position that a device will send, and when it was taken."""

    t: int
    vehicle: str
    point: Point


class Contact(msgspec.Struct):
    """What happened on the ground, as no node knows it."""

    pickup: Point
    within_m: int
    checked_at: int | None = None
    at: int | None = None
    nearest_m: float = 1e9

    def see(self, fix: Fix) -> None:
        """Take one true position of the convoy into account."""
        distance = metres(fix.point, self.pickup)
        self.nearest_m = min(self.nearest_m, distance)
        unchecked = self.checked_at is None or self.checked_at > fix.t
        if distance <= self.within_m and unchecked and self.at is None:
            self.at = fix.t


class Player:
    """One play from the making of two nodes to their last cosigned heads."""

    def __init__(
        self,
        scenario: Scenario,
        play: Play,
        folder: Path,
        *,
        seed: int,
        roots: dict[str, Key],
        speed: float | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.scenario = scenario
        self.play = play
        self.stage = Stage(scenario, folder, f"{seed}/{play.name}", roots)
        self._speed = speed
        self._progress = progress or (lambda _name, _done, _all: None)
        self._names: dict[str, str] = {}
        self._tokens: dict[str, str] = {}
        self._stopped = False
        self.contact = Contact(
            scenario.ground.beside(scenario.gate_row, scenario.pickup_off_m), scenario.contact_m
        )
        self._synced = scenario.opens

    def report_to(self, progress: Progress) -> None:
        """Tell progress to somebody: play's name, milliseconds played, milliseconds in all."""
        self._progress = progress

    # ------------------------------------------------------------------ the play
    def prepare(self) -> None:
        """Make both nodes, from one thread.

        msgspec 0.22 reads a type's fields on first use and crashes where two threads do so at once.
        """
        self.stage.prepare()

    def run(self) -> None:
        """Play it, once it was prepared. The processes are stopped however it ends."""
        try:
            self.stage.start()
            self.stage.enrol()
            for member in self.scenario.cast:
                person = self.stage.people[member.name]
                self._names[member.name] = person.person
                self._names[f"{member.name}.source"] = person.source
            self._until_in_force()
            fixes = self._fixes()
            steps = list(self.play.steps)
            while steps or fixes:
                if self._stopped:
                    fixes.clear()
                    if not steps:
                        break
                at = min([step.at for step in steps[:1]] + [fix.t + STRIDE for fix in fixes[:1]])
                self._go(at)
                while fixes and fixes[0].t <= at and not self._stopped:
                    self._send_fix(fixes.pop(0))
                while steps and steps[0].at <= at:
                    self._do(steps.pop(0))
            self._go(self.play.ends)
            self.stage.finish()
        finally:
            self.stage.stop()

    def _until_in_force(self) -> None:
        """Rounds until both signatures stand in both logs."""
        for _ in range(6):
            self.stage.advance(self.stage.now + SECOND)
            self.stage.sync()
            liaison = self.stage.people[self._first("partner")]
            duty = self.stage.people[self._first("host")]
            if duty.get("/v1/status")["in_force"] and liaison.get("/v1/status")["in_force"]:
                return
        raise StateUnknown(
            "the agreement did not come into force", why="the signatures did not reach both logs"
        )

    def _first(self, party: str) -> str:
        return next(member.name for member in self.scenario.cast if member.party == party)

    def _go(self, at: int) -> None:
        """Move the clocks on to an instant, with a round at each full interval in between."""
        every = self.scenario.cosign_every
        while self.stage.now < at:
            target = at
            if self.stage.now >= self.scenario.start - 30 * MINUTE:
                target = min(at, self.stage.now - self.stage.now % every + every)
            self._pace(target - self.stage.now)
            self.stage.advance(target)
            if target - self._synced >= every or (target == at and at - self._synced > every):
                self.stage.sync()
                self._synced = target
            begins = self.scenario.start - 30 * MINUTE
            self._progress(self.play.name, max(0, self.stage.now - begins), self.play.ends - begins)

    def _pace(self, span: int) -> None:
        """At a given speed, wait; the night before is passed over."""
        if self._speed is not None and self.stage.now >= self.scenario.start - 30 * MINUTE:
            time.sleep(span / 1000 / self._speed)

    # ------------------------------------------------------------------ steps
    def _do(self, step: Step) -> None:
        person = self.stage.people[step.by]
        if step.device is not None:
            body = {"vehicle": self._names[step.device], "movement": self._value(step.movement)}
            self._tokens[step.device] = person.http.json(
                "POST", "/v1/devices", body, token=person.token
            )["token"]
            return
        record = person.draw_id()
        if step.new is not None and step.new not in self._names:
            self._names[step.new] = entity_id(FOUNDS[step.type], record)
        if step.new is not None:
            self._names[f"{step.new}.record"] = record
        for name, kind in step.also.items():
            self._names[name] = entity_id(kind, record)
        values = {name: self._value(item) for name, item in step.data.items()}
        if step.alert_about is not None:
            about = self._value(step.alert_about)
            values = {"alert": self._alert(about, person), "about": about}
        try:
            person.send(step.type, values, time=step.true_at, record=record)
        except Refused as refusal:
            if step.expect != "refused" or refusal.clause is None:
                minute = (step.at - self.scenario.start) / MINUTE
                raise StateUnknown(
                    f"{step.by} could not record {step.type} at minute {minute:.1f}",
                    why=refusal.sentence(),
                ) from refusal
            return
        if step.expect == "refused":
            raise StateUnknown(
                f"{step.by} recorded {step.type}, which the agreement should have refused"
            )
        if step.type == "checked":
            self.contact.checked_at = step.at

    def _alert(self, about: str, person: Any) -> str:
        for row in person.get("/v1/alerts"):
            if row["type"] == "raised" and row["data"]["about"] == about:
                return str(row["data"]["alert"])
        raise StateUnknown(f"there is no alert about {about} to acknowledge")

    def _value(self, item: Any) -> Any:
        """A written value with its references resolved."""
        if isinstance(item, list):
            return [self._value(part) for part in item]
        if not isinstance(item, str):
            return item
        if item == "T" or (item.startswith("T") and item[1:2] in ("+", "-")):
            return instant(self.scenario.start, item)
        if not item.startswith("$"):
            return item
        return self._reference(item[1:])

    def _reference(self, name: str) -> Any:
        match name:
            case "gates":
                row, radius = self.scenario.gate_row, self.scenario.zone_radius_m
                recorded = self.scenario.ground.gate(row, "recorded")
                mirrored = self.scenario.ground.gate(row, "mirrored")
                return [
                    ["zone:outer-cordon", recorded.lat, recorded.lon, radius],
                    ["zone:north-cordon", mirrored.lat, mirrored.lon, radius],
                ]
            case "pickup.place":
                return [self.contact.pickup.lat, self.contact.pickup.lon]
            case "hash":
                return hashlib.sha256(self.play.name.encode()).hexdigest()
            case "hold" | "hold.record":
                duty = self.stage.people[self._first("host")]
                hold = duty.get("/v1/holds")[0]
                return hold["hold" if name == "hold" else "record"]
        return self._names[name]

    # ------------------------------------------------------------------ the drive
    def _fixes(self) -> list[Fix]:
        """Every position that the convoy's devices will send, in order of time."""
        out: list[Fix] = []
        track: list[Seen] = self.scenario.ground.track(self.play.drive.way)
        for vehicle, offset, every in self.scenario.convoy:
            last = -1
            for seen in track:
                t = self.play.drive.start + seen.t + offset
                if t < self.play.drive.start or t > self.play.ends - MINUTE:
                    continue
                if last >= 0 and t - last < every:
                    continue
                last = t
                out.append(Fix(t, vehicle, seen.point))
        return sorted(out, key=lambda fix: (fix.t, fix.vehicle))

    def _send_fix(self, fix: Fix) -> None:
        """One position, by the protocol that phones speak."""
        query = urlencode(
            {
                "id": fix.vehicle,
                "lat": f"{fix.point.lat / 1e6:.6f}",
                "lon": f"{fix.point.lon / 1e6:.6f}",
                "timestamp": fix.t,
                "accuracy": 8,
            }
        )
        status, body = self.stage.clients["host"].call(
            "POST", f"/osmand/{self._tokens[fix.vehicle]}?{query}"
        )
        if status != 200:
            raise StateUnknown(f"a position was answered {status}", why=body.decode()[:200])
        self.contact.see(fix)
        if self.contact.at is not None and self.play.drive.until == "contact":
            self._stopped = True

    # ------------------------------------------------------------------ outcome
    def outcome(self, contact_at: int | None) -> dict[str, Any]:
        """How it came out, read from the folders that the nodes left.

        Args:
            contact_at: the moment from which minutes are counted back: contact as reported.
        """
        nodes = {party: _read(self.stage.data(party)) for party in PARTIES}
        host = nodes["host"]
        facts = host.journal.facts()
        pickup = self._names.get("pickup")
        about = {pickup, "zone:outer-cordon", "post:outer-gate"}
        alerts = [fact for fact in facts if fact.alias == "raised"]
        alarms = [fact.record.time for fact in alerts if fact.get("about") in about]
        mine = {fact.get("alert") for fact in alerts if fact.get("about") in about}
        holds = [
            fact.record.time for fact in facts if fact.alias == "hold" and fact.get("alert") in mine
        ]
        newest = {
            (fact.get("standard"), fact.get("trigger")): fact.get("verdict")
            for fact in facts
            if fact.alias == "verdict"
        }
        counts = {
            name: list(newest.values()).count(name) for name in ("kept", "breached", "cannot_tell")
        }
        value = {
            "contact": self.contact.at is not None,
            "first_alarm_min_before_contact": _minutes(alarms, contact_at),
            "hold_min_before_contact": _minutes(holds, contact_at),
            "verdicts": counts,
            "alerts": sorted({str(fact.get("alert")) for fact in alerts}),
        }
        for node in nodes.values():
            node.close()
        return value

    def heads(self) -> dict[str, Any]:
        """Size, root and cosigners of each party's own log."""
        out = {}
        for party in PARTIES:
            node = _read(self.stage.data(party))
            witness: Signer | None = node.peer.card.witness if node.peer else None
            cosigned = node.journal.cosigned_by(witness) if witness else []
            out[party] = {
                "size": node.journal.size,
                "root": node.journal.tree.root().hex(),
                "cosigned_by": [node.peer.party] if node.peer and cosigned else [],
            }
            node.close()
        return out

    def evidence(self, standard: str, verdict: str) -> bytes:
        """The host's evidence of the newest such verdict of a standard."""
        node = _read(self.stage.data("host"))
        try:
            return of_node(node, self._verdict_id(node, standard, verdict))
        finally:
            node.close()

    def _verdict_id(self, node: Node, standard: str, verdict: str) -> str:
        found = [
            fact.record.id
            for fact in node.journal.facts()
            if fact.alias == "verdict"
            and (fact.get("standard"), fact.get("verdict")) == (standard, verdict)
        ]
        if not found:
            raise StateUnknown(f"no verdict {verdict} of {standard} is on record")
        return found[-1]


def _read(path: Path) -> Node:
    folder = Folder(path)
    # Opened as its one writer, since both processes have ended: closing it leaves no side files.
    return Node(folder, clock=DrivenClock(0))


def _minutes(times: list[int], contact_at: int | None) -> float | None:
    """Minutes between the first instant and contact; null if none came before it."""
    before = [t for t in times if contact_at is not None and t < contact_at]
    return (
        round((contact_at - min(before)) / MINUTE, 2) if before and contact_at is not None else None
    )
