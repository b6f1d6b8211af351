-- Roots of complete subtrees of the audit log, one for every 256 of the level below: proofs need not read all leaves.
CREATE TABLE log_node (
    level INTEGER NOT NULL, -- 1: over 256 leaves, 2: over 65,536, and so on
    idx   INTEGER NOT NULL, -- position from 0 among those of its level
    hash  BLOB    NOT NULL, -- RFC 6962
    PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

-- What an administrator said when the data were last put back from a backup; nothing where that never was.
ALTER TABLE workspace ADD COLUMN restored_size INTEGER; -- fewest entries that the log had after a restore
ALTER TABLE workspace ADD COLUMN restored_why TEXT;     -- why, in the administrator's words
ALTER TABLE workspace ADD COLUMN restored_at INTEGER;   -- server clock
