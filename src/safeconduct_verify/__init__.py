"""safeconduct-verify: is what this bundle claims proven to somebody who trusts neither party.

A separate program. It imports the standard library and itself, reads two files, and uses no
network. What it checks, in order, and what a bundle does and does not prove, stands in
`docs/protocol/evidence-bundle.md`.

    safeconduct-verify FILE --trust trust.json [--json]

Exit 0: proven. 1: not proven, contradicted, altered or malformed. 2: usage, an unreadable path,
or a trust file that does not read.

It must never hold code of the product, a key, or an opinion about who is right.
"""

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from safeconduct_verify.check import MODES, Report, Trust, examine
from safeconduct_verify.container import MAX_BUNDLE
from safeconduct_verify.reading import key_bytes

MAX_TRUST = 1_000_000

_SAYS = {
    "proven": "PROVEN",
    "not_proven": "NOT PROVEN",
    "contradicted": "CONTRADICTED: what is proven here says the opposite",
    "altered": "ALTERED: this is not what was signed",
    "malformed": "MALFORMED: this is not a bundle in its one form",
}


class _Unusable(Exception):
    """A path or a trust file that cannot be used; exit 2."""


def _bytes(path: str, limit: int) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(limit + 1)
    except (OSError, ValueError) as error:
        raise _Unusable(f"{path} cannot be read: {error}") from error


def read_trust(data: bytes) -> Trust:
    """The reader's anchors; raises `_Unusable` with the reason."""
    try:
        value = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _Unusable(f"the trust file is not JSON: {error}") from error
    if not isinstance(value, dict) or value.get("safeconduct") != "trust/1":
        raise _Unusable('the trust file does not say {"safeconduct": "trust/1"}')
    parties, modes = value.get("parties"), value.get("modes")
    if not isinstance(parties, dict) or len(parties) < 2:
        raise _Unusable("the trust file names fewer than two parties")
    for party, item in parties.items():
        if not isinstance(item, dict) or key_bytes(item.get("root_key")) is None:
            raise _Unusable(f"the trust file has no root_key ed25519:... for {party}")
    if not isinstance(modes, list) or not modes or not all(item in MODES for item in modes):
        raise _Unusable(f"the trust file's modes are not a list of {', '.join(MODES)}")
    return Trust({str(k): str(v["root_key"]) for k, v in parties.items()}, tuple(modes))


def _safe(text: Any) -> str:
    """Text for a terminal: what could move the cursor or turn the line is replaced."""
    return "".join(char if char.isprintable() else "?" for char in str(text))[:500]


def _instant(ms: Any) -> str:
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError, TypeError):
        return _safe(ms)


def _lines(report: Report) -> list[str]:
    out = [_SAYS[report.result], f"mode: {_safe(report.mode or 'unknown')}"]
    if report.mode in ("exercise", "replay"):
        out.append(f"  a bundle of mode {report.mode} proves nothing about live operations")
    claim = report.claim
    if claim is not None:
        out.append(
            f"claim: {_safe(claim.get('standard'))} (clause {_safe(claim.get('clause'))}): "
            f"{_safe(claim.get('verdict'))}; owed by {_safe(report.owed_by)}; "
            f"made by {_safe(report.made_by)}"
        )
        out.append(
            f"about: {_safe(claim.get('about'))}; bindings: "
            + _safe(json.dumps(claim.get("bindings"), sort_keys=True))
        )
        if claim.get("deadline") is not None:
            out.append(f"deadline: {_instant(claim['deadline'])}")
    if report.grade:
        out.append(f"grade: {report.grade}")
    if report.bracket:
        low, high = report.bracket["from"], report.bracket["to"]
        out.append(f"time bracket: {_instant(low)} to {_instant(high)}")
    label = "not proven" if report.result == "not_proven" else "why"
    out += [f"{label}: {_safe(reason)}" for reason in report.reasons]
    out += [f"note: {_safe(item)}" for item in report.notes]
    out += [f"closed: {_safe(item)}" for item in report.closed[:50]]
    if report.result == "proven":
        out.append("this shows what the logs hold; no log can show what nobody put in it")
    return out


def _print(report: Report, *, as_json: bool) -> None:
    if as_json:
        value = {
            "result": report.result,
            "claim": report.claim,
            "mode": report.mode,
            "grade": report.grade,
            "made_by": report.made_by,
            "owed_by": report.owed_by,
            "reasons": report.reasons,
            "closed": report.closed,
            "time_bracket": report.bracket,
            "notes": report.notes,
        }
        print(json.dumps(value, sort_keys=True))
    else:
        print("\n".join(_lines(report)))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(2, f"safeconduct-verify: {message}\n")


def main(argv: list[str] | None = None) -> int:
    """Run the program; returns the exit code."""
    parser = _Parser(
        prog="safeconduct-verify",
        description="Check an evidence bundle against your own trust file, with no network.",
    )
    parser.add_argument("file", metavar="FILE", help="the bundle (.scb)")
    parser.add_argument("--trust", required=True, metavar="TRUST.JSON", help="your trust file")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        trust = read_trust(_bytes(args.trust, MAX_TRUST))
        data = _bytes(args.file, MAX_BUNDLE)
    except _Unusable as error:
        print(f"safeconduct-verify: {_safe(error)}", file=sys.stderr)
        return 2
    try:
        report = examine(data, trust)
    except Exception as error:  # noqa: BLE001 - a reader must never meet a traceback
        report = Report("malformed", [f"the file could not be judged ({type(error).__name__})"])
    try:
        _print(report, as_json=args.json)
        sys.stdout.flush()
    except OSError:  # nobody reads on, or the disk is full: the exit code still answers
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0 if report.result == "proven" else 1
