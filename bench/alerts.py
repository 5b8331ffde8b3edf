"""From a position to its alert, through a real node over real sockets."""

import http.client
import statistics
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from bench import Figure, Say
from safeconduct.cli.demo import scenario_folder
from safeconduct.kernel.instants import SECOND
from safeconduct.kernel.places import Point
from safeconduct.node.setup import make_root
from safeconduct.testing.client import Http
from safeconduct.testing.player import Player
from safeconduct.testing.script import Scenario, load
from safeconduct.testing.stage import PARTIES

ROUNDS = 70
"""Each vehicle of the convoy enters the zone once a round: 210 alerts."""
OUTSIDE_M = 5_000
"""Microdegrees north of the zone's centre: 550 m, where its radius is 100 m."""
CLAUSE = '  - id: "7.5"\n'
DUTY = "        - {standard: longest-stay,"
STANDARD = "  - {id: longest-stay,"
OURS = "bench-no-entry"
RULE = 'never entered(vehicle, zone="outer-cordon")'
WAIT_S = 10.0


def breached_by_a_position(text: str) -> str:
    """The agreement with one more standard, owed under a clause that is agreed."""
    title = '{en: "No entry", zh: "禁止进入", ur: "داخلہ منع"}'
    standard = (
        f'  - {{id: {OURS}, version: 1, clause: "7.5", severity: critical, owner: post-commander,'
        f" ours: true,\n     title: {title},\n     rule: '{RULE}'}}\n"
    )
    duty = (
        f"        - {{standard: {OURS}, owed_to: [partner],"
        ' needs: [{act: task, place: "zone:outer-cordon", kind: police}]}\n'
    )
    for mark, more in ((DUTY, duty), (STANDARD, standard)):
        before, found, after = text.partition(mark)
        if not found:
            raise AssertionError(f"the scenario's agreement has no {mark.strip()!r}")
        text = before + more + found + after
    return text


class Live(threading.Thread):
    """A reader of /v1/live: notes when each id came in."""

    def __init__(self, port: int, token: str) -> None:
        super().__init__(daemon=True)
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
        self._token = token
        self.came: dict[str, float] = {}
        self.more = threading.Condition()

    def run(self) -> None:
        """Read until the connection ends."""
        headers = {"authorization": f"Bearer {self._token}"}
        self._connection.request("GET", "/v1/live", headers=headers)
        answer = self._connection.getresponse()
        try:
            while line := answer.readline():
                now = time.perf_counter()
                if line.startswith(b"data:"):
                    with self.more:
                        self.came[line[5:].strip().decode()] = now
                        self.more.notify_all()
        except (OSError, http.client.HTTPException, ValueError):
            return

    def wait(self, known: int) -> int:
        """Wait for more than `known` ids; how many there are."""
        with self.more:
            self.more.wait_for(lambda: len(self.came) > known, WAIT_S)
            return len(self.came)


class Breaching(Player):
    """The scenario up to the drive; then positions that break the standard, one by one."""

    def open(self) -> None:
        """Start both nodes, bring the agreement into force, play the prelude."""
        self.stage.start()
        self.stage.enrol()
        for member in self.scenario.cast:
            person = self.stage.people[member.name]
            self._names[member.name] = person.person
            self._names[f"{member.name}.source"] = person.source
        self._until_in_force()
        for step in self.play.steps:
            self._go(step.at)
            self._do(step)
        self.stage.sync()

    def fix(self, vehicle: str, t: int, point: Point) -> tuple[float, float]:
        """Send one position; the instants before it was sent and after it was answered."""
        query = urlencode(
            {
                "id": vehicle,
                "lat": f"{point.lat / 1e6:.6f}",
                "lon": f"{point.lon / 1e6:.6f}",
                "timestamp": t,
                "accuracy": 8,
            }
        )
        target = f"/osmand/{self._tokens[vehicle]}?{query}"
        began = time.perf_counter()
        status, body = self.stage.clients["host"].call("POST", target)
        ended = time.perf_counter()
        if status != 200:
            raise AssertionError(f"a position was answered {status}: {body[:200]!r}")
        return began, ended

    def rounds(self, live: Live, say: Say) -> dict[str, float]:
        """Drive in and out; when the position that shows an entry was sent, by vehicle and time.

        Two fixes outside, two inside: the second inside settles it. Each vehicle is a second
        behind the one before, so that no event comes late.
        """
        sent: dict[str, float] = {}
        centre = self.scenario.ground.gate(self.scenario.gate_row, "recorded")
        away = Point(centre.lat + OUTSIDE_M, centre.lon)
        vehicles = [vehicle for vehicle, _, _ in self.scenario.convoy]
        for number in range(ROUNDS):
            say(f"positions to alerts, round {number + 1} of {ROUNDS}")
            now = self.stage.now + 50 * SECOND
            self.stage.advance(now)
            for at, point in ((-40, away), (-35, away), (-10, centre)):
                for offset, vehicle in enumerate(vehicles):
                    self.fix(vehicle, now + (at + offset) * SECOND, point)
            for offset, vehicle in enumerate(vehicles):
                known = len(live.came)
                began, _ = self.fix(vehicle, now + (offset - 5) * SECOND, centre)
                live.wait(known)
                sent[f"{self._names[vehicle]}/{number}"] = began
        return sent

    def latencies(self, live: Live, sent: dict[str, float]) -> list[float]:
        """Milliseconds from each position to the id of its alert."""
        duty = self.stage.people["duty"]
        rows = [
            row
            for row in duty.get("/v1/alerts")
            if row["type"] == "raised" and row["data"]["standard"] == OURS
        ]
        by_vehicle: dict[str, list[float]] = {}
        for row in rows:
            came = live.came.get(row["id"])
            if came is not None:
                by_vehicle.setdefault(row["data"]["about"], []).append(came)
        out = []
        for name, began in sent.items():
            vehicle, _, number = name.rpartition("/")
            out.append(1_000 * (sorted(by_vehicle[vehicle])[int(number)] - began))
        return out

    def round_trips(self, count: int) -> list[float]:
        """Milliseconds of a plain GET on the same server."""
        client: Http = self.stage.clients["host"]
        token, out = self.stage.people["duty"].token, []
        for _ in range(count):
            began = time.perf_counter()
            client.call("GET", "/v1/waiting", token=token)
            out.append(1_000 * (time.perf_counter() - began))
        return out


def _prelude_only(scenario: Scenario, agreement: Path) -> Scenario:
    plays = tuple(
        msgspec.structs.replace(
            play,
            steps=tuple(step for step in play.steps if step.at < scenario.start - 20 * 60 * SECOND),
        )
        for play in scenario.plays[:1]
    )
    return msgspec.structs.replace(scenario, agreement=agreement, plays=plays)


def figures(say: Say) -> list[Figure]:
    """The two figures from a position to its alert."""
    say("starting two nodes")
    with tempfile.TemporaryDirectory(prefix="safeconduct-bench-") as name:
        folder = Path(name)
        scenario = load(scenario_folder())
        agreement = folder / "agreement.yaml"
        agreement.write_text(
            breached_by_a_position(scenario.agreement.read_text(encoding="utf-8")),
            encoding="utf-8",
        )
        scenario = _prelude_only(scenario, agreement)
        player = Breaching(
            scenario,
            scenario.plays[0],
            folder / "nodes",
            seed=7,
            roots={party: make_root() for party in PARTIES},
        )
        player.prepare()
        try:
            player.open()
            live = Live(player.stage.ports["host"], player.stage.people["duty"].token)
            live.start()
            live.wait(0)
            plain = player.round_trips(500)
            sent = player.rounds(live, say)
            taken = player.latencies(live, sent)
            plain += player.round_trips(500)
        finally:
            player.stage.stop()
    return [
        Figure(
            f"alert.position_in_to_alert_out.{label}",
            _quantile(taken, share),
            "ms",
            f"GET round trip {label}, {_quantile(plain, share):.2f} ms (n = {len(taken)})",
            _quantile(taken, share) / _quantile(plain, share),
        )
        for label, share in (("p50", 50), ("p99", 99))
    ]


def _quantile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
