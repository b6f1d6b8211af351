//! Cataloguing: what a scanner reads in the store becomes units and counts, one code at a time.

use crate::view::common::{ListRow, Named};
use serde::{Deserialize, Serialize};
use slipway_domain::dhs::code::OwnCode;
use slipway_domain::dhs::record::{Bin, Condition};
use ts_rs::TS;

/// A code was scanned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(optional_fields)]
pub struct CatalogueRequest {
    /// As the scanner sent it.
    pub code: String,
    /// Where what arrives is put.
    pub bin: Bin,
    /// The model of what the code does not tell: id, name or part number.
    pub model: Option<String>,
    /// New when left out.
    pub condition: Option<Condition>,
    /// With which order or delivery it came.
    pub order: Option<String>,
    /// The code is the asset tag of this unit.
    pub tag_of: Option<String>,
    /// A unit that is known is put here: taken back, or moved.
    pub take_in: Option<bool>,
}

/// How a scan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CatalogueOutcome {
    /// A new unit is in the store.
    Received,
    /// More of a consumable lie in the bin.
    Counted,
    /// A unit has its asset tag.
    Tagged,
    /// A unit that was known was put here.
    TakenIn,
    /// It is here already.
    Duplicate,
    /// It is known, and recorded elsewhere.
    Elsewhere,
    /// The label told the model of what is scanned next.
    Model,
    /// One of our own codes: the window does it.
    Own,
    /// Nothing tells what it is.
    Unknown,
    /// Several could be meant.
    Ambiguous,
}

/// What became of a scan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CatalogueAnswer {
    /// How it ended.
    pub outcome: CatalogueOutcome,
    /// What the label says, in a word: serial number, part number, tag.
    pub label: String,
    /// In a sentence.
    pub sentence: String,
    /// The unit.
    pub unit: Option<ListRow>,
    /// The model.
    pub model: Option<Named>,
    /// What our own code asks for.
    pub own: Option<OwnCode>,
    /// Models or units that could be meant.
    pub candidates: Vec<Named>,
    /// What takes it back; there is none where nothing was written.
    pub undo: Option<UndoCatalogue>,
}

/// Takes a scan back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum UndoCatalogue {
    /// The unit did not arrive.
    Received(String),
    /// So many were not counted.
    Counted {
        /// Of which model.
        model: String,
        /// In which bin.
        bin: Bin,
        /// How many.
        quantity: u32,
    },
    /// The unit has the tag it had.
    Tagged {
        /// Which.
        unit: String,
        /// What it had.
        before: String,
    },
    /// The unit lies where it lay.
    Moved {
        /// Which.
        unit: String,
        /// Where it lay.
        before: Bin,
    },
}

/// Looks for codes in a picture: from a file or as bytes, one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(optional_fields)]
pub struct ReadPictureRequest {
    /// Path of a file: JPEG, PNG or WebP.
    pub path: Option<String>,
    /// Its bytes as base64.
    pub data: Option<String>,
}

/// The codes in a picture: at least one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PictureCodes {
    /// As a scanner would send them, from top to bottom.
    pub codes: Vec<String>,
}
