-- The sign-in name stands in the person's record only: a second copy would keep an old name good.
ALTER TABLE account DROP COLUMN "user";

CREATE TABLE device_entry (
    workspace UUID NOT NULL,                   -- whose
    id        UUID NOT NULL,                   -- identity; a leaf of the log names it as it names a command
    device    UUID NOT NULL,                   -- what became of this device
    payload   BYTEA NOT NULL,                  -- what the former key signed, exactly; empty for none
    signature BYTEA NOT NULL,                  -- Ed25519 by the former key over the payload; empty for none
    note      TEXT COLLATE "C" NOT NULL,       -- JSON: registered, renewed, revoked or allowed, and by whom
    at        BIGINT NOT NULL,                 -- server clock
    PRIMARY KEY (workspace, id)
);
