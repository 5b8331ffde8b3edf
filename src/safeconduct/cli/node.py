"""`safeconduct node`: make a node, run it, ask how it stands."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from safeconduct.cli.files import read_text
from safeconduct.kernel.errors import Refused
from safeconduct.kernel.instants import parse_instant, show_instant
from safeconduct.kernel.signatures import Key, fingerprint

app = App(name="node", help="Make a node, run it, ask how it stands.")


@app.command
def key(*, out: Path) -> int:
    """Make a party's root key and print its public half for the agreement.

    Parameters
    ----------
    out
        the file to write the private key to; keep it off the node once all is signed.
    """
    from safeconduct.node.setup import make_root

    if out.exists():
        raise Refused(
            f"{out} exists already", do="choose another file; a root key is never overwritten"
        )
    made = make_root()
    try:
        out.touch(mode=0o600, exist_ok=False)
        out.write_text(made.seed.hex() + "\n", encoding="ascii")
    except FileExistsError:
        raise
    except OSError as error:
        with contextlib.suppress(OSError):
            out.unlink(missing_ok=True)
        raise Refused(
            f"the root key could not be written to {out}",
            why=str(error.strerror),
            do="free space, or choose another folder",
        ) from error
    print(made.public)
    print(f"fingerprint {fingerprint(made.public)}", file=sys.stderr)
    return 0


@app.command
def init(*, data: Path, party: str, agreement: Path, root_key: Path, at: str | None = None) -> int:
    """Make a node's data folder for one party of an agreement.

    Parameters
    ----------
    data
        the folder to make.
    party
        which party of the agreement this node is.
    agreement
        the text, with the root keys of the parties in it.
    root_key
        the party's private root key, as `safeconduct node key` made it.
    at
        for an exercise, the instant at which it begins.
    """
    from safeconduct.node.clocks import DrivenClock, SystemClock
    from safeconduct.node.setup import init as make

    root = _root(read_text(root_key, "the root key"))
    clock = DrivenClock(parse_instant(at)) if at else SystemClock()
    card = make(
        data, party=party, agreement=read_text(agreement, "the agreement"), root=root, clock=clock
    )
    print(f"made {data} for {party}; give {data / 'card.json'} to the other party")
    print(f"your root key's fingerprint is {fingerprint(card.root)}; read it to them by telephone")
    return 0


def _root(text: str) -> Key:
    try:
        seed = bytes.fromhex(text.strip())
    except ValueError as error:
        raise Refused("the root key's file is damaged") from error
    if len(seed) != 32:
        raise Refused("the root key's file is damaged")
    return Key(seed)


@app.command
def run(
    *,
    data: Path,
    port: int = 8321,
    peer: str | None = None,
    clock: str | None = None,
    party: str | None = None,
    driver: Annotated[str | None, Parameter(env_var="SAFECONDUCT_DRIVER")] = None,
) -> int:
    """Run a node on loopback until it is told to stop.

    Parameters
    ----------
    data
        the node's folder.
    port
        the port on loopback.
    peer
        address of the other party's node, for example http://127.0.0.1:8322.
    clock
        for exercises only: the instant at which a driven clock stands.
    party
        refuse to run if the folder belongs to another party than this.
    driver
        for exercises only: the secret with which the clock is moved (SAFECONDUCT_DRIVER).
    """
    from safeconduct.node.clocks import DrivenClock, SystemClock
    from safeconduct.node.folder import Folder
    from safeconduct.node.node import Node
    from safeconduct.web.server import check_port
    from safeconduct.web.server import run as serve

    folder = Folder(data)
    mode = folder.node_file().mode
    if party is not None and folder.node_file().party != party:
        raise Refused(
            f"{data} is the data folder of {folder.node_file().party}, not of {party}",
            do="name the folder that belongs to your party; nothing was changed",
        )
    if (clock or driver) and mode == "live":
        raise Refused("a live node runs on its own clock", do="leave --clock and the driver out")
    check_port(port)
    folder.lock()
    given = DrivenClock(parse_instant(clock)) if clock else SystemClock()
    node = Node(folder, clock=given)
    print(f"{node.party} ({node.file.mode}) on http://127.0.0.1:{port}", flush=True)
    return serve(node, port=port, peer=peer, driver=driver)


@app.command
def status(*, data: Path, json: bool = False) -> int:
    """How a node stands, read from its folder.

    Parameters
    ----------
    data
        the node's folder.
    json
        print JSON.
    """
    from safeconduct.cli.show import print_json
    from safeconduct.node.clocks import SystemClock
    from safeconduct.node.folder import Folder
    from safeconduct.node.node import Node
    from safeconduct.web.views import status as read

    node = Node(Folder(data), clock=SystemClock(), read_only=True)
    value = read(node)
    del value["now"]
    if json:
        print_json(value)
    else:
        for name, item in value.items():
            shown = show_instant(item) if name.endswith("_at") and item else item
            print(f"{name.replace('_', ' ')}: {shown}")
    node.close()
    return 0
