"""A node that is stopped and started again at any point goes on as if it never was away."""

import random

import msgspec
import pytest

from safeconduct.kernel.canonical import encode
from safeconduct.kernel.errors import Refused
from safeconduct.node.fsck import check
from safeconduct.web import views
from tests.node.inside import PARTIES, InsidePlayer, minute, scenario

CAUSED = ("raised", "told", "escalated", "hold", "verdict", "silent", "excluded", "alert_changed")
"""What a node puts on record by itself; ids do not depend on keys."""


def facts_of(node, *aliases):
    return [fact for fact in node.facts() if fact.alias in aliases]


def thin(name, until):
    """A play with fewer positions, so that it can be played several times."""
    play = next(play for play in scenario().plays if play.name == name)
    steps = tuple(step for step in play.steps if step.at <= minute(until))
    return msgspec.structs.replace(play, steps=steps, ends=minute(until))


def picture(node):
    """All that a reader could see of a node, and what it will do next."""
    return {
        "clocks": views.clocks(node),
        "alerts": [views.shown(f) for f in facts_of(node, "raised", "told", "ack", "escalated")],
        "verdicts": [views.shown(f) for f in facts_of(node, "verdict")],
        "holds": views.hold_rows(node),
        "movements": views.movement_rows(node),
        "waiting": views.waiting_rows(node),
        "size": node.journal.size,
        "root": node.journal.tree.root(),
        "peer": (node.peer.size, node.peer.tree.root(), node.peer.withheld()),
    }


class Restarting(InsidePlayer):
    """Restarts a node before some of the steps, and compares what it shows before and after."""

    def __init__(self, play, folder, chances):
        super().__init__(play, folder)
        self._chances = chances
        self.restarts = 0

    def _maybe(self):
        if self._chances is None or self.stage.now < minute(-60):
            return
        for party in PARTIES:
            if self._chances.random() < 0.2:
                before = picture(self.stage.nodes[party])
                node = self.stage.reopen(party)
                after = picture(node)
                for name, value in before.items():
                    assert after[name] == value, (name, party, self.stage.now)
                # Whatever fell due before it was stopped does not fall again.
                node.advance(self.stage.now)
                assert node.journal.size == before["size"]
                self.restarts += 1

    def _do(self, step):
        self._maybe()
        super()._do(step)

    def _go(self, at):
        self._maybe()
        super()._go(at)

    def _fixes(self):
        return [fix for number, fix in enumerate(super()._fixes()) if number % 40 == 0]


def played(name, until, folder, chances):
    player = Restarting(thin(name, until), folder, chances)
    seen = {}
    finish = player.stage.finish

    def note():
        finish()
        for party in PARTIES:
            facts = player.stage.nodes[party].journal.facts()
            ids = [(fact.record.id, fact.record.rev) for fact in facts]
            assert len(ids) == len(set(ids))
            seen[party] = [
                (fact.alias, fact.record.id, fact.record.rev, fact.record.time, encode(fact.values))
                for fact in facts
                if fact.alias in CAUSED
            ]

    player.stage.finish = note
    player.prepare()
    player.run()
    for party in PARTIES:
        assert check(player.stage.data(party)).wrong == []
    return seen, player.restarts


@pytest.fixture(scope="module", params=[("with_system", 40), ("guard_silent", 32)])
def straight(request, tmp_path_factory):
    """A play without any restart, to compare with."""
    name, until = request.param
    seen, _ = played(name, until, tmp_path_factory.mktemp(name), None)
    return name, until, seen


@pytest.mark.parametrize("seed", [1, 2])
def test_restarts_at_random_points_change_nothing(straight, tmp_path, seed):
    name, until, expected = straight
    seen, restarts = played(name, until, tmp_path, random.Random(seed))
    assert restarts > 10
    for party in PARTIES:
        assert sorted(map(repr, seen[party])) == sorted(map(repr, expected[party]))
    assert {row[0] for row in expected["host"]} >= {"raised", "told", "hold", "verdict"}


def test_time_that_passed_while_the_node_was_away_is_made_up_for(world):
    """A deadline that fell while the process was down falls at the start, and once."""
    world.reports(0)
    vehicle = world.sight("guard-b")
    world.shut("host")
    world.now = minute(6)
    world.open("host")
    world.advance(minute(6) + 1)
    alerts = [f for f in world.facts("raised") if f.get("about") == vehicle]
    assert len(alerts) == 1
    world.reopen("host")
    world.advance(minute(6) + 2)
    assert len([f for f in world.facts("raised") if f.get("about") == vehicle]) == 1


def test_a_start_by_itself_writes_nothing(held):
    held.to(17)
    for party in PARTIES:
        before = picture(held.nodes[party])
        for _ in range(3):
            held.reopen(party)
        assert picture(held.nodes[party]) == before


def test_two_processes_do_not_write_one_folder(world):
    with pytest.raises(Refused, match="another process writes"):
        world.open("host")
