//! The engine step by step, and the wire format letter by letter.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests stop at the first surprise"
)]

mod carry;
mod engine;
mod ical;
mod snapshot;
mod wire;
