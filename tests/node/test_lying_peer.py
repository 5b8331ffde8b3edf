"""A peer whose node does not play fair: what it puts in its own log has no power here.

The partner's node is made to record what its own doors would have refused. Everything that it
serves is well-formed, signed and in its log: the host keeps it as evidence and changes nothing.
"""

import hashlib
import shutil

import httpx
import pytest

from safeconduct.kernel.canonical import decode, encode
from safeconduct.kernel.errors import Refused
from safeconduct.kernel.records import decode_record
from safeconduct.kernel.signatures import Key, open_envelope
from safeconduct.ledger.notes import Checkpoint, sign_checkpoint
from safeconduct.node.drafts import Draft
from tests.node.inside import AT_POST, ZONE, refused


def slip(world, who, alias, values):
    """The partner's node records a person's act without asking anybody."""
    person = world.people[who]
    submission = person.sign(alias, values, time=world.now)
    envelope = open_envelope(encode(submission["envelope"]))
    record = decode_record(envelope.payload)
    world.partner._record([(envelope, record, submission["sealed"])])
    person._seq += 1
    return record.id


def node_says(world, alias, values, *causes):
    draft = Draft(alias=alias, values=values, time=world.now, causes=causes)
    world.partner._record([], [draft])
    return draft.id


def told(world):
    world.to((world.now - world.scenario.start) / 60_000 + 2, stride=1)


def state(world):
    """What the host holds for true."""
    duty = world.people["duty"]
    return [duty.get(f"/v1/{name}") for name in ("movements", "holds")] + [
        [row["vehicle"] for row in duty.get("/v1/waiting") if not row["checked"]],
        sorted({fact.get("verdict") for fact in world.newest("cordon-check")}),
    ]


def test_a_release_by_the_partner_lifts_nothing(held):
    told(held)
    before = state(held)
    (hold,) = held.holds()
    values = {"hold": hold["hold"], "zone": ZONE, "reason": "we would like to go"}
    record = slip(held, "liaison", "hold_released", values)
    told(held)
    assert held.host.peer.find(record) is not None  # kept as evidence
    assert state(held) == before
    held.reopen("host")
    assert state(held) == before


def test_a_yes_of_the_partner_to_a_release_is_no_second_person(held):
    (hold,) = held.holds()
    slip(held, "liaison", "approved", {"of": hold["record"], "about": hold["hold"]})
    told(held)
    error = refused(
        held.send, "duty", "hold_released",
        {"hold": hold["hold"], "zone": ZONE, "reason": "the partner agrees"},
    )  # fmt: skip
    assert error.clause == "7.3"
    assert len(held.holds()) == 1


def test_a_check_by_the_partner_ends_no_clock(world):
    world.reports(0)
    vehicle = world.sight("guard-b")
    world.to(3, stride=1)
    values = {"vehicle": vehicle, **AT_POST, "result": "clear"}
    record = slip(world, "liaison", "checked", values)
    world.reports(16)
    assert world.host.peer.find(record) is not None
    (verdict,) = world.newest("cordon-check")
    assert verdict.get("verdict") == "breached"
    assert len(world.holds()) == 1


def test_a_hold_by_the_partners_node_stops_nothing(world):
    hold = {"hold": "ho_" + "a" * 26, "offers": [], "clause": "7.3"}
    record = node_says(world, "hold", {**hold, "zone": ZONE, "site": "site:airport"}, "a lie")
    told(world)
    assert world.host.peer.find(record) is not None
    assert world.holds() == []
    values = {"movement": world.journey, "persons": 9, "vehicles": 3}
    world.send("leader", "depart", values)
    assert len(world.facts("depart")) == 1


def test_a_hold_by_a_person_of_the_partner_stops_nothing(world):
    hold = {"hold": "ho_" + "b" * 26, "offers": [], "clause": "7.3", "movement": world.journey}
    slip(world, "liaison", "hold", hold)
    told(world)
    assert world.holds() == []


@pytest.mark.parametrize("alias", ["aborted", "closed", "arrived", "depart"])
def test_a_step_of_the_movement_by_the_partner_moves_nothing(world, alias):
    values = {
        "aborted": {"reason": "we say so"},
        "closed": {"outcome": "never_began"},
        "arrived": {"site": "site:plant"},
        "depart": {"persons": 9, "vehicles": 3},
    }[alias]
    told(world)
    before = state(world)
    slip(world, "liaison", alias, {"movement": world.journey, **values})
    told(world)
    assert state(world) == before


def test_a_report_by_the_partner_does_not_speak_for_a_silent_post(world):
    world.reports(0)
    values = {**AT_POST, "waiting": 0, "unchecked": 0, "passed": 0, "oldest": 0}
    for number in (4, 8, 12):
        world.to(number)
        slip(world, "liaison", "queue", values)
        world.queue("guard-n", post="post:north-gate")
    world.to(14, stride=1)
    silent = [f for f in world.facts("silent") if f.get("post") == AT_POST["post"]]
    assert [fact.get("state") for fact in silent] == ["silent"]


def test_a_record_in_the_name_of_the_host_is_nobodys(held):
    """The partner signs with a key of its own and writes that the host's officer speaks."""
    (hold,) = held.holds()
    person = held.people["liaison"]
    kept = dict(vars(person))
    vars(person).update(party="host", role="host-duty-officer", person=held.people["duty"].person)
    values = {"hold": hold["hold"], "zone": ZONE, "reason": "as if the host had said it"}
    slip(held, "liaison", "hold_released", values)
    vars(person).update({k: kept[k] for k in ("party", "role", "person")})
    told(held)
    assert len(held.holds()) == 1


def test_an_alert_or_verdict_of_the_peer_starts_no_ladder_here(world):
    node_says(
        world, "verdict",
        {"standard": "cordon-check", "about": "ve_x", "version": 1, "verdict": "breached",
         "trigger": "r_" + "a" * 26, "rev": 0, "reason": "we say so"},
        "cordon-check", 1, "ve_x", "r_x",
    )  # fmt: skip
    told(world)
    world.reports(0)
    assert world.facts("raised") == []


# ---------------------------------------------------------------- the transfer itself
class Bent(httpx.AsyncBaseTransport):
    """A link that alters one kind of answer on its way."""

    def __init__(self, world, part, change):
        self.inner = world._exchanges["host"]._client._transport
        self.part, self.change = part, change

    async def handle_async_request(self, request):
        answer = await self.inner.handle_async_request(request)
        data = b"".join([chunk async for chunk in answer.stream])
        if self.part in request.url.path:
            data = self.change(data)
        return httpx.Response(answer.status_code, content=data)


def bend(world, part, change):
    world._exchanges["host"]._client._transport = Bent(world, part, change)


def round_of_host(world):
    return world.clients["host"].json("POST", "/exercise/sync", {}, token=world._driver)


@pytest.fixture
def news(world):
    """The partner has something new to say, and its head over it is published."""
    world.to(-16, stride=1)
    values = {"about": world.journey, "clause": "3.2", "reason": "we object"}
    world.send("liaison", "objected", values)
    world.partner.publish()
    return world


def mirrored(world):
    node = world.host
    return node.peer.size, node.peer.tree.root(), node.journal.size, node.peer.bodies_until


def test_a_good_round_takes_the_news(news):
    before = mirrored(news)
    round_of_host(news)
    assert mirrored(news) > before


@pytest.mark.parametrize("at", [0, -1, -60])
@pytest.mark.parametrize("part", ["checkpoint", "tile"])
def test_a_byte_changed_on_the_way_of_the_log_changes_nothing_here(news, part, at):
    def flip(data):
        out = bytearray(data)
        out[at] ^= 1
        return bytes(out)

    before = mirrored(news)
    bend(news, part, flip)
    with pytest.raises(Refused):
        round_of_host(news)
    assert mirrored(news) == before


@pytest.mark.parametrize(
    "junk", [b"", b"\x00", b"{}", b"[[0]]", b'[["a","full",{}]]', b"[[0,1,2]]", b"[1]", b"null"]
)
def test_bodies_that_are_none_change_nothing_here(news, junk):
    facts = len(news.host.peer.facts())
    bend(news, "bodies", lambda _data: junk)
    with pytest.raises(Refused):
        round_of_host(news)
    assert len(news.host.peer.facts()) == facts
    assert news.people["duty"].get("/v1/status")["in_force"]


def test_a_body_of_another_leaf_is_refused(news):
    def shift(data):
        rows = decode(data)
        rows[0][2] = rows[-1][2] if len(rows) > 1 else {}
        return encode(rows)

    facts = len(news.host.peer.facts())
    bend(news, "bodies", shift)
    with pytest.raises(Refused):
        round_of_host(news)
    assert len(news.host.peer.facts()) == facts


def test_a_peer_that_rolled_its_log_back_is_refused(news, tmp_path):
    shutil.copytree(news.data("partner"), tmp_path / "old")
    news.to(-12, stride=1)
    before = mirrored(news)
    news.shut("partner")
    shutil.rmtree(news.data("partner"))
    shutil.copytree(tmp_path / "old", news.data("partner"))
    news.open("partner")
    with pytest.raises(Refused, match="shrunk"):
        round_of_host(news)
    assert mirrored(news) == before


def test_a_peer_that_shows_another_past_is_refused(news):
    """Same size or larger, another root, signed with the right key."""
    news.to(-15, stride=1)
    before = mirrored(news)
    node = news.partner
    size = node.journal.size + 1
    root = hashlib.sha256(b"another past").digest()
    note = sign_checkpoint(Checkpoint(node.file.origin, size, root), node.key)
    bend(news, "checkpoint", lambda _data: note.encode().encode())
    with pytest.raises(Refused):
        round_of_host(news)
    assert mirrored(news) == before


def test_a_head_signed_by_another_key_is_refused(news):
    before = mirrored(news)
    node = news.partner
    note = sign_checkpoint(
        Checkpoint(node.file.origin, node.journal.size, node.journal.tree.root()), Key(b"x" * 32)
    )
    bend(news, "checkpoint", lambda _data: note.encode().encode())
    with pytest.raises(Refused):
        round_of_host(news)
    assert mirrored(news) == before


def test_a_cut_link_loses_nothing(world):
    world.cut = True
    world.reports(-8)
    values = {"about": world.journey, "clause": "3.2", "reason": "we object"}
    world.send("liaison", "objected", values)
    with pytest.raises(Refused, match="does not answer"):
        round_of_host(world)
    world.cut = False
    world.to(-6, stride=1)
    assert [f.alias for f in world.host.peer.facts()].count("objected") == 1
    for party, other in (("host", "partner"), ("partner", "host")):
        assert world.nodes[party].peer.size >= world.nodes[other].journal.size - 2
