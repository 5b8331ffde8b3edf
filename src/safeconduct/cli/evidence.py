"""`safeconduct evidence`: what can be handed over, and the file itself."""

from pathlib import Path

from cyclopts import App

from safeconduct.cli.files import write_bytes

app = App(name="evidence", help="List verdicts; write one as a file that proves itself.")


@app.command
def export(*, data: Path, verdict: str, out: Path) -> int:
    """Write the evidence of one verdict as one file.

    Parameters
    ----------
    data
        the node's folder; the node may be running.
    verdict
        id of the verdict's record, as `safeconduct evidence list` shows it.
    out
        the file to write (.scb).
    """
    from safeconduct.node.handing import hand_over

    bundle = hand_over(data, verdict)
    write_bytes(out, bundle, "the bundle")
    print(f"wrote {out}, {len(bundle)} bytes")
    print(f"check it with: safeconduct-verify {out} --trust trust.json")
    return 0


@app.command(name="list")
def list_(*, data: Path, json: bool = False) -> int:
    """List the verdicts on record, newest revision of each.

    Parameters
    ----------
    data
        the node's folder.
    json
        print JSON.
    """
    from safeconduct.cli.show import print_json, print_table
    from safeconduct.kernel.instants import show_instant
    from safeconduct.node.clocks import SystemClock
    from safeconduct.node.folder import Folder
    from safeconduct.node.node import Node

    node = Node(Folder(data), clock=SystemClock(), read_only=True)
    newest = {fact.record.id: fact for fact in node.journal.facts() if fact.alias == "verdict"}
    node.close()
    rows = [
        {
            "verdict_id": fact.record.id,
            "standard": fact.get("standard"),
            "verdict": fact.get("verdict"),
            "about": fact.get("about"),
            "at": show_instant(fact.record.time),
            "rev": fact.record.rev,
            "reason": fact.get("reason"),
        }
        for fact in newest.values()
    ]
    if json:
        for row in rows:
            print_json(row)
    else:
        print_table("verdicts", ("verdict_id", "standard", "verdict", "at", "reason"), rows)
    return 0
