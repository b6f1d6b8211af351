//! Distribution sets: made, verified, taken in.

use serde::{Deserialize, Serialize};
use slipway_domain::time::Timestamp;
use ts_rs::TS;

/// Writes what a release is built from into a folder of its own or one tar file: a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExportSetRequest {
    /// Id or number of the release.
    pub release: String,
    /// A folder that is empty or not there yet; or a file that is not there yet, whose name ends in `.tar`.
    pub to: String,
}

/// Verifies a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct VerifySetRequest {
    /// The folder that holds it, or the tar file.
    pub folder: String,
    /// The key that it has to be signed by, as another way brought it; not compared when left out.
    #[serde(default)]
    pub key: Option<String>,
}

/// Takes the files of a set in, for items that are known here: a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImportSetRequest {
    /// The folder that holds it, or the tar file.
    pub folder: String,
}

/// What a look at a set found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SetReport {
    /// Number of the release.
    pub release: String,
    /// Its title.
    pub title: String,
    /// When the set was made.
    pub made_at: Timestamp,
    /// Who made it.
    pub made_by: String,
    /// How many items belong to it.
    #[ts(type = "number")]
    pub items: u64,
    /// How many files.
    #[ts(type = "number")]
    pub files: u64,
    /// How many bytes.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Who signed it.
    pub signer: SetSigner,
    /// Nothing is wrong with it.
    pub sound: bool,
    /// What is wrong with it, each in a sentence.
    pub wrong: Vec<String>,
}

/// Who signed a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SetSigner {
    /// The device; empty where no server gave its word for it.
    pub device: String,
    /// Name of the log of the server that gave it.
    pub log: String,
    /// The server's key, or that of the device where no server gave its word: to be compared with what is known.
    pub key: String,
    /// Whether it is the key that was given; none where none was.
    pub known: Option<bool>,
}
