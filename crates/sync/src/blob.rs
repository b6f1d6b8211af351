//! Files beside the records, on the wire: what a laptop and its server tell each other about one.
//!
//! The record comes first. Whoever may read it may send its bytes, and get them once they are there; of a file that no
//! record in their sight names, nobody is told whether it exists. A file that is sent has to be sent whole, unless the
//! sender could have fetched it: a hash alone opens nothing.

use serde::{Deserialize, Serialize};
use slipway_domain::blob::{Holder, Manifest, Sha256};
use utoipa::ToSchema;

/// Begins or resumes the upload of a record's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginUpload {
    /// The record.
    pub of: Holder,
    /// What the file is made of.
    pub manifest: Manifest,
    /// Files that share chunks with it: of those that the sender could fetch, the server takes these chunks itself. The
    /// others are as if they were not named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub like: Vec<Sha256>,
}

/// Ends the upload of a record's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommitUpload {
    /// The record.
    pub of: Holder,
}

/// How far an upload is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UploadState {
    /// The server has the file, and whoever may read the record can get it.
    pub done: bool,
    /// Places of the chunks that are still to be sent, ascending.
    pub missing: Vec<u32>,
    /// The server is at it: it takes chunks out of other files, or hashes the whole. Ask the same again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub busy: bool,
}
