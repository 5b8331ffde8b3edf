"""One-time codes and tokens: each is good for what it was given for, and no longer."""

import pytest

from safeconduct.kernel.errors import Malformed, Refused
from safeconduct.kernel.instants import DAY
from safeconduct.kernel.signatures import Key
from safeconduct.node.clocks import SeededRandom
from safeconduct.node.enrolment import enrol, give_device
from safeconduct.node.setup import invite
from tests.node.inside import POST, Inside, refused, scenario


@pytest.fixture
def stage(tmp_path):
    stage = Inside(scenario(), tmp_path, "7/enrol")
    stage.prepare()
    stage.start()
    yield stage
    stage.stop()


def ask(stage, code, public, party="host"):
    return stage.clients[party].json("POST", "/v1/enrol", {"code": code, "public": public})


def code_of(stage, name="guard-a"):
    return stage._codes[name]


def test_a_code_gives_a_key_a_role_and_a_token_once(stage):
    key = Key(b"1" * 32)
    size = stage.host.journal.size
    done = ask(stage, code_of(stage), key.public)
    assert (done["role"], done["bound_to"], done["party"]) == ("guard", POST, "host")
    assert [fact.alias for fact in stage.host.journal.facts()[size:]] == ["key", "named"]
    token = stage.host.desk.token(done["token"], stage.now)
    assert token.public == key.public


def test_a_used_code_is_refused_and_nothing_is_recorded(stage):
    ask(stage, code_of(stage), Key(b"1" * 32).public)
    size = stage.host.journal.size
    error = refused(ask, stage, code_of(stage), Key(b"2" * 32).public)
    assert "unknown, used, or over" in error.what
    assert stage.host.journal.size == size


def test_a_used_code_stays_used_after_a_restart(stage):
    ask(stage, code_of(stage), Key(b"1" * 32).public)
    stage.reopen("host")
    assert "used" in refused(ask, stage, code_of(stage), Key(b"2" * 32).public).what


def test_an_unknown_code(stage):
    size = stage.host.journal.size
    assert "unknown" in refused(ask, stage, "aaaa-bbbb-cccc-dddd", Key(b"2" * 32).public).what
    assert stage.host.journal.size == size


def test_the_other_partys_code(stage):
    size = stage.host.journal.size
    refused(ask, stage, code_of(stage, "liaison"), Key(b"2" * 32).public)
    assert stage.host.journal.size == size


def test_a_code_that_is_over(stage):
    stage.advance(stage.now + 8 * DAY)
    size = stage.host.journal.size
    refused(ask, stage, code_of(stage), Key(b"2" * 32).public)
    assert stage.host.journal.size == size


def test_a_key_is_enrolled_once_and_the_second_code_is_not_lost(stage):
    key = Key(b"1" * 32)
    ask(stage, code_of(stage, "guard-a"), key.public)
    error = refused(ask, stage, code_of(stage, "guard-b"), key.public)
    assert "enrolled already" in error.what
    assert ask(stage, code_of(stage, "guard-b"), Key(b"2" * 32).public)["role"] == "guard"


def test_the_keys_of_the_node_itself_cannot_be_enrolled_for_a_person(stage):
    size = stage.host.journal.size
    for use in ("node", "witness", "enrolment"):
        refused(ask, stage, code_of(stage), stage.host.folder.key(use).public)
    refused(ask, stage, code_of(stage), stage.roots["host"].public)
    assert stage.host.journal.size == size


@pytest.mark.parametrize(
    "public", ["", "x", "ed25519:", "ed25519:" + "F" * 64, "ed25519:" + "z" * 64, "rsa:" + "0" * 64]
)
def test_what_is_no_key_is_refused_and_the_code_is_kept(stage, public):
    size = stage.host.journal.size
    with pytest.raises(Refused):
        enrol(stage.host, code_of(stage), public)
    assert stage.host.journal.size == size
    assert ask(stage, code_of(stage), Key(b"9" * 32).public)["token"]


def test_a_token_ends_with_its_enrolment(world):
    person = world.people["guard-n"]
    person.get("/v1/status")
    world.advance(world.now + 7 * DAY)
    size = world.host.journal.size
    assert "no valid token" in refused(person.get, "/v1/status").what
    assert "no valid token" in refused(person.send, "queue", {
        "post": "post:north-gate", "site": "site:airport", "zone": "zone:north-cordon",
        "waiting": 0, "unchecked": 0, "passed": 0, "oldest": 0,
    }, time=world.now).what  # fmt: skip
    assert world.host.journal.size == size


def test_a_device_is_given_by_who_tasks_for_a_vehicle_of_the_movement(world):
    caller = world.host.desk.token(world.people["planner"].token, world.now)
    vehicle = world.names["bus"]
    given = give_device(world.host, caller, {"vehicle": vehicle, "movement": world.journey})
    token = world.host.desk.token(given["token"], world.now)
    assert (token.person, token.bound_to, token.use) == (vehicle, world.journey, "device")


@pytest.mark.parametrize("who", ["guard-a", "releaser", "district", "official"])
def test_a_device_is_not_given_by_who_may_not_task(world, who):
    caller = world.host.desk.token(world.people[who].token, world.now)
    values = {"vehicle": world.names["bus"], "movement": world.journey}
    size = world.host.journal.size
    error = refused(give_device, world.host, caller, values)
    assert error.clause
    assert world.host.journal.size == size


def test_a_device_is_not_given_for_a_vehicle_of_no_movement(world):
    caller = world.host.desk.token(world.people["planner"].token, world.now)
    for vehicle, movement in (("ve_x", world.journey), (world.names["bus"], "mv_x")):
        error = refused(give_device, world.host, caller, {"vehicle": vehicle, "movement": movement})
        assert "not assigned" in error.what


def test_an_invitation_to_a_role_of_the_other_party_or_none(stage):
    for role in ("liaison-officer", "emperor", ""):
        with pytest.raises(Malformed, match="has no role"):
            invite(
                stage.host, role=role, about="programme", until=stage.now + DAY,
                ids=SeededRandom("x"),
            )  # fmt: skip


def test_no_secret_lies_in_the_folder(stage):
    """Codes and tokens are kept as hashes, and a person's private key never comes here."""
    key = Key(b"7" * 32)
    done = ask(stage, code_of(stage), key.public)
    for path in stage.data("host").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert done["token"].encode() not in data
            assert code_of(stage).encode() not in data
            assert key.seed not in data
            assert key.seed.hex().encode() not in data


def test_private_keys_are_readable_by_their_owner_alone(stage):
    for path in (stage.data("host") / "keys").iterdir():
        assert path.stat().st_mode & 0o077 == 0
