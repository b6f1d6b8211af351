//! The laptop's database on real files: opening, issuing, flipping, searching, and what a crash or a full disk leaves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

mod blobs;
mod carry;
mod crash;
mod filtering;
mod finding;
mod flipping;
mod issuing;
mod opening;
mod ordering;
mod reporting;
mod snapshot;
mod support;
mod world;
