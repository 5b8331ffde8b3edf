"""Who may talk to a node: nothing without a credential changes a byte of it."""

import json
import socket
from urllib.parse import quote

import pytest

from safeconduct.federation.requests import sign_request
from safeconduct.node.clocks import SystemClock
from safeconduct.node.folder import Folder
from safeconduct.web.app import HANDLERS
from safeconduct.web.gate import MAX_BODY
from tests.node.inside import AT_POST
from tests.web.running import ask, bearer

FILL = {"{level:int}": "0", "{record_id:str}": "r_" + "a" * 26, "{path:path}": "000"}
REPORT = {**AT_POST, "waiting": 1, "unchecked": 0, "passed": 0, "oldest": 1000}


def routes():
    """Every method and path that the application answers, so that a new one is covered too."""
    found = []
    for handler in HANDLERS:
        for path in sorted(handler.paths):
            target = path
            for name, value in FILL.items():
                target = target.replace(name, value)
            assert "{" not in target, f"say in FILL what {path} is asked with"
            found += [(method, target) for method in sorted(handler.http_methods)]
    return found


ROUTES = routes()
POSTS = [target for method, target in ROUTES if method == "POST"]


def four(value):
    """An error as each of ours is: what, why, what to do, and the clause if any."""
    assert set(value) == {"error", "why", "do", "clause"}
    assert value["error"]
    return value


@pytest.fixture
def port(still):
    return still.ports["host"]


def test_all_routes_are_known():
    assert len(ROUTES) >= 19
    assert {method for method, _ in ROUTES} >= {"GET", "POST"}


# ---------------------------------------------------------------- hosts and origins
@pytest.mark.parametrize(
    "host",
    ["example.org", "127.0.0.1", "127.0.0.1:80", "localhost", "0.0.0.0", "[::1]", "evil:{port}",
     "127.0.0.1:{port}.evil.example", "127.0.0.1:{port}@evil"],
)  # fmt: skip
def test_a_foreign_host_is_misdirected(still, port, host):
    token = still.people["duty"].token
    for method, target in ROUTES:
        answer = ask(
            port, method, target, b"{}" if method == "POST" else None,
            {"Host": host.format(port=port), **bearer(token)},
        )  # fmt: skip
        assert answer.status == 421, (method, target)
        four(answer.value)


def test_no_host_is_misdirected(still, port):
    answer = ask(port, "GET", "/v1/status", None, {"Host": ""})
    assert answer.status in (400, 421)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_the_names_of_the_node_are_its_hosts(still, port, name):
    headers = {"Host": f"{name}:{port}", **bearer(still.people["duty"].token)}
    assert ask(port, "GET", "/v1/status", None, headers).status == 200


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1", "https://127.0.0.1:{port}",
     "http://127.0.0.1:1", "file://", "http://127.0.0.1:{port}.evil.example"],
)  # fmt: skip
def test_a_foreign_origin_is_refused_even_with_a_good_token(still, port, origin):
    headers = {"Origin": origin.format(port=port), **bearer(still.people["duty"].token)}
    for method, target in ROUTES:
        answer = ask(port, method, target, b"{}" if method == "POST" else None, headers)
        assert answer.status == 403, (method, target)
        assert "another origin" in four(answer.value)["error"]


def test_the_nodes_own_origin_is_let_in(still, port):
    headers = {"Origin": f"http://127.0.0.1:{port}", **bearer(still.people["duty"].token)}
    assert ask(port, "GET", "/v1/status", None, headers).status == 200


@pytest.mark.parametrize("target", ["/v1/records", "/osmand/x", "/nowhere"])
def test_hosts_and_origins_are_asked_before_anything_else(still, port, target):
    assert ask(port, "POST", target, b"{}", {"Host": "evil"}).status == 421
    assert ask(port, "POST", target, b"{}", {"Origin": "http://evil"}).status == 403


# ---------------------------------------------------------------- no credential
@pytest.mark.parametrize(
    "headers",
    [{}, bearer(""), bearer("x"), bearer("0" * 64), {"Authorization": "Basic eDp5"},
     {"Cookie": "token=x"}, {"Authorization": "Bearer"}],
)  # fmt: skip
def test_no_route_does_anything_without_a_credential(still, headers):
    """Over every route that there is; the fixture compares every stored byte."""
    for party in ("host", "partner"):
        port = still.ports[party]
        for method, target in ROUTES:
            body = json.dumps({"code": "x", "public": "y"}).encode() if method == "POST" else None
            answer = ask(port, method, target, body, headers)
            assert answer.status in (400, 401, 403), (method, target, answer)
            four(answer.value)
            if target != "/v1/enrol" and "?" not in target and target != "/federation/bodies":
                assert answer.status == 401, (method, target, answer)


def test_a_persons_token_opens_neither_the_peers_nor_the_drivers_doors(still, port):
    headers = bearer(still.people["duty"].token)
    for method, target in ROUTES:
        if not target.startswith("/v1/"):
            query = "?start=0" if target == "/federation/bodies" else ""
            body = b'{"now":1}' if method == "POST" else None
            assert ask(port, method, target + query, body, headers).status == 401, target


def test_a_devices_token_opens_no_persons_door(still, port):
    headers = bearer(still.tokens["bus"])
    for method, target in ROUTES:
        if target.startswith("/v1/") and target != "/v1/enrol":
            assert ask(port, method, target, b"{}", headers).status == 401, target


def test_the_peers_signature_opens_no_persons_door(still, port):
    key = Folder(still.data("partner")).key("node")
    audience = Folder(still.data("host")).node_file().origin
    for number, (method, target) in enumerate(ROUTES):
        if target.startswith("/v1/") and target != "/v1/enrol":
            body = b"{}" if method == "POST" else b""
            headers = sign_request(
                key, method, target, body, audience=audience, party="partner",
                date=SystemClock().now(), nonce=f"nonce-{number:010}",
            )  # fmt: skip
            assert ask(port, method, target, body or None, headers).status == 401, target


def test_the_drivers_secret_of_one_node_is_no_persons_token(still, port):
    assert ask(port, "GET", "/v1/status", None, bearer(still._driver)).status == 401


def test_the_token_of_the_other_node_is_unknown_here(still):
    token = still.people["liaison"].token
    assert ask(still.ports["partner"], "GET", "/v1/status", None, bearer(token)).status == 200
    assert ask(still.ports["host"], "GET", "/v1/status", None, bearer(token)).status == 401


@pytest.mark.parametrize(
    "target",
    ["/", "/v1", "/v2/records", "/v1/records/../status", "/%00", "/v1/status/", "//", "/x"],
)
def test_a_path_that_is_none_says_so_without_a_trace(still, port, target):
    answer = ask(port, "GET", target, None, bearer(still.people["duty"].token))
    assert answer.status in (200, 400, 404), answer
    if answer.status != 200:
        four(answer.value)
    assert b"Traceback" not in answer.body


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "XYZZY"])
def test_other_methods_do_nothing(still, port, method):
    for _, target in ROUTES:
        answer = ask(port, method, target, b"{}", bearer(still.people["duty"].token))
        assert answer.status in (204, 400, 404, 405), (method, target, answer)


# ---------------------------------------------------------------- what is sent
@pytest.mark.parametrize("target", [*POSTS, "/osmand/x"])
def test_an_oversized_body_is_refused_by_its_length_alone(still, port, target):
    headers = {"Content-Length": str(MAX_BODY + 1), **bearer(still.people["duty"].token)}
    answer = ask(port, "POST", target, None, headers)
    assert answer.status == 413
    assert str(MAX_BODY) in four(answer.value)["error"]


@pytest.mark.parametrize("length", ["-1", "1e3", "abc", "+5", "99999999999999999999999"])
def test_a_length_that_is_none_is_refused(still, port, length):
    headers = {"Content-Length": length, **bearer(still.people["duty"].token)}
    assert ask(port, "POST", "/v1/records", None, headers).status in (400, 413)


def test_a_body_of_the_largest_size_is_read_and_judged(still, port):
    body = b'{"envelope":"' + b"a" * (MAX_BODY - 30) + b'"}'
    answer = ask(port, "POST", "/v1/records", body, bearer(still.people["duty"].token))
    assert answer.status == 400


def raw(port, data, *, wait=True):
    """Bytes on a socket, which is then closed; what came back."""
    with socket.create_connection(("127.0.0.1", port), timeout=3) as plug:
        plug.sendall(data)
        return plug.recv(65536) if wait else b""


@pytest.mark.parametrize("target", [*POSTS, "/osmand/x"])
def test_a_caller_who_hangs_up_in_the_middle_of_a_body_harms_nobody(still, port, target):
    for token in (still.people["duty"].token, "none"):
        head = (
            f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Authorization: Bearer {token}\r\nContent-Length: 1000\r\n\r\n"
        )
        raw(port, head.encode() + b'{"code":', wait=False)
        assert still.people["duty"].get("/v1/status")["in_force"]


@pytest.mark.parametrize("target", [*POSTS, "/osmand/x"])
def test_a_body_in_pieces_that_grows_beyond_the_limit_is_not_taken(still, port, target):
    """No length is stated, so the gate has to count."""
    piece = b"a" * 65_536
    chunk = f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    head = (
        f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Authorization: Bearer {still.people['duty'].token}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    try:
        said = raw(port, head.encode() + chunk * 6 + b"0\r\n\r\n")
    except ConnectionError:
        said = b""
    if target.startswith("/exercise"):
        assert b" 401 " in said[:20]  # refused before anything was read
    else:
        assert said == b"" or b" 413 " in said[:20], said[:200]
    assert still.people["duty"].get("/v1/status")["in_force"]


@pytest.mark.parametrize(
    "data",
    [b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n", b"A" * 70_000,
     b"GET /v1/status HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
)  # fmt: skip
def test_bytes_that_are_no_request_harm_nobody(still, port, data):
    try:
        said = raw(port, data + b"\r\n\r\n")
    except (ConnectionError, TimeoutError):
        said = b""
    assert b"200 OK" not in said
    assert still.people["duty"].get("/v1/status")["in_force"]


BAD_JSON = {
    "nothing": b"",
    "garbage": b"\x00\xff\xfe garbage",
    "half": b'{"envelope":',
    "text": b"hello",
    "latin": b'{"envelope":"\xe9"}',
    "doubled": b'{"envelope":{},"envelope":{},"sealed":{}}',
    "inner doubled": b'{"envelope":{"a":1,"a":2},"sealed":{}}',
    "float": b'{"envelope":{"a":1.5},"sealed":{}}',
    "exponent": b'{"envelope":{"a":1e3},"sealed":{}}',
    "large": b'{"envelope":{"a":9007199254740992},"sealed":{}}',
    "very large": b'{"envelope":{"a":' + b"9" * 400 + b'},"sealed":{}}',
    "small": b'{"envelope":{"a":-9007199254740992},"sealed":{}}',
    "NaN": b'{"envelope":{"a":NaN},"sealed":{}}',
    "Infinity": b'{"envelope":{"a":Infinity},"sealed":{}}',
    "spaces": b'{ "envelope": {}, "sealed": {} }',
    "unsorted": b'{"sealed":{},"envelope":{}}',
    "surrogate": b'{"envelope":{"a":"\\ud800"},"sealed":{}}',
    "escape": b'{"envelope":{"a":"\\u0041"},"sealed":{}}',
    "key": '{"envelope":{"é":1},"sealed":{}}'.encode(),
    "deep": b'{"envelope":' + b"[" * 5000 + b"]" * 5000 + b',"sealed":{}}',
    "list": b"[]",
    "null": b"null",
    "number": b"1",
    "true": b"true",
    "two": b"{}{}",
    "bom": b"\xef\xbb\xbf{}",
    "no fields": b"{}",
    "one field": b'{"envelope":{}}',
    "more fields": b'{"envelope":{},"more":1,"sealed":{}}',
    "envelope text": b'{"envelope":"x","sealed":{}}',
    "envelope null": b'{"envelope":null,"sealed":{}}',
    "envelope list": b'{"envelope":[],"sealed":{}}',
    "sealed list": b'{"envelope":{},"sealed":[]}',
    "sealed null": b'{"envelope":{},"sealed":null}',
    "no signatures": b'{"envelope":{"payload":"","payloadType":"x","signatures":[]},"sealed":{}}',
    "two signatures": b'{"envelope":{"payload":"","payloadType":"x","signatures":'
    b'[{"keyid":"a","sig":""},{"keyid":"b","sig":""}]},"sealed":{}}',
    "sig number": b'{"envelope":{"payload":"","payloadType":"x","signatures":'
    b'[{"keyid":"a","sig":1}]},"sealed":{}}',
    "keyid odd": b'{"envelope":{"payload":"","payloadType":"x","signatures":'
    b'[{"keyid":"a","sig":""}]},"sealed":{}}',
    "payload odd": b'{"envelope":{"payload":"%","payloadType":"x","signatures":'
    b'[{"keyid":"a","sig":""}]},"sealed":{}}',
}


@pytest.mark.parametrize("name", BAD_JSON)
def test_a_body_that_is_no_submission(still, port, name):
    answer = ask(port, "POST", "/v1/records", BAD_JSON[name], bearer(still.people["duty"].token))
    assert answer.status == 400, answer
    four(answer.value)


@pytest.mark.parametrize("name", BAD_JSON)
@pytest.mark.parametrize("target", ["/v1/enrol", "/v1/devices", "/exercise/clock"])
def test_a_body_that_is_none_at_the_other_doors(still, port, name, target):
    secret = still._driver if target.startswith("/exercise") else still.people["planner"].token
    answer = ask(port, "POST", target, BAD_JSON[name], bearer(secret))
    assert answer.status in (400, 403), answer
    four(answer.value)


@pytest.mark.parametrize("now", ["1", -1, None, True, [], {}, 0])
def test_a_clock_that_is_none(still, port, now):
    body = json.dumps({"now": now}).encode()
    answer = ask(port, "POST", "/exercise/clock", body, bearer(still._driver))
    assert answer.status in (201, 400, 403), answer
    assert still.people["duty"].get("/v1/status")["now"] == still.now


@pytest.mark.parametrize(
    "record", ["r_" + "a" * 26, "x", "%00", "..", "'; DROP TABLE leaf; --", "r_" + "A" * 26, "🎈"]
)
def test_a_record_that_is_unknown(still, port, record):
    target = f"/v1/records/{quote(record, safe='%')}"
    answer = ask(port, "GET", target, None, bearer(still.people["duty"].token))
    assert answer.status in (400, 403, 404)
    four(answer.value)


def test_what_a_reader_gets_holds_no_sealed_value(still):
    duty = still.people["duty"]
    for method, target in ROUTES:
        if method == "GET" and target.startswith("/v1/") and target not in (
            "/v1/live", "/v1/records/" + FILL["{record_id:str}"],
        ):  # fmt: skip
            text = json.dumps(duty.get(target))
            for word in ("EX-BUS-07", "terminal two", "the plant"):
                assert word not in text, target


def test_a_status_says_who_and_how_far(still):
    status = still.people["duty"].get("/v1/status")
    assert (status["party"], status["mode"], status["in_force"]) == ("host", "exercise", True)
    assert status["size"] >= status["cosigned_size"] > 10
