ALTER TABLE workspace ADD COLUMN durable_seq INTEGER NOT NULL DEFAULT 0; -- a verified backup covers everything up to it

-- Held commands are few and counted often.
CREATE INDEX command_held ON command (judged_at) WHERE verdict ->> '$.verdict' = 'held';
