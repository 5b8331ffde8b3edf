"""What a person's own program does: keep a key, number and sign records, send them."""

import http.client
import json
from typing import Any

from safeconduct.kernel.canonical import decode, encode
from safeconduct.kernel.errors import Refused
from safeconduct.kernel.ids import record_id
from safeconduct.kernel.ports import Random
from safeconduct.kernel.signatures import Key
from safeconduct.node.clocks import SystemRandom
from safeconduct.node.drafts import Author, sign_record
from safeconduct.node.vocabulary import VOCABULARY


class Http:
    """One kept connection to one node on loopback."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def call(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Status and body of one request; a dropped connection is opened again once."""
        sent = dict(headers or {})
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        data = encode(body) if body is not None else None
        for attempt in (0, 1):
            try:
                self._connection.request(method, target, body=data, headers=sent)
                answer = self._connection.getresponse()
                return answer.status, answer.read()
            except (http.client.HTTPException, ConnectionError):
                self._connection.close()
                if attempt:
                    raise
        raise AssertionError

    def json(self, method: str, target: str, body: Any = None, *, token: str | None = None) -> Any:
        """The JSON answer of a request that is expected to succeed.

        Raises:
            Refused: the node refused; carries its words and clause.
        """
        status, data = self.call(method, target, body, token=token)
        value = json.loads(data) if data else None
        if status >= 300:
            told = value if isinstance(value, dict) else {}
            raise Refused(
                str(told.get("error", f"the node answered {status}")),
                why=str(told.get("why", "")),
                do=str(told.get("do", "")),
                clause=told.get("clause"),
            )
        return value

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class Person:
    """One person at one node, with a key of their own that never leaves this object."""

    def __init__(self, http_: Http, ids: Random) -> None:
        self.http = http_
        self._ids = ids
        self._salts = SystemRandom()
        self._key = Key(self._salts.draw(32))
        self._seq = 0
        self.token = self.person = self.role = self.source = self.party = self.mode = ""
        self.agreement = ""

    def enrol(self, code: str) -> None:
        """Redeem a one-time code."""
        value = self.http.json("POST", "/v1/enrol", {"code": code, "public": self._key.public})
        for name in ("token", "person", "role", "source", "party", "mode", "agreement"):
            setattr(self, name, value[name])

    def draw_id(self) -> str:
        """A fresh record id."""
        return record_id(self._ids.draw(16))

    def sign(
        self, alias: str, values: dict[str, Any], *, time: int, record: str | None = None
    ) -> dict[str, Any]:
        """A signed record, ready to be sent: `{envelope, sealed}`."""
        author = Author(self.party, self.source, self.role, self.person, self._key)
        envelope, _record, openings = sign_record(
            VOCABULARY,
            author,
            alias=alias,
            values=values,
            record_id=record or self.draw_id(),
            seq=self._seq + 1,
            time=time,
            mode=self.mode,
            salts=self._salts,
            agreement=self.agreement,
        )
        return {"envelope": decode(envelope.encode()), "sealed": openings}

    def send(
        self, alias: str, values: dict[str, Any], *, time: int, record: str | None = None
    ) -> Any:
        """Sign a record and send it; a refused one does not use its number up."""
        answer = self.http.json(
            "POST",
            "/v1/records",
            self.sign(alias, values, time=time, record=record),
            token=self.token,
        )
        self._seq += 1
        return answer

    def get(self, target: str) -> Any:
        """Read something with this person's rights."""
        return self.http.json("GET", target, token=self.token)
