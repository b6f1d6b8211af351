//! What front ends show: flat, serialisable answers named for the screen that shows them. No rule lives here.

pub mod account;
pub mod approvals;
pub mod attention;
pub mod baselines;
pub mod bulk;
pub mod carry;
pub mod changes;
pub mod cmdb;
pub mod collisions;
pub mod common;
pub mod dhs;
pub mod dsl;
pub mod exceptions;
pub mod groups;
pub mod held;
pub mod impact;
pub mod inbox;
pub mod jobs;
pub mod lists;
pub mod moments;
pub mod mutations;
pub mod observations;
pub mod profile;
pub mod releases;
pub mod settings;
pub mod transfer;
