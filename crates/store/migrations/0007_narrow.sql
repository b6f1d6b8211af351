-- CIs are most of a large profile: their summaries get a table of their own with names as numbers, and search keeps each
-- word of a record once. All of it is filled by the derivation that follows at the same opening (src/project.rs).

DROP TABLE search;

-- Words of records, by record.n: title, number and other words, with a word of the kind between them that nobody can
-- type. Nothing is stored twice: excerpts come from the records. Beginnings of up to three letters are kept, so that the
-- first letters somebody types need no merging of all words that begin so.
CREATE VIRTUAL TABLE search USING fts5 (
    words, content = '', contentless_delete = 1,
    prefix = '1 2 3', tokenize = 'unicode61 remove_diacritics 2'
);

DELETE FROM summary WHERE kind = 'ci';

CREATE TABLE ci_summary (
    n        INTEGER PRIMARY KEY NOT NULL,    -- row of the CI
    label    TEXT NOT NULL COLLATE NOCASE,    -- its name
    position INTEGER NOT NULL,                -- place in its number series, provisional numbers last; 0: none
    grp      INTEGER NOT NULL,                -- name of its class, lower case; 0, here and below: empty
    state    INTEGER NOT NULL,                -- name of its status, lower case
    type     INTEGER NOT NULL,                -- name of its environment, lower case
    level    INTEGER NOT NULL,                -- name of its criticality, lower case
    owner    INTEGER NOT NULL                 -- name of the identity of the person that answers for it
) STRICT;
-- Within the same value the order is that of the rows, which every index has for nothing.
CREATE INDEX ci_label    ON ci_summary (label);
CREATE INDEX ci_position ON ci_summary (position);
CREATE INDEX ci_grp      ON ci_summary (grp, state);
CREATE INDEX ci_state    ON ci_summary (state);
CREATE INDEX ci_type     ON ci_summary (type);
CREATE INDEX ci_level    ON ci_summary (level);
CREATE INDEX ci_owner    ON ci_summary (owner);

-- How many CIs there are of a class and status, so that trees and badges count nothing.
CREATE TABLE ci_count (
    grp   INTEGER NOT NULL, -- as in ci_summary
    state INTEGER NOT NULL, -- as there
    count INTEGER NOT NULL, -- how many
    PRIMARY KEY (grp, state)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER ci_summary_comes AFTER INSERT ON ci_summary BEGIN
    INSERT INTO ci_count (grp, state, count) VALUES (new.grp, new.state, 1)
        ON CONFLICT (grp, state) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER ci_summary_goes AFTER DELETE ON ci_summary BEGIN
    UPDATE ci_count SET count = count - 1 WHERE grp = old.grp AND state = old.state;
END;
CREATE TRIGGER ci_summary_moves AFTER UPDATE OF grp, state ON ci_summary
    WHEN (old.grp, old.state) <> (new.grp, new.state) BEGIN
    UPDATE ci_count SET count = count - 1 WHERE grp = old.grp AND state = old.state;
    INSERT INTO ci_count (grp, state, count) VALUES (new.grp, new.state, 1)
        ON CONFLICT (grp, state) DO UPDATE SET count = count + 1;
END;
