//! The laptop's encrypted SQLite: rows, search, pending commands.
//!
//! What a person sees are the rows of `record`: the confirmed state with the effects of pending commands on it.
//! Rows change in three places only: [`Store::issue`] executes a command and queues it in one transaction,
//! [`Store::take_handed`] executes another laptop's until the next flip, and [`Store::flip`] replaces the confirmed state and carries the pending commands over. This crate knows nothing of
//! the network, of windows, or of clocks: times, ids and signatures come in.

pub mod attention;
pub mod blob;
pub mod carry;
pub mod each;
pub mod error;
pub mod facts;
pub mod filter;
pub mod flip;
pub mod impact;
pub mod issue;
pub mod key;
pub mod list;
pub mod meta;
pub mod numbers;
pub mod of_class;
pub mod open;
pub mod open_releases;
pub mod page;
pub mod places;
pub mod queue;
pub mod search;
pub mod snapshot;
pub mod stage;
pub mod status;
pub mod view;
pub mod words;
pub mod write;

mod chain;
mod db;
mod fork;
mod guard;
mod load;
mod migrate;
mod names;
mod pack;
mod pool;
mod project;
mod try_out;
mod under;

pub use open::Store;
