"""`safeconduct identity`: invite people to roles."""

from pathlib import Path

from cyclopts import App

from safeconduct.kernel.instants import DAY

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
