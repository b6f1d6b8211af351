//! Carry files: what is asked for, and what was done.

use serde::{Deserialize, Serialize};
use slipway_domain::time::Timestamp;
use std::fmt;
use ts_rs::TS;

/// Writes a carry file for the server, or for another person's laptop.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct CarryExportRequest {
    /// Path of the file, or of a folder to put it into.
    pub path: String,
    /// For this person's laptop, by sign-in name, name or id; for the server when left out.
    #[serde(default)]
    pub person: Option<String>,
    /// Of a file for a laptop: what opens it.
    #[serde(default)]
    pub passphrase: Option<String>,
}

impl fmt::Debug for CarryExportRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CarryExportRequest")
            .field("path", &self.path)
            .field("person", &self.person)
            .finish_non_exhaustive()
    }
}

/// What an export wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CarryExported {
    /// The file.
    pub path: String,
    /// Its size.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Commands in it.
    #[ts(type = "number")]
    pub commands: u64,
}

/// Takes a carry file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct CarryImportRequest {
    /// Path of the file.
    pub path: String,
    /// Of a file of another laptop: what opens it.
    #[serde(default)]
    pub passphrase: Option<String>,
}

impl fmt::Debug for CarryImportRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CarryImportRequest").field("path", &self.path).finish_non_exhaustive()
    }
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CarryImported {
    /// Everything in the file was here already: nothing was done.
    pub already: bool,
    /// Records that came.
    #[ts(type = "number")]
    pub records: u64,
    /// Own commands that took effect at the server.
    #[ts(type = "number")]
    pub applied: u64,
    /// Own commands that took effect in part.
    #[ts(type = "number")]
    pub partial: u64,
    /// Own commands that were refused.
    #[ts(type = "number")]
    pub refused: u64,
    /// Own commands that the server could not judge.
    #[ts(type = "number")]
    pub held: u64,
    /// Own commands that still wait for the server.
    #[ts(type = "number")]
    pub waiting: u64,
    /// When the file was made.
    pub made_at: Timestamp,
    /// Of a file of another laptop: what shows of it.
    pub handed: Option<CarryHanded>,
}

/// What another laptop handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CarryHanded {
    /// Who works on it.
    pub person: String,
    /// As people call it.
    pub laptop: String,
    /// Commands that wait on it.
    #[ts(type = "number")]
    pub commands: u64,
    /// Of those, how many show here until the server has judged them.
    #[ts(type = "number")]
    pub shown: u64,
    /// How many do not fit what is here.
    #[ts(type = "number")]
    pub unfit: u64,
    /// How many touch what the person here may not read.
    #[ts(type = "number")]
    pub hidden: u64,
}

/// A file of another laptop that was taken here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CarryOfOther {
    /// Who works on it.
    pub person: String,
    /// As people call it.
    pub laptop: String,
    /// When the file was made.
    pub made_at: Timestamp,
    /// Commands that waited on it.
    #[ts(type = "number")]
    pub commands: u64,
    /// Of those, how many show here and wait for the server.
    #[ts(type = "number")]
    pub showing: u64,
    /// What the server said when this laptop brought them along; empty before.
    pub outcome: String,
}

/// Brings another laptop's carry file to the server, and its answer back into a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct CarryRelayRequest {
    /// Path of the file.
    pub path: String,
    /// Where the answer goes; beside the file with the ending `.answer` when left out.
    #[serde(default)]
    pub answer: Option<String>,
}

/// What became of a file that was brought to the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CarryRelayed {
    /// Commands in it.
    #[ts(type = "number")]
    pub commands: u64,
    /// Of those, judged now; the others had been judged before.
    #[ts(type = "number")]
    pub judged: u64,
    /// The answer, for the laptop whose file it was.
    pub answer: String,
}

/// A carry file as this laptop remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CarryNote {
    /// Where it was.
    pub path: String,
    /// When.
    pub at: Timestamp,
    /// Commands in it.
    #[ts(type = "number")]
    pub commands: u64,
}

/// How carrying stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CarryStatus {
    /// Own commands that wait for the server.
    #[ts(type = "number")]
    pub waiting: u64,
    /// Why nothing can be carried, in a sentence; empty when it can.
    pub unable: String,
    /// The last file written here for the server.
    pub exported: Option<CarryNote>,
    /// The last answer taken here.
    pub imported: Option<CarryNote>,
    /// Files of other laptops, the last taken first.
    pub handed: Vec<CarryOfOther>,
}
