"""Disks that are full or cannot be written: a clear word, and nothing half written."""

import contextlib
import os
import shutil
import subprocess

import pytest

from safeconduct.cli.main import run
from tests.node.inside import World, base
from tests.web.running import stored


def mounted(*arguments):
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture
def small(tmp_path):
    """A disk of 64 KiB, nearly full."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mounted("-t", "tmpfs", "-o", "size=64k", "tmpfs", folder):
        pytest.skip("this machine does not let root mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder):
    with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 512)


@pytest.fixture(scope="module")
def verdict(tmp_path_factory):
    world = World(base(), tmp_path_factory.mktemp("verdict"))
    world.reports(0)
    world.sight("guard-b")
    world.reports(12)
    (fact,) = world.newest("cordon-check")
    world.stop()
    return world.data("host"), fact.record.id


@pytest.mark.parametrize("older", [False, True])
def test_an_export_to_a_full_disk_leaves_nothing_half_written(small, verdict, capsys, older):
    folder, record = verdict
    out = small / "e.scb"
    if older:
        out.write_bytes(b"the older one")
    fill(small)
    code = run(
        ["evidence", "export", "--data", str(folder), "--verdict", record, "--out", str(out)]
    )
    said = capsys.readouterr()
    assert code == 1
    assert said.out == ""
    assert "could not be written" in said.err
    assert "No space left" in said.err
    assert "free space" in said.err
    names = {path.name for path in small.iterdir()}
    assert names == ({"e.scb", "filler"} if older else {"filler"})
    if older:
        assert out.read_bytes() == b"the older one"


def test_a_root_key_on_a_full_disk(small, capsys):
    fill(small)
    code = run(["node", "key", "--out", str(small / "root.key")])
    said = capsys.readouterr()
    assert code == 1
    assert said.out == ""
    assert said.err.strip()
    assert not (small / "root.key").exists()


@pytest.fixture
def read_only(tmp_path):
    """A host's folder on a disk that cannot be written."""
    if os.geteuid() != 0:
        folder = tmp_path / "disk"
        shutil.copytree(base().folder / "host", folder / "host")
        for path in [folder / "host", *(folder / "host").rglob("*")]:
            path.chmod(path.stat().st_mode & ~0o222)
        yield folder / "host"
        for path in [folder / "host", *(folder / "host").rglob("*")]:
            path.chmod(path.stat().st_mode | 0o200)
        return
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mounted("-t", "tmpfs", "tmpfs", folder):
        pytest.skip("this machine does not let root mount a tmpfs")
    try:
        shutil.copytree(base().folder / "host", folder / "host")
        assert mounted("-o", "remount,ro", folder)
        yield folder / "host"
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize(
    "words", [["ledger", "fsck"], ["node", "status"], ["ledger", "head"], ["evidence", "list"]]
)
def test_a_folder_that_cannot_be_written_can_be_read(read_only, capsys, words):
    code = run([*words, "--data", str(read_only)])
    said = capsys.readouterr()
    assert code == 0, said


@pytest.mark.parametrize(
    "words",
    [
        ["identity", "invite", "--role", "guard"],
        ["agreement", "sign", "--fingerprint", "x"],
        ["node", "run", "--port", "0"],
    ],
)
def test_a_folder_that_cannot_be_written_is_not_written(read_only, capsys, words):
    before = stored(read_only)
    code = run([*words, "--data", str(read_only)])
    said = capsys.readouterr()
    assert code in (1, 3), said
    assert said.out == ""
    assert said.err.strip()
    assert stored(read_only) == before
