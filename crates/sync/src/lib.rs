//! Protocol and sync engine: what goes between a laptop and its server, and in which order.
//!
//! The crate opens no socket, reads no clock and no file. [`engine`] is a state machine that a driver feeds with
//! events and the time; [`transport`] and [`local`] name what the driver needs on either side.

pub mod account;
pub mod blob;
pub mod bucket;
pub mod carry;
pub mod encoding;
pub mod engine;
pub mod events;
pub mod ical;
pub mod limits;
pub mod local;
pub mod log;
pub mod protocol;
pub mod signing;
pub mod snapshot;
pub mod transport;
