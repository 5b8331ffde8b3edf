"""What an insider, or the other party's node, may try: each attempt, and what stops it."""

import asyncio
import contextlib

import msgspec
import pytest

from safeconduct.identity import speaker
from safeconduct.kernel.errors import Refused
from safeconduct.kernel.ids import computed_id, is_id
from safeconduct.kernel.instants import DAY
from safeconduct.kernel.signatures import seal
from safeconduct.node.clocks import SystemClock
from safeconduct.node.enrolment import end_keys
from safeconduct.node.exchange import Exchange
from safeconduct.web import server
from tests.node.inside import AT_POST, ZONE
from tests.node.test_refusals import REPORT, post, resigned, signed


def clauses(world):
    """Clauses of the refusals on record."""
    return [fact.get("clause") for fact in world.facts("refused")]


def test_nobody_takes_a_computed_id_before_the_node_does(world):
    vehicle = world.sight()
    sighting = world.facts("sighted")[-1].record.id
    for kind in ("computed", "record"):
        claimed = computed_id(kind, "verdict", "cordon-check", 1, vehicle, sighting)
        status, _ = post(
            world, resigned(world, "guard-a", signed(world, "guard-a", "queue", REPORT), id=claimed)
        )
        assert status == (403 if is_id(claimed, "computed") else 201)
    world.to((world.now - world.scenario.start) / 60_000 + 6)
    assert [fact.get("verdict") for fact in world.newest("cordon-check")] == ["breached"]


def test_a_person_makes_no_revision_and_takes_no_other_persons_id(world):
    world.sight("guard-b")
    theirs = world.facts("sighted")[-1].record.id
    mine = signed(world, "guard-a", "queue", REPORT)
    assert post(world, resigned(world, "guard-a", mine, id=theirs, rev=1))[0] == 403
    assert world.host.journal.fact(world.host.journal.find(theirs)).alias == "sighted"


@pytest.mark.parametrize("role", ["host-duty-officer", "release-officer", "guard"])
def test_a_guard_names_nobody(world, role):
    person = world.people["guard-a"].person
    values = {"role": role, "holder": person, "about": "programme"}
    with pytest.raises(Refused) as caught:
        world.send("guard-a", "named", values)
    assert caught.value.clause is not None


def test_an_officer_gives_neither_themselves_nor_others_more_than_they_have(world):
    commander = world.people["commander"].person
    guard = world.people["guard-a"].person
    for role, holder in (
        ("host-duty-officer", guard),
        ("release-officer", guard),
        ("post-commander", commander),
    ):
        with pytest.raises(Refused):
            world.send("commander", "named", {"role": role, "holder": holder, "about": "programme"})


@pytest.mark.parametrize("alias", ["assigned", "vehicle_listed", "person_listed", "unit_listed"])
def test_a_guard_speaks_for_the_party_in_no_register(world, alias):
    values = {
        "assigned": {
            "movement": world.names["journey"], "vehicle": world.names["lead"], "persons": 1,
            "armour": 0, "radio": False, "spare": False, "look": "car", "vehicle_type": "car",
        },
        "vehicle_listed": {
            "vehicle": world.names["lead"], "vehicle_type": "car", "armour": 0, "radio": False,
            "seats": 4, "look": "car", "plate": "EX-1",
        },
        "person_listed": {
            "person": world.people["guard-a"].person, "capacity": "officer", "language": "en",
            "name": "n", "phone": "p", "document": "d",
        },
        "unit_listed": {
            "unit": world.names["unit-a"], "kind": "police", "strength": 1, "skills": [],
        },
    }[alias]  # fmt: skip
    before = world.host.journal.size
    with pytest.raises(Refused):
        world.send("guard-a", alias, values)
    assert [f.alias for f in world.host.journal.facts()[before:]] in ([], ["refused"])


def test_the_acknowledger_does_not_end_the_clock_with_a_departure(held):
    vehicle = held.names["pickup"]
    alert = next(f.get("alert") for f in held.facts("raised") if f.get("about") == vehicle)
    held.send("guard-a", "ack", {"alert": alert, "about": vehicle})
    for who, clause in (("guard-a", "2.2"), ("guard-off", "7.2")):
        with pytest.raises(Refused) as caught:
            held.sight(who, motion="gone", vehicle=vehicle)
        assert caught.value.clause == clause
    assert clauses(held)[-2:] == ["2.2", "7.2"]
    assert not [f for f in held.facts("alert_changed") if f.get("state") == "returned"]
    held.sight("guard-b", motion="gone", vehicle=vehicle)
    assert [f.get("state") for f in held.facts("alert_changed")] == ["returned"]


def test_a_hold_names_places_and_clauses_that_the_agreement_knows(world):
    good = {"hold": "ho_" + "a" * 26, "zone": ZONE, "offers": [], "clause": "7.3"}
    for wrong in ({"zone": "zone:nowhere"}, {"clause": "99"}):
        with pytest.raises(Refused, match="the agreement"):
            world.send("commander", "hold", good | wrong)


def test_what_the_peer_types_badly_is_set_aside_and_the_node_goes_on(world):
    node = world.partner
    author = node.author("node")
    for alias, values in (
        ("ack", {"alert": "al_" + "a" * 26, "about": "x"}),
        ("heartbeat", {"origin": "partner/node", "last": 1}),
    ):
        made = node.sign_own(author, alias, values, record_id=computed_id("computed", alias, 1))
        _, record, openings = made
        broken = world_resigned(node, record, {name: ["x"] for name in record.data})
        entry = node.journal.make_entry(*broken, openings)
        node.journal.commit([(entry, broken[1], dict(broken[1].data))])
    node.publish()
    world.sync()
    aside = {fact.alias for fact in world.host.peer.set_aside()}
    assert {"ack", "heartbeat"} <= aside
    world.queue()
    reopened = world.reopen("host")
    assert {fact.alias for fact in reopened.peer.set_aside()} == aside


def world_resigned(node, record, data):
    """A record of a node that does not look at what it signs."""
    broken = msgspec.structs.replace(record, data=data)
    return seal(node.key, broken.encode()), broken


def test_a_lost_phone_writes_and_reads_no_more(world):
    lost = world.people["guard-a"]
    assert world.clients["host"].call("GET", "/v1/alerts", token=lost.token)[0] == 200
    assert end_keys(world.host, lost.person) == 1
    assert speaker(world.host.rooms.identity, lost._key.public, world.now) is None
    assert world.clients["host"].call("GET", "/v1/alerts", token=lost.token)[0] == 401
    with pytest.raises(Refused):
        world.queue("guard-a")
    world.reopen("host")
    assert world.clients["host"].call("GET", "/v1/alerts", token=lost.token)[0] == 401


def test_a_guard_reads_no_plan(world):
    request = world.facts("requested")[-1].record.id
    status, body = world.clients["host"].call(
        "GET", f"/v1/records/{request}", token=world.people["guard-a"].token
    )
    assert status == 403
    assert b"EX-204" not in body
    assert (
        world.clients["host"].call("GET", "/v1/movements", token=world.people["guard-a"].token)[0]
        == 403
    )
    assert world.people["planner"].get(f"/v1/records/{request}")["data"]["persons"] == 9


def test_a_duty_officer_invites_while_the_node_runs_and_a_guard_does_not(world):
    body = {"role": "guard", "about": AT_POST["post"], "until": world.now + DAY}
    call = world.clients["host"].json
    with pytest.raises(Refused, match="may not invite"):
        call("POST", "/v1/invites", body, token=world.people["guard-a"].token)
    with pytest.raises(Refused, match="may not invite"):
        call(
            "POST",
            "/v1/invites",
            body | {"role": "host-duty-officer"},
            token=world.people["commander"].token,
        )


def test_a_slow_peer_stops_no_clock(world):
    """A real peer that sends one byte a second; the node's own timers fall meanwhile."""
    node = world.host
    fallen, talks = [], []

    async def drip(_reader, writer):
        talks.append(asyncio.current_task())
        try:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.2)
        except (asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def play():
        peer = await asyncio.start_server(drip, "127.0.0.1", 0)
        port = peer.sockets[0].getsockname()[1]
        exchange = Exchange(node, f"http://127.0.0.1:{port}")
        stop = asyncio.Event()
        clock, node.clock = node.clock, SystemClock()
        advance, node.advance = node.advance, fallen.append
        ticking = asyncio.create_task(server._tick(node, exchange, stop))
        await asyncio.sleep(2.2)
        stop.set()
        await asyncio.wait_for(ticking, 5)
        node.clock, node.advance = clock, advance
        await exchange.close()
        peer.close()
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        await peer.wait_closed()

    world.loop.run_until_complete(play())
    assert len(fallen) >= 4
