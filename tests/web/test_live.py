"""The live stream gives ids and nothing more; readers fetch with their own rights."""

import http.client
import re

import pytest

from safeconduct.kernel.ids import entity_id
from tests.node.inside import AT_POST
from tests.web.running import ask, bearer

REPORT = {**AT_POST, "waiting": 1, "unchecked": 0, "passed": 0, "oldest": 1000}


class Stream:
    """Somebody who listens to a node."""

    def __init__(self, stage, who, party="host"):
        self._connection = http.client.HTTPConnection("127.0.0.1", stage.ports[party], timeout=20)
        self._connection.request("GET", "/v1/live", headers=bearer(stage.people[who].token))
        self.answer = self._connection.getresponse()
        assert self.answer.status == 200
        assert self.answer.getheader("content-type").startswith("text/event-stream")
        self.raw = []
        assert self.event() == ("ready", "")

    def event(self):
        name, data = None, ""
        while True:
            line = self.answer.readline().decode().rstrip("\r\n")
            self.raw.append(line)
            field, _, value = line.partition(":")
            if field == "event":
                name = value.strip()
            elif field == "data":
                data = value.strip()
            elif line == "" and name is not None:
                return name, data

    def close(self):
        self.answer.close()
        self._connection.close()


@pytest.fixture
def listen(running):
    streams = []

    def start(who, party="host"):
        streams.append(Stream(running, who, party))
        return streams[-1]

    yield start
    for stream in streams:
        stream.close()


def test_a_record_is_told_by_its_id_alone_and_fetched(running, listen):
    stream = listen("duty")
    guard = running.people["guard-a"]
    record = guard.draw_id()
    guard.send("queue", REPORT, time=running.now, record=record)
    seen = [stream.event()]
    while seen[-1][1] != record:
        seen.append(stream.event())
    assert all(name == "record" and re.fullmatch("r_[a-z2-7]{26}", data) for name, data in seen)
    text = "\n".join(stream.raw)
    for word in ("post:", "queue", "waiting", guard.person, "host"):
        assert word not in text
    fetched = running.people["duty"].get(f"/v1/records/{record}")
    assert fetched["type"] == "queue"
    assert fetched["data"] == REPORT


def test_what_is_fetched_has_its_sealed_fields_closed(running, listen):
    stream = listen("duty")
    person = running.people["guard-b"]
    record = person.draw_id()
    values = {
        "vehicle": entity_id("vehicle", record), **AT_POST, "motion": "stopped",
        "vehicle_type": "pickup", "first_seen": running.now, "place": [-22_111_222, -18_111_222],
        "plate": "EX-PICK-40",
    }  # fmt: skip
    person.send("sighted", values, time=running.now, record=record)
    while stream.event()[1] != record:
        pass
    answer = ask(
        running.ports["host"], "GET", f"/v1/records/{record}", None,
        bearer(running.people["duty"].token),
    )  # fmt: skip
    assert answer.value["sealed"] == ["place", "plate"]
    assert b"EX-PICK" not in answer.body
    assert b"22111222" not in answer.body


def test_a_reader_at_the_partner_gets_only_what_a_clause_opens(running, listen):
    """The host's roster is counted there and no more; its positions are not there at all."""
    stream = listen("liaison", "partner")
    guard = running.people["guard-a"]
    queue = guard.draw_id()
    guard.send("queue", REPORT, time=running.now, record=queue)
    for _ in range(2):
        running.advance(running.now + 60_000)
        running.sync()
    while stream.event()[1] != queue:
        pass
    shown = running.people["liaison"].get(f"/v1/records/{queue}")
    assert shown["form"] == "milestone"
    assert set(shown["data"]) == {"post", "site", "zone"}
    assert shown["by"] == ""
    assert shown["time"] % 60_000 == 0


@pytest.mark.parametrize("token", ["", "x"])
def test_nobody_listens_without_a_token(running, token):
    assert ask(running.ports["host"], "GET", "/v1/live", None, bearer(token)).status == 401


def test_readers_who_leave_are_forgotten_and_do_not_stop_the_node(running, listen):
    for _ in range(5):
        listen("duty").close()
    kept = listen("duty")
    guard = running.people["guard-a"]
    record = guard.draw_id()
    guard.send("queue", REPORT, time=running.now, record=record)
    while kept.event()[1] != record:
        pass
    assert running.people["duty"].get("/v1/status")["in_force"]


def test_a_node_with_listeners_still_ends_in_time(running, listen):
    listen("duty")
    process = running._processes[0]
    process.terminate()
    code = process.wait(timeout=15)
    assert code == 0, (running.folder / "host.log").read_text(encoding="utf-8")
