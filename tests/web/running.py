"""Real nodes in real processes on real ports, started from a copy of the played base."""

import contextlib
import copy
import http.client
import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

from safeconduct.testing.client import Person
from safeconduct.testing.stage import Stage
from tests.node.inside import Base, base, scenario


class Running(Stage):
    """A stage that goes on from the base, with its processes running."""

    def __init__(self, folder: Path, start: Base | None = None) -> None:
        start = start or base()
        shutil.copytree(start.folder, folder, dirs_exist_ok=True)
        super().__init__(scenario(), folder, start.seed, start.roots)
        self.now = start.now
        self.names = dict(start.names)
        self.tokens = dict(start.tokens)
        self._states = start.people
        self.start()

    def start(self) -> None:
        """Start both processes; the people go on with their keys and numbers."""
        super().start()
        members = {member.name: member.party for member in scenario().cast}
        for name, state in self._states.items():
            client = self.clients[members[name]]
            if name not in self.people:
                self.people[name] = Person(client, copy.deepcopy(state["_ids"]))
                vars(self.people[name]).update({k: v for k, v in state.items() if k != "_ids"})
            self.people[name].http = client

    def kill(self) -> None:
        """End both processes as a power cut does."""
        for process in self._processes:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        for client in self.clients.values():
            client.close()
        self._processes.clear()
        self.clients.clear()

    def wake(self) -> None:
        """Start again from the folders; the people go on with new connections."""
        self.start()


class Answer:
    """Status and body of one plain request."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.body = body

    @property
    def value(self) -> Any:
        """The JSON body."""
        return json.loads(self.body)

    def __repr__(self) -> str:
        return f"Answer({self.status}, {self.body[:200]!r})"


def ask(
    port: int,
    method: str,
    target: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """One request on a connection of its own, with exactly these headers beside the length.

    A header with the value "" is left out; `Host` names the node unless given.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        sent = {"Host": f"127.0.0.1:{port}", **(headers or {})}
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.items():
            if value != "":
                connection.putheader(name, value)
        if body is not None and "Content-Length" not in sent and "Transfer-Encoding" not in sent:
            connection.putheader("Content-Length", str(len(body)))
        with contextlib.suppress(ConnectionError):
            connection.endheaders(body)
        answer = connection.getresponse()
        return Answer(answer.status, answer.read())
    finally:
        connection.close()


def bearer(secret: str) -> dict[str, str]:
    """The header of a token."""
    return {"Authorization": f"Bearer {secret}"}


def stored(folder: Path) -> dict[str, bytes]:
    """Every byte that a node has stored; shared memory of SQLite is no store."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith("-shm")
    }
