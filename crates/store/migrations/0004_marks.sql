-- What a command is about, so that its mark shows even where it has no effect because it will probably be refused; and
-- which fields of an item of Needs attention are decided already.
ALTER TABLE queue ADD COLUMN about_kind TEXT NOT NULL DEFAULT ''; -- kind of the record that the command is about; empty: several, or not known
ALTER TABLE queue ADD COLUMN about_id BLOB NOT NULL DEFAULT x''; -- its identity
CREATE INDEX queue_about ON queue (about_kind, about_id);
ALTER TABLE attention ADD COLUMN decided TEXT NOT NULL DEFAULT '{}'; -- JSON: the fields decided so far, each mine or theirs
