"""`safeconduct ledger`: recompute a log from its bytes, and show its head."""

from pathlib import Path

from cyclopts import App

app = App(name="ledger", help="Recompute a log from its stored bytes; show its head.")


@app.command
def fsck(*, data: Path, json: bool = False) -> int:
    """Recompute everything from the stored bytes: exit 0 if all agrees, 3 if anything does not.

    Parameters
    ----------
    data
        the node's folder.
    json
        print JSON.
    """
    from safeconduct.cli.show import print_json
    from safeconduct.node.fsck import check

    report = check(data)
    if json:
        print_json(report.as_value())
    else:
        for line in report.done:
            print(f"ok      {line}")
        for line in report.wrong:
            print(f"WRONG   {line}")
    return 3 if report.wrong else 0


@app.command
def head(*, data: Path, json: bool = False) -> int:
    """Print the newest own checkpoint with its cosignatures.

    Parameters
    ----------
    data
        the node's folder.
    json
        print JSON: origin, size, root, and the note itself.
    """
    from safeconduct.cli.show import print_json
    from safeconduct.kernel.errors import Refused
    from safeconduct.ledger.notes import parse_checkpoint
    from safeconduct.node.folder import Folder
    from safeconduct.node.stores.ledger import LedgerStore

    node = Folder(data).node_file()
    store = LedgerStore(data, read_only=True)
    store.belongs_to(node.party, node.origin)
    notes = store.checkpoints()
    store.close()
    if not notes:
        raise Refused("this log has no published head yet")
    note = notes[-1][1]
    if json:
        top = parse_checkpoint(note)
        print_json(
            {
                "origin": top.origin,
                "size": top.size,
                "root": top.root.hex(),
                "note": note.encode(),
            }
        )
    else:
        print(note.encode(), end="")
    return 0
