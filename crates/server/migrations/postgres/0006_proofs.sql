-- Roots of complete subtrees of the audit log, one for every 256 of the level below: proofs need not read all leaves.
CREATE TABLE log_node (
    workspace UUID   NOT NULL, -- whose
    level     BIGINT NOT NULL, -- 1: over 256 leaves, 2: over 65,536, and so on
    idx       BIGINT NOT NULL, -- position from 0 among those of its level
    hash      BYTEA  NOT NULL, -- RFC 6962
    PRIMARY KEY (workspace, level, idx)
);

-- What an administrator said when the data were last put back from a backup; nothing where that never was.
ALTER TABLE workspace ADD COLUMN restored_size bigint; -- fewest entries that the log had after a restore
ALTER TABLE workspace ADD COLUMN restored_why TEXT;    -- why, in the administrator's words
ALTER TABLE workspace ADD COLUMN restored_at bigint;   -- server clock
