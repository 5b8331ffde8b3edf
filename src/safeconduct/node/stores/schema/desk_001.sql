-- What is not a record: one-time codes, tokens, seen nonces, positions not sealed yet.
CREATE TABLE invite (
    code_hash TEXT PRIMARY KEY, person TEXT NOT NULL, role TEXT NOT NULL, about TEXT NOT NULL,
    until INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE token (
    token_hash TEXT PRIMARY KEY, public TEXT NOT NULL, person TEXT NOT NULL, role TEXT NOT NULL,
    source TEXT NOT NULL, bound_to TEXT NOT NULL, use TEXT NOT NULL, until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE nonce (nonce TEXT PRIMARY KEY, seen INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE fix (
    device TEXT NOT NULL, t INTEGER NOT NULL, lat INTEGER NOT NULL, lon INTEGER NOT NULL,
    fix BLOB NOT NULL, PRIMARY KEY (device, t, lat, lon)
) WITHOUT ROWID;
