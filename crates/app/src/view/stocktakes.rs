//! Stocktakes: what lies in a store against what the record says.

use crate::view::common::{ListRow, Named, Pill, SyncMark};
use serde::{Deserialize, Serialize};
use slipway_domain::dhs::record::Bin;
use slipway_domain::dhs::stocktake::{StockFinding, Stocktake};
use slipway_domain::time::Timestamp;
use ts_rs::TS;

/// Begins a stocktake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StartStocktakeRequest {
    /// In a line.
    pub title: String,
    /// What is counted: at least a store.
    pub place: Bin,
}

/// Names a stocktake, and which of its lines are wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct StocktakeRequest {
    /// Id or title.
    pub stocktake: String,
    /// Only lines of this finding; all when left out.
    #[serde(default)]
    pub finding: Option<StockFinding>,
}

/// A label was scanned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SeeRequest {
    /// Id or title of the stocktake.
    pub stocktake: String,
    /// As the scanner sent it.
    pub code: String,
    /// Where it lies.
    pub bin: Bin,
}

/// What became of a scan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SeeAnswer {
    /// How the unit stands.
    pub finding: StockFinding,
    /// What the label says.
    pub label: String,
    /// In a sentence.
    pub sentence: String,
    /// It was seen before in this stocktake.
    pub again: bool,
    /// What takes it back.
    pub sight: String,
    /// How many pieces were counted; none for a unit or label.
    pub quantity: Option<u32>,
}

/// Somebody counted pieces of a consumable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StocktakeCountRequest {
    /// Id or title of the stocktake.
    pub stocktake: String,
    /// Id, `MANUFACTURER NAME`, name or part number of the model.
    pub model: String,
    /// Where they lie.
    pub bin: Bin,
    /// How many; 0 says that the bin was looked at and is empty. It is added to what others count there.
    pub quantity: u32,
}

/// Does something with a stocktake.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(optional_fields)]
pub struct StocktakeActRequest {
    /// Id or title.
    pub stocktake: String,
    /// `end`, `reopen`, `settle`, `settle_all`, `close`, `cancel` or `unsee`.
    pub action: String,
    /// `settle`: units by id, number, serial number or tag.
    pub units: Option<Vec<String>>,
    /// `settle`: bins of consumables, as the page names them.
    pub stocks: Option<Vec<String>>,
    /// `unsee`: what the answer to the scan named.
    pub sight: Option<String>,
    /// `unsee`: how many pieces that answer counted.
    pub quantity: Option<u32>,
    /// `cancel`: why.
    pub reason: Option<String>,
}

/// A unit or a label of a stocktake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StocktakeLine {
    /// Identity of the unit, or of what was seen.
    pub id: String,
    /// The unit; none for a label that nothing is known by.
    pub unit: Option<ListRow>,
    /// Serial number or label.
    pub label: String,
    /// How it stands.
    pub finding: StockFinding,
    /// In words, with its hue.
    pub pill: Pill,
    /// Where the record says it lies.
    pub recorded: String,
    /// Where it was seen.
    pub seen: String,
    /// How often.
    pub times: u32,
    /// Who saw it last.
    pub by: Option<Named>,
    /// When.
    pub at: Option<Timestamp>,
}

/// Pieces of a consumable in a bin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StocktakeBin {
    /// What names it in requests.
    pub stock: String,
    /// Of which model.
    pub model: Named,
    /// Where, in words.
    pub place: String,
    /// Where.
    pub bin: Bin,
    /// How many the record says, as of the count.
    #[ts(type = "number")]
    pub expected: i64,
    /// How many were counted, all who counted taken together; none if nobody did.
    pub counted: Option<u32>,
    /// How many more, or fewer, that is.
    #[ts(type = "number")]
    pub difference: i64,
    /// How it stands.
    pub finding: StockFinding,
    /// In words, with its hue.
    pub pill: Pill,
    /// How many more, or fewer, were settled already.
    #[ts(type = "number")]
    pub settled: i64,
    /// How often somebody counted there.
    pub times: u32,
    /// Who counted last.
    pub by: Option<Named>,
    /// When.
    pub at: Option<Timestamp>,
}

/// How many stand so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FindingCount {
    /// How.
    pub finding: StockFinding,
    /// In words.
    pub label: String,
    /// How many.
    pub count: u32,
}

/// Everything that the page of a stocktake shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StocktakePage {
    /// The record.
    pub stocktake: Stocktake,
    /// What is counted, in words.
    pub place: String,
    /// How it stands.
    pub pill: Pill,
    /// How many stand how.
    pub counts: Vec<FindingCount>,
    /// Seen more than once.
    pub twice: u32,
    /// The first lines, differences before what was found.
    pub lines: Vec<StocktakeLine>,
    /// How many there are of those that were asked for.
    pub total: u32,
    /// The first bins of consumables, differences before what was found.
    pub bins: Vec<StocktakeBin>,
    /// How many there are of those that were asked for.
    pub bins_total: u32,
    /// Who takes part.
    pub people: Vec<Named>,
    /// The person may settle it.
    pub may_settle: bool,
    /// Whether it is confirmed.
    pub sync: SyncMark,
}

/// Writes what a stocktake found into a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StocktakeReportRequest {
    /// Id or title.
    pub stocktake: String,
    /// Path of the file: `.pdf`, else CSV.
    pub path: String,
}
