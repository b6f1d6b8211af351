-- Files of items of the software library: they wait for the server as photos do, many of one record; they may be kept on
-- this laptop whatever needs room; and those that were found damaged are known until they are mended.

CREATE TABLE blob_wait (
    sha256 BLOB NOT NULL,    -- which bytes the server does not have yet
    holder BLOB NOT NULL,    -- id of the record they belong to
    kind   TEXT NOT NULL,    -- of that record: attachment, dsl_item
    since  INTEGER NOT NULL, -- ms UTC
    PRIMARY KEY (sha256, holder)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_wait_since ON blob_wait (since, holder, sha256, kind);
INSERT INTO blob_wait (sha256, holder, kind, since) SELECT sha256, attachment, 'attachment', since FROM blob_upload;
DROP TABLE blob_upload;

CREATE TABLE blob_pin (
    sha256 BLOB NOT NULL, -- which bytes stay here
    holder BLOB NOT NULL, -- id of the record for which
    PRIMARY KEY (sha256, holder)
) STRICT, WITHOUT ROWID;

CREATE TABLE blob_damage (
    sha256   BLOB NOT NULL PRIMARY KEY, -- which bytes were found damaged
    found_at INTEGER NOT NULL           -- ms UTC
) STRICT, WITHOUT ROWID;
