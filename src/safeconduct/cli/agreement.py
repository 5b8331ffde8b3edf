"""`safeconduct agreement`: ask a text what it says, and what is wrong with it."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from safeconduct.cli.files import read_text

app = App(name="agreement", help="Ask an agreement what it grants; check a draft.")


@app.command
def check(file: Path, /, *, json_: Annotated[bool, Parameter(name="--json")] = False) -> int:
    """Check a text: read it strictly, then lint it.

    Exit 0 clean, 1 with findings of level error, 2 malformed or unreadable.

    Parameters
    ----------
    file
        The agreement's YAML text.
    json_
        Print one JSON object instead of lines for people.
    """
    from safeconduct.agreement import lint, load_agreement, placeholders, wording_hash
    from safeconduct.node.vocabulary import VOCABULARY

    agreement = load_agreement(read_text(file, "the agreement"))
    findings = lint(agreement, VOCABULARY)
    errors = sum(finding.level == "error" for finding in findings)
    states = Counter(clause.state for clause in agreement.clauses.values())
    if json_:
        out = {
            "agreement": agreement.id,
            "draft": agreement.draft,
            "version": agreement.version,
            "mode": agreement.mode,
            "hash": wording_hash(agreement),
            "parties": list(agreement.parties),
            "clauses": dict(sorted(states.items())),
            "standards": list(agreement.standards),
            "placeholders": list(placeholders(agreement)),
            "findings": [
                {"clause": one.clause, "level": one.level, "text": one.text} for one in findings
            ],
        }
        print(json.dumps(out, ensure_ascii=False, indent=2))
        return 1 if errors else 0
    stage = f"version {agreement.version}" if agreement.version else f"draft {agreement.draft}"
    print(f"{agreement.id}, {stage}, {agreement.mode}")
    print(f"  parties       {', '.join(agreement.parties)}")
    print(
        f"  clauses       {len(agreement.clauses)}: "
        + ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    )
    print(f"  standards     {len(agreement.standards)}")
    missing = placeholders(agreement)
    print(
        f"  placeholders  {', '.join(missing)} (no root key yet: it cannot be signed)"
        if missing
        else "  placeholders  none"
    )
    print(f"  hash          {wording_hash(agreement)}")
    for finding in findings:
        print(f"{finding.level}: {finding.text}")
    notes = len(findings) - errors
    print(f"{errors} error{'s' * (errors != 1)}, {notes} note{'s' * (notes != 1)}")
    if not errors:
        print(
            "languages were compared by their numbers only; "
            "a human reader of each signs for the rest",
            file=sys.stderr,
        )
    return 1 if errors else 0


@app.command
def may(
    *,
    agreement: Path,
    party: str,
    act: str,
    place: str,
    kind: str | None = None,
    role: str | None = None,
    json_: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Ask whether a party may do an act at a place, and which clause says so.

    Exit 0 granted, 1 refused, 2 for a name that the agreement does not know.

    Parameters
    ----------
    agreement
        The agreement's YAML text.
    party
        A party of the agreement, such as partner.
    act
        One of its acts, such as task.
    place
        One of its places, such as zone:outer-cordon.
    kind
        Kind of personnel; without it, granted if some kind is.
    role
        A role of the party, which must hold the act as well.
    json_
        Print one JSON object instead of a line for people.
    """
    from safeconduct.agreement import load_agreement
    from safeconduct.agreement import may as ask

    decision = ask(
        load_agreement(read_text(agreement, "the agreement")), party, act, place, kind, role
    )
    if json_:
        out = {
            "granted": decision.granted,
            "clause": decision.clause,
            "reason": decision.reason,
            "kinds": list(decision.kinds),
            "party": party,
            "act": act,
            "place": place,
            "kind": kind,
            "role": role,
        }
        print(json.dumps(out, ensure_ascii=False, indent=2))
    else:
        word = "granted" if decision.granted else "refused"
        reason = decision.reason[:1].upper() + decision.reason[1:]
        print(f"{word} by clause {decision.clause}: {reason}.")
    return 0 if decision.granted else 1


@app.command
def sign(*, data: Path, fingerprint: str | None = None, at: str | None = None) -> int:
    """Sign the node's agreement with the root key, once the peer's fingerprint is confirmed.

    Without --fingerprint it asks for it: the other party reads theirs to you by another channel.

    Parameters
    ----------
    data
        The node's folder; the node must not be running, and the root key must lie in it.
    fingerprint
        The fingerprint of the other party's root key, as they read it to you.
    at
        For an exercise, the instant of signing.
    """
    from safeconduct.kernel.errors import Malformed
    from safeconduct.kernel.instants import parse_instant
    from safeconduct.node.clocks import DrivenClock, SystemClock
    from safeconduct.node.folder import Folder
    from safeconduct.node.node import Node
    from safeconduct.node.setup import sign as put_signature

    folder = Folder(data)
    folder.node_file()
    if fingerprint is None:
        if not sys.stdin.isatty():
            raise Malformed(
                "the other party's fingerprint is missing",
                why="a signature binds you to the key that is printed in the text",
                do="ask them to read it to you by another channel, and give it with --fingerprint",
            )
        print("The other party reads you the fingerprint of its root key:", file=sys.stderr)
        fingerprint = input("> ")
    folder.lock()
    node = Node(folder, clock=DrivenClock(parse_instant(at)) if at else SystemClock())
    try:
        wording = put_signature(node, confirmed=fingerprint)
        party = node.party
    finally:
        node.close()
    print(f"{party} signed {wording}")
    print("in force when both signatures stand in both logs", file=sys.stderr)
    return 0
