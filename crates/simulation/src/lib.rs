//! The real sync engine on simulated laptops, over the real store or one in memory, against the real server core.
//!
//! Network, clock and disasters are virtual and come from a seed; the promises of sync are assertions, so everything
//! here stops at the first surprise. Only tests and `cargo xtask simulate` use this crate; nothing of it ships.
//!
//! One run is: [`script::script`] draws what people and disasters do, [`world::World`] lets it happen, [`promise`]
//! says what must hold while it does and after the faults have stopped, [`run`] replays and shortens what failed, and
//! [`planted`] breaks the sync on purpose to see that it is noticed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a broken promise ends the run with its story"
)]

pub mod invent;
pub mod laptop;
pub mod machine;
pub mod network;
pub mod place;
pub mod planted;
pub mod promise;
pub mod random;
pub mod run;
pub mod script;
pub mod server;
pub mod stored;
pub mod story;
pub mod world;
