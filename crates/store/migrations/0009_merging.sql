-- Words are merged when there is time for it (src/words.rs), not by whoever writes: with the engine's own choice a change
-- of a few records pays for merging what a million others left.

INSERT INTO search (search, rank) VALUES ('automerge', 0);
