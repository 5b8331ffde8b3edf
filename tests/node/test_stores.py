"""Stores: every page checked, all or none, and a full disk that loses nothing."""

import contextlib
import os
import shutil
import subprocess

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.kernel.errors import Refused, SafeconductError, StateUnknown
from safeconduct.kernel.ids import record_id
from safeconduct.kernel.records import Record
from safeconduct.kernel.signatures import Key, seal
from safeconduct.ledger.leaf import Entry
from safeconduct.ledger.notes import Checkpoint, sign_checkpoint
from safeconduct.node.clocks import DrivenClock, SeededRandom
from safeconduct.node.journal import Journal
from safeconduct.node.stores.desk import DeskStore, Invite, Token
from safeconduct.node.stores.ledger import LedgerStore, Row
from safeconduct.node.vocabulary import VOCABULARY

KEY = Key(bytes(32))
RANDOM = SeededRandom("stores")


def made(number, *, source="host/a", rev=0, ident=None, size=10):
    """One entry and its record; nothing of it depends on a clock."""
    record = Record(
        id=ident or record_id(number.to_bytes(16, "big")),
        type="test.plain",
        mode="live",
        source=source,
        seq=number,
        time=number,
        party="host",
        acting="guard",
        by="person",
        subject="thing",
        class_name="move",
        data={"text": "x" * size},
        rev=rev,
    )
    envelope = seal(KEY, record.encode()).encode()
    return Entry(envelope, RANDOM.draw(16), RANDOM.draw(16), record.type, {}), record, {}


def rows(batch):
    return [Row(entry, entry.leaf(), r.id, r.rev, r.source, r.seq, 0) for entry, r, _ in batch]


def journal(store):
    return Journal(
        store, VOCABULARY, party="host", origin="log", clock=DrivenClock(0), salts=RANDOM
    )


@pytest.fixture
def ledger(tmp_path):
    store = LedgerStore(tmp_path, create=True)
    yield store
    store.close()


@pytest.fixture
def desk(tmp_path):
    store = DeskStore(tmp_path, create=True)
    yield store
    store.close()


# ---------------------------------------------------------------- pages
def filled(folder):
    """Both files with a few pages in them, closed."""
    store = LedgerStore(folder, create=True)
    batch = [made(number, size=600) for number in range(1, 21)]
    store.append(0, rows(batch))
    log = journal(store)
    log.checkpoint(KEY)
    store.save_segment("0" * 64, b"x" * 9_000)
    store.close()
    other = DeskStore(folder, create=True)
    other.invite("code", Invite("person", "guard", "post:a", 100))
    other.add_fixes([("device", t, 1, 2, bytes(100)) for t in range(50)])
    other.close()


def everything(store):
    """Read all there is, the way a node does at its start."""
    if isinstance(store, LedgerStore):
        journal(store)
        store.segments()
    else:
        store.fixes()
        store.one("SELECT * FROM invite")


@pytest.mark.parametrize("opened", [LedgerStore, DeskStore])
def test_a_flipped_bit_anywhere_is_an_error_and_never_an_answer(tmp_path, opened):
    whole = tmp_path / "whole"
    whole.mkdir()
    filled(whole)
    name = "ledger.db" if opened is LedgerStore else "desk.db"
    clean = (whole / name).read_bytes()
    assert opened(whole, read_only=True).integrity() == []
    # Sampled over the file, and one in each of the first hundred bytes: the header is special.
    places = [len(clean) * number // 60 for number in range(60)] + list(range(0, 100, 5))
    for number, at in enumerate(places):
        folder = tmp_path / f"{number}"
        shutil.copytree(whole, folder)
        flipped = bytearray(clean)
        flipped[at] ^= 1 << number % 8
        (folder / name).write_bytes(flipped)
        found = False
        try:
            store = opened(folder, read_only=True)
        except SafeconductError:
            found = True
        else:
            with contextlib.closing(store):
                found = bool(store.integrity())
                with contextlib.suppress(SafeconductError):
                    everything(store)
        assert found, f"bit {number % 8} of byte {at} of {name}"
        shutil.rmtree(folder)


@pytest.mark.parametrize("opened", [LedgerStore, DeskStore])
def test_a_file_that_is_cut_off_is_found(tmp_path, opened):
    filled(tmp_path)
    path = tmp_path / ("ledger.db" if opened is LedgerStore else "desk.db")
    clean = path.read_bytes()
    for size in (len(clean) - 4096, len(clean) // 2, 100):
        path.write_bytes(clean[:size])
        try:
            store = opened(tmp_path, read_only=True)
        except SafeconductError:
            continue
        with contextlib.closing(store):
            assert store.integrity()


# ---------------------------------------------------------------- schema
@pytest.mark.parametrize("opened", [LedgerStore, DeskStore])
def test_a_newer_schema_is_left_alone_in_plain_words(tmp_path, opened):
    store = opened(tmp_path, create=True)
    store.db.pragma("user_version", 2)
    path = store.path
    store.close()
    before = path.read_bytes()
    for read_only in (True, False):
        with pytest.raises(StateUnknown) as caught:
            opened(tmp_path, read_only=read_only)
        words = caught.value.sentence()
        assert f"{path.name} has schema 2, and this version knows 1" in words
        assert "newer version" in words
        assert "nothing was changed" in words
    assert path.read_bytes() == before


def test_an_unknown_older_schema_is_not_guessed_at(tmp_path):
    store = DeskStore(tmp_path, create=True)
    store.db.pragma("user_version", 0)
    store.close()
    with pytest.raises(StateUnknown, match="no migration"):
        DeskStore(tmp_path)


def test_a_store_is_only_made_where_that_was_asked_for(tmp_path):
    with pytest.raises(Refused, match=r"there is no ledger\.db"):
        LedgerStore(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_store_opened_to_read_cannot_be_written(tmp_path):
    LedgerStore(tmp_path, create=True).close()
    store = LedgerStore(tmp_path, read_only=True)
    with pytest.raises(Refused, match="read-only"):
        store.append(0, rows([made(1)]))
    store.close()


# ---------------------------------------------------------------- all or none
def test_a_batch_comes_back(ledger):
    batch = [made(number) for number in range(1, 4)]
    ledger.append(0, rows(batch))
    assert [leaf for _, leaf in ledger.leaves()] == [entry.leaf() for entry, _, _ in batch]
    assert [row[1:5] for row in ledger.bodies()] == [
        (r.id, r.rev, r.source, r.seq) for _, r, _ in batch
    ]
    assert [position for position, _ in ledger.leaves(2)] == [2]


TAKEN = {
    "an id that the log has": lambda: made(9, ident=record_id((1).to_bytes(16, "big"))),
    "a number that the log has": lambda: made(1, ident=record_id(bytes([7]) * 16)),
    "an id of the same batch": lambda: made(9, ident=record_id((4).to_bytes(16, "big"))),
    "a number of the same batch": lambda: made(4, ident=record_id(bytes([7]) * 16)),
}


@pytest.mark.parametrize("taken", TAKEN.values(), ids=TAKEN)
def test_a_batch_with_one_that_is_taken_leaves_nothing(ledger, taken):
    log = journal(ledger)
    log.commit([made(1), made(2)])
    before = (log.size, log.tree.root(), list(ledger.leaves()), list(ledger.bodies()))
    with pytest.raises(Refused, match="taken"):
        log.commit([made(3), made(4), taken(), made(5)])
    assert (log.size, log.tree.root(), list(ledger.leaves()), list(ledger.bodies())) == before
    log.commit([made(3), made(4), made(5)])
    assert journal(ledger).tree.root() == log.tree.root()


def test_a_position_that_is_taken_leaves_nothing(ledger):
    ledger.append(0, rows([made(1), made(2)]))
    with pytest.raises(Refused):
        ledger.append(1, rows([made(3)]))
    assert len(list(ledger.leaves())) == len(list(ledger.bodies())) == 2


def test_a_later_revision_of_an_id_is_another_record(ledger):
    log = journal(ledger)
    ident = record_id(bytes(16))
    log.commit([made(1, ident=ident), made(2, ident=ident, rev=1)])
    assert log.find(ident) == 1
    with pytest.raises(Refused, match="in the log already"):
        log.check_free(made(3, ident=ident, rev=1)[1])
    with pytest.raises(Refused, match=r"use 3"):
        log.check_free(made(2)[1])
    log.check_free(made(3, ident=ident, rev=2)[1])


@given(st.lists(st.integers(1, 4), max_size=6))
def test_a_log_is_the_same_however_it_was_batched(tmp_path_factory, sizes):
    folder = tmp_path_factory.mktemp("log")
    store = LedgerStore(folder, create=True)
    log, number = journal(store), 0
    for size in sizes:
        log.commit([made(number + offset + 1) for offset in range(size)])
        number += size
    again = journal(store)
    assert (again.size, again.tree.root()) == (log.size, log.tree.root()) == (
        number, log.tree.root()
    )  # fmt: skip
    assert again.last_number("host/a")[0] == number
    store.close()
    shutil.rmtree(folder)


def test_the_mirror_keeps_leaves_and_head_together_or_neither(ledger):
    note = sign_checkpoint(Checkpoint("log", 2, bytes(32)), KEY)
    ledger.mirror(0, [b"a", b"b"], 2, note)
    with pytest.raises(StateUnknown):
        ledger.mirror(1, [b"c", b"d"], 3, note)
    assert [leaf for _, leaf in ledger.peer_leaves()] == [b"a", b"b"]
    assert [size for size, _ in ledger.peer_checkpoints()] == [2]


# ---------------------------------------------------------------- a full disk
@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 400 kB, with a way to fill it and to free it again."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def ballast(disk, *, leave):
    """Fill the disk but for so many bytes."""
    free = os.statvfs(disk)
    (disk / "ballast").write_bytes(bytes(free.f_bavail * free.f_frsize - leave))


def until_full(log, start, size):
    """Commit batches until one is refused; the number of the first record of that batch."""
    number, words = start, ""
    while not words:
        try:
            log.commit([made(number + offset, size=size) for offset in range(3)])
            number += 3
        except Refused as error:
            words = error.sentence()
    assert "the disk is full. nothing of it was written" in words
    return number


def check_whole(log, store, number):
    """All of what was acknowledged is there, and nothing else."""
    assert log.size == number - 1
    assert [position for position, _ in store.leaves()] == list(range(number - 1))
    assert len(list(store.bodies())) == number - 1
    assert journal(store).tree.root() == log.tree.root()


def test_a_full_disk_is_refused_with_nothing_half_written(small_disk):
    store = LedgerStore(small_disk, create=True)
    log = journal(store)
    log.commit([made(1), made(2)])
    ballast(small_disk, leave=60_000)
    number = until_full(log, 3, size=2_000)
    check_whole(log, store, number)
    # refused again as long as it is full, and still nothing is half done
    assert until_full(log, number, size=30_000) == number
    check_whole(log, store, number)
    # after there is space it goes on, in the same process
    (small_disk / "ballast").unlink()
    log.commit([made(number + offset, size=2_000) for offset in range(3)])
    check_whole(log, store, number + 3)
    assert store.integrity() == []
    store.close()
    again = LedgerStore(small_disk)
    assert again.integrity() == []
    check_whole(journal(again), again, number + 3)
    again.close()


def test_a_batch_larger_than_the_cache_meets_a_full_disk(small_disk):
    store = LedgerStore(small_disk, create=True)
    log = journal(store)
    log.commit([made(1), made(2)])
    try:
        with pytest.raises(Refused, match="the disk is full"):
            log.commit([made(number, size=40_000) for number in range(3, 63)])
        check_whole(log, store, 3)
    finally:
        store.close()


def test_a_file_that_may_not_grow_is_a_full_disk(ledger):
    log = journal(ledger)
    log.commit([made(1), made(2)])
    pages = int(ledger.db.pragma("page_count"))
    ledger.db.pragma("max_page_count", pages + 10)
    number = until_full(log, 3, size=2_000)
    check_whole(log, ledger, number)
    ledger.db.pragma("max_page_count", 100_000)
    log.commit([made(number), made(number + 1)])
    check_whole(log, ledger, number + 2)
    assert ledger.integrity() == []


def test_a_desk_on_a_full_disk_uses_up_no_code(desk):
    desk.invite("code", Invite("person", "guard", "post:a", 100))
    pages = int(desk.db.pragma("page_count"))
    desk.db.pragma("max_page_count", pages)
    with pytest.raises(Refused, match="the disk is full"):
        desk.add_fixes([("device", t, 1, 2, bytes(2_000)) for t in range(20)])
    desk.db.pragma("max_page_count", 100_000)
    assert desk.redeem("code", 1) is not None


def test_positions_of_one_request_are_kept_all_or_none(desk):
    desk.db.pragma("max_page_count", int(desk.db.pragma("page_count")) + 2)
    with contextlib.suppress(SafeconductError):
        desk.add_fixes([("device", t, 1, 2, bytes(2_000)) for t in range(20)])
    assert desk.fixes() == []


def test_other_errors_of_the_store_are_never_taken_for_a_refusal(ledger):
    ledger.db.close()
    with pytest.raises((StateUnknown, apsw.Error)):
        ledger.append(0, rows([made(1)]))


# ---------------------------------------------------------------- codes, tokens, nonces, positions
def test_a_code_is_good_once_and_until_it_is_over(desk):
    invite = Invite("person", "guard", "post:a", 100)
    desk.invite("one", invite)
    desk.invite("two", invite)
    assert desk.redeem("three", 50) is None
    assert desk.redeem("one", 50) == invite
    assert desk.redeem("one", 50) is None
    assert desk.redeem("two", 100) is None
    assert desk.redeem("two", 99) == invite
    with pytest.raises(SafeconductError):
        desk.invite("one", invite)
    assert desk.redeem("one", 50) is None


def test_two_connections_redeem_a_code_once(tmp_path):
    first, second = DeskStore(tmp_path, create=True), DeskStore(tmp_path)
    for number in range(20):
        first.invite(f"code {number}", Invite("person", "guard", "post:a", 100))
        answers = [first.redeem(f"code {number}", 1), second.redeem(f"code {number}", 1)]
        assert [answer is None for answer in answers] == [False, True]
    first.close()
    second.close()


def test_a_token_speaks_until_it_is_over(desk):
    token = Token("ed25519:0", "person", "guard", "host/a", "post:a", "person", 100)
    desk.add_token("secret", token)
    assert desk.token("secret", 99) == token
    assert desk.token("secret", 100) is None
    assert desk.token("Secret", 1) is None
    assert desk.token("", 1) is None


def test_no_secret_lies_in_the_file(tmp_path):
    store = DeskStore(tmp_path, create=True)
    store.invite("the-code-itself", Invite("person", "guard", "post:a", 100))
    store.add_token(
        "the-token-itself", Token("k", "person", "guard", "host/a", "post:a", "person", 9)
    )
    store.close()
    for path in tmp_path.iterdir():
        data = path.read_bytes()
        assert b"the-code-itself" not in data
        assert b"the-token-itself" not in data


def test_a_nonce_is_fresh_once_until_it_is_forgotten(desk):
    assert desk.fresh("a", 1_000, 100)
    assert not desk.fresh("a", 1_000, 100)
    assert not desk.fresh("a", 1_100, 100)
    assert desk.fresh("b", 1_100, 100)
    assert desk.fresh("a", 1_101, 100)


def test_a_nonce_outlives_the_process(tmp_path):
    store = DeskStore(tmp_path, create=True)
    assert store.fresh("a", 1, 100)
    store.close()
    store = DeskStore(tmp_path)
    assert not store.fresh("a", 2, 100)
    store.close()


def test_the_same_fix_twice_is_kept_once(desk):
    fix = ("device", 5, 1, 2, b"fix")
    assert desk.add_fixes([fix, fix, ("device", 4, 1, 2, b"old")]) == [True, False, True]
    assert desk.add_fixes([fix]) == [False]
    assert desk.add_fixes([("other", 9, 1, 2, b"other")]) == [True]
    assert desk.fixes("device") == [("device", b"old"), ("device", b"fix")]
    assert desk.fixes(until=4) == [("device", b"old")]
    desk.drop_fixes("device", 4)
    assert desk.fixes() == [("device", b"fix"), ("other", b"other")]
