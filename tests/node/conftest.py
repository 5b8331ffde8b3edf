import pytest

from tests.node.inside import World, base, held_base


@pytest.fixture
def world(tmp_path):
    """Two nodes, an agreement in force, a journey ordered, posts rostered; minute -17."""
    world = World(base(), tmp_path)
    yield world
    world.stop()


@pytest.fixture
def held(tmp_path):
    """The same at minute 16: a vehicle waited unchecked, and a hold stands."""
    world = World(held_base(), tmp_path)
    yield world
    world.stop()
