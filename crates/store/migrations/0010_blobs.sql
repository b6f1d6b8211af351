-- Files beside the records. Their bytes lie in chunks, sealed, in a folder beside the database; here stands what they are.

CREATE TABLE blob (
    sha256  BLOB NOT NULL PRIMARY KEY, -- of all its bytes
    bytes   INTEGER NOT NULL,          -- how many
    kept_at INTEGER NOT NULL,          -- ms UTC; since when it is here
    used_at INTEGER NOT NULL           -- ms UTC; what nobody looked at for longest goes first
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_used ON blob (used_at);

CREATE TABLE blob_part (
    sha256 BLOB NOT NULL,    -- of the blob
    n      INTEGER NOT NULL, -- place in it, from 0
    chunk  BLOB NOT NULL,    -- BLAKE3 of the chunk
    bytes  INTEGER NOT NULL, -- of the chunk, unpacked
    PRIMARY KEY (sha256, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_part_chunk ON blob_part (chunk);

CREATE TABLE blob_chunk (
    chunk  BLOB NOT NULL PRIMARY KEY, -- BLAKE3 of the chunk
    stored INTEGER NOT NULL           -- bytes of its file
) STRICT, WITHOUT ROWID;

CREATE TABLE blob_upload (
    attachment BLOB NOT NULL PRIMARY KEY, -- photo whose bytes the server does not have yet
    sha256     BLOB NOT NULL,             -- which bytes
    since      INTEGER NOT NULL           -- ms UTC
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_upload_of ON blob_upload (sha256);
