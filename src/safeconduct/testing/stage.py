"""A stage: two nodes of one agreement, each its own process, folder and keys, on a driven clock."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from safeconduct.agreement import with_keys
from safeconduct.kernel.errors import Refused
from safeconduct.kernel.instants import DAY, show_instant
from safeconduct.kernel.signatures import Key, fingerprint
from safeconduct.node.clocks import DrivenClock, SeededRandom
from safeconduct.node.folder import Folder
from safeconduct.node.node import Node
from safeconduct.node.setup import add_peer, init, invite, make_root, sign
from safeconduct.testing.client import Http, Person
from safeconduct.testing.script import Scenario

PARTIES = ("host", "partner")
STARTS_WITHIN_S = 30.0
TRIES = 5
"""How often two nodes are started on other ports before it is given up."""


def free_port() -> int:
    """A port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Stage:
    """Two folders made, signed and invited; then two processes; then two clients."""

    def __init__(
        self, scenario: Scenario, folder: Path, seed: str, roots: Mapping[str, Key] | None = None
    ) -> None:
        self.scenario = scenario
        self.folder = folder
        self.seed = seed
        self.now = scenario.opens
        self.roots = dict(roots) if roots else {party: make_root() for party in PARTIES}
        self.ports = dict.fromkeys(PARTIES, 0)
        self.clients: dict[str, Http] = {}
        self.people: dict[str, Person] = {}
        self._codes: dict[str, str] = {}
        self._driver = secrets.token_hex(16)
        self._processes: list[subprocess.Popen[bytes]] = []

    def data(self, party: str) -> Path:
        """The data folder of a party."""
        return self.folder / party

    def prepare(self) -> None:
        """Make both nodes, exchange cards, confirm fingerprints, sign, invite the cast."""
        text = self.scenario.agreement.read_text(encoding="utf-8")
        filled = with_keys(text, {party: key.public for party, key in self.roots.items()})
        for party in PARTIES:
            init(
                self.data(party),
                party=party,
                agreement=filled,
                root=self.roots[party],
                clock=DrivenClock(self.now),
            )
        for party, other in (PARTIES, PARTIES[::-1]):
            add_peer(self.data(party), (self.data(other) / "card.json").read_bytes())
            folder = Folder(self.data(party))
            folder.lock()
            node = Node(folder, clock=DrivenClock(self.now))
            sign(node, confirmed=fingerprint(self.roots[other].public))
            ids = SeededRandom(f"{self.seed}/{party}/persons")
            for member in self.scenario.cast:
                if member.party == party:
                    code, _person = invite(
                        node,
                        role=member.role,
                        about=member.about,
                        until=self.now + 7 * DAY,
                        ids=ids,
                        capacity=member.capacity,
                    )
                    self._codes[member.name] = code
            node.publish()
            node.close()

    def start(self) -> None:
        """Start both processes and wait until both answer.

        A port that was free a moment ago may be taken by the time a process binds it, by another
        stage or as the local end of anybody's connection; then both start again on other ports.
        """
        for left in range(TRIES - 1, -1, -1):
            try:
                self._start()
            except Refused:
                self.stop()
                if not left:
                    raise
            else:
                return

    def _start(self) -> None:
        for party in PARTIES:
            self.ports[party] = free_port()
        for party, other in (PARTIES, PARTIES[::-1]):
            log = (self.folder / f"{party}.log").open("ab")
            self._processes.append(
                subprocess.Popen(  # noqa: S603 - our own interpreter and module
                    [
                        sys.executable,
                        "-m",
                        "safeconduct",
                        "node",
                        "run",
                        "--data",
                        str(self.data(party)),
                        "--port",
                        str(self.ports[party]),
                        "--peer",
                        f"http://127.0.0.1:{self.ports[other]}",
                        "--clock",
                        show_instant(self.now),
                    ],
                    env={**os.environ, "SAFECONDUCT_DRIVER": self._driver},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )
            log.close()
        for party, process in zip(PARTIES, self._processes[-2:], strict=True):
            self._wait(party, process)
            self.clients[party] = Http(self.ports[party])

    def _wait(self, party: str, process: "subprocess.Popen[bytes]") -> None:
        until = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < until:
            if process.poll() is not None:
                words = (
                    (self.folder / f"{party}.log").read_text(encoding="utf-8").strip().splitlines()
                )
                raise Refused(f"the node of {party} did not start", why=words[-1] if words else "")
            with socket.socket() as probe:
                probe.settimeout(0.2)
                if probe.connect_ex(("127.0.0.1", self.ports[party])) == 0:
                    return
            time.sleep(0.02)
        raise Refused(f"the node of {party} did not answer within {STARTS_WITHIN_S:.0f} s")

    def enrol(self) -> None:
        """Every member of the cast redeems their code, over HTTP, with a key of their own."""
        for member in self.scenario.cast:
            person = Person(self.clients[member.party], SeededRandom(f"{self.seed}/{member.name}"))
            person.enrol(self._codes[member.name])
            self.people[member.name] = person

    # ------------------------------------------------------------------ time
    def advance(self, now: int) -> None:
        """Move both clocks on; what falls due falls on both nodes."""
        if now <= self.now:
            return
        self.now = now
        for party in PARTIES:
            self.clients[party].json("POST", "/exercise/clock", {"now": now}, token=self._driver)

    def sync(self) -> None:
        """One round in each direction."""
        for party in PARTIES:
            self.clients[party].json("POST", "/exercise/sync", {}, token=self._driver)

    def finish(self) -> None:
        """Seal what is pending and let each cosign the other's last head."""
        for party in PARTIES:
            self.clients[party].json("POST", "/exercise/end", {}, token=self._driver)
        for _ in range(2):
            self.advance(self.now + self.scenario.cosign_every)
            self.sync()

    def stop(self) -> None:
        """End both processes in good order."""
        for client in self.clients.values():
            client.close()
        for process in self._processes:
            if process.poll() is None:
                process.terminate()
        for process in self._processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()
        self.clients.clear()
