-- The laptop's database. Ids are 16-byte blobs; times are milliseconds since 1970 UTC; bodies are the records' JSON.
-- What a person sees is in "record": the confirmed state with the effects of pending commands on it. "before" holds
-- what those effects replaced, so the confirmed state can be had back at any time.

CREATE TABLE profile (
    one       INTEGER PRIMARY KEY NOT NULL CHECK (one = 1), -- there is one row
    workspace BLOB NOT NULL,                                -- whose records these are
    device    BLOB NOT NULL,                                -- under which identity commands are issued
    epoch     TEXT NOT NULL DEFAULT '',                     -- the server's, at the last exchange; empty before the first
    counter   INTEGER NOT NULL DEFAULT 0,                   -- of the last command issued
    previous  TEXT NOT NULL DEFAULT ''                      -- hex of the SHA-256 of the last payload
) STRICT;

CREATE TABLE meta (
    name  TEXT PRIMARY KEY NOT NULL, -- what is remembered
    value TEXT NOT NULL DEFAULT ''   -- as text
) STRICT, WITHOUT ROWID;

CREATE TABLE record (
    n    INTEGER PRIMARY KEY NOT NULL, -- row number on this laptop; rows of "summary" and "search" carry the same
    kind TEXT NOT NULL,                -- stable name; one that this program does not know is kept and hidden
    id   BLOB NOT NULL,                -- identity
    body TEXT NOT NULL,                -- JSON, byte for byte as it travels
    UNIQUE (kind, id)
) STRICT;

CREATE TABLE lookup (
    key BLOB NOT NULL, -- first 16 bytes of the SHA-256 of "name|key": half the pages of the texts themselves
    id  BLOB NOT NULL, -- the record found
    PRIMARY KEY (key, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE summary (
    n        INTEGER PRIMARY KEY NOT NULL REFERENCES record (n), -- the record
    kind     TEXT NOT NULL,                                      -- its kind
    id       BLOB NOT NULL,                                      -- its identity
    label    TEXT NOT NULL DEFAULT '' COLLATE NOCASE,            -- number or name
    position INTEGER NOT NULL DEFAULT 0,                         -- place in its number series, provisional numbers last; 0: none
    title    TEXT NOT NULL DEFAULT '' COLLATE NOCASE,            -- in a line
    grp      TEXT NOT NULL DEFAULT '',                           -- what lists group by: phase, CI class, category, store
    state    TEXT NOT NULL DEFAULT '',                           -- state or status
    type     TEXT NOT NULL DEFAULT '',                           -- type, environment, platform, condition
    class    TEXT NOT NULL DEFAULT '',                           -- class of a release
    level    TEXT NOT NULL DEFAULT '',                           -- risk or criticality
    owner    TEXT NOT NULL DEFAULT '',                           -- person or group that answers for it
    at       INTEGER NOT NULL DEFAULT 0                          -- start, due or creation time
) STRICT;
CREATE INDEX summary_position ON summary (kind, position, label);
CREATE INDEX summary_label    ON summary (kind, label);
CREATE INDEX summary_title    ON summary (kind, title);
CREATE INDEX summary_at       ON summary (kind, at);
CREATE INDEX summary_grp      ON summary (kind, grp, state);
CREATE INDEX summary_state    ON summary (kind, state);
CREATE INDEX summary_owner    ON summary (kind, owner);

-- Titles, numbers, other words and kinds of records, by record.n. Nothing is stored twice: excerpts come from the records.
CREATE VIRTUAL TABLE search USING fts5 (
    title, number, words, kind,
    content = '', contentless_delete = 1, prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TABLE queue (
    n         INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, -- order of issue on this laptop; never given twice
    counter   INTEGER NOT NULL,             -- place in the device's chain
    id        BLOB NOT NULL UNIQUE,         -- the command
    payload   BLOB NOT NULL,                -- the exact bytes that were signed
    signature BLOB NOT NULL,                -- Ed25519 over the payload
    predicted TEXT NOT NULL DEFAULT '',     -- JSON: why it will probably be refused; empty if it probably will not
    answer    TEXT NOT NULL DEFAULT ''      -- JSON: the server's verdict, waiting for the flip that brings its effects
) STRICT;

CREATE TABLE before (
    kind TEXT NOT NULL,                         -- a record that a pending command changed
    id   BLOB NOT NULL,                         -- its identity
    n    INTEGER NOT NULL REFERENCES queue (n), -- the command
    body TEXT,                                  -- as it was before that command; null: there was none
    PRIMARY KEY (kind, id, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX before_n ON before (n);

CREATE TABLE sent (
    n         INTEGER PRIMARY KEY NOT NULL, -- order in which commands were issued on this laptop
    counter   INTEGER NOT NULL,             -- place in the device's chain
    id        BLOB NOT NULL UNIQUE,         -- the command
    payload   BLOB NOT NULL,                -- the exact bytes that were signed
    signature BLOB NOT NULL,                -- Ed25519 over the payload
    answer    TEXT NOT NULL,                -- JSON: the server's verdict
    seq       INTEGER NOT NULL,             -- the server's sequence when it was judged
    judged_at INTEGER NOT NULL              -- when the verdict arrived, by this laptop's clock
) STRICT;
CREATE INDEX sent_seq ON sent (seq);

CREATE TABLE incoming (
    bucket TEXT NOT NULL,    -- the part of the workspace it came in
    kind   TEXT NOT NULL,    -- the record
    id     BLOB NOT NULL,    -- its identity
    seq    INTEGER NOT NULL, -- the server's sequence
    body   TEXT,             -- JSON; null: it left the bucket or was removed
    PRIMARY KEY (bucket, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX incoming_record ON incoming (kind, id);

CREATE TABLE staging (
    bucket TEXT PRIMARY KEY NOT NULL, -- a bucket that is being pulled
    seq    INTEGER NOT NULL           -- how far
) STRICT, WITHOUT ROWID;

CREATE TABLE member (
    bucket TEXT NOT NULL,    -- a part of the workspace
    kind   TEXT NOT NULL,    -- a confirmed record in it
    id     BLOB NOT NULL,    -- its identity
    seq    INTEGER NOT NULL, -- at which it last moved there
    sum    INTEGER NOT NULL, -- its checksum, as a signed number of the same bits
    PRIMARY KEY (bucket, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_record ON member (kind, id);

CREATE TABLE cursor (
    bucket TEXT PRIMARY KEY NOT NULL,  -- a part of the workspace
    seq    INTEGER NOT NULL DEFAULT 0, -- everything up to here is confirmed; 0: everything comes anew
    count  INTEGER NOT NULL DEFAULT 0, -- how many records are in it
    sum    INTEGER NOT NULL DEFAULT 0  -- their checksum, as a signed number of the same bits
) STRICT, WITHOUT ROWID;

CREATE TABLE attention (
    id         BLOB PRIMARY KEY NOT NULL,  -- the command
    counter    INTEGER NOT NULL,           -- its place in the device's chain
    actor      BLOB NOT NULL,              -- who issued it
    made_at    INTEGER NOT NULL,           -- when, by this laptop's clock
    judged_at  INTEGER NOT NULL,           -- when the verdict arrived
    entered    TEXT NOT NULL,              -- JSON: the command as it was entered
    answer     TEXT NOT NULL,              -- JSON: the server's verdict
    settled_at INTEGER NOT NULL DEFAULT 0, -- when a person decided; 0: still open
    reason     TEXT NOT NULL DEFAULT '',   -- why it was discarded or how it was settled
    replaced   BLOB                        -- the command sent in its place; null: none
) STRICT;
CREATE INDEX attention_open ON attention (settled_at, judged_at);

CREATE TABLE number_block (
    series TEXT NOT NULL,    -- a series of numbers
    first  INTEGER NOT NULL, -- first number of the block leased to this device
    next   INTEGER NOT NULL, -- next one to give away
    last   INTEGER NOT NULL, -- last one
    PRIMARY KEY (series, first)
) STRICT, WITHOUT ROWID;
