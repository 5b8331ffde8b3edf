"""Hypothesis strategies for what all rooms share: values, records, envelopes, entries, notes."""

from hypothesis import strategies as st

from safeconduct.kernel.canonical import LIMIT
from safeconduct.kernel.ids import record_id
from safeconduct.kernel.records import MODES, SALT_BYTES, Fact, Record, seal_fields, subject_of
from safeconduct.kernel.signatures import Key, seal
from safeconduct.kernel.vocabulary import LATEST
from safeconduct.ledger.leaf import Entry, join_keys
from safeconduct.ledger.merkle import leaf_hash
from safeconduct.ledger.notes import Checkpoint
from safeconduct.node.vocabulary import VOCABULARY

PARTIES = ("host", "partner")

# ---------------------------------------------------------------- values that have a canonical form
texts = st.text(max_size=12)
words = st.text(min_size=1, max_size=12)
ascii_keys = st.text(st.characters(max_codepoint=127), max_size=8)
integers = st.integers(-LIMIT + 1, LIMIT - 1)
scalars = st.none() | st.booleans() | integers | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ascii_keys, inner, max_size=4),
    max_leaves=15,
)
objects = st.dictionaries(ascii_keys, values, max_size=5)

# ---------------------------------------------------------------- bytes with a meaning
salts = st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES)
digests = st.binary(min_size=32, max_size=32)
hexes = digests.map(bytes.hex)
keys = digests.map(Key)
record_ids = st.binary(min_size=16, max_size=16).map(record_id)
instants = st.integers(0, LIMIT - 1)
leaves = st.binary(max_size=40)
leaf_hashes = leaves.map(leaf_hash)


# ---------------------------------------------------------------- records
@st.composite
def records(draw):
    """Any record of the right shape, of a type that nobody needs to know."""
    names = draw(st.lists(ascii_keys, unique=True, max_size=6))
    cut = draw(st.integers(0, len(names)))
    optional = {
        "agreement": st.none() | hexes,
        "prev": st.none() | hexes,
        "seen": st.none() | hexes,
        "upto": st.none() | instants,
        "replaces": st.none() | record_ids,
        "rev": st.just(0) | st.integers(1, 1_000),
        "basis": st.lists(record_ids, max_size=3).map(tuple),
        "err": st.just(0) | st.integers(0, 60_000),
    }
    return Record(
        id=draw(record_ids),
        type=draw(words),
        mode=draw(st.sampled_from(MODES)),
        source=draw(words),
        seq=draw(instants),
        time=draw(instants),
        party=draw(words),
        acting=draw(words),
        by=draw(words),
        subject=draw(words),
        class_name=draw(words),
        schema=draw(st.integers(0, 9)),
        data={name: draw(values) for name in names[:cut]},
        sealed={name: draw(hexes) for name in names[cut:]},
        **{name: draw(strategy) for name, strategy in optional.items()},
    )


kinds = st.sampled_from(sorted(VOCABULARY.by_alias.values(), key=lambda kind: kind.alias))
sealing = st.sampled_from(
    sorted(
        (
            kind
            for kind in VOCABULARY.by_alias.values()
            if any(field.sealed and not field.optional for field in kind.fields)
        ),
        key=lambda kind: kind.alias,
    )
)
"""Types whose records always hold a closed field."""

NAMES = st.from_regex(r"[a-z]{1,8}(-[a-z]{1,8})?", fullmatch=True)
_BY_TYPE = {
    "bool": st.booleans(),
    "list": st.lists(NAMES | st.integers(-180_000_000, 180_000_000), max_size=3),
    "t": st.integers(0, LATEST),
    "hash": hexes,
    "id": NAMES,
}


def field_values(field):
    """Values that a field's declaration allows."""
    if field.type == "choice":
        return st.sampled_from(field.choices)
    if field.dimension is not None and field.type != "t":
        return st.integers(0, LIMIT - 1)
    return _BY_TYPE.get(field.type, words)


@st.composite
def data_of(draw, kind, field_strategy=field_values):
    """Field values of a record type: all that are owed, some of the optional ones."""
    return {
        field.name: draw(field_strategy(field))
        for field in kind.fields
        if not field.optional or draw(st.booleans())
    }


@st.composite
def written(draw, kind=None, field_strategy=field_values):
    """A record of a known type as its author makes it: `(kind, record, openings)`."""
    kind = draw(kinds) if kind is None else kind
    filled = draw(data_of(kind, field_strategy))
    data, sealed, openings = seal_fields(
        kind, filled, {field.name: draw(salts) for field in kind.fields if field.sealed}
    )
    party = draw(st.sampled_from(PARTIES))
    record = Record(
        id=draw(record_ids),
        type=kind.name,
        mode=draw(st.sampled_from(MODES)),
        source=f"{party}/{draw(NAMES)}",
        seq=draw(st.integers(1, 10_000)),
        time=draw(instants),
        party=party,
        acting=draw(NAMES),
        by=draw(NAMES),
        subject=subject_of(kind, filled) or party,
        class_name=kind.class_name,
        data=data,
        sealed=sealed,
        schema=kind.schema,
    )
    return kind, record, openings


@st.composite
def envelopes(draw):
    """A signed record of any type."""
    return seal(draw(keys), draw(records()).encode())


@st.composite
def entries(draw, kind=None, field_strategy=field_values):
    """A log entry of a known type: `(kind, record, entry)`."""
    kind, record, openings = draw(written(kind, field_strategy))
    entry = Entry(
        envelope=seal(draw(keys), record.encode()).encode(),
        body_salt=draw(salts),
        keys_salt=draw(salts),
        type=record.type,
        keys=join_keys(kind, record),
        sealed=openings,
    )
    return kind, record, entry


def fact_of(kind, record, entry, position=0):
    """The fact that its own node reads from an entry."""
    values_ = {**record.data, **{name: opening[1] for name, opening in entry.sealed.items()}}
    return Fact(
        alias=kind.alias, record=record, values=values_, log=record.party, position=position
    )


# ---------------------------------------------------------------- heads
origins = st.from_regex(r"[a-z]{1,8}(/[a-z0-9]{1,8}){0,3}", fullmatch=True)
checkpoints = st.builds(Checkpoint, origins, st.integers(0, 2**50), digests)
