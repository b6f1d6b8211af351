-- Impact analysis walks by row numbers: the indexes on the ends of relations hold all that a walk needs, and the members
-- of what is redundant stand by themselves.

DROP INDEX record_source;
DROP INDEX record_target;
CREATE INDEX record_source ON record (source, body, target) WHERE source IS NOT NULL;
CREATE INDEX record_target ON record (target, body, source) WHERE target IS NOT NULL;

CREATE TABLE guard (
    member INTEGER NOT NULL, -- row of a CI that is a member or provider
    rule   INTEGER NOT NULL, -- row of the redundancy group or rule
    PRIMARY KEY (member, rule)
) STRICT, WITHOUT ROWID;
CREATE INDEX guard_rule ON guard (rule);
