//! The rules and records of Slipway.
//!
//! Pure: the crate reads no clock, file, network or random number; time and ids come in with the command and
//! its [`execute::Context`]. The same command on the same records gives the same result on every machine, which
//! is what lets laptop and server judge alike.

pub mod access;
pub mod approval;
pub mod attachment;
pub mod blob;
pub mod calendar;
pub mod change;
pub mod checksum;
pub mod cmdb;
pub mod collision;
pub mod command;
pub mod comment;
pub mod dhs;
pub mod dsl;
pub mod exception;
pub mod execute;
pub mod filter;
pub mod freeze;
pub mod id;
pub mod level;
pub mod lookup;
pub mod number;
pub mod people;
pub mod readiness;
pub mod record;
pub mod records;
pub mod refusal;
pub mod release;
pub mod report;
pub mod scope;
pub mod setting;
pub mod since;
pub mod text;
pub mod time;
