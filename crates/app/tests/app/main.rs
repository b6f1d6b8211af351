//! Every command of the list, on a host that is only traits: no window, no terminal, no keychain of the system.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

mod account;
mod attention;
mod baselines;
mod calendar;
mod calls;
mod collisions;
mod duplicates;
mod impact;
mod jobs;
mod lists;
mod names;
mod oidc;
mod scanning;
mod server;
mod standards;
mod story;
mod support;
