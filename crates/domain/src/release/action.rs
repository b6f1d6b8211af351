//! What may be done with a record now, and why not: the answer that every front end shows.

use crate::refusal::Finding;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One action of a record: allowed, or not and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ActionState {
    /// Code, such as `advance`, `terminate`, `request_approval`; the CLI's `do ACTION` takes the same with dashes.
    pub action: String,
    /// As on a button, such as `Advance to Build and test`.
    pub title: String,
    /// Whether it would be carried out now.
    pub allowed: bool,
    /// Every failed guard, when it would not.
    pub findings: Vec<Finding>,
    /// Whether it asks for a reason.
    pub needs_reason: bool,
    /// Whether it must be confirmed on a sheet (approve, install, back out, terminate, dispose).
    pub confirm: bool,
}
