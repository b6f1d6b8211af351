-- Records lie in the buckets that the domain's table gives them; before, everything lay in "workspace".
ALTER TABLE workspace ADD COLUMN placed bigint NOT NULL DEFAULT 0; -- version of the table by which they were placed
