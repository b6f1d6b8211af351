-- What other laptops handed over in carry files: their commands, which show here until the next flip and are never
-- pushed as own, and their files for the server, which this laptop brings along when it meets it.

CREATE TABLE carried (
    bundle      BLOB PRIMARY KEY NOT NULL, -- the file: taken once
    device      BLOB NOT NULL,             -- whose commands
    device_name TEXT NOT NULL,             -- as people call it
    person      BLOB NOT NULL,             -- who works on it
    made_at     INTEGER NOT NULL,          -- when the file was made, by that laptop's clock
    taken_at    INTEGER NOT NULL,          -- when it was taken here
    commands    INTEGER NOT NULL,          -- how many commands the file for the server has
    sealed      BLOB NOT NULL,             -- that file; empty once the server has it
    outcome     TEXT NOT NULL DEFAULT ''   -- what the server said of it; empty before
) STRICT;
CREATE INDEX carried_taken ON carried (taken_at, bundle);
CREATE INDEX carried_outcome ON carried (outcome, taken_at, bundle);

CREATE TABLE foreign_command (
    n         INTEGER PRIMARY KEY NOT NULL,              -- order among everything executed here: a number of "queue"
    bundle    BLOB NOT NULL REFERENCES carried (bundle), -- where it came from
    id        BLOB NOT NULL UNIQUE,                      -- the command
    predicted TEXT NOT NULL DEFAULT ''                   -- JSON: why it has no effect here; empty if it has
) STRICT;
CREATE INDEX foreign_command_bundle ON foreign_command (bundle);

CREATE TABLE foreign_before (
    kind TEXT NOT NULL,                                   -- a record that such a command changed
    id   BLOB NOT NULL,                                   -- its identity
    n    INTEGER NOT NULL REFERENCES foreign_command (n), -- the command
    body TEXT,                                            -- as it was before that command; null: there was none
    PRIMARY KEY (kind, id, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX foreign_before_n ON foreign_before (n);

-- Whatever hides a confirmed record: the oldest image is the confirmed one.
CREATE VIEW replaced AS
    SELECT kind, id, n, body FROM before UNION ALL SELECT kind, id, n, body FROM foreign_before;
