//! Files of DSL items: where they are, taken in, given out, scrubbed.

use crate::view::common::{Named, Pill};
use serde::{Deserialize, Serialize};
use slipway_domain::dsl::vendor_key::VendorKey;
use slipway_domain::refusal::Finding;
use ts_rs::TS;

/// Where the bytes of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FilePlace {
    /// Here, and at the server if there is one.
    Here,
    /// Here only: the server has not taken the record yet.
    LaptopOnly,
    /// Here; the server knows of the file and waits for its bytes.
    WaitingForUpload,
    /// On its way to the server.
    Sending,
    /// Here, but not as it was taken in, and nobody else has it.
    Damaged,
    /// Not here: to be fetched.
    NotHere,
}

/// A file of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DslFileLine {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// How many they are.
    #[ts(type = "number")]
    pub size_bytes: u64,
    /// Where they are.
    pub place: FilePlace,
    /// The same in words; none when there is nothing to say.
    pub pill: Option<Pill>,
    /// Bytes that the server has, while the file is being sent.
    #[ts(type = "number | null")]
    pub sent_bytes: Option<u64>,
    /// It stays on this laptop whatever needs room.
    pub kept: bool,
}

/// The files of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DslFileList {
    /// The item.
    pub item: Named,
    /// In the order in which they were added.
    pub files: Vec<DslFileLine>,
    /// Why the person may not add or take out files; empty if they may.
    pub against_changing: Vec<Finding>,
    /// Every one of them stays on this laptop.
    pub kept: bool,
    /// There is no server: files are here or nowhere.
    pub alone: bool,
    /// Files are not sent now because somebody said so.
    pub paused: bool,
}

/// Adds files to an item: a job that reads, hashes and keeps them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AddFilesRequest {
    /// Id, number or `NAME VERSION`.
    pub item: String,
    /// Files on this computer.
    pub paths: Vec<String>,
}

/// Takes files out of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RemoveFilesRequest {
    /// Id, number or `NAME VERSION`.
    pub item: String,
    /// Their names.
    pub names: Vec<String>,
}

/// Gets files of an item: a job that fetches what is not here and, where a folder is named, writes them into it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct GetFilesRequest {
    /// Id, number or `NAME VERSION`.
    pub item: String,
    /// Their names; all when left out.
    #[serde(default)]
    pub names: Option<Vec<String>>,
    /// A folder; only fetched when left out.
    #[serde(default)]
    pub to: Option<String>,
}

/// Keeps the files of an item on this laptop whatever needs room, or lets them make way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeepFilesRequest {
    /// Id, number or `NAME VERSION`.
    pub item: String,
    /// Whether they stay.
    pub kept: bool,
}

/// What was removed from this laptop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Evicted {
    /// Files that went.
    pub files: u32,
    /// Bytes that are free now.
    #[ts(type = "number")]
    pub freed_bytes: u64,
    /// Those that stay because the server does not have them yet.
    pub waiting: Vec<String>,
}

/// Sets how much room and how much of the line files may take; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct RoomRequest {
    /// In bytes.
    #[serde(default)]
    #[ts(as = "Option<f64>")]
    pub quota_bytes: Option<u64>,
    /// Bytes a second over the line; 0 for all of it.
    #[serde(default)]
    #[ts(as = "Option<f64>")]
    pub limit_bytes_per_second: Option<u64>,
}

/// Room that files take on this laptop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FileRoom {
    /// Bytes on the disk.
    #[ts(type = "number")]
    pub stored_bytes: u64,
    /// Of files that the server does not have yet.
    #[ts(type = "number")]
    pub waiting_bytes: u64,
    /// Of files that stay whatever needs room.
    #[ts(type = "number")]
    pub kept_bytes: u64,
    /// Bytes set aside.
    #[ts(type = "number")]
    pub quota_bytes: u64,
    /// Files that the server does not have yet.
    pub waiting_files: u32,
    /// Files are not sent now because somebody said so.
    pub paused: bool,
    /// Bytes a second that files may take of the line; 0 for all of it.
    #[ts(type = "number")]
    pub limit_bytes_per_second: u64,
    /// There is no server to send files to.
    pub alone: bool,
}

/// Lets files wait, or go again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PauseRequest {
    /// Whether they wait.
    pub paused: bool,
}

/// Names the scanner of this computer; only tells when left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct ScannerRequest {
    /// The program and what it is called with; the path of the file comes last. Empty for none.
    #[serde(default)]
    pub command: Option<Vec<String>>,
}

/// The scanner of this computer. It ends with 0 when it found nothing, with 1 when it found something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Scanner {
    /// The program and what it is called with; empty while there is none.
    pub command: Vec<String>,
}

/// A key of a vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VendorKeyLine {
    /// The record.
    pub key: VendorKey,
    /// By which it is compared with what the vendor publishes.
    pub fingerprint: String,
    /// Who added it.
    pub by: Named,
}

/// Keys of vendors, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VendorKeyList {
    /// By name.
    pub keys: Vec<VendorKeyLine>,
    /// Why the person may not add or retire one; none if they may.
    pub against_changing: Option<Finding>,
}

/// Adds a key of a vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct AddKeyRequest {
    /// Whose it is.
    pub vendor: String,
    /// What people call it.
    pub name: String,
    /// The public key as the vendor gives it out: of minisign, or of SSH.
    #[serde(default)]
    pub key: Option<String>,
    /// In its place: a file that holds it.
    #[serde(default)]
    pub path: Option<String>,
}

/// Retires a key of a vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RetireKeyRequest {
    /// Its id or name.
    pub key: String,
    /// Why.
    pub reason: String,
}
