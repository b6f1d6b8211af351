//! The real server over real TLS, and its storage.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    reason = "tests stop at the first surprise"
)]

mod hostile;
mod live;
mod pull;
mod push;
mod recorded;
mod setup;
mod sign_in;
mod storage;
mod support;
