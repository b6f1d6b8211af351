-- What records tell reports: derived from bodies, as summaries are, and filled by the derivation that follows at the same
-- opening (src/project.rs). Names are numbers in the table of names; 0: empty.

-- A report reads the stretch of one measure and period: the table is its own index.
CREATE TABLE fact (
    measure INTEGER NOT NULL, -- name of what it is about
    at      INTEGER NOT NULL, -- when it was
    n       INTEGER NOT NULL, -- row of the record that tells it
    nth     INTEGER NOT NULL, -- its place among what that record tells
    grp     INTEGER NOT NULL, -- name of its group
    type    INTEGER NOT NULL, -- name of the type
    class   INTEGER NOT NULL, -- name of the class
    owner   INTEGER NOT NULL, -- name of the identity of the person that answers for it
    value   INTEGER NOT NULL, -- how many, or milliseconds
    PRIMARY KEY (measure, at, n, nth)
) STRICT, WITHOUT ROWID;
CREATE INDEX fact_of ON fact (n);

-- The business services that a record's facts are about.
CREATE TABLE fact_service (
    service INTEGER NOT NULL, -- name of the identity of the service
    n       INTEGER NOT NULL, -- row of the record
    PRIMARY KEY (service, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX fact_service_of ON fact_service (n);
