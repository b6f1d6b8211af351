-- A verified backup covers everything up to this sequence.
ALTER TABLE workspace ADD COLUMN durable_seq BIGINT NOT NULL DEFAULT 0;

-- Held commands are few and counted often.
CREATE INDEX command_held ON command (workspace, judged_at) WHERE verdict LIKE '{"verdict":"held"%';
