//! Labels to be printed.

use crate::labels::code::Symbology;
use serde::{Deserialize, Serialize};
use slipway_domain::dhs::record::Bin;
use ts_rs::TS;

/// In which form labels are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LabelForm {
    /// Sheets, for any printer.
    #[default]
    Pdf,
    /// For a label printer.
    Zpl,
}

/// Writes labels into a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(optional_fields)]
pub struct LabelRequest {
    /// Units by id, number, serial number or asset tag.
    pub units: Vec<String>,
    /// Places.
    pub places: Vec<Bin>,
    /// The codes that a scanner gives commands by.
    #[ts(optional, as = "Option<bool>")]
    pub commands: bool,
    /// Which code.
    pub code: Symbology,
    /// In which form.
    pub form: LabelForm,
    /// Name of the sheet; `l7160` when left out.
    pub sheet: Option<String>,
    /// The first label of the first sheet that is free, from 1.
    pub first: Option<u32>,
    /// Path of the file; one that is there is replaced.
    pub path: String,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LabelsWritten {
    /// How many.
    pub labels: u32,
    /// The file.
    pub path: String,
}

/// A sheet of labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SheetView {
    /// Its name in requests.
    pub name: String,
    /// In words.
    pub title: String,
    /// Labels of a page.
    pub places: u32,
}

/// The sheets that are known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SheetsView {
    /// In the order in which they are offered.
    pub sheets: Vec<SheetView>,
}

/// The first sheet of labels as it would be printed; every length in millimetres from the upper left corner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct LabelPreview {
    /// Across the sheet.
    pub width: f32,
    /// Down the sheet.
    pub height: f32,
    /// Where the labels of the sheet are.
    pub places: Vec<PreviewPlace>,
    /// What is printed on them.
    pub labels: Vec<PreviewLabel>,
    /// How many labels there are on all sheets.
    pub total: u32,
    /// How many sheets.
    pub sheets: u32,
}

/// A label of the sheet, printed or not.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct PreviewPlace {
    /// Left edge.
    pub x: f32,
    /// Upper edge.
    pub y: f32,
    /// Across.
    pub width: f32,
    /// Down.
    pub height: f32,
}

/// What is printed on a label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct PreviewLabel {
    /// What a scanner reads.
    pub code: String,
    /// Dark parts of the code, as the path of an SVG.
    pub bars: String,
    /// What a person reads.
    pub lines: Vec<PreviewLine>,
}

/// A line of text on a label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct PreviewLine {
    /// What it says.
    pub text: String,
    /// Left edge.
    pub x: f32,
    /// Its base line.
    pub y: f32,
    /// Size of the letters.
    pub size: f32,
    /// Whether it is bold.
    pub bold: bool,
}
