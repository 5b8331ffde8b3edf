"""Fixtures of the command line: a call in this process, and folders to call it on."""

import shutil

import pytest

from safeconduct.cli.main import run
from safeconduct.node.folder import Folder
from tests.cli.said import Said, written
from tests.node.inside import World, base


@pytest.fixture
def call(capsys, monkeypatch):
    """Run a command here. An exception that comes through is a stack trace at a user: it fails."""
    locked = []
    lock = Folder.lock

    def noted(folder):
        lock(folder)
        locked.append(folder)

    monkeypatch.setattr(Folder, "lock", noted)

    def do(*words):
        capsys.readouterr()
        locked.clear()
        code = run([str(word) for word in words])
        while locked:  # a process that ends lets its folders go
            locked.pop().unlock()
        said = Said(code, *capsys.readouterr())
        assert "Traceback" not in said.out + said.err
        assert code in (0, 1, 2, 3, 4)
        return said

    return do


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two folders of a pair in force; tests that change anything take a copy."""
    folder = tmp_path_factory.mktemp("pair")
    shutil.copytree(base().folder, folder, dirs_exist_ok=True)
    return folder


@pytest.fixture
def host(pair):
    """The host's folder, and that no command changed a byte of what it stored."""
    before = written(pair / "host")
    yield pair / "host"
    assert written(pair / "host") == before


@pytest.fixture
def own(tmp_path):
    """A copy of the pair for one test."""
    shutil.copytree(base().folder, tmp_path / "own")
    return tmp_path / "own"


@pytest.fixture(scope="module")
def verdict(tmp_path_factory):
    """A host's folder with a breached verdict that the partner cosigned, and the verdict's id."""
    world = World(base(), tmp_path_factory.mktemp("verdict"))
    world.reports(0)
    world.sight("guard-b")
    world.reports(12)
    (fact,) = world.newest("cordon-check")
    world.stop()
    return world.data("host"), fact.record.id
