"""Enrolment: from a one-time code to a key on record and a bearer token; tokens of devices."""

from typing import Any

import msgspec

from safeconduct import movements
from safeconduct.agreement import may
from safeconduct.identity import keys_of
from safeconduct.kernel.errors import Malformed, Refused
from safeconduct.kernel.ids import computed_id, record_id
from safeconduct.kernel.instants import DAY
from safeconduct.kernel.signatures import check_usable
from safeconduct.node.node import Node
from safeconduct.node.setup import invite
from safeconduct.node.stores.desk import Token, digest

INVITE_LIFE_MS = 366 * DAY
"""Ours: no code and no key of a person lives longer than a year."""

DEVICE_LIFE_MS = 3 * DAY
"""Ours: how long a device's token is good for, if its movement does not end before."""


class Enrolled(msgspec.Struct, frozen=True):
    """What an enrolled person or device needs to know. The token is shown once."""

    token: str
    person: str
    role: str
    source: str
    bound_to: str
    until: int
    agreement: str
    mode: str
    party: str


def enrol(node: Node, code: str, public: str) -> Enrolled:
    """Redeem a one-time code: the key and the role go on record, and a token is given.

    Raises:
        Malformed: the key is not a key.
        Refused: the code is unknown, used or over; or the key is enrolled already.
    """
    check_usable(public)
    if public in node.rooms.identity.keys:
        raise Refused("this key is enrolled already", do="make a new key for each enrolment")
    now = node.clock.now()
    invite = node.desk.redeem(code, now)
    if invite is None:
        raise Refused("the code is unknown, used, or over", do="ask for a new invitation")
    author = node.author("enrolment")
    bound = {"bound_to": invite.about} if invite.about != "programme" else {}
    key = node.sign_own(
        author,
        "key",
        {
            "key": public,
            "holder": invite.person,
            "use": "person",
            "state": "enrolled",
            "from": now,
            "until": invite.until,
            **bound,
        },
        record_id=record_id(node.salts.draw(16)),
    )
    node.record_own([key])
    named = node.sign_own(
        author,
        "named",
        {
            "role": invite.role,
            "holder": invite.person,
            "about": invite.about,
            "until": invite.until,
        },
        record_id=record_id(node.salts.draw(16)),
    )
    node.record_own([named])
    secret = node.salts.draw(32).hex()
    # The source is named after the person, not the key: a second device continues another count.
    source = f"{node.party}/{invite.person[-8:]}/{digest(public)[:8]}"
    token = Token(public, invite.person, invite.role, source, invite.about, "person", invite.until)
    node.desk.add_token(secret, token)
    return Enrolled(
        secret,
        invite.person,
        invite.role,
        source,
        invite.about,
        invite.until,
        node.wording,
        node.file.mode,
        node.party,
    )


def give_device(node: Node, caller: Token, values: dict[str, Any]) -> dict[str, str]:
    """Give a device in a vehicle a token that is good for one movement.

    Args:
        caller: must act in a role that may task.
        values: `vehicle` and `movement`.

    Raises:
        Refused: the caller may not, or the vehicle is not assigned to the movement.
    """
    vehicle, movement = values.get("vehicle"), values.get("movement")
    if not isinstance(vehicle, str) or not isinstance(movement, str):
        raise Malformed("a device needs a vehicle and a movement")
    if not node.in_force:
        raise Refused("no agreement is in force yet", why="nobody may task before that")
    for place in node.rooms.districts(movement, node.text):
        decision = may(node.text, node.party, "task", place, role=caller.role)
        if not decision.granted:
            raise Refused(
                f"the role {caller.role} may not give out devices for this movement",
                why=decision.reason,
                do="ask the movement planner",
                clause=decision.clause,
            )
    if vehicle not in movements.vehicles_of(node.rooms.movements, movement):
        raise Refused(f"{vehicle} is not assigned to {movement}", do="assign it first")
    secret = node.salts.draw(24).hex()
    device = computed_id("device", vehicle, movement)
    now = node.clock.now()
    until = now + DEVICE_LIFE_MS
    signed = node.sign_own(
        node.author("enrolment"),
        "key",
        {
            "key": f"ed25519:{digest(secret)}",
            "holder": vehicle,
            "use": "device",
            "state": "enrolled",
            "from": now,
            "until": until,
            "bound_to": movement,
        },
        record_id=record_id(node.salts.draw(16)),
    )
    node.record_own([signed])
    node.desk.add_token(secret, Token("", vehicle, "device", device, movement, "device", until))
    return {"device": device, "token": secret}


def give_invite(node: Node, caller: Token, values: dict[str, Any]) -> dict[str, str]:
    """Let a duty officer invite somebody while the node runs: `role`, `about`, `until`.

    Raises:
        Refused: the caller's role may not task, or the role given may more than the caller's.
    """
    role, about, until = (values.get(name) for name in ("role", "about", "until"))
    if not isinstance(role, str) or not isinstance(about, str) or not isinstance(until, int):
        raise Malformed("an invitation has role, about and until")
    own, given = node.text.roles.get(caller.role), node.text.roles.get(role)
    if own is None or "task" not in own.may or given is None or not set(given.may) <= set(own.may):
        raise Refused(
            f"the role {caller.role} may not invite a {role}",
            why="nobody gives a power that they lack",
            do="have the party's own keys invite: `safeconduct identity invite`",
            clause=node.text.silence,
        )
    now = node.clock.now()
    if not now < until <= now + INVITE_LIFE_MS:
        raise Malformed("the invitation's end is not in the next year")
    code, person = invite(node, role=role, about=about, until=until, ids=node.salts)
    return {"code": code, "person": person}


def end_keys(node: Node, person: str) -> int:
    """End every key that speaks for a person: a lost phone writes and reads no more.

    Returns:
        How many keys ended.

    Raises:
        Refused: no key speaks for that person.
    """
    now = node.clock.now()
    keys = keys_of(node.rooms.identity, person, now)
    if not keys:
        raise Refused(f"no key speaks for {person}", do="check the person's id")
    for info in keys:
        bound = {"bound_to": info.bound_to} if info.bound_to else {}
        signed = node.sign_own(
            node.author("enrolment"),
            "key",
            {
                "key": info.public,
                "holder": person,
                "use": info.use,
                "state": "ended",
                "from": info.begins,
                "until": info.until,
                **bound,
            },
            record_id=record_id(node.salts.draw(16)),
        )
        node.record_own([signed])
    return len(keys)
