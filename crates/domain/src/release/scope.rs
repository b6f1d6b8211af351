//! The scope digest: SHA-256 over the canonical form of what an approver signs.

pub mod difference;

use crate::release::record::Release;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use ts_rs::TS;

/// Lower-case hex of the SHA-256 of a release's type and scope in canonical form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(type = "string")]
pub struct ScopeDigest(String);

impl ScopeDigest {
    /// All 64 hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ScopeDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The digest of a release as it stands.
///
/// The canonical form is JSON with the fields in the order of the record's declaration and every set and map
/// sorted, which serde gives for structs and B-trees; so the same scope has the same digest on every machine.
#[must_use]
pub fn digest(release: &Release) -> ScopeDigest {
    let canonical =
        serde_json::to_vec(&("slipway.scope.v1", &release.release_type, &release.scope)).unwrap_or_default();
    let hash = Sha256::digest(&canonical);
    ScopeDigest(hash.iter().map(|b| format!("{b:02x}")).collect())
}
