"""The agreement comes into force when both signatures stand in both logs, and not before."""

import pytest

from safeconduct.agreement import with_keys
from safeconduct.kernel.errors import Malformed, Refused, StateUnknown
from safeconduct.kernel.instants import MINUTE
from safeconduct.kernel.signatures import fingerprint
from safeconduct.node.clocks import DrivenClock
from safeconduct.node.folder import Folder
from safeconduct.node.node import Node
from safeconduct.node.setup import add_peer, init, make_root, sign
from tests.node.inside import AT_POST, PARTIES, Inside, T, refused, scenario

PLACEHOLDERS = scenario().agreement.read_text(encoding="utf-8")


@pytest.fixture
def roots():
    return {party: make_root() for party in PARTIES}


@pytest.fixture
def pair(tmp_path, roots):
    """Two folders with cards exchanged; nobody has signed."""
    text = with_keys(PLACEHOLDERS, {party: key.public for party, key in roots.items()})
    for party in PARTIES:
        init(tmp_path / party, party=party, agreement=text, root=roots[party], clock=clock())
    for party, other in (PARTIES, PARTIES[::-1]):
        add_peer(tmp_path / party, (tmp_path / other / "card.json").read_bytes())
    return tmp_path


@pytest.fixture
def stage(tmp_path):
    stage = Inside(scenario(), tmp_path, "7/force")
    stage.prepare()
    stage.start()
    stage.enrol()
    yield stage
    stage.stop()


def clock():
    return DrivenClock(T)


def opened(path):
    folder = Folder(path)
    folder.lock()
    return Node(folder, clock=clock())


def bytes_of(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def step(stage):
    stage.advance(stage.now + MINUTE)


def one_way(stage, party):
    stage.clients[party].json("POST", "/exercise/sync", {}, token=stage._driver)


def test_both_signed_at_home_is_not_yet_in_force(stage):
    assert [len(stage.facts("signed", party)) for party in PARTIES] == [1, 1]
    assert not stage.host.in_force
    assert not stage.partner.in_force


def test_no_command_is_taken_before_force_and_none_of_them_leaves_a_trace(stage):
    before = stage.host.journal.size
    act = {**AT_POST, "waiting": 0, "unchecked": 0, "passed": 0, "oldest": 0}
    for who, alias, values in (
        ("guard-a", "queue", act),
        ("duty", "tasked", {"about": AT_POST["post"], "to": AT_POST["post"], "act": "check"}),
        ("duty", "hold_released", {"hold": "ho_" + "a" * 26, "reason": "none"}),
    ):
        error = refused(stage.people[who].send, alias, values, time=stage.now)
        assert "no agreement is in force yet" in error.what
        assert "both signatures" in error.why
        assert error.do
    assert stage.host.journal.size == before


def test_in_force_when_both_signatures_stand_in_both_logs_and_no_round_earlier(stage):
    """Each round is one-sided here, so that every order of arrival is seen."""
    seen = []
    for party in ("host", "partner", "host", "partner", "host"):
        step(stage)
        one_way(stage, party)
        logs = {
            log: {
                fact.record.party
                for fact in stage.nodes[log].journal.facts()
                if fact.alias == "signed"
            }
            for log in PARTIES
        }
        complete = all(len(signers) == 2 for signers in logs.values())
        seen.append((complete, stage.host.in_force, stage.partner.in_force))
        # Who says that it is in force has seen both signatures in both logs.
        assert complete or not (stage.host.in_force or stage.partner.in_force)
    assert seen[0] == (False, False, False)
    assert seen[-1] == (True, True, True)


def test_the_countersignature_is_the_others_own_byte_for_byte(stage):
    for _ in range(3):
        step(stage)
        stage.sync()
    for party, other in (PARTIES, PARTIES[::-1]):
        node, peer = stage.nodes[party], stage.nodes[other]
        (fact,) = [f for f in stage.facts("signed", party) if f.record.party == other]
        (theirs,) = [f for f in stage.facts("signed", other) if f.record.party == other]
        assert (
            node.journal.entry(fact.position).envelope
            == peer.journal.entry(theirs.position).envelope
        )


def test_force_survives_a_restart_and_is_read_from_the_logs_alone(stage):
    for _ in range(3):
        step(stage)
        stage.sync()
    for party in PARTIES:
        size = stage.nodes[party].journal.size
        assert stage.reopen(party).in_force
        assert stage.nodes[party].journal.size == size


def test_a_wrong_fingerprint_signs_nothing(pair, roots):
    node = opened(pair / "host")
    before = node.journal.size
    wanted = fingerprint(roots["partner"].public)
    for given in (fingerprint(roots["host"].public), "", wanted[:-1], wanted.replace("-", "")):
        error = refused(sign, node, confirmed=given)
        assert wanted in error.what
        assert "another channel" in error.do
    assert node.journal.size == before
    node.close()


def test_the_right_fingerprint_signs_once(pair, roots):
    node = opened(pair / "host")
    confirmed = fingerprint(roots["partner"].public)
    assert sign(node, confirmed=f" {confirmed.upper()} ") == node.wording
    assert "signed this text already" in refused(sign, node, confirmed=confirmed).what
    assert [fact.alias for fact in node.journal.facts()].count("signed") == 1
    node.close()


def test_nobody_signs_before_the_others_card_is_there(tmp_path, roots):
    text = with_keys(PLACEHOLDERS, {party: key.public for party, key in roots.items()})
    init(tmp_path / "host", party="host", agreement=text, root=roots["host"], clock=clock())
    node = opened(tmp_path / "host")
    error = refused(sign, node, confirmed=fingerprint(roots["partner"].public))
    assert "card is missing" in error.what
    node.close()


def test_a_text_with_placeholder_keys_makes_no_node(tmp_path, roots):
    error = refused(
        init, tmp_path / "host", party="host", agreement=PLACEHOLDERS, root=roots["host"],
        clock=clock(),
    )  # fmt: skip
    assert "another root key" in error.what
    assert not (tmp_path / "host").exists()


def test_a_text_with_one_placeholder_left_cannot_be_signed(tmp_path, roots):
    text = PLACEHOLDERS.replace("ed25519:PLACEHOLDER-HOST-ROOT-KEY", roots["host"].public)
    init(tmp_path / "host", party="host", agreement=text, root=roots["host"], clock=clock())
    node = opened(tmp_path / "host")
    before = node.journal.size
    error = refused(sign, node, confirmed=fingerprint(roots["partner"].public))
    assert "partner" in error.sentence()
    assert "key" in error.sentence()
    assert node.journal.size == before
    node.close()


def test_a_card_of_another_root_key_is_refused_and_not_kept(pair, tmp_path, roots):
    others = {"host": roots["host"].public, "partner": make_root().public}
    stranger = make_root()
    others["partner"] = stranger.public
    text = with_keys(PLACEHOLDERS, others)
    init(tmp_path / "x", party="partner", agreement=text, root=stranger, clock=clock())
    before = bytes_of(pair / "host")
    error = refused(add_peer, pair / "host", (tmp_path / "x" / "card.json").read_bytes())
    assert "root key" in error.what
    assert "telephone" in error.do
    assert bytes_of(pair / "host") == before


@pytest.mark.parametrize("change", ["own", "party", "signature", "list", "empty", "binary"])
def test_a_card_that_is_none_is_refused_and_not_kept(pair, change):
    card = (pair / "partner" / "card.json").read_bytes()
    bad = {
        "own": (pair / "host" / "card.json").read_bytes(),
        "party": card.replace(b'"party":"partner"', b'"party":"nobodys"'),
        "signature": card.replace(b'"sig":"', b'"sig":"AAAA', 1),
        "list": b"[]",
        "empty": b"",
        "binary": bytes(range(256)),
    }[change]
    assert bad != card
    before = bytes_of(pair / "host")
    with pytest.raises(Refused):
        add_peer(pair / "host", bad)
    assert bytes_of(pair / "host") == before


def test_a_second_node_is_not_made_in_the_same_folder(pair, roots):
    before = bytes_of(pair / "host")
    text = with_keys(PLACEHOLDERS, {party: key.public for party, key in roots.items()})
    error = refused(
        init, pair / "host", party="host", agreement=text, root=roots["host"], clock=clock()
    )
    assert "holds a node already" in error.what
    assert bytes_of(pair / "host") == before


def test_a_party_that_the_text_does_not_name_makes_no_node(tmp_path, roots):
    text = with_keys(PLACEHOLDERS, {party: key.public for party, key in roots.items()})
    error = refused(
        init, tmp_path / "c", party="company", agreement=text, root=roots["host"], clock=clock()
    )
    assert "host, partner" in error.do
    assert not (tmp_path / "c").exists()


def test_an_agreement_changed_on_disk_after_signing_is_not_in_force(stage):
    for _ in range(3):
        step(stage)
        stage.sync()
    stage.shut("host")
    path = stage.data("host") / "agreement.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("within 5 minutes", "within 50 minutes"),
        encoding="utf-8",
    )
    try:
        node = stage.open("host")
    except (StateUnknown, Malformed):
        return
    assert not node.in_force
