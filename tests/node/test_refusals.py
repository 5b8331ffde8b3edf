"""Every way in which a record is refused at the door, and that it leaves nothing behind."""

import msgspec
import pytest

from safeconduct.agreement import with_keys
from safeconduct.kernel.canonical import decode, encode
from safeconduct.kernel.errors import Malformed, Refused
from safeconduct.kernel.instants import DAY
from safeconduct.kernel.records import decode_record
from safeconduct.kernel.signatures import Key, open_envelope, seal
from safeconduct.node.clocks import SeededRandom, SystemClock
from safeconduct.node.drafts import Author, sign_record
from safeconduct.node.enrolment import enrol
from safeconduct.node.folder import Folder
from safeconduct.node.node import Node
from safeconduct.node.setup import init, invite, make_root
from safeconduct.node.vocabulary import VOCABULARY
from tests.node.inside import AT_POST, POST, ZONE, World, base, refused, scenario

REPORT = {**AT_POST, "waiting": 1, "unchecked": 0, "passed": 0, "oldest": 1000}


def signed(world, who, alias, values, *, time=None, **changed):
    """A signed submission of somebody, with some attributes of the signer changed."""
    person = world.people[who]
    kept = dict(vars(person))
    vars(person).update(changed)
    try:
        return person.sign(alias, values, time=world.now if time is None else time)
    finally:
        vars(person).clear()
        vars(person).update(kept)


def resigned(world, who, submission, **changed):
    """The same record with attributes changed, signed again by the same person."""
    envelope = open_envelope(encode(submission["envelope"]))
    record = msgspec.structs.replace(decode_record(envelope.payload), **changed)
    envelope = seal(world.people[who]._key, record.encode())
    return {**submission, "envelope": decode(envelope.encode())}


def post(world, submission, *, party="host", token=None, who="guard-a"):
    """Send it; the status and the answer."""
    status, data = world.clients[party].call(
        "POST", "/v1/records", submission, token=token or world.people[who].token
    )
    return status, decode(data)


def stands(world, party="host"):
    node = world.nodes[party]
    return node.journal.size, node.journal.tree.root()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One world for all that must not change it."""
    world = World(base(), tmp_path_factory.mktemp("still"))
    yield world
    world.stop()


@pytest.fixture
def still(shared):
    """The shared world, and that neither log has grown when the test is over."""
    before = stands(shared), stands(shared, "partner")
    yield shared
    assert (stands(shared), stands(shared, "partner")) == before


def test_what_is_in_order_is_taken(world):
    size = world.host.journal.size
    status, answer = post(world, signed(world, "guard-a", "queue", REPORT))
    assert status == 201
    assert answer["position"] == size


@pytest.mark.parametrize("mode", ["live", "replay"])
def test_a_record_of_another_mode(still, mode):
    status, answer = post(still, signed(still, "guard-a", "queue", REPORT, mode=mode))
    assert status == 403
    assert answer["error"] == (
        f"this node keeps a log of mode exercise, and the record is of mode {mode}"
    )
    assert "never mix" in answer["why"]


def test_an_exercise_record_at_a_live_node(tmp_path):
    root, other = make_root(), make_root()
    text = with_keys(
        scenario().agreement.read_text(encoding="utf-8").replace("mode: exercise", "mode: live"),
        {"host": root.public, "partner": other.public},
    )
    init(tmp_path / "host", party="host", agreement=text, root=root, clock=SystemClock())
    folder = Folder(tmp_path / "host")
    folder.lock()
    node = Node(folder, clock=SystemClock())
    ids = SeededRandom("live")
    code, person = invite(
        node, role="guard", about=POST, until=node.clock.now() + DAY, ids=ids, capacity="guard"
    )
    key = Key(b"k" * 32)
    done = enrol(node, code, key.public)
    token = node.desk.token(done.token, node.clock.now())
    author = Author("host", done.source, "guard", person, key)
    before = node.journal.size
    for mode in ("exercise", "replay"):
        envelope, _record, openings = sign_record(
            VOCABULARY, author, alias="queue", values=REPORT, record_id="r_" + "a" * 26,
            seq=1, time=node.clock.now(), mode=mode, salts=ids, agreement=node.wording,
        )  # fmt: skip
        error = refused(node.submit, envelope.encode(), openings, token)
        assert f"the record is of mode {mode}" in error.what
    assert node.journal.size == before
    node.close()


def test_a_record_of_the_other_party_at_this_node(still):
    submission = signed(still, "guard-a", "queue", REPORT, party="partner")
    status, answer = post(still, submission)
    assert status == 403
    assert "this is the node of host, and the record speaks for partner" in answer["error"]


def test_a_person_of_the_other_party_has_no_token_here(still):
    values = {"request": "x", "kind": "check", "about": POST, "reason": "please"}
    submission = signed(still, "liaison", "asked", values)
    status, answer = post(still, submission, token=still.people["liaison"].token)
    assert status == 401
    assert "no valid token" in answer["error"]


@pytest.mark.parametrize("token", ["", "x", "0" * 64])
def test_no_or_a_wrong_token(still, token):
    status, answer = post(still, signed(still, "guard-a", "queue", REPORT), token=token or " ")
    assert status == 401
    assert answer["do"]


def test_the_token_of_somebody_else(still):
    submission = signed(still, "guard-a", "queue", REPORT)
    status, answer = post(still, submission, who="guard-b")
    assert status == 403
    assert "given for another key" in answer["error"]


def test_a_device_token_of_a_vehicle_is_no_persons(still):
    submission = signed(still, "guard-a", "queue", REPORT)
    assert post(still, submission, token=still.tokens["bus"])[0] == 401


def test_a_record_that_speaks_for_another_person(still):
    other = still.people["guard-b"].person
    status, answer = post(still, signed(still, "guard-a", "queue", REPORT, person=other))
    assert status == 403
    assert "another key" in answer["error"]


def test_a_record_of_another_source(still):
    source = still.people["guard-b"].source
    status, answer = post(still, signed(still, "guard-a", "queue", REPORT, source=source))
    assert status == 403
    assert "source" in answer["error"]


def test_a_role_that_was_not_enrolled(still):
    status, answer = post(still, signed(still, "guard-a", "queue", REPORT, role="post-commander"))
    assert status == 403
    assert "the token is for the role guard" in answer["error"]


def test_another_post_than_the_token_is_bound_to(still):
    values = {**REPORT, "post": "post:north-gate", "zone": "zone:north-cordon"}
    status, answer = post(still, signed(still, "guard-a", "queue", values))
    assert status == 403
    assert "bound to post:outer-gate" in answer["error"]


def test_a_bad_signature(still):
    submission = signed(still, "guard-a", "queue", REPORT)
    good = submission["envelope"]["signatures"][0]["sig"]
    for bad in ("A" + good[1:] if good[0] != "A" else "B" + good[1:], "", "AAAA"):
        submission["envelope"]["signatures"][0]["sig"] = bad
        status, answer = post(still, submission)
        assert status in (400, 403)
        assert answer["error"]


def test_a_signature_of_a_key_that_was_never_enrolled(still):
    submission = signed(still, "guard-a", "queue", REPORT, _key=Key(b"s" * 32))
    status, answer = post(still, submission)
    assert status == 403
    assert "another key" in answer["error"]


def test_a_changed_payload_under_the_old_signature(still):
    submission = signed(still, "guard-a", "queue", REPORT)
    other = signed(still, "guard-a", "queue", {**REPORT, "waiting": 9})
    submission["envelope"]["payload"] = other["envelope"]["payload"]
    status, answer = post(still, submission)
    assert status in (400, 403)
    assert "signature" in answer["error"]


def test_a_time_ahead(still):
    submission = signed(still, "guard-a", "queue", REPORT, time=still.now + 60_000)
    status, answer = post(still, submission)
    assert status == 403
    assert "60 s ahead" in answer["error"]


def test_a_stated_error_opens_no_future(world):
    ahead = signed(world, "guard-a", "queue", REPORT, time=world.now + 60_000)
    assert post(world, resigned(world, "guard-a", ahead, err=60_000))[0] == 403
    vague = signed(world, "guard-a", "queue", REPORT, time=world.now)
    assert post(world, resigned(world, "guard-a", vague, err=60_001))[0] == 403
    assert post(world, resigned(world, "guard-a", vague, err=60_000))[0] == 201


@pytest.mark.parametrize("wording", ["0" * 64, None])
def test_another_agreement_than_the_one_in_force(still, wording):
    status, answer = post(still, signed(still, "guard-a", "queue", REPORT, agreement=wording))
    assert status == 403
    assert "does not name the agreement in force" in answer["error"]
    assert "fetch the status" in answer["do"]


def test_a_missing_opening(still):
    values = {
        "vehicle": "ve_" + "a" * 26, **AT_POST, "motion": "stopped", "vehicle_type": "pickup",
        "first_seen": still.now, "place": [1, 2], "plate": "EX-PICK-40",
    }  # fmt: skip
    submission = signed(still, "guard-a", "sighted", values)
    del submission["sealed"]["plate"]
    status, answer = post(still, submission)
    assert status == 400
    assert "the opening of plate is missing" in answer["error"]


def test_an_opening_that_does_not_open(still):
    values = {
        "vehicle": "ve_" + "a" * 26, **AT_POST, "motion": "stopped", "vehicle_type": "pickup",
        "first_seen": still.now, "place": [1, 2], "plate": "EX-PICK-40",
    }  # fmt: skip
    submission = signed(still, "guard-a", "sighted", values)
    submission["sealed"]["plate"][1] = "EX-PICK-41"
    status, answer = post(still, submission)
    assert status == 403
    assert "does not match its commitment" in answer["error"]


def test_an_unknown_type(still):
    submission = signed(still, "guard-a", "queue", REPORT)
    submission = resigned(still, "guard-a", submission, type="sites.post.dreamt")
    status, answer = post(still, submission)
    assert status == 403
    assert "unknown here" in answer["error"]
    assert "vocabulary" in answer["do"]


@pytest.mark.parametrize("alias", ["verdict", "told", "raised", "escalated", "cosigned", "fixes"])
def test_a_type_that_only_a_node_makes(still, alias):
    values = {
        "verdict": {
            "standard": "cordon-check", "about": POST, "version": 1, "verdict": "kept",
            "trigger": "r_" + "a" * 26, "rev": 0, "reason": "so it was",
        },
        "told": {
            "about": POST, "recipient": "guard", "channel": "node", "state": "sent", "step": 1,
        },
        "raised": {
            "alert": "al_" + "a" * 26, "about": POST, "severity": "other", "owner": "guard",
            "due": still.now,
        },
        "escalated": {"alert": "al_" + "a" * 26, "about": POST, "step": 1, "to_role": "guard"},
        "cosigned": {"log": "x", "size": 1, "root": "0" * 64, "grade": "partner"},
        "fixes": {
            "device": "x", "segment": "0" * 64, "from": 1, "until": 2, "count": 1,
            "worst_accuracy": 3,
        },
    }[alias]  # fmt: skip
    status, answer = post(still, signed(still, "guard-a", alias, values))
    assert status == 403
    assert answer["error"] == f"{alias} is made by a node, not by a person"


def test_the_same_record_twice_is_acknowledged_at_the_same_place_and_kept_once(world):
    submission = signed(world, "guard-a", "queue", REPORT)
    first = post(world, submission)
    after = stands(world)
    second = post(world, submission)
    assert first[0] == second[0] == 201
    assert first[1]["position"] == second[1]["position"]
    assert stands(world) == after
    world.reopen("host")
    third = post(world, submission)
    assert third[1]["position"] == first[1]["position"]
    assert stands(world) == after


def test_a_receipt_promises_the_bytes_that_were_sent(world):
    submission = signed(world, "guard-a", "queue", REPORT)
    _status, answer = post(world, submission)
    envelope = open_envelope(answer["receipt"].encode())
    receipt = decode_record(envelope.payload)
    assert envelope.keyid == world.host.key.public
    assert receipt.data["position"] == answer["position"]
    entry = world.host.journal.entry(answer["position"])
    assert entry.envelope == encode(submission["envelope"])


def test_the_same_id_with_another_body(world):
    submission = signed(world, "guard-a", "queue", REPORT)
    assert post(world, submission)[0] == 201
    known = decode_record(open_envelope(encode(submission["envelope"])).payload)
    world.people["guard-a"]._seq += 1
    other = signed(world, "guard-a", "queue", {**REPORT, "waiting": 7})
    before = stands(world)
    status, answer = post(world, resigned(world, "guard-a", other, id=known.id))
    assert status == 403
    assert f"{known.id} is in the log already" in answer["error"]
    assert stands(world) == before


def test_a_number_that_is_taken(world):
    assert post(world, signed(world, "guard-a", "queue", REPORT))[0] == 201
    before = stands(world)
    status, answer = post(world, signed(world, "guard-a", "queue", {**REPORT, "waiting": 7}))
    assert status == 403
    assert "is taken" in answer["error"]
    assert answer["do"].startswith("use ")
    assert stands(world) == before


def test_a_field_of_the_wrong_type(still):
    submission = signed(still, "guard-a", "queue", REPORT)
    data = {**REPORT, "waiting": "many"}
    submission = resigned(still, "guard-a", submission, data=data)
    status, answer = post(still, submission)
    assert status == 400
    assert "waiting" in answer["error"]


def test_a_field_too_many(still):
    submission = signed(still, "guard-a", "queue", REPORT)
    submission = resigned(still, "guard-a", submission, data={**REPORT, "colour": "red"})
    status, answer = post(still, submission)
    assert status == 400
    assert "colour" in answer["error"]


def test_a_field_too_few(still):
    submission = signed(still, "guard-a", "queue", REPORT)
    data = {name: value for name, value in REPORT.items() if name != "waiting"}
    status, answer = post(still, resigned(still, "guard-a", submission, data=data))
    assert status == 400
    assert "waiting" in answer["error"]


@pytest.mark.parametrize("number", [1.5, 2**53, -(2**53), True])
def test_a_float_or_too_large_a_number_is_not_even_signed(world, number):
    with pytest.raises(Malformed):
        signed(world, "guard-a", "queue", {**REPORT, "waiting": number})


# ---------------------------------------------------------------- refused by a clause, on record
@pytest.mark.parametrize(
    "who, party, alias, values, clause",
    [
        ("liaison", "partner", "tasked", {"about": POST, "to": POST, "act": "check"}, "3.2"),
        ("partner-duty", "partner", "tasked", {"about": ZONE, "to": POST, "act": "check"}, "3.2"),
        ("guard-a", "host", "tasked", {"about": POST, "to": POST, "act": "check"}, None),
        ("planner", "host", "queue", REPORT, None),
        ("duty", "host", "depart", {"movement": "$journey", "persons": 9, "vehicles": 3}, None),
        ("official", "host", "ordered",
         {"movement": "$journey", "version": 2, "recipients": 1, "text": "0" * 64}, None),
        ("liaison", "partner", "queue", REPORT, "4.1"),
    ],
)  # fmt: skip
def test_a_role_without_the_power_is_refused_by_a_clause_and_that_is_on_record(
    world, who, party, alias, values, clause
):
    values = {k: world.journey if v == "$journey" else v for k, v in values.items()}
    before = world.nodes[party].journal.size
    submission = signed(world, who, alias, values)
    status, answer = post(world, submission, party=party, who=who)
    assert status == 403
    assert answer["clause"]
    assert clause is None or answer["clause"] == clause
    (fact,) = world.nodes[party].journal.facts()[before:]
    record = decode_record(open_envelope(encode(submission["envelope"])).payload)
    assert fact.alias == "refused"
    assert fact.record.acting == "node"
    assert fact.get("of") == record.id
    assert fact.get("clause") == answer["clause"]
    assert fact.get("written") is True
    assert world.nodes[party].journal.find(record.id) is None
    # The number was not used up: what the person says next is in order.
    assert world.people[who]._seq + 1 == record.seq


def test_a_refusal_of_the_same_record_is_recorded_once(world):
    values = {"about": POST, "to": POST, "act": "check"}
    submission = signed(world, "liaison", "tasked", values)
    post(world, submission, party="partner", who="liaison")
    after = stands(world, "partner")
    status, _answer = post(world, submission, party="partner", who="liaison")
    assert status == 403
    assert stands(world, "partner") == after


def test_the_host_reads_what_the_partner_was_refused(world):
    values = {"about": POST, "to": POST, "act": "check"}
    refused(world.send, "liaison", "tasked", values)
    world.to(-15, stride=1)
    (fact,) = [
        fact
        for fact in world.host.peer.facts()
        if fact.alias == "refused" and fact.get("about") == POST
    ]
    assert fact.get("clause") == "3.2"


def test_partner_may_ask_and_object(world):
    person = world.people["liaison"]
    values = {"about": world.journey, "clause": "3.2", "reason": "not past an unchecked vehicle"}
    person.send("objected", values, time=world.now)
    assert world.partner.journal.facts()[-1].alias == "objected"


@pytest.mark.parametrize(
    "junk",
    [b"", b"{}", b"[]", b"\x00", b"null", b'{"payload":"","payloadType":"","signatures":[]}'],
)
def test_bytes_that_are_no_envelope(still, junk):
    token = still.host.desk.token(still.people["guard-a"].token, still.now)
    with pytest.raises(Refused):
        still.host.submit(junk, {}, token)
