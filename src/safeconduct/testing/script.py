"""A scenario file read into plays and steps."""

from pathlib import Path
from typing import Any

import msgspec

from safeconduct.kernel.errors import Malformed
from safeconduct.kernel.instants import parse_duration, parse_instant
from safeconduct.kernel.yamltext import read
from safeconduct.testing.ground import Ground, read_track

FORM = "scenario/1"


class Member(msgspec.Struct, frozen=True):
    """One person of the cast: one role, one device."""

    name: str
    party: str
    role: str
    about: str
    capacity: str


class Step(msgspec.Struct, frozen=True):
    """One act at one instant. `true_at` is when the fact held, where it is recorded late."""

    at: int
    true_at: int
    by: str
    type: str
    data: dict[str, Any]
    new: str | None = None
    also: dict[str, str] = {}
    expect: str = "done"
    alert_about: str | None = None
    device: str | None = None
    movement: str | None = None


class Drive(msgspec.Struct, frozen=True):
    """The convoy's drive: from when, which way, and whether contact ends it."""

    start: int
    way: str
    until: str


class Play(msgspec.Struct, frozen=True):
    """One play: its steps in order of time, and the drive."""

    name: str
    title: str
    text: str
    ends: int
    drive: Drive
    steps: tuple[Step, ...]


class Scenario(msgspec.Struct, frozen=True):
    """A scenario: ground, cast and plays. Times are milliseconds since 1970."""

    folder: Path
    id: str
    mode: str
    agreement: Path
    start: int
    opens: int
    cosign_every: int
    contact_m: int
    ground: Any
    gate_row: int
    pickup_off_m: int
    zone_radius_m: int
    cast: tuple[Member, ...]
    convoy: tuple[tuple[str, int, int], ...]
    plays: tuple[Play, ...]


def offset(text: str) -> int:
    """Milliseconds of `5 min`, `-26 h`."""
    text = str(text).strip()
    return -parse_duration(text[1:]) if text.startswith("-") else parse_duration(text)


def instant(start: int, text: str) -> int:
    """The instant of `T`, `T+4 h`, `T-20 min`."""
    rest = text[1:].strip()
    if not text.startswith("T") or (rest and rest[0] not in "+-"):
        raise Malformed(f"{text!r} is not T, T+4 h or T-20 min")
    return start + (offset(rest.lstrip("+")) if rest else 0)


def load(folder: Path) -> Scenario:
    """Read a scenario's folder.

    Raises:
        Malformed: a file is missing or does not read; the message names it.
    """
    path = folder / "scenario.yaml"
    try:
        value = _value(path)
        if value.get("safeconduct") != FORM:
            raise Malformed(f"{path.name} is not a {FORM}")
        start = parse_instant(value["start"])
        ground = value["ground"]
        track = value["track"]
        prelude = [step for raw in value["prelude"] for step in _steps(raw, start)]
        plays = tuple(_play(name, raw, start, prelude) for name, raw in value["plays"].items())
        return Scenario(
            folder=folder,
            id=value["id"],
            mode=value["mode"],
            agreement=folder / value["agreement"],
            start=start,
            opens=start + offset(value["opens"]),
            cosign_every=offset(value["cosign_every"]),
            contact_m=value["contact_m"],
            ground=Ground(
                read_track(folder / track["file"]), ground["lat"], ground["lon"], ground["turn_deg"]
            ),
            gate_row=track["gate_row"],
            pickup_off_m=track["pickup_off_m"],
            zone_radius_m=value["zone_radius_m"],
            cast=tuple(
                Member(
                    raw["name"],
                    raw["party"],
                    raw["role"],
                    raw.get("about", "programme"),
                    raw.get("capacity", "officer"),
                )
                for raw in value["cast"]
            ),
            convoy=tuple(
                (raw["vehicle"], raw["offset_s"] * 1000, raw["every_s"] * 1000)
                for raw in value["convoy"]
            ),
            plays=plays,
        )
    except (OSError, UnicodeDecodeError) as error:
        raise Malformed(f"the scenario in {folder.name} cannot be read", why=str(error)) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise Malformed(
            f"{path.name} does not read as a scenario", why=f"{type(error).__name__}: {error}"
        ) from error


def _value(path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    try:
        return read(text).value
    except Malformed as error:
        raise Malformed(f"{path.name}: {error.what}", why=error.why, do=error.do) from error


def _play(name: str, raw: dict[str, Any], start: int, prelude: list[Step]) -> Play:
    steps = prelude + [step for item in raw["steps"] for step in _steps(item, start)]
    ends = start + offset(raw["ends"])
    drive = raw["drive"]
    return Play(
        name=name,
        title=raw["title"],
        text=raw["text"],
        ends=ends,
        drive=Drive(start + offset(drive["from"]), drive["way"], drive["until"]),
        steps=tuple(sorted((step for step in steps if step.at <= ends), key=lambda step: step.at)),
    )


def _steps(raw: dict[str, Any], start: int) -> list[Step]:
    """One written step, repeated where it says `every` and `until`."""
    first = start + offset(raw["at"])
    times = [first]
    if "every" in raw:
        last, gap = start + offset(raw["until"]), offset(raw["every"])
        times = list(range(first, last + 1, gap))
    return [
        Step(
            at=at,
            true_at=start + offset(raw["true_at"]) if "true_at" in raw else at,
            by=raw["by"],
            type=raw.get("type", "device" if "device" in raw else "ack"),
            data=raw.get("data", {}),
            new=raw.get("new"),
            also=raw.get("also", {}),
            expect=raw.get("expect", "done"),
            alert_about=raw.get("alert_about"),
            device=raw.get("device"),
            movement=raw.get("movement"),
        )
        for at in times
    ]
