import pytest

from tests.web.running import Running, stored


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Two running nodes for all tests of a module that change nothing."""
    running = Running(tmp_path_factory.mktemp("running"))
    yield running
    running.stop()


@pytest.fixture
def still(shared):
    """The shared nodes, and that not a byte of either folder has changed when the test is over."""
    before = [stored(shared.data(party)) for party in ("host", "partner")]
    yield shared
    assert [stored(shared.data(party)) for party in ("host", "partner")] == before
    assert all(process.poll() is None for process in shared._processes)


@pytest.fixture
def running(tmp_path):
    """Two running nodes of a test's own."""
    running = Running(tmp_path)
    yield running
    running.stop()
