-- The same in less room: names as numbers, and rows that point at rows. Bodies are packed, and
-- look-ups, lists and search filled, by the derivation that follows at the same opening (src/project.rs).

-- Kinds, buckets and values that many rows share.
CREATE TABLE name (
    code INTEGER PRIMARY KEY NOT NULL, -- stands for it in other tables; never given to another name
    text TEXT NOT NULL UNIQUE          -- the name
) STRICT;
INSERT INTO name (text) SELECT kind FROM record UNION SELECT kind FROM member UNION SELECT bucket FROM member;

DROP TABLE summary;
DROP TABLE lookup;

ALTER TABLE record RENAME TO old_record;
ALTER TABLE member RENAME TO old_member;

CREATE TABLE record (
    n      INTEGER PRIMARY KEY NOT NULL, -- row number on this laptop; other tables point at it
    kind   INTEGER NOT NULL,             -- name of the kind; one that this program does not know is kept and hidden
    id     BLOB NOT NULL,                -- identity; one row for each kind and identity
    body   ANY,                          -- text: JSON, byte for byte as it travels; blob: a packed CI; integer: type of a
                                         -- relation; null: not there, but a confirmed copy or a relation points at it
    source INTEGER,                      -- relation: row of its source
    target INTEGER                       -- relation: row of its target
) STRICT;
INSERT INTO record (n, kind, id, body)
    SELECT n, (SELECT code FROM name WHERE text = kind), id, body FROM old_record ORDER BY n;
INSERT INTO record (kind, id)
    SELECT DISTINCT (SELECT code FROM name WHERE text = m.kind), m.id FROM old_member m
    WHERE NOT EXISTS (SELECT 1 FROM old_record r WHERE r.kind = m.kind AND r.id = m.id);
-- The last bytes of an identity are random: six of them find it, and a chance hit is told by the whole of it.
CREATE INDEX record_id ON record (substr(id, 11));
CREATE INDEX record_source ON record (source) WHERE source IS NOT NULL;
CREATE INDEX record_target ON record (target) WHERE target IS NOT NULL;

CREATE TABLE member (
    n      INTEGER NOT NULL, -- row of a confirmed record
    bucket INTEGER NOT NULL, -- name of a part of the workspace that it lies in
    seq    INTEGER NOT NULL, -- at which it last moved there
    sum    INTEGER NOT NULL, -- its checksum, as a signed number of the same bits
    PRIMARY KEY (n, bucket)
) STRICT, WITHOUT ROWID;
INSERT INTO member (n, bucket, seq, sum)
    SELECT r.n, (SELECT code FROM name WHERE text = m.bucket), m.seq, m.sum
    FROM old_member m
    JOIN record r ON substr(r.id, 11) = substr(m.id, 11) AND r.id = m.id
        AND r.kind = (SELECT code FROM name WHERE text = m.kind)
    ORDER BY 1, 2;
DROP TABLE old_member;
DROP TABLE old_record;

CREATE TABLE lookup (
    key INTEGER NOT NULL, -- first 6 bytes of the SHA-256 of "name|key": whoever finds a row asks its record whether it is it
    n   INTEGER NOT NULL, -- row of the record found
    PRIMARY KEY (key, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE summary (
    n        INTEGER PRIMARY KEY NOT NULL,                       -- row of the record
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
