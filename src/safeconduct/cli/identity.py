"""`safeconduct identity`: invite people to roles."""

from pathlib import Path

from cyclopts import App

from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.instants import DAY

MAX_DAYS = 366
"""Ours: no code and no key of a person lives longer than a year."""

app = App(name="identity", help="Invite people to the roles of the agreement.")


@app.command
def invite(*, data: Path, role: str, about: str = "programme", days: int = 3) -> int:
    """Give out a one-time code with which one person enrols a device in one role.

    Parameters
    ----------
    data
        the node's folder; the node must not be running.
    role
        a role of this party in the agreement.
    about
        the post, movement or district that the role is bound to.
    days
        how many days the code and the key that it enrols are good for.
    """
    from safeconduct.node.clocks import SystemClock, SystemRandom
    from safeconduct.node.folder import Folder
    from safeconduct.node.node import Node
    from safeconduct.node.setup import invite as give

    if not 0 < days <= MAX_DAYS:
        raise Malformed(f"--days {days} is not 1 to {MAX_DAYS}")
    folder = Folder(data)
    folder.node_file()
    folder.lock()
    node = Node(folder, clock=SystemClock())
    try:
        until = node.clock.now() + days * DAY
        code, person = give(node, role=role, about=about, until=until, ids=SystemRandom())
    finally:
        node.close()
    print(code)
    print(f"for {person}, role {role}, about {about}; shown once")
    return 0


@app.command
def end(*, data: Path, person: str) -> int:
    """End every key of a person, for a lost phone or a role that is over.

    Parameters
    ----------
    data
        the node's folder; the node must not be running.
    person
        the person's id, as the invitation gave it.
    """
    from safeconduct.node.clocks import SystemClock
    from safeconduct.node.enrolment import end_keys
    from safeconduct.node.folder import Folder
    from safeconduct.node.node import Node

    folder = Folder(data)
    folder.node_file()
    folder.lock()
    node = Node(folder, clock=SystemClock())
    try:
        ended = end_keys(node, person)
        node.publish()
    finally:
        node.close()
    print(f"ended {ended} keys of {person}")
    return 0
