-- One file is one workspace, so the workspace key that stands in every PostgreSQL table is left out here.
-- Times are milliseconds since 1970 UTC, ids 16 bytes, hashes 32 bytes.

CREATE TABLE workspace (
    id         BLOB    NOT NULL PRIMARY KEY,  -- identity
    name       TEXT    NOT NULL,              -- as shown
    epoch      BLOB    NOT NULL,              -- random; another one after each restore from a backup
    head       INTEGER NOT NULL DEFAULT 0,    -- last sequence given; moved only inside a writing transaction
    log_size   INTEGER NOT NULL DEFAULT 0,    -- leaves of the audit log
    log_edge   BLOB    NOT NULL DEFAULT x'',  -- roots of its complete subtrees, largest first
    created_at INTEGER NOT NULL               -- server clock
) STRICT, WITHOUT ROWID;

CREATE TABLE record (
    kind    TEXT    NOT NULL,             -- stable name
    id      BLOB    NOT NULL,             -- identity
    seq     INTEGER NOT NULL,             -- of its last change
    deleted INTEGER NOT NULL DEFAULT 0,   -- 1: a tombstone
    body    TEXT    NOT NULL,             -- JSON exactly as it travels; empty for a tombstone
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE member (
    bucket   TEXT    NOT NULL,            -- workspace, site:ID, person:ID
    kind     TEXT    NOT NULL,            -- of the record
    id       BLOB    NOT NULL,            -- of the record
    seq      INTEGER NOT NULL,            -- moves when the record or its membership changes: the only cursor
    present  INTEGER NOT NULL DEFAULT 1,  -- 0: the record left the bucket or is gone
    checksum INTEGER NOT NULL DEFAULT 0,  -- of this row while present; its bits as a signed figure
    PRIMARY KEY (kind, id, bucket)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX member_by_seq ON member (bucket, seq);

CREATE TABLE bucket (
    bucket  TEXT    NOT NULL PRIMARY KEY, -- as in member
    records INTEGER NOT NULL,             -- rows present
    total   INTEGER NOT NULL              -- wrapping sum of their checksums
) STRICT, WITHOUT ROWID;

CREATE TABLE lookup (
    name TEXT NOT NULL,                   -- which look-up of the domain
    key  TEXT NOT NULL,                   -- the key
    id   BLOB NOT NULL,                   -- the record found
    kind TEXT NOT NULL,                   -- its kind
    PRIMARY KEY (name, key, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX lookup_of_record ON lookup (kind, id);

CREATE TABLE command (
    id            BLOB    NOT NULL PRIMARY KEY, -- identity; a repeated one gets its stored result
    device        BLOB    NOT NULL,             -- under which it was judged
    counter       INTEGER NOT NULL,             -- on that device
    actor         BLOB    NOT NULL,             -- who
    payload       BLOB    NOT NULL,             -- exactly as signed
    signature     BLOB    NOT NULL,             -- Ed25519 over the payload
    verdict       TEXT    NOT NULL,             -- JSON; the same words on every retry
    seq_from      INTEGER NOT NULL,             -- first sequence given; 0 for none
    seq_to        INTEGER NOT NULL,             -- last sequence given; 0 for none
    judged_at     INTEGER NOT NULL,             -- server clock
    rules_version INTEGER NOT NULL              -- of the rules it was judged by
) STRICT;

CREATE TABLE chain (
    device  BLOB    NOT NULL,             -- whose chain
    counter INTEGER NOT NULL,             -- 1, 2, 3 without gaps
    command BLOB    NOT NULL,             -- the command there; one re-issued after a fork stands in two chains
    PRIMARY KEY (device, counter)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_leaf (
    idx       INTEGER NOT NULL PRIMARY KEY, -- position from 0
    leaf_hash BLOB    NOT NULL,             -- RFC 6962
    salt      BLOB    NOT NULL,             -- erased together with the body where erasure is due
    changes   BLOB    NOT NULL,             -- hash over the records changed
    command   BLOB    NOT NULL              -- what the leaf stands for
) STRICT;

CREATE TABLE account (
    person   BLOB NOT NULL PRIMARY KEY,   -- who
    user     TEXT NOT NULL UNIQUE,        -- sign-in name, lower case
    password TEXT NOT NULL                -- Argon2id in PHC form
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt (
    user_hash BLOB    NOT NULL PRIMARY KEY, -- SHA-256 of the name tried, known or not
    failures  INTEGER NOT NULL,             -- in a row
    until     INTEGER NOT NULL              -- no try before this
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_by_end ON attempt (until);

CREATE TABLE device (
    id            BLOB    NOT NULL PRIMARY KEY, -- made on the device
    person        BLOB    NOT NULL,             -- whose
    name          TEXT    NOT NULL,             -- as people call it
    public_key    BLOB    NOT NULL,             -- Ed25519
    counter       INTEGER NOT NULL DEFAULT 0,   -- of the last command judged
    last_hash     TEXT    NOT NULL DEFAULT '',  -- hash of that command's payload
    revoked       INTEGER NOT NULL DEFAULT 0,   -- 1: its commands are held, nothing is sent to it
    registered_at INTEGER NOT NULL              -- server clock
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    device           BLOB    NOT NULL PRIMARY KEY, -- one session a device
    person           BLOB    NOT NULL,             -- who
    access_hash      BLOB    NOT NULL UNIQUE,      -- SHA-256 of the access token
    access_until     INTEGER NOT NULL,             -- server clock
    refresh_hash     BLOB    NOT NULL,             -- SHA-256 of the newest refresh token
    previous_refresh BLOB    NOT NULL DEFAULT x'', -- of the one before; good until the newest was used once
    refresh_until    INTEGER NOT NULL              -- server clock
) STRICT, WITHOUT ROWID;

CREATE TABLE series (
    name TEXT    NOT NULL PRIMARY KEY,    -- which series
    next INTEGER NOT NULL                 -- first number that nobody holds
) STRICT, WITHOUT ROWID;

CREATE TABLE lease (
    series    TEXT    NOT NULL,           -- which series
    first     INTEGER NOT NULL,           -- first number of the block
    numbers   INTEGER NOT NULL,           -- how many
    device    BLOB    NOT NULL,           -- who holds it
    leased_at INTEGER NOT NULL,           -- server clock
    PRIMARY KEY (series, first)
) STRICT, WITHOUT ROWID;
