-- The sign-in name stands in the person's record only: a second copy would keep an old name good.
CREATE TABLE account_of (
    person   BLOB NOT NULL PRIMARY KEY,   -- who
    password TEXT NOT NULL                -- Argon2id in PHC form
) STRICT, WITHOUT ROWID;
INSERT INTO account_of (person, password) SELECT person, password FROM account;
DROP TABLE account;
ALTER TABLE account_of RENAME TO account;

CREATE TABLE device_entry (
    id        BLOB    NOT NULL PRIMARY KEY, -- identity; a leaf of the log names it as it names a command
    device    BLOB    NOT NULL,             -- what became of this device
    payload   BLOB    NOT NULL,             -- what the former key signed, exactly; empty for none
    signature BLOB    NOT NULL,             -- Ed25519 by the former key over the payload; empty for none
    note      TEXT    NOT NULL,             -- JSON: registered, renewed, revoked or allowed, and by whom
    at        INTEGER NOT NULL              -- server clock
) STRICT;
