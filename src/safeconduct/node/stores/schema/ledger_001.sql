-- The log of this node's party. One writer. Rows are only ever added, save for `checkpoint.note`,
-- which gains cosignatures, and `peer_*`, which mirror what the other party signed.
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE leaf (position INTEGER PRIMARY KEY, leaf BLOB NOT NULL);
-- Bodies lie apart from leaves: a body may be withheld or erased, its leaf never.
CREATE TABLE body (
    position INTEGER PRIMARY KEY,
    record_id TEXT NOT NULL,
    rev INTEGER NOT NULL,
    source TEXT NOT NULL,
    seq INTEGER NOT NULL,
    received INTEGER NOT NULL,
    opening BLOB NOT NULL,
    UNIQUE (record_id, rev),
    UNIQUE (source, seq)
);
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL);
CREATE TABLE segment (hash TEXT PRIMARY KEY, fixes BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE peer_leaf (position INTEGER PRIMARY KEY, leaf BLOB NOT NULL);
-- `counts` is this node's judgement on arrival: 0 for a body that was signed without the power to.
CREATE TABLE peer_body (
    position INTEGER PRIMARY KEY, form TEXT NOT NULL, opening BLOB NOT NULL, counts INTEGER NOT NULL
);
CREATE TABLE peer_checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL);
