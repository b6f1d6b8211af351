//! Buckets: the parts of a workspace that a laptop may hold or leave out, each with a cursor and a checksum of its own.
//! Which records lie in which of them is the domain's to say.

pub use slipway_domain::scope::{Bucket, NotABucket};
