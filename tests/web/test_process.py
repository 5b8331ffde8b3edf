"""One process, one folder, one port; and a kill at any moment loses nothing acknowledged."""

import http.client
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from safeconduct.kernel.canonical import encode
from safeconduct.kernel.errors import Refused
from safeconduct.kernel.instants import show_instant
from safeconduct.node.clocks import DrivenClock
from safeconduct.node.folder import Folder
from safeconduct.node.fsck import check
from safeconduct.node.node import Node
from safeconduct.testing.stage import free_port
from tests.node.inside import AT_POST, base
from tests.web.running import stored

REPORT = {**AT_POST, "waiting": 1, "unchecked": 0, "passed": 0, "oldest": 1000}


def run(*arguments, **kwargs):
    return subprocess.run(
        [sys.executable, "-m", "safeconduct", "node", "run", *map(str, arguments)],
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False, **kwargs,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(base().folder, tmp_path, dirs_exist_ok=True)
    return tmp_path / "host"


def clear(done, code):
    assert done.returncode == code, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    return done.stderr


@pytest.mark.parametrize("listening", [True, False])
def test_a_port_in_use(folder, listening):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        if listening:
            taken.listen()
        port = taken.getsockname()[1]
        before = stored(folder)
        words = clear(run("--data", folder, "--port", port), 1)
        assert f"port {port} cannot be used" in words
        assert "--port" in words
        assert stored(folder) == before


@pytest.mark.parametrize("port", [-1, 65536, 99999999999])
def test_a_port_that_is_none(folder, port):
    before = stored(folder)
    assert f"port {port} cannot be used" in clear(run("--data", folder, f"--port={port}"), 1)
    assert stored(folder) == before


def test_a_second_process_on_one_folder_is_refused(running):
    words = clear(run("--data", running.data("host"), "--port", free_port()), 1)
    assert "another process writes" in words
    assert running.people["duty"].get("/v1/status")["in_force"]


def test_the_folder_of_another_party(folder):
    before = stored(folder)
    words = clear(run("--data", folder, "--party", "partner", "--port", free_port()), 1)
    assert "is the data folder of host, not of partner" in words
    assert stored(folder) == before


def test_it_listens_on_loopback_alone(running):
    """No socket of the process is bound to another address."""
    port = running.ports["host"]
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            address, number = local.split(":")
            if state == "0A" and int(number, 16) == port:
                assert address == "0100007F"


def test_a_stop_in_good_order_ends_with_zero(running):
    for process in running._processes:
        process.send_signal(signal.SIGINT)
    for process in running._processes:
        assert process.wait(timeout=15) == 0


def test_no_acknowledged_record_is_lost_by_a_kill(running):
    """Ten rounds: a guard reports as fast as the node answers, and the node is killed."""
    chances = random.Random(7)
    guard = running.people["guard-a"]
    acknowledged = {}
    for _round in range(10):
        client = running.clients["host"]

        def report(client=client):
            while True:
                record = guard.draw_id()
                values = {**REPORT, "passed": len(acknowledged)}
                submission = guard.sign("queue", values, time=running.now, record=record)
                try:
                    status, data = client.call("POST", "/v1/records", submission, token=guard.token)
                except (OSError, http.client.HTTPException):
                    return
                assert status == 201, data
                acknowledged[record] = (data, encode(submission["envelope"]))
                guard._seq += 1

        worker = threading.Thread(target=report)
        worker.start()
        threading.Event().wait(0.02 + chances.random() / 4)
        os.kill(running._processes[0].pid, signal.SIGKILL)
        worker.join()
        running.kill()
        node = Node(Folder(running.data("host")), clock=DrivenClock(running.now), read_only=True)
        for record, (_answer, envelope) in acknowledged.items():
            position = node.journal.find(record)
            assert position is not None
            assert node.journal.entry(position).envelope == envelope
        numbers = [f.record.seq for f in node.journal.facts() if f.record.source == guard.source]
        assert numbers == list(range(1, len(numbers) + 1))
        # One record at most was durable without its answer having arrived.
        assert guard._seq <= node.journal.last_number(guard.source)[0] <= guard._seq + 1
        guard._seq = node.journal.last_number(guard.source)[0]
        node.close()
        running.wake()
    assert len(acknowledged) > 50
    assert check(running.data("host")).wrong == []
    # The log goes on, and the peer finds it consistent with all that it saw before.
    guard.send("queue", REPORT, time=running.now)
    for _ in range(3):
        running.advance(running.now + 60_000)
        running.sync()
    status = running.people["duty"].get("/v1/status")
    assert status["cosigned_size"] > len(acknowledged)


def test_a_kill_during_a_round_leaves_both_logs_in_order(running):
    chances = random.Random(3)
    guard = running.people["guard-a"]
    for _round in range(3):
        guard.send("queue", REPORT, time=running.now)
        running.advance(running.now + 60_000)

        def sync():
            try:
                running.sync()
            except (OSError, http.client.HTTPException, Refused):
                return

        worker = threading.Thread(target=sync)
        worker.start()
        threading.Event().wait(chances.random() / 30)
        victim = chances.choice([0, 1])
        os.kill(running._processes[victim].pid, signal.SIGKILL)
        worker.join()
        running.kill()
        for party in ("host", "partner"):
            assert check(running.data(party)).wrong == []
        running.wake()
    for _ in range(2):
        running.advance(running.now + 60_000)
        running.sync()
    assert running.people["duty"].get("/v1/status")["cosigned_size"] > 0


def test_a_clock_is_for_exercises(folder):
    """What the node is told at its start is checked before anything is opened."""
    before = stored(folder)
    done = run("--data", folder, "--clock", "yesterday", "--port", free_port())
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert stored(folder) == before
    assert show_instant(0) == "1970-01-01T00:00:00Z"
