"""Positions by the protocol that phones speak: 200 means durable, and nothing else does."""

import os
import random
import signal
import threading
from urllib.parse import urlencode

import pytest

from safeconduct.kernel.instants import MINUTE, SECOND
from safeconduct.node.stores.desk import DeskStore
from tests.node.inside import T, minute
from tests.scenario import bytesearch
from tests.web.running import ask

LAT, LON = -22_345_678, -18_765_432


def target(stage, token=None, **values):
    given = {"id": "bus", "lat": LAT / 1e6, "lon": LON / 1e6, "timestamp": stage.now, **values}
    query = urlencode({name: value for name, value in given.items() if value is not None})
    return f"/osmand/{stage.tokens['bus'] if token is None else token}?{query}"


def kept(stage):
    """The positions that lie on the host's disk, read by another process than the node."""
    desk = DeskStore(stage.data("host"), read_only=True)
    rows = desk.all("SELECT t, lat, lon FROM fix ORDER BY t")
    desk.close()
    return rows


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_fix_is_durable_before_it_is_acknowledged(shared, method):
    before = kept(shared)
    number = 1 if method == "GET" else 2
    answer = ask(
        shared.ports["host"], method, target(shared, lat=(LAT + number) / 1e6),
        b"" if method == "POST" else None,
    )  # fmt: skip
    assert (answer.status, answer.body) == (200, b"")
    assert kept(shared) == sorted([*before, (shared.now, LAT + number, LON)])


def test_the_same_fix_twice_is_kept_once(shared):
    for _ in range(2):
        assert ask(shared.ports["host"], "GET", target(shared, lat=-22.1)).status == 200
    assert [row for row in kept(shared) if row[1] == -22_100_000] == [
        (shared.now, -22_100_000, LON)
    ]


def test_traccar_clients_json_is_taken_too(shared):
    body = (
        b'{"location":{"timestamp":"%d","coords":{"latitude":-22.2,"longitude":-18.7,'
        b'"accuracy":5}},"device_id":"bus"}' % shared.now
    )
    answer = ask(
        shared.ports["host"], "POST", f"/osmand/{shared.tokens['bus']}", body,
        {"Content-Type": "application/json"},
    )  # fmt: skip
    assert answer.status == 200
    assert (shared.now, -22_200_000, -18_700_000) in kept(shared)


BAD = {
    "no position": {"lat": None, "lon": None, "timestamp": None},
    "no longitude": {"lon": None},
    "no latitude": {"lat": None},
    "no device": {"id": None},
    "words": {"lat": "north"},
    "empty": {"lat": ""},
    "beyond the pole": {"lat": "90.000001"},
    "beyond the date line": {"lon": "-180.1"},
    "NaN": {"lat": "nan"},
    "infinite": {"lon": "inf"},
    "exponent": {"lat": "1e400"},
    "hexadecimal": {"lat": "0x10"},
    "time of words": {"timestamp": "yesterday"},
    "time before all": {"timestamp": "-1"},
    "time of 1970": {"timestamp": "5"},
    "time of 2200": {"timestamp": "7258118400"},
    "device of blanks": {"id": "a b"},
    "device too long": {"id": "x" * 65},
    "heading": {"bearing": "361"},
    "accuracy": {"accuracy": "good"},
    "speed": {"speed": "fast"},
    "null byte": {"lat": "1\x00"},
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_position_is_refused_and_not_kept(still, name):
    answer = ask(still.ports["host"], "POST", target(still, **BAD[name]), b"")
    assert answer.status == 400, answer
    assert set(answer.value) == {"error", "why", "do", "clause"}
    assert answer.value["error"]
    # Words go into logs; a position must not.
    assert str(LAT)[1:] not in answer.body.decode()
    assert str(LAT / 1e6)[1:] not in answer.body.decode()


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"{", b"[]", b'{"location":[]}', b'{"location":{}}', b"\xff", b'{"location":1}',
     b'{"device_id":"bus","location":{"coords":{"latitude":91,"longitude":0}}}',
     b'{"device_id":"bus","location":{"coords":{"latitude":9' + b"9" * 500 + b',"longitude":0}}}',
     b'{"device_id":"bus","location":' + b"[" * 3000 + b"]" * 3000 + b"}"],
)  # fmt: skip
def test_a_bad_message_is_refused_and_not_kept(still, body):
    answer = ask(
        still.ports["host"], "POST", f"/osmand/{still.tokens['bus']}", body,
        {"Content-Type": "application/json"},
    )  # fmt: skip
    assert answer.status == 400, answer
    assert answer.value["error"]


@pytest.mark.parametrize("token", ["", "x", "0" * 48, "../v1/status", "%00", "a/b"])
def test_an_unknown_device(still, token):
    answer = ask(still.ports["host"], "POST", target(still, token), b"")
    assert answer.status == 401, answer


def test_a_persons_token_is_no_devices(still):
    token = still.people["duty"].token
    assert ask(still.ports["host"], "POST", target(still, token), b"").status == 401


def test_the_device_is_unknown_at_the_other_node(still):
    assert ask(still.ports["partner"], "POST", target(still), b"").status == 401


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "PATCH"])
def test_other_methods_bring_no_position(still, method):
    assert ask(still.ports["host"], method, target(still), None).status == 405


def test_outside_the_movements_window_nothing_is_stored_and_nobody_is_told_so(still):
    """The order went out at minute -25; before that the device is in private hands."""
    for number, when in enumerate((T - 26 * MINUTE, T - 300 * MINUTE, T - 25 * MINUTE - 1)):
        answer = ask(
            still.ports["host"], "POST", target(still, lat=(LAT - 1 - number) / 1e6, timestamp=when)
        )
        assert (answer.status, answer.body) == (200, b"")
    spots = [(LAT - 1 - number, LON - 7) for number in range(3)]
    for party in ("host", "partner"):
        assert bytesearch.coordinates(still.data(party), spots) == set()


def test_the_same_search_finds_what_lies_inside_the_window(running):
    answer = ask(running.ports["host"], "POST", target(running, timestamp=minute(-24)), b"")
    assert answer.status == 200
    found = bytesearch.coordinates(running.data("host"), [(LAT, LON)])
    assert found == {-LAT, -LON}
    assert bytesearch.coordinates(running.data("partner"), [(LAT, LON)]) == set()
    # It is on no page that a reader gets, nor in what the process says.
    assert bytesearch.coordinates(running.data("host") / "keys", [(LAT, LON)]) == set()
    log = (running.folder / "host.log").read_text(encoding="utf-8")
    assert "22.345678" not in log


def test_after_the_movement_is_over_nothing_is_stored(running):
    running.people["leader"].send(
        "aborted", {"movement": running.names["journey"], "reason": "bad weather"}, time=running.now
    )
    running.advance(running.now + MINUTE)
    before = kept(running)
    assert ask(running.ports["host"], "POST", target(running), b"").status == 200
    assert kept(running) == before


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_fix_that_was_acknowledged_survives_a_kill(running, seed):
    """The process is killed while fixes come in; each one that got its 200 is there afterwards."""
    chances = random.Random(seed)
    acknowledged = []
    port, start = running.ports["host"], running.now - 60 * SECOND
    pid = running._processes[0].pid

    def drive():
        for number in range(5_000):
            lat = LAT + number
            try:
                answer = ask(port, "POST", target(running, lat=lat / 1e6, timestamp=start + number))
            except OSError:
                return
            except Exception:  # noqa: BLE001 - the node died in the middle of its answer
                return
            if answer.status == 200:
                acknowledged.append((start + number, lat, LON))

    driver = threading.Thread(target=drive)
    driver.start()
    threading.Event().wait(0.1 + chances.random() / 3)
    os.kill(pid, signal.SIGKILL)
    driver.join()
    running.kill()
    assert len(acknowledged) > 5
    running.wake()
    assert set(acknowledged) <= set(kept(running))
    # The node goes on where it was: what comes next is sealed together with what came before.
    assert ask(running.ports["host"], "POST", target(running), b"").status == 200
