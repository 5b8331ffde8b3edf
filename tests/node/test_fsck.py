"""fsck: a clean folder is clean, and every damage that is planted is found."""

import shutil
import subprocess
import sys

import pytest

from safeconduct.cli.demo import scenario_folder
from safeconduct.kernel.canonical import decode, encode
from safeconduct.kernel.errors import Refused
from safeconduct.kernel.signatures import Key
from safeconduct.ledger.notes import parse_checkpoint, parse_note, sign_checkpoint
from safeconduct.node.folder import Folder
from safeconduct.node.fsck import check
from safeconduct.node.stores.ledger import LedgerStore
from safeconduct.testing.script import load
from safeconduct.testing.stage import Stage


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The host's folder of a stage: keys, cards, both signatures asked for, a cast invited."""
    folder = tmp_path_factory.mktemp("stage")
    stage = Stage(load(scenario_folder()), folder, "fsck")
    stage.prepare()
    return stage.data("host")


@pytest.fixture
def data(made, tmp_path):
    """A copy to damage."""
    return shutil.copytree(made, tmp_path / "host")


def fsck(data):
    """Exit code and output of the command, as somebody at the machine runs it."""
    done = subprocess.run(
        [sys.executable, "-m", "safeconduct", "ledger", "fsck", "--data", str(data)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def snapshot(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


def test_a_folder_that_was_just_made_is_clean_and_stays_as_it_is(data):
    before = snapshot(data)
    code, said = fsck(data)
    assert code == 0, said
    assert "WRONG" not in said
    for step in ("node.json", "agreement", "cards", "keys", "ledger.db", "desk.db", "head.note",
                 "leaves and bodies", "numbers", "checkpoints", "segments", "mirror"):  # fmt: skip
        assert f"ok      {step}" in said
    assert snapshot(data) == before
    assert len(check(data).done) == len(said.strip().splitlines())


def test_a_folder_without_a_node_is_refused(tmp_path):
    assert fsck(tmp_path)[0] == 1
    with pytest.raises(Refused, match="there is no node"):
        check(tmp_path)


# ---------------------------------------------------------------- damage to files
def flip(path, at, mask=1):
    whole = bytearray(path.read_bytes())
    whole[at] ^= mask
    path.write_bytes(whole)


def word(path, text):
    """Where a text stands in a file."""
    return path.read_bytes().index(text)


FILES = {
    "ledger.db": lambda path: path.stat().st_size // 2,
    "desk.db": lambda path: path.stat().st_size - 100,
    "node.json": lambda path: word(path, b"host"),
    "agreement.yaml": lambda path: word(path, b"is checked or has left within"),
    "agreement.json": lambda path: path.stat().st_size // 2,
    "card.json": lambda path: path.stat().st_size // 2,
    "peer.json": lambda path: path.stat().st_size // 3,
    "keys/node.key": lambda path: 20,
    "keys/witness.key": lambda path: 0,
    "keys/enrolment.key": lambda path: 63,
    "keys/root.key": lambda path: 1,
    "head.note": lambda path: 40,
}
NAMED = {"keys/root.key": "root", "keys/node.key": "node", "keys/witness.key": "witness",
         "keys/enrolment.key": "enrolment", "peer.json": "peer.json"}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_byte_is_found(data, name):
    flip(data / name, FILES[name](data / name))
    code, said = fsck(data)
    assert code == 3, said
    wrong = [line for line in said.splitlines() if line.startswith("WRONG")]
    assert any(NAMED.get(name, name.split(".")[0]) in line for line in wrong), said


@pytest.mark.parametrize(
    "name",
    ["ledger.db", "desk.db", "agreement.yaml", "agreement.json", "card.json", "keys/node.key",
     "head.note"],
)  # fmt: skip
def test_a_file_that_is_gone_is_found(data, name):
    (data / name).unlink()
    code, said = fsck(data)
    assert code == 3, said


@pytest.mark.parametrize("name", ["node.json", "head.note"])
def test_a_byte_of_a_small_file_cannot_be_another(data, name):
    clean = (data / name).read_bytes()
    mode = range(0)
    if name == "node.json":  # see the next test
        start = word(data / name, b'"mode":"') + 8
        mode = range(start, start + len("exercise"))
    for at in sorted(set(range(0, len(clean), 3)) - set(mode)):
        flip(data / name, at)
        assert check(data).wrong, f"byte {at} of {name}"
        (data / name).write_bytes(clean)
    assert not check(data).wrong


@pytest.mark.parametrize("mode", ["live", "replay", "exercisf"])
def test_another_mode_is_found(data, mode):
    value = decode((data / "node.json").read_bytes())
    (data / "node.json").write_bytes(encode({**value, "mode": mode}))
    assert check(data).wrong


# ---------------------------------------------------------------- damage by somebody who can write
def edit(data, *statements):
    """Change the database as whoever holds the machine can: page checksums come out right."""
    store = LedgerStore(data)
    with store.db:
        for sql, *values in statements:
            store.db.execute(sql, values)
    store.close()


def opening(data, position):
    store = LedgerStore(data, read_only=True)
    row = store.one("SELECT opening FROM body WHERE position = ?", position)
    store.close()
    return decode(row[0])


def size(data):
    store = LedgerStore(data, read_only=True)
    count = store.one("SELECT count(*) FROM leaf")[0]
    store.close()
    return count


def put(data, position, value):
    edit(data, ("UPDATE body SET opening = ? WHERE position = ?", encode(value), position))


def wrong(data, step, words):
    code, said = fsck(data)
    assert code == 3, said
    assert any(
        line.startswith(f"WRONG   {step}") and words in line for line in said.splitlines()
    ), said
    assert "ok      ledger.db" in said


def test_a_log_that_was_rolled_back_is_found_by_the_head_beside_it(data):
    last = size(data) - 1
    edit(
        data,
        ("DELETE FROM leaf WHERE position = ?", last),
        ("DELETE FROM body WHERE position = ?", last),
        ("DELETE FROM checkpoint WHERE size > ?", last),
    )
    wrong(data, "head.note", "rolled back")


def test_a_leaf_or_a_body_that_is_missing_is_found(made, tmp_path):
    last = size(made) - 1
    for number, (table, position, words) in enumerate(
        [
            ("leaf", last, ""),
            ("leaf", 2, "leaf 2 is missing"),
            ("body", last, "bodies"),
            ("body", 0, "the body of leaf 0 is missing"),
        ]
    ):
        data = shutil.copytree(made, tmp_path / f"{number}")
        edit(data, (f"DELETE FROM {table} WHERE position = ?", position))
        wrong(data, "leaves and bodies", words)


def test_swapped_bodies_are_found(data):
    one, other = opening(data, 0), opening(data, 1)
    put(data, 0, other)
    put(data, 1, one)
    wrong(data, "leaves and bodies", "does not match the leaf")


def test_swapped_leaves_are_found(data):
    edit(
        data,
        ("UPDATE leaf SET position = -1 WHERE position = 0",),
        ("UPDATE leaf SET position = 0 WHERE position = 1",),
        ("UPDATE leaf SET position = 1 WHERE position = -1",),
    )
    wrong(data, "leaves and bodies", "does not match the leaf")


@pytest.mark.parametrize("where", [("body_salt",), ("stub", "salt"), ("envelope", "payload")])
def test_a_changed_salt_or_payload_is_found(data, where):
    value = opening(data, 3)
    at = value
    for name in where[:-1]:
        at = at[name]
    old = at[where[-1]]
    at[where[-1]] = old[:7] + ("0" if old[7] != "0" else "1") + old[8:]
    put(data, 3, value)
    wrong(data, "leaves and bodies", "")


def test_a_changed_opening_of_a_sealed_field_is_found(data):
    for position in range(size(data)):
        value = opening(data, position)
        if value["sealed"]:
            name = min(value["sealed"])
            value["sealed"][name][1] = "somebody else"
            put(data, position, value)
            wrong(data, "leaves and bodies", f"the opening of '{name}' does not match")
            return
    raise AssertionError("no record with a sealed field")


@pytest.mark.parametrize(
    "column, value", [("record_id", "r_other"), ("rev", 7), ("source", "host/other"), ("seq", 99)]
)
def test_a_row_that_names_another_record_is_found(data, column, value):
    edit(data, (f"UPDATE body SET {column} = ? WHERE position = 2", value))
    wrong(data, "leaves and bodies", "row 2 does not name its record")


def stored(data):
    store = LedgerStore(data, read_only=True)
    notes = store.checkpoints()
    store.close()
    return notes


def test_a_checkpoint_that_is_no_head_of_this_log_is_found(made, tmp_path):
    size_, note = stored(made)[-1]
    head = parse_checkpoint(note)
    other = type(head)(head.origin, head.size, bytes(32))
    key = Folder(made).key("node")
    for number, lie in enumerate(
        [sign_checkpoint(head, Key(bytes(32))), sign_checkpoint(other, key)]
    ):
        data = shutil.copytree(made, tmp_path / f"{number}")
        edit(data, ("UPDATE checkpoint SET note = ? WHERE size = ?", lie.encode(), size_))
        wrong(data, "checkpoints", "is not a head of this log")


def test_a_cosignature_of_nobody_is_found(data):
    size_, note = stored(data)[-1]
    line = ("partner/witness", bytes(4), bytes(72))
    text = note.with_signature(line).encode()
    edit(data, ("UPDATE checkpoint SET note = ? WHERE size = ?", text, size_))
    wrong(data, "checkpoints", "does not stand")


def test_a_head_that_another_key_signed_is_found(data):
    head = parse_checkpoint(parse_note((data / "head.note").read_text()))
    (data / "head.note").write_text(sign_checkpoint(head, Key(bytes(32))).encode())
    wrong(data, "head.note", "is not a head of this log")


def test_a_segment_that_does_not_hash_to_its_name_is_found(data):
    edit(data, ("INSERT INTO segment VALUES (?, ?)", "0" * 64, b"{}"))
    wrong(data, "segments", "does not hash to its name")


def test_leaves_of_the_peer_without_a_head_are_found(data):
    edit(data, ("INSERT INTO peer_leaf VALUES (0, ?)", b"leaf"))
    wrong(data, "mirror of the peer", "differ in size")


def test_another_agreement_than_the_signed_one_is_found(data):
    path = data / "agreement.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("at 10 minutes to", "at 20 minutes to", 1), "utf-8")
    code, said = fsck(data)
    assert code == 3
    assert "WRONG   agreement" in said
    assert "signed another wording" in said
