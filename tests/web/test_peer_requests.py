"""Requests between nodes: signed, bound to one node and one target, good for one use."""

import pytest

from safeconduct.federation.requests import DATE, NONCE, PARTY, SIGNATURE, sign_request
from safeconduct.kernel.signatures import Key
from safeconduct.ledger.notes import parse_checkpoint, parse_note
from safeconduct.node.clocks import SystemClock
from safeconduct.node.folder import Folder
from tests.web.running import ask

TARGETS = (
    "/federation/checkpoint",
    "/federation/tile/entries/000.p/1",
    "/federation/bodies?start=0",
    "/federation/cosigned",
)
numbers = iter(range(10**6))


def signed(stage, target, **changed):
    given = {
        "key": Folder(stage.data("partner")).key("node"),
        "method": "GET",
        "target": target,
        "body": b"",
        "audience": Folder(stage.data("host")).node_file().origin,
        "party": "partner",
        "date": SystemClock().now(),
        "nonce": f"nonce-{next(numbers):012}",
        **changed,
    }
    return sign_request(
        given.pop("key"), given.pop("method"), given.pop("target"), given.pop("body"), **given
    )


def get(stage, target, headers, body=None, method="GET"):
    return ask(stage.ports["host"], method, target, body, headers)


def refusal(answer):
    assert answer.status == 401, answer
    assert set(answer.value) == {"error", "why", "do", "clause"}
    return answer.value["error"]


@pytest.mark.parametrize("target", TARGETS)
def test_a_signed_request_is_answered_once(shared, target):
    headers = signed(shared, target)
    assert get(shared, target, headers).status == 200
    assert "seen before" in refusal(get(shared, target, headers))


def test_a_nonce_is_used_up_for_every_target(shared):
    get(shared, TARGETS[0], signed(shared, TARGETS[0], nonce="one-nonce-for-all-of-them"))
    other = signed(shared, TARGETS[3], nonce="one-nonce-for-all-of-them")
    assert "seen before" in refusal(get(shared, TARGETS[3], other))


def test_a_used_request_stays_used_after_a_restart(running):
    headers = signed(running, TARGETS[0])
    assert get(running, TARGETS[0], headers).status == 200
    running.kill()
    running.wake()
    assert "seen before" in refusal(get(running, TARGETS[0], headers))


def test_the_head_that_is_given_is_the_nodes_own(shared):
    note = parse_note(get(shared, TARGETS[0], signed(shared, TARGETS[0])).body.decode())
    assert parse_checkpoint(note).origin == Folder(shared.data("host")).node_file().origin


@pytest.mark.parametrize("name", [PARTY, DATE, NONCE, SIGNATURE])
def test_each_header_is_needed(still, name):
    headers = signed(still, TARGETS[0])
    del headers[name]
    assert "not signed" in refusal(get(still, TARGETS[0], headers))


@pytest.mark.parametrize(
    "target",
    ["/federation/checkpoint?at_most=5", "/federation/cosigned", "/federation/checkpoint?"],
)
def test_an_altered_target(still, target):
    headers = signed(still, "/federation/bodies?start=0")
    assert "signature" in refusal(get(still, target, headers))


def test_an_altered_query(still):
    headers = signed(still, "/federation/bodies?start=5")
    assert "signature" in refusal(get(still, "/federation/bodies?start=0", headers))


def test_an_altered_body(still):
    headers = signed(still, TARGETS[0])
    assert "signature" in refusal(get(still, TARGETS[0], headers, b"{}"))


def test_an_altered_method(still):
    headers = signed(still, "/federation/checkpoint", method="POST")
    assert "signature" in refusal(get(still, TARGETS[0], headers))


@pytest.mark.parametrize("change", [1, -1, 1000])
def test_an_altered_date(still, change):
    headers = signed(still, TARGETS[0])
    headers[DATE] = str(int(headers[DATE]) + change)
    assert "signature" in refusal(get(still, TARGETS[0], headers))


def test_an_altered_nonce(still):
    headers = signed(still, TARGETS[0])
    headers[NONCE] = "another-nonce-0123"
    assert "signature" in refusal(get(still, TARGETS[0], headers))


@pytest.mark.parametrize("off", [-121_000, 125_000, -(10**12), 10**12])
def test_a_date_too_far_from_now(still, off):
    headers = signed(still, TARGETS[0], date=SystemClock().now() + off)
    assert "too old or too new" in refusal(get(still, TARGETS[0], headers))


@pytest.mark.parametrize("date", ["now", "", "1.5", "١٢٣", "-", "1e9"])
def test_a_date_that_is_none(still, date):
    headers = signed(still, TARGETS[0])
    headers[DATE] = date.encode().decode("latin-1")
    refusal(get(still, TARGETS[0], headers))


@pytest.mark.parametrize("nonce", ["short", "x" * 65])
def test_a_nonce_of_a_wrong_length(still, nonce):
    assert "nonce" in refusal(get(still, TARGETS[0], signed(still, TARGETS[0], nonce=nonce)))


@pytest.mark.parametrize("signature", ["", "AAAA", "%%%", "A" * 88, "é"])
def test_a_signature_that_is_none(still, signature):
    headers = signed(still, TARGETS[0])
    headers[SIGNATURE] = signature
    refusal(get(still, TARGETS[0], headers))


@pytest.mark.parametrize("use", ["witness", "enrolment", "root"])
def test_another_key_of_the_peer(still, use):
    key = Folder(still.data("partner")).key(use)
    assert "signature" in refusal(get(still, TARGETS[0], signed(still, TARGETS[0], key=key)))


def test_the_key_of_a_stranger(still):
    headers = signed(still, TARGETS[0], key=Key(b"s" * 32))
    assert "signature" in refusal(get(still, TARGETS[0], headers))


def test_the_nodes_own_key_is_not_its_peers(still):
    key = Folder(still.data("host")).key("node")
    refusal(get(still, TARGETS[0], signed(still, TARGETS[0], key=key)))
    own = signed(still, TARGETS[0], key=key, party="host")
    assert "not known here" in refusal(get(still, TARGETS[0], own))


def test_an_unknown_party(still):
    headers = signed(still, TARGETS[0], party="company")
    assert "'company' is not known here" in refusal(get(still, TARGETS[0], headers))


def test_a_request_to_another_node(still):
    audience = Folder(still.data("partner")).node_file().origin
    headers = signed(still, TARGETS[0], audience=audience)
    assert "signature" in refusal(get(still, TARGETS[0], headers))


@pytest.mark.parametrize(
    "target",
    ["/federation/bodies?start=x", "/federation/bodies", "/federation/checkpoint?at_most=x",
     "/federation/tile/entries/000.p/0", "/federation/tile/entries/000.p/257",
     "/federation/tile/entries/xyz", "/federation/tile/entries/999",
     "/federation/tile/entries/000.p/256", "/federation/tile/entries/0"],
)  # fmt: skip
def test_a_signed_request_for_what_is_not_there(shared, target):
    answer = get(shared, target, signed(shared, target))
    assert answer.status in (400, 403, 404), answer
    assert answer.value["error"]


def test_bodies_beyond_the_head_are_none(shared):
    target = "/federation/bodies?start=100000&limit=10"
    assert get(shared, target, signed(shared, target)).value == []


@pytest.mark.parametrize("query", ["start=-5&limit=3", "start=0&limit=-1", "start=0&limit=999999"])
def test_odd_ranges_of_bodies_are_bounded(shared, query):
    target = f"/federation/bodies?{query}"
    answer = get(shared, target, signed(shared, target))
    assert answer.status == 200
    assert len(answer.value) <= 500
