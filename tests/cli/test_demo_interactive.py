"""`safeconduct demo` as a person runs it, and the folders that it refuses to write over."""

import http.client
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time

import pytest

from safeconduct.cli.main import run
from tests.web.running import stored

ADDRESS = re.compile(r"^ *(host|partner): http://127\.0\.0\.1:(\d+) ", re.MULTILINE)


def test_it_shows_two_running_nodes_and_ends_on_ctrl_c(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "safeconduct", "demo", "--speed", "100000"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)}, start_new_session=True,
    )  # fmt: skip
    lines: queue.Queue[str] = queue.Queue()
    reader = threading.Thread(target=lambda: [lines.put(line) for line in process.stdout])
    reader.start()
    said, until = "", time.monotonic() + 120
    try:
        while "Ctrl-C" not in said:
            said += lines.get(timeout=max(0.1, until - time.monotonic()))
        found = dict(ADDRESS.findall(said))
        assert set(found) == {"host", "partner"}
        for port in found.values():
            connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
            connection.request("GET", "/v1/status")
            assert connection.getresponse().status == 401
            connection.close()
        assert "how it came out" in said
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        reader.join()
        process.stdout.close()
    while not lines.empty():
        said += lines.get()
    assert "Traceback" not in said
    # Nothing runs on, and what nobody asked to keep is gone.
    for port in found.values():
        with pytest.raises(ConnectionError):
            http.client.HTTPConnection("127.0.0.1", int(port), timeout=5).connect()
    assert list(tmp_path.iterdir()) == []


def refused(capsys, *words):
    code = run(["demo", "--headless", "--speed", "max", *map(str, words)])
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.strip()
    assert "Traceback" not in said.err
    return code, said.err


@pytest.mark.parametrize("name", ["with_system", "as_reported", "guard_silent"])
def test_a_folder_with_something_of_that_name_is_not_written_over(tmp_path, capsys, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "mine.txt").write_text("precious", encoding="utf-8")
    code, words = refused(capsys, "--out", tmp_path)
    assert code == 1
    assert "already" in words
    assert stored(tmp_path) == {f"{name}/mine.txt": b"precious"}


@pytest.mark.parametrize("name", ["summary.json", "evidence.scb", "trust.json"])
def test_a_foreign_file_is_not_written_over(tmp_path, capsys, name):
    """A file of ours by name need not be ours."""
    (tmp_path / name).write_text("precious", encoding="utf-8")
    code, _words = refused(capsys, "--out", tmp_path)
    assert code == 1
    assert stored(tmp_path) == {name: b"precious"}


def test_an_out_that_is_a_file(tmp_path, capsys):
    (tmp_path / "file").write_text("precious", encoding="utf-8")
    code, _words = refused(capsys, "--out", tmp_path / "file")
    assert code == 1
    assert stored(tmp_path) == {"file": b"precious"}


def test_an_out_below_a_file(tmp_path, capsys):
    (tmp_path / "file").write_text("precious", encoding="utf-8")
    code, _words = refused(capsys, "--out", tmp_path / "file" / "below")
    assert code == 1


def test_an_out_that_cannot_be_made(capsys):
    code, _words = refused(capsys, "--out", "/proc/nowhere")
    assert code == 1
