//! The sync engine on simulated laptops against the real server core on real SQLite.
//!
//! Network, clock and disasters are virtual and come from a seed; the promises of sync are assertions, so everything
//! here stops at the first surprise. Only tests use this crate; nothing of it ships.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a broken promise ends the run with its story"
)]

pub mod laptop;
pub mod promise;
pub mod random;
pub mod server;
pub mod world;
