//! The rules of the domain crate, tested from outside: one binary, a module for each part.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod access;
mod approvals;
mod attachments;
mod authorisation;
mod back_out;
mod baselines;
mod builders;
mod bulk;
mod calendar;
mod change;
mod classes;
mod cmdb;
mod dhs;
mod dhs_models;
mod dhs_stock;
mod dsl;
mod dsl_sbom;
mod edits;
mod every;
mod exceptions;
mod filter;
mod hostile;
mod impact;
mod locations;
mod merging;
mod observations;
mod properties;
mod readiness;
mod redundancy;
mod relation_types;
mod reports;
mod runbook;
mod scanning;
mod scope;
mod setup;
mod since;
mod standards;
mod stocktakes;
mod story;
mod tasks;
mod transitions;
