"""`safeconduct demo`: the reported case on two real nodes, three times, with its outcome."""

import json
import shutil
import signal
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from safeconduct.kernel.canonical import encode
from safeconduct.kernel.errors import Malformed, Refused
from safeconduct.kernel.instants import MINUTE
from safeconduct.kernel.signatures import Key, fingerprint
from safeconduct.testing.player import Player
from safeconduct.testing.script import Scenario, load
from safeconduct.testing.stage import PARTIES

SCENARIO = "airport-transfer"
SHOWN = "with_system"


def scenario_folder(name: str = SCENARIO) -> Path:
    """Where a scenario lies: in the installed package, or in the repository beside the source."""
    package = Path(__file__).resolve().parents[1]
    for base in (package / "_scenarios", package.parents[1] / "scenarios"):
        if (base / name / "scenario.yaml").exists():
            return base / name
    raise Refused(f"the scenario {name} is not installed", do="install the package with its data")


def demo(
    *, headless: bool = False, speed: str = "60", out: Path | None = None, seed: int = 7
) -> int:
    """Play the reported case three times on two nodes, and show how each came out.

    Parameters
    ----------
    headless
        end by itself and leave nothing running.
    speed
        how many times faster than life; `max` waits for nothing.
    out
        the folder to leave the nodes, the evidence and the summary in.
    seed
        fixes scenario, record ids and alert ids; keys and salts come from the system.
    """
    factor = _speed(speed)
    scenario = load(scenario_folder())
    kept = out is not None
    folder = out if out is not None else Path(tempfile.mkdtemp(prefix="safeconduct-demo-"))
    _clear(folder, scenario)
    talk = Console(stderr=True, highlight=False)
    began = time.monotonic()
    roots = _roots(talk)
    players = {
        play.name: Player(scenario, play, folder / play.name, seed=seed, roots=roots, speed=factor)
        for play in scenario.plays
    }
    _play(players, talk)
    summary = _summary(players, time.monotonic() - began)
    _evidence(players[SHOWN], folder, roots, scenario.mode)
    (folder / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    _table(scenario, summary, players["as_reported"].contact.at)
    talk.print(
        f"evidence of the check that was not made in time: {folder / 'evidence.scb'}",
        soft_wrap=True,
    )
    talk.print(
        f"  safeconduct-verify {folder / 'evidence.scb'} --trust {folder / 'trust.json'}",
        soft_wrap=True,
    )
    if not headless:
        _keep_running(players[SHOWN], talk)
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor <= 100_000:
        raise Malformed(f"--speed {text!r} is not a speed", do="give a number such as 60, or max")
    return factor


def _clear(folder: Path, scenario: Scenario) -> None:
    """Refuse to write over anything but an earlier demo's own; other files are left alone."""
    plays = [play.name for play in scenario.plays]
    files = ("evidence.scb", "trust.json", "summary.json")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = {path.name for path in folder.iterdir()} & {*plays, *files}
        if held and not _earlier(folder, plays):
            raise Refused(
                f"{folder} holds {', '.join(sorted(held))} already",
                why="only what an earlier demo left whole is written over",
                do="choose another folder with --out",
            )
        for name in files:
            (folder / name).unlink(missing_ok=True)
        for name in plays:
            if name in held:
                shutil.rmtree(folder / name)
            (folder / name).mkdir()
    except OSError as error:
        raise Refused(f"{folder} could not be made", why=str(error.strerror)) from error


def _earlier(folder: Path, plays: list[str]) -> bool:
    """Whether a folder holds the summary of an earlier demo of these plays."""
    try:
        value = json.loads((folder / "summary.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(value, dict) and {*plays, "nodes"} <= set(value)


def _roots(talk: Console) -> dict[str, Key]:
    from safeconduct.node.setup import make_root

    roots = {party: make_root() for party in PARTIES}
    talk.print(
        "Two parties, two nodes, one agreement. EXERCISE: invented people, places and ground."
    )
    for party, key in roots.items():
        talk.print(f"  {party}: root key's fingerprint {fingerprint(key.public)}")
    talk.print(
        "  Each party would now confirm the other's fingerprint by telephone; "
        "the demo confirms for you."
    )
    return roots


def _play(players: dict[str, Player], talk: Console) -> None:
    """All plays at once, each with its own two nodes and its own bar."""
    lock = threading.Lock()
    columns = (
        TextColumn("{task.description:14}"),
        BarColumn(),
        TextColumn("minute {task.fields[minute]:>4}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=talk, disable=not talk.is_terminal) as bar:
        tasks = {name: bar.add_task(name, total=1, minute="") for name in players}

        def progress(name: str, done: int, total: int) -> None:
            with lock:
                bar.update(
                    tasks[name], completed=done, total=total, minute=str(done // 60_000 - 30)
                )

        for player in players.values():
            player.report_to(progress)
            player.prepare()
        with ThreadPoolExecutor(max_workers=len(players)) as pool:
            for future in [pool.submit(player.run) for player in players.values()]:
                future.result()


def _summary(players: dict[str, Player], elapsed: float) -> dict[str, Any]:
    contact_at = players["as_reported"].contact.at
    value: dict[str, Any] = {name: player.outcome(contact_at) for name, player in players.items()}
    value["nodes"] = {name: player.heads() for name, player in players.items()}
    value["elapsed_s"] = round(elapsed, 2)
    return value


def _evidence(player: Player, folder: Path, roots: dict[str, Key], mode: str) -> None:
    (folder / "evidence.scb").write_bytes(player.evidence("cordon-check", "breached"))
    trust = {
        "safeconduct": "trust/1",
        "modes": [mode],
        "parties": {party: {"root_key": key.public} for party, key in roots.items()},
    }
    (folder / "trust.json").write_bytes(encode(trust))


def _table(scenario: Scenario, summary: dict[str, Any], contact_at: int | None) -> None:
    table = Table(
        title="EXERCISE: how it came out (alarm and hold in minutes before contact as reported)",
        title_justify="left",
        box=SIMPLE,
        pad_edge=False,
    )
    for column in ("play", "alarm", "hold", "contact", "kept", "breached", "cannot tell"):
        table.add_column(column, no_wrap=True)
    for play in scenario.plays:
        row = summary[play.name]
        table.add_row(
            play.title,
            _before(row["first_alarm_min_before_contact"]),
            _before(row["hold_min_before_contact"]),
            "yes" if row["contact"] else "none",
            *(str(row["verdicts"][name]) for name in ("kept", "breached", "cannot_tell")),
        )
    out = Console()
    out.print(table)
    early = summary[SHOWN]["first_alarm_min_before_contact"]
    if contact_at is not None and early is not None:
        minute = (contact_at - scenario.start) / MINUTE
        out.print(
            f"The waiting pick-up: an alarm at minute {minute - early:.0f} instead of contact at "
            f"minute {minute:.0f}.",
            highlight=False,
        )


def _before(minutes: float | None) -> str:
    return "-" if minutes is None else f"{minutes:.1f} min"


def _keep_running(player: Player, talk: Console) -> None:
    """Start the two nodes of the shown play again from their folders, until Ctrl-C."""
    stop = threading.Event()
    previous = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    stage = player.stage
    try:
        stage.start()
        talk.print("The two nodes of this play are running again, from their folders:")
        for party in PARTIES:
            talk.print(
                f"  {party}: http://127.0.0.1:{stage.ports[party]}   {stage.data(party)}",
                soft_wrap=True,
            )
        talk.print("Ctrl-C ends them.")
        while not stop.wait(0.5):
            pass
    finally:
        stage.stop()
        for number, handler in previous.items():
            signal.signal(number, handler)
    sys.stderr.write("\n")
