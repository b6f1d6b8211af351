-- The same logical tables as in SQLite, with the workspace in every primary key: one database may hold several.
-- Times are milliseconds since 1970 UTC, hashes 32 bytes, 64-bit sums and sequences the bits of a signed figure.

CREATE TABLE workspace (
    id         UUID   NOT NULL PRIMARY KEY,  -- identity
    name       TEXT   NOT NULL,              -- as shown
    epoch      UUID   NOT NULL,              -- random; another one after each restore from a backup
    head       BIGINT NOT NULL DEFAULT 0,    -- last sequence given; moved only under this row's lock
    log_size   BIGINT NOT NULL DEFAULT 0,    -- leaves of the audit log
    log_edge   BYTEA  NOT NULL DEFAULT '',   -- roots of its complete subtrees, largest first
    created_at BIGINT NOT NULL               -- server clock
) WITH (fillfactor = 50);                    -- every batch updates the row: room for that on its page

CREATE TABLE record (
    workspace UUID    NOT NULL,                -- whose
    kind      TEXT    COLLATE "C" NOT NULL,    -- stable name
    id        UUID    NOT NULL,                -- identity
    seq       BIGINT  NOT NULL,                -- of its last change
    deleted   BOOLEAN NOT NULL DEFAULT false,  -- a tombstone
    body      TEXT    NOT NULL,                -- JSON exactly as it travels; empty for a tombstone
    PRIMARY KEY (workspace, kind, id)
);

CREATE TABLE member (
    workspace UUID    NOT NULL,                -- whose
    bucket    TEXT    COLLATE "C" NOT NULL,    -- workspace, site:ID, person:ID
    kind      TEXT    COLLATE "C" NOT NULL,    -- of the record
    id        UUID    NOT NULL,                -- of the record
    seq       BIGINT  NOT NULL,                -- moves when the record or its membership changes: the only cursor
    present   BOOLEAN NOT NULL DEFAULT true,   -- false: the record left the bucket or is gone
    checksum  BIGINT  NOT NULL DEFAULT 0,      -- of this row while present
    PRIMARY KEY (workspace, kind, id, bucket)
);
CREATE UNIQUE INDEX member_by_seq ON member (workspace, bucket, seq);

CREATE TABLE bucket (
    workspace UUID   NOT NULL,                 -- whose
    bucket    TEXT   COLLATE "C" NOT NULL,     -- as in member
    records   BIGINT NOT NULL,                 -- rows present
    total     BIGINT NOT NULL,                 -- wrapping sum of their checksums
    PRIMARY KEY (workspace, bucket)
) WITH (fillfactor = 50);

CREATE TABLE lookup (
    workspace UUID NOT NULL,                   -- whose
    name      TEXT COLLATE "C" NOT NULL,       -- which look-up of the domain
    key       TEXT COLLATE "C" NOT NULL,       -- the key; the hash of one that is too long for an index
    id        UUID NOT NULL,                   -- the record found
    kind      TEXT COLLATE "C" NOT NULL,       -- its kind
    PRIMARY KEY (workspace, name, key, id)
);
CREATE INDEX lookup_of_record ON lookup (workspace, kind, id);

CREATE TABLE command (
    workspace     UUID    NOT NULL,            -- whose
    id            UUID    NOT NULL,            -- identity; a repeated one gets its stored result
    device        UUID    NOT NULL,            -- under which it was judged
    counter       BIGINT  NOT NULL,            -- on that device
    actor         UUID    NOT NULL,            -- who
    payload       BYTEA   NOT NULL,            -- exactly as signed
    signature     BYTEA   NOT NULL,            -- Ed25519 over the payload
    verdict       TEXT    NOT NULL,            -- JSON; the same words on every retry
    seq_from      BIGINT  NOT NULL,            -- first sequence given; 0 for none
    seq_to        BIGINT  NOT NULL,            -- last sequence given; 0 for none
    judged_at     BIGINT  NOT NULL,            -- server clock
    rules_version BIGINT  NOT NULL,            -- of the rules it was judged by
    PRIMARY KEY (workspace, id)
);

CREATE TABLE chain (
    workspace UUID   NOT NULL,                 -- whose
    device    UUID   NOT NULL,                 -- whose chain
    counter   BIGINT NOT NULL,                 -- 1, 2, 3 without gaps
    command   UUID   NOT NULL,                 -- the command there; one re-issued after a fork stands in two chains
    PRIMARY KEY (workspace, device, counter)
);

CREATE TABLE log_leaf (
    workspace UUID   NOT NULL,                 -- whose
    idx       BIGINT NOT NULL,                 -- position from 0
    leaf_hash BYTEA  NOT NULL,                 -- RFC 6962
    salt      BYTEA  NOT NULL,                 -- erased together with the body where erasure is due
    changes   BYTEA  NOT NULL,                 -- hash over the records changed
    command   UUID   NOT NULL,                 -- what the leaf stands for
    PRIMARY KEY (workspace, idx)
);

CREATE TABLE account (
    workspace UUID NOT NULL,                   -- whose
    person    UUID NOT NULL,                   -- who
    "user"    TEXT COLLATE "C" NOT NULL,       -- sign-in name, lower case
    password  TEXT NOT NULL,                   -- Argon2id in PHC form
    PRIMARY KEY (workspace, person),
    UNIQUE (workspace, "user")
);

CREATE TABLE attempt (
    workspace UUID   NOT NULL,                 -- whose
    user_hash BYTEA  NOT NULL,                 -- SHA-256 of the name tried, known or not
    failures  BIGINT NOT NULL,                 -- in a row
    until     BIGINT NOT NULL,                 -- no try before this
    PRIMARY KEY (workspace, user_hash)
);
CREATE INDEX attempt_by_end ON attempt (workspace, until);

CREATE TABLE device (
    workspace     UUID    NOT NULL,                -- whose
    id            UUID    NOT NULL,                -- made on the device
    person        UUID    NOT NULL,                -- whose
    name          TEXT    COLLATE "C" NOT NULL,    -- as people call it
    public_key    BYTEA   NOT NULL,                -- Ed25519
    counter       BIGINT  NOT NULL DEFAULT 0,      -- of the last command judged
    last_hash     TEXT    NOT NULL DEFAULT '',     -- hash of that command's payload
    revoked       BOOLEAN NOT NULL DEFAULT false,  -- its commands are held, nothing is sent to it
    registered_at BIGINT  NOT NULL,                -- server clock
    PRIMARY KEY (workspace, id)
) WITH (fillfactor = 70);

CREATE TABLE session (
    workspace        UUID   NOT NULL,              -- whose
    device           UUID   NOT NULL,              -- one session a device
    person           UUID   NOT NULL,              -- who
    access_hash      BYTEA  NOT NULL,              -- SHA-256 of the access token
    access_until     BIGINT NOT NULL,              -- server clock
    refresh_hash     BYTEA  NOT NULL,              -- SHA-256 of the newest refresh token
    previous_refresh BYTEA  NOT NULL DEFAULT '',   -- of the one before; good until the newest was used once
    refresh_until    BIGINT NOT NULL,              -- server clock
    PRIMARY KEY (workspace, device),
    UNIQUE (workspace, access_hash)
);

CREATE TABLE series (
    workspace UUID   NOT NULL,                 -- whose
    name      TEXT   COLLATE "C" NOT NULL,     -- which series
    next      BIGINT NOT NULL,                 -- first number that nobody holds
    PRIMARY KEY (workspace, name)
);

CREATE TABLE lease (
    workspace UUID   NOT NULL,                 -- whose
    series    TEXT   COLLATE "C" NOT NULL,     -- which series
    first     BIGINT NOT NULL,                 -- first number of the block
    numbers   BIGINT NOT NULL,                 -- how many
    device    UUID   NOT NULL,                 -- who holds it
    leased_at BIGINT NOT NULL,                 -- server clock
    PRIMARY KEY (workspace, series, first)
);
