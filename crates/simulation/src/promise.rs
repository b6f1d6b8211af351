//! What sync promises, and where each promise is checked. One table for all of them: a broken promise says its name
//! first, so that a failing run can be found here.

pub mod always;
pub mod domain;
pub mod oracle;
pub mod settled;

/// Name, promise, and where it is checked.
pub const TABLE: &[(&str, &str, &str)] = &[
    ("I1", "what a person saw issued waits or was judged, whatever crashed", "always::laptop, settled"),
    ("I2", "a command has one result, in the same words on every retry", "always::words, settled"),
    ("I3", "effects happen exactly once", "oracle, settled: one leaf a command"),
    ("I4", "commands of a device are judged gapless and in order", "settled"),
    ("I5", "accepted commands, replayed in order, give the server's state byte for byte", "oracle"),
    ("I6", "what a laptop holds is the server's state at its checkpoint", "always::after each flip, settled"),
    ("I7", "what a person sees is that state and the pending commands in order", "always::laptop"),
    ("I8", "without the pending commands it is that state again", "always::laptop"),
    ("I9", "nobody sees a state between two checkpoints", "always::after each other call of the store"),
    ("I10", "sequences are gapless and no row appears behind a cursor", "always::page, settled"),
    ("I11", "a refused command changes nothing and has its item of Needs attention", "oracle, always::laptop"),
    ("I12", "nothing goes locally but by a tombstone or another epoch", "always::after each call of the store"),
    (
        "I13",
        "no page has records of a bucket that is not its person's to read, nor of one not asked for",
        "always::page",
    ),
    ("I14", "a unit is in one place, under one serial number, for one CI", "domain"),
    ("I15", "a person votes once in a request, for what they saw", "domain"),
    ("I16", "releases move along the phase table only", "domain"),
    ("I17", "a change is in one open release at most", "domain"),
    ("I18", "a back-out touches only what its release set", "slipway-domain, tests/properties.rs"),
    ("I19", "an accepted master never changes", "slipway-domain, tests/dsl.rs"),
    ("I20", "the log's leaves are the judged commands in order", "settled"),
    ("I21", "any two checkpoints that anybody saw agree", "always::page, settled"),
    ("I22", "every signature verifies from what is stored", "settled"),
    ("I23", "altering a leaf shows", "slipway-sync, log.rs"),
    ("I24", "everything has a limit", "slipway-server, tests/hostile.rs"),
    ("I25", "an idle sync costs the same at any size", "bench"),
    ("L1", "once faults stop, queues drain within a minute", "world::calm_down, settled"),
    ("L2", "and every laptop holds the server's state of the buckets it may and wants to hold", "settled"),
    ("L3", "nothing waits without a deadline", "network::deliver"),
    ("L4", "event streams come back by themselves", "slipway-server, tests over real connections"),
    ("L5", "what cannot be judged is held and later commands go on", "settled"),
];
