//! Photos of CIs, hardware models and things seen in stocktakes.

use crate::view::common::{Named, Pill, SyncMark};
use crate::view::mutations::Done;
use serde::{Deserialize, Serialize};
use slipway_domain::attachment::{MediaType, NewAttachment};
use slipway_domain::refusal::Finding;
use slipway_domain::time::Timestamp;
use ts_rs::TS;

/// Asks for the photos of something: one of the three.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(optional_fields)]
pub struct PhotosRequest {
    /// Id, number, name, `class/name`, asset tag or serial number of a CI.
    pub ci: Option<String>,
    /// Id, `MANUFACTURER NAME`, name or part number of a hardware model.
    pub model: Option<String>,
    /// Id of something seen in a stocktake.
    pub sight: Option<String>,
}

/// The photos of something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PhotoList {
    /// In the order in which they were added.
    pub photos: Vec<PhotoLine>,
    /// So many it may have.
    pub limit: u32,
    /// Why the person may not add one; none if they may.
    pub against_adding: Option<Finding>,
}

/// Where the bytes of a photo are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PhotoPlace {
    /// Here, and at the server if there is one.
    Here,
    /// Here only: the server has not taken the photo itself yet.
    LaptopOnly,
    /// Here; the server knows of the photo and waits for its bytes.
    WaitingForUpload,
    /// Not here: to be fetched.
    NotHere,
}

/// A photo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PhotoLine {
    /// Identity.
    pub id: String,
    /// Its title, or the name of its file.
    pub name: String,
    /// What is to be seen; may be empty.
    pub title: String,
    /// What its file is called.
    pub file_name: String,
    /// What its bytes are.
    pub media_type: MediaType,
    /// How many they are.
    #[ts(type = "number")]
    pub size_bytes: u64,
    /// Their SHA-256.
    pub sha256: String,
    /// Who added it.
    pub by: Named,
    /// When.
    pub at: Timestamp,
    /// Where its bytes are.
    pub place: PhotoPlace,
    /// The same in words; none when there is nothing to say.
    pub pill: Option<Pill>,
    /// Why the person may not change or remove it; none if they may.
    pub against_changing: Option<Finding>,
    /// Whether it is confirmed.
    pub sync: SyncMark,
}

/// Adds a photo to a CI, a model or something seen, one of the three: from a file, or as bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct AddPhotoRequest {
    /// Id, number, name, `class/name`, asset tag or serial number of a CI.
    #[serde(default)]
    pub ci: Option<String>,
    /// Id, `MANUFACTURER NAME`, name or part number of a hardware model.
    #[serde(default)]
    pub model: Option<String>,
    /// Id of something seen in a stocktake.
    #[serde(default)]
    pub sight: Option<String>,
    /// A file on this computer.
    #[serde(default)]
    pub path: Option<String>,
    /// In place of a path: the bytes as base64, such as a picture that was pasted.
    #[serde(default)]
    pub data: Option<String>,
    /// What the file is called; that of the path when left out.
    #[serde(default)]
    pub file_name: Option<String>,
    /// What is to be seen.
    #[serde(default)]
    pub title: Option<String>,
}

/// Names a photo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PhotoRequest {
    /// Its id.
    pub photo: String,
}

/// Renames or describes a photo; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct DescribePhotoRequest {
    /// Its id.
    pub photo: String,
    /// What is to be seen.
    #[serde(default)]
    pub title: Option<String>,
    /// The title that the person saw; what is there when left out.
    #[serde(default)]
    pub from_title: Option<String>,
    /// What the file is called.
    #[serde(default)]
    pub file_name: Option<String>,
}

/// A photo was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RemovedPhoto {
    /// How it took effect.
    pub done: Done,
    /// What puts it back; none if it was gone already.
    pub undo: Option<NewAttachment>,
}

/// How large a picture shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PictureSize {
    /// For a grid.
    Thumbnail,
    /// For the whole window.
    Screen,
}

/// Asks for a picture; it is fetched from the server where it is not here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PictureRequest {
    /// Id of the photo.
    pub photo: String,
    /// How large.
    pub size: PictureSize,
}

/// A picture, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Picture {
    /// As the address of an image: `data:image/jpeg;base64,…`.
    pub url: String,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// Writes a photo into a file as it was kept; it is fetched from the server where it is not here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct SavePhotoRequest {
    /// Id of the photo.
    pub photo: String,
    /// File or folder to write into; must not be there already. The folder that the program runs in when left out.
    #[serde(default)]
    pub to: Option<String>,
}

/// A photo was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SavedPhoto {
    /// The file.
    pub path: String,
    /// How many bytes.
    #[ts(type = "number")]
    pub size_bytes: u64,
}
