//! The real server over real TLS, and its storage.

#![allow(
    clippy::unwrap_used,
    clippy::duplicate_mod,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    reason = "tests stop at the first surprise"
)]

mod audit;
mod backup;
mod certificates;
mod description;
#[allow(dead_code, reason = "the domain's tests use all of it")]
#[path = "../../domain/tests/every.rs"]
mod every;
mod nodes;
mod on_postgres;
mod on_sqlite;
mod operations;
mod proofs;
mod recorded;
mod scope;
mod setup;
mod storage;
mod support;
mod transfer;
