"""Where the two texts lie, how a fault is planted in one, and a small text for random tests."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
SCENARIO = ROOT / "scenarios" / "airport-transfer" / "agreement.yaml"
REFERENCE = Path(__file__).parent / "data" / "reference-agreement.yaml"


def plant(text: str, old: str, new: str, after: str = "") -> str:
    """Replace a part of a text that must be there, the first after a stretch if one is named."""
    start = text.index(after) if after else 0
    assert old in text[start:], old
    return text[:start] + text[start:].replace(old, new, 1)


def small(
    clauses: list[dict[str, Any]],
    *,
    parties: tuple[str, ...] = ("host", "partner"),
    kinds: tuple[str, ...] = ("official", "police"),
    acts: tuple[str, ...] = ("observe", "task", "deploy"),
    places: list[dict[str, Any]] | None = None,
    roles: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """A whole agreement around a few clauses, as plain data."""
    words: dict[str, str] = {"en": "words"}
    silence = {
        "id": "1.2",
        "state": "agreed",
        "title": words,
        "words": words,
        "does": {"defaults": {"power": "refused", "visibility": "withheld"}},
    }
    return {
        "safeconduct": "agreement/1",
        "id": "small",
        "draft": 1,
        "version": None,
        "mode": "exercise",
        "title": words,
        "languages": ["en"],
        "parties": [
            {
                "id": party,
                "signs": True,
                "title": {"en": f"the {party}"},
                "root_key": f"ed25519:PLACEHOLDER-{party.upper()}",
                "root_holders": 3,
                "root_quorum": 2,
            }
            for party in parties
        ],
        "kinds": dict.fromkeys(kinds, words),
        "units": [],
        "acts": dict.fromkeys(acts, words),
        "places": places or [{"id": "country:host", "within": None}],
        "roles": roles or [],
        "information": {},
        "precedence": "a refusal beats a grant",
        "clauses": [silence, *clauses],
        "standards": [],
        "open_clauses": [],
        "signatures": [],
    }


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def dump(spec: Any) -> str:
    """Plain data as YAML without anchors."""
    return yaml.dump(spec, Dumper=_Plain, sort_keys=False, allow_unicode=True)
