"""What a reader gets: plain values of the node's state. Sealed fields are never in them."""

from typing import Any

from safeconduct import movements, sites, watch
from safeconduct.kernel.errors import Refused
from safeconduct.kernel.records import Fact
from safeconduct.kernel.signatures import fingerprint
from safeconduct.node.node import Node

GUARDED = ("plan", "move", "track", "people")
"""Classes that only a role reads that may co-ordinate or task."""


def status(node: Node) -> dict[str, Any]:
    """Who this node is, what is in force, and how far each log stands."""
    cosigned = node.journal.cosigned_by(node.peer.card.witness) if node.peer else []
    watching = node.watching
    return {
        "party": node.party,
        "mode": node.file.mode,
        "now": node.clock.now(),
        "origin": node.file.origin,
        "root_fingerprint": fingerprint(node.card.root),
        "agreement": node.wording,
        "in_force": node.in_force,
        "size": node.journal.size,
        "root": node.journal.tree.root().hex(),
        "cosigned_size": cosigned[-1][0] if cosigned else 0,
        "cosigned_at": cosigned[-1][2] * 1000 if cosigned else None,
        "peer": node.peer.party if node.peer else None,
        "peer_size": node.peer.size if node.peer else 0,
        "withheld": len(node.peer.withheld()) if node.peer else 0,
        "trouble": node.trouble,
        "standards": len(watching.duties.standards) if watching else 0,
        "standards_decided_here": len(watching.duties.decided_here) if watching else 0,
    }


def clocks(node: Node) -> list[dict[str, Any]]:
    """The duty officer's list: what is owed or over, whose, by when, what comes next."""
    if node.watching is None:
        return []
    open_now = [
        watch.Obligation(
            item.standard,
            item.version,
            node.watching.about_of(item),
            item.deadline,
            str(item.trigger),
            item.bindings,
        )
        for item in node.watching.lane.monitor.open()
    ]
    out = []
    for clock in watch.clocks(node.watching.watch, open_now, node.clock.now()):
        next_step = clock.next_step
        out.append(
            {
                "what": clock.what,
                "level": clock.level,
                "standard": clock.standard,
                "clause": clock.clause,
                "about": clock.about,
                "owner": clock.owner,
                "due": clock.due,
                "left_ms": clock.left_ms,
                "acknowledged": clock.acknowledged,
                "held": clock.held,
                "alert": clock.alert_id,
                "next": {"do": next_step.do, "at": next_step.at, "to": list(next_step.to)}
                if next_step
                else None,
            }
        )
    return out


ALERTS = ("raised", "told", "ack", "escalated", "alert_changed", "tasked")
"""Types that tell of an alert and of what was done with it."""


def alert_rows(node: Node) -> list[dict[str, Any]]:
    """Alerts and what was done with them, of both logs."""
    return [shown(fact) for fact in node.facts() if fact.alias in ALERTS]


def verdict_rows(node: Node) -> list[dict[str, Any]]:
    """Verdicts, revisions included, of both logs."""
    return [shown(fact) for fact in node.facts() if fact.alias == "verdict"]


def shown(fact: Fact) -> dict[str, Any]:
    """A record as a reader of this node sees it: open fields, and which are sealed."""
    record = fact.record
    return {
        "id": record.id,
        "rev": record.rev,
        "type": fact.alias,
        "form": fact.form,
        "log": fact.log,
        "position": fact.position,
        "time": record.time,
        "party": record.party,
        "acting": record.acting,
        "by": record.by,
        "subject": record.subject,
        "class": record.class_name,
        "data": dict(record.data),
        "sealed": sorted(record.sealed),
        "basis": list(record.basis),
    }


def record(node: Node, record_id: str) -> dict[str, Any]:
    """One record by id, or why it is not shown."""
    position = node.journal.find(record_id)
    fact = node.journal.fact(position) if position is not None else None
    if fact is None and node.peer is not None:
        position = node.peer.find(record_id)
        fact = node.peer.fact(position) if position is not None else None
    if fact is None:
        raise Refused(
            f"there is no record {record_id} that is open here",
            why="it is unknown, or a clause withholds it",
            do="ask the other party with `asked` kind production",
            clause=node.text.silence,
        )
    return shown(fact)


def movement_rows(node: Node) -> list[dict[str, Any]]:
    """Movements as they stand: state, hold, counts; no itinerary."""
    return [
        {
            "movement": item.movement,
            "state": item.state,
            "held": item.held,
            "holds": list(item.holds),
            "persons": item.persons,
            "vehicles": len(item.vehicles),
            "escorts": len(item.escorts),
        }
        for item in movements.movements(node.rooms.movements)
    ]


def waiting_rows(node: Node) -> list[dict[str, Any]]:
    """Vehicles that wait at a cordon, unchecked ones first, longest wait first."""
    rows = sites.waiting(node.rooms.sites, node.clock.now(), with_checked=True)
    return [
        {
            "vehicle": row.vehicle,
            "site": row.site,
            "zone": row.zone,
            "since": row.since,
            "waited_ms": node.clock.now() - row.since,
            "checked": row.checked,
        }
        for row in sorted(rows, key=lambda row: (row.checked, row.since))
    ]


def hold_rows(node: Node) -> list[dict[str, Any]]:
    """Holds in force, what they stop, which way round they offer, under which clause."""
    return [
        {
            "hold": item.hold,
            "record": item.record,
            "zone": item.zone,
            "site": item.site,
            "movement": item.movement,
            "since": item.time,
            "offers": list(item.offers),
            "clause": item.clause,
        }
        for item in movements.holds_in_force(node.rooms.movements)
    ]
