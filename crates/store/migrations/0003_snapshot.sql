-- Buckets that are fetched whole: compressed frames as the server packed them, kept until the flip puts them in force.

CREATE TABLE snapshot (
    bucket   TEXT PRIMARY KEY NOT NULL,          -- a bucket that is fetched whole
    seq      INTEGER NOT NULL,                   -- the server's sequence at which it is as it was packed
    manifest TEXT NOT NULL,                      -- what its frames are, as the server signed it
    complete INTEGER NOT NULL DEFAULT 0          -- 1: every frame is here
) STRICT, WITHOUT ROWID;

CREATE TABLE frame (
    bucket TEXT NOT NULL,                        -- whose
    n      INTEGER NOT NULL,                     -- place among its frames, from 0
    packed BLOB NOT NULL,                        -- as it came
    PRIMARY KEY (bucket, n)
) STRICT;
