//! Addresses to open.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// An address to open in the system's browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LinkRequest {
    /// `http`, `https` or `mailto`.
    pub url: String,
}
