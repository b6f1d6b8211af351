//! The central server: HTTPS, accounts, storage, audit log.
//!
//! It trusts no client's result, only signed commands, which it judges by the same rules on its own records.

pub mod backup;
pub mod blobs;
pub mod certificate;
pub mod core;
pub mod error;
pub mod folder;
mod http;
pub mod limit;
mod metrics;
pub mod oidc;
pub mod openapi;
pub mod sample;
pub mod serve;
pub mod setup;
mod stalled;
pub mod storage;
pub mod tls;
