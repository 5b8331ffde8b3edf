"""`safeconduct federation`: take the other party's card."""

from pathlib import Path

from cyclopts import App

from safeconduct.cli.files import read_bytes
from safeconduct.kernel.signatures import fingerprint

app = App(name="federation", help="Get to know the other party's node.")


@app.command
def add(*, data: Path, card: Path) -> int:
    """Take the other party's card, if the agreement prints its root key.

    Parameters
    ----------
    data
        the node's folder.
    card
        the other party's card.json.
    """
    from safeconduct.node.setup import add_peer

    taken = add_peer(data, read_bytes(card, "the card"))
    print(f"{taken.party}: root key's fingerprint is {fingerprint(taken.root)}")
    print("ask them to read theirs to you by another channel, then sign with --fingerprint")
    return 0
