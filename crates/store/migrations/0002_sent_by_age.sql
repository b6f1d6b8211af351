-- Kept commands go after a time even when no backup covers them; every sync asks for those.
CREATE INDEX sent_judged_at ON sent (judged_at);
