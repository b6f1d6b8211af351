-- Tombstones are kept until every active device has seen them; who comes later fetches the bucket anew.
ALTER TABLE bucket ADD COLUMN horizon INTEGER NOT NULL DEFAULT 0; -- tombstones up to here are gone

CREATE TABLE device_cursor (
    device  BLOB    NOT NULL,             -- which laptop
    bucket  TEXT    NOT NULL,             -- as in member
    seq     INTEGER NOT NULL DEFAULT 0,   -- everything up to here is on it; noted now and then, so never too high
    base    INTEGER NOT NULL DEFAULT 0,   -- the horizon when it last began from nothing: older cursors of it are good
    seen_at INTEGER NOT NULL,             -- server clock, when this was noted
    PRIMARY KEY (device, bucket)
) STRICT, WITHOUT ROWID;
