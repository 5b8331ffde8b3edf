"""Facts for the tests of four rooms; what is made is checked against the rooms' own records."""

import hashlib
from itertools import count
from typing import Any

import msgspec

from safeconduct.agreement.records import TYPES as AGREEMENT
from safeconduct.identity.records import TYPES as IDENTITY
from safeconduct.kernel.ids import entity_id, record_id
from safeconduct.kernel.records import Fact, Record, subject_of
from safeconduct.kernel.vocabulary import Vocabulary, check_data
from safeconduct.movements.records import TYPES as MOVEMENTS
from safeconduct.registers.records import TYPES as REGISTERS
from safeconduct.sites.records import TYPES as SITES
from safeconduct.watch.records import TYPES as WATCH

WORDS = Vocabulary.of((*AGREEMENT, *IDENTITY, *MOVEMENTS, *REGISTERS, *SITES, *WATCH))
START = 1_700_000_000_000
MINUTE = 60_000


def rid(name: object) -> str:
    """A record id that a name fixes."""
    return record_id(hashlib.sha256(str(name).encode()).digest()[:16])


def eid(kind: str, name: object) -> str:
    """The id of the entity founded by the record of that name."""
    return entity_id(kind, rid(name))


class Maker:
    """Makes facts with running numbers; `t` is minutes after START."""

    def __init__(self) -> None:
        self.numbers = count(1)

    def __call__(
        self,
        alias: str,
        t: float = 0,
        /,
        *,
        name: object = None,
        by: str = "pe_a",
        party: str = "host",
        acting: str = "host-duty-officer",
        form: str = "full",
        replaces: str | None = None,
        rev: int = 0,
        err: int = 0,
        **values: Any,
    ) -> Fact:
        seq = next(self.numbers)
        values = {key.rstrip("_"): value for key, value in values.items() if value is not None}
        kind = WORDS.by_alias[alias]
        if form == "full":
            closed = [f.name for f in kind.fields if f.sealed and f.name not in values]
            check_data(kind, values, sealed=closed)
        record = Record(
            id=rid(name if name is not None else ("record", seq)),
            type=kind.name,
            mode="exercise",
            source=f"{party}-cell",
            seq=seq,
            time=START + int(t * MINUTE),
            party=party,
            acting=acting,
            by=by,
            subject=subject_of(kind, values) or "none",
            class_name=kind.class_name,
            data=values,
            replaces=replaces,
            rev=rev,
            err=err,
        )
        return Fact(
            alias=alias, record=record, values=values, log=party, position=seq - 1, form=form
        )


def snapshot(state: Any) -> Any:
    """A copy that later changes to the state do not reach."""
    return msgspec.json.decode(msgspec.json.encode(state, order="deterministic", enc_hook=repr))
