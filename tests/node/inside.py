"""Two real nodes in one process: folders, stores, keys, web application and exchange are real.

Only the sockets are left out, so that a test can close a node and open it again between any two
steps, and look into it. `Inside` is a `Stage`, so a whole play can be played on it.
"""

import asyncio
import copy
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import msgspec

from safeconduct.cli.demo import scenario_folder
from safeconduct.kernel.canonical import encode
from safeconduct.kernel.errors import Refused
from safeconduct.kernel.ids import entity_id
from safeconduct.kernel.instants import MINUTE
from safeconduct.node.clocks import DrivenClock
from safeconduct.node.exchange import Exchange
from safeconduct.node.folder import Folder
from safeconduct.node.node import Node
from safeconduct.testing.client import Http, Person
from safeconduct.testing.player import Player
from safeconduct.testing.script import Drive, Play, Scenario, load
from safeconduct.testing.stage import PARTIES, Stage
from safeconduct.web.app import Ending, create_app

PORTS = {"host": 4001, "partner": 4002}
DRIVER = "the-driver-of-this-exercise"

SITE, ZONE, POST = "site:airport", "zone:outer-cordon", "post:outer-gate"
NORTH_ZONE, NORTH_POST = "zone:north-cordon", "post:north-gate"
AT_POST = {"site": SITE, "zone": ZONE, "post": POST}


@cache
def scenario() -> Scenario:
    """The shipped scenario."""
    return load(scenario_folder())


T = scenario().start


def minute(number: float) -> int:
    """The instant so many minutes after minute zero."""
    return T + round(number * MINUTE)


class Wire(Http):
    """A client of one node, without the socket."""

    def __init__(self, stage: "Inside", party: str) -> None:
        super().__init__(PORTS[party])
        self._stage = stage
        self._party = party

    def call(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Status and body of one request."""
        sent = dict(headers or {})
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        data = body if isinstance(body, bytes) else None if body is None else encode(body)
        return self._stage.request(self._party, method, target, data, sent)


class Inside(Stage):
    """A stage whose two nodes live in this process."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._driver = DRIVER
        self.loop = asyncio.AbstractEventLoop()
        self.nodes: dict[str, Node] = {}
        self._exchanges: dict[str, Exchange] = {}
        self._doors: dict[str, httpx.AsyncClient] = {}
        self.cut = False
        """Whether the link between the nodes is down."""

    def start(self) -> None:
        """Open both nodes from their folders."""
        self.loop = asyncio.new_event_loop()
        self.ports = dict(PORTS)
        for party in PARTIES:
            self.open(party)
            self.clients[party] = Wire(self, party)

    def open(self, party: str) -> Node:
        """Open one node from its folder, as its process would at a start."""
        folder = Folder(self.data(party))
        folder.lock()
        node = Node(folder, clock=DrivenClock(self.now))
        other = next(name for name in PARTIES if name != party)
        exchange = Exchange(node, f"http://127.0.0.1:{PORTS[other]}")
        self.loop.run_until_complete(exchange.close())
        exchange._client = httpx.AsyncClient(transport=_Link(self, other))
        name = f"127.0.0.1:{PORTS[party]}"
        app = create_app(
            node,
            exchange=exchange,
            hosts=frozenset({name}),
            origins=frozenset({f"http://{name}"}),
            driver=DRIVER,
            ending=Ending(),
        )
        self.nodes[party], self._exchanges[party] = node, exchange
        self._doors[party] = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url=f"http://{name}"
        )
        return node

    def shut(self, party: str) -> None:
        """Close one node, as a process that ends; nothing is sealed or published first."""
        self.loop.run_until_complete(self._exchanges.pop(party).close())
        self.loop.run_until_complete(self._doors.pop(party).aclose())
        self.nodes.pop(party).close()

    def reopen(self, party: str) -> Node:
        """Close one node and open it again from its folder."""
        self.shut(party)
        return self.open(party)

    def stop(self) -> None:
        """Close both nodes and the loop."""
        for party in list(self.nodes):
            self.shut(party)
        if self.clients:
            self.loop.close()
        self.clients.clear()

    def request(
        self, party: str, method: str, target: str, data: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        """One request at a node's door."""
        answer = self.loop.run_until_complete(
            self._doors[party].request(method, target, content=data, headers=headers)
        )
        return answer.status_code, answer.content

    # ------------------------------------------------------------------ what tests ask
    @property
    def host(self) -> Node:
        """The host's node."""
        return self.nodes["host"]

    @property
    def partner(self) -> Node:
        """The partner's node."""
        return self.nodes["partner"]

    def to(self, number: float, *, stride: float = 4) -> None:
        """Move both clocks to a minute, with a round between the nodes at each stride."""
        while self.now < minute(number):
            self.advance(min(minute(number), self.now + round(stride * MINUTE)))
            self.sync()

    def sync(self) -> None:
        """One round in each direction, unless the link is down."""
        if not self.cut:
            super().sync()

    def facts(self, alias: str, party: str = "host") -> list[Any]:
        """Facts of one type in a party's own log."""
        return [fact for fact in self.nodes[party].journal.facts() if fact.alias == alias]

    def newest(self, standard: str, party: str = "host") -> list[Any]:
        """The newest revision of each verdict of a standard in a party's log."""
        found = {
            fact.record.id: fact
            for fact in self.facts("verdict", party)
            if fact.get("standard") == standard
        }
        return list(found.values())

    def holds(self, party: str = "host") -> list[dict[str, Any]]:
        """Holds in force, as a reader of that node gets them."""
        who = "duty" if party == "host" else "partner-duty"
        return list(self.people[who].get("/v1/holds"))


class _Link(httpx.AsyncBaseTransport):
    """The link from one node to the other, looked up anew for each request."""

    def __init__(self, stage: Inside, party: str) -> None:
        self._stage = stage
        self._party = party

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._stage.cut:
            raise httpx.ConnectError("the link is down")
        return await self._stage._doors[self._party]._transport.handle_async_request(request)


class InsidePlayer(Player):
    """A player whose stage is inside this process."""

    stage: Inside

    def __init__(self, play: Play, folder: Path, *, seed: int = 7) -> None:
        super().__init__(scenario(), play, folder, seed=seed, roots={})
        self.stage = Inside(scenario(), folder, f"{seed}/{play.name}")


class Base(msgspec.Struct):
    """A played beginning: two folders, and what the people know."""

    folder: Path
    now: int
    seed: str
    roots: dict[str, Any]
    people: dict[str, dict[str, Any]]
    names: dict[str, str]
    tokens: dict[str, str]


def prelude(until: int, *, skip: tuple[str, ...] = ()) -> Play:
    """The steps that all plays share, up to an instant, and nobody drives."""
    play = scenario().plays[0]
    own = {id(step) for step in play.steps if step.at > minute(-19) and step.by == "guard-a"}
    steps = tuple(
        step
        for step in play.steps
        if step.at <= until and id(step) not in own and step.type not in skip
    )
    return Play("base", "", "", until, Drive(until + 1, "recorded", "end"), steps)


_kept: list[tempfile.TemporaryDirectory[str]] = []


def _folder() -> Path:
    """A folder that lasts as long as this worker."""
    _kept.append(tempfile.TemporaryDirectory(prefix="safeconduct-base-"))
    return Path(_kept[-1].name)


def _keep(stage: Inside, names: dict[str, str], tokens: dict[str, str]) -> Base:
    people = {
        name: {key: value for key, value in vars(person).items() if key != "http"}
        for name, person in stage.people.items()
    }
    return Base(stage.folder, stage.now, stage.seed, stage.roots, people, names, tokens)


@cache
def base() -> Base:
    """The exercise until shortly before anything happens; made once in each worker."""
    player = InsidePlayer(prelude(minute(-17)), _folder())
    kept: list[Base] = []
    player.stage.finish = player.stage.sync
    done = player.stage.stop

    def stop() -> None:
        kept.append(_keep(player.stage, player._names, player._tokens))
        done()

    player.stage.stop = stop
    player.prepare()
    player.run()
    return kept[0]


@cache
def held_base() -> Base:
    """The same, after a vehicle waited unchecked until the hold fell, and a minute more."""
    world = World(base(), _folder())
    world.names["pickup"] = world.wait_unchecked()
    kept = _keep(world, world.names, world.tokens)
    world.stop()
    return kept


class World(Inside):
    """A copy of the base, with both nodes open: what a test plays on."""

    def __init__(self, start: Base, folder: Path) -> None:
        shutil.copytree(start.folder, folder, dirs_exist_ok=True)
        super().__init__(scenario(), folder, start.seed, start.roots)
        self.now = start.now
        self.names = dict(start.names)
        self.tokens = dict(start.tokens)
        self.start()
        members = {member.name: member.party for member in scenario().cast}
        for name, state in start.people.items():
            person = Person(self.clients[members[name]], copy.deepcopy(state["_ids"]))
            vars(person).update(
                {k: copy.deepcopy(v) for k, v in state.items() if k not in ("_key", "_salts")}
            )
            person._key = state["_key"]
            self.people[name] = person

    # ------------------------------------------------------------------ acts
    def send(self, who: str, alias: str, values: dict[str, Any], **kwargs: Any) -> Any:
        """A person's record, now unless said otherwise."""
        kwargs.setdefault("time", self.now)
        return self.people[who].send(alias, values, **kwargs)

    def queue(self, who: str = "guard-a", *, post: str = POST, **kwargs: Any) -> Any:
        """A post's report."""
        zone = ZONE if post == POST else NORTH_ZONE
        values = {"post": post, "site": SITE, "zone": zone, "waiting": 1, "unchecked": 0}
        return self.send(who, "queue", {**values, "passed": 2, "oldest": 60_000}, **kwargs)

    def sight(self, who: str = "guard-b", *, motion: str = "stopped", **kwargs: Any) -> str:
        """A vehicle is seen at the outer gate; returns its id."""
        vehicle = kwargs.pop("vehicle", None)
        person = self.people[who]
        record = person.draw_id()
        vehicle = vehicle or entity_id("vehicle", record)
        values = {
            "vehicle": vehicle,
            **AT_POST,
            "motion": motion,
            "vehicle_type": "pickup",
            "first_seen": kwargs.pop("first_seen", kwargs.get("time", self.now)),
            "place": [-22_000_100, -18_500_100],
            "plate": "EX-PICK-40",
        }
        self.send(who, "sighted", values, record=record, **kwargs)
        return str(vehicle)

    def check(self, who: str, vehicle: str, **kwargs: Any) -> Any:
        """A check that was done."""
        values = {"vehicle": vehicle, **AT_POST, "result": "clear"}
        return self.send(who, "checked", values, **kwargs)

    def ack(self, who: str, about: str) -> str:
        """Somebody acknowledges the alert about a thing; returns the alert."""
        alert = next(
            fact.get("alert") for fact in self.facts("raised") if fact.get("about") == about
        )
        self.send(who, "ack", {"alert": alert, "about": about})
        return str(alert)

    @property
    def pickup(self) -> str:
        """The vehicle that waits, in the base with a hold."""
        return self.names["pickup"]

    @property
    def journey(self) -> str:
        """The movement."""
        return self.names["journey"]

    def wait_unchecked(self, until: float = 16) -> str:
        """A vehicle is seen at minute zero and nobody acts."""
        self.reports(0)
        vehicle = self.sight()
        self.reports(until)
        return vehicle

    def reports(self, until: float) -> None:
        """Time passes and both posts report."""
        while self.now < minute(until):
            self.to(min(until, (self.now - T) / MINUTE + 4))
            self.queue("guard-a")
            self.queue("guard-n", post=NORTH_POST)


def refused(act: Any, *args: Any, **kwargs: Any) -> Refused:
    """The refusal that an act meets; fails if it is done."""
    try:
        act(*args, **kwargs)
    except Refused as error:
        return error
    raise AssertionError("it was done, and should have been refused")
