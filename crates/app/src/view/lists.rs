//! Lists: ids first, rows by window; and search over every record.

use crate::view::common::ListRow;
use serde::{Deserialize, Serialize};
use slipway_domain::record::Kind;
use ts_rs::TS;

/// Opens a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct OpenListRequest {
    /// Of which kind of record.
    pub kind: Kind,
    /// Words and `name:value` pairs, such as `payroll phase:build owner:me`; everything when empty.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub filter: String,
    /// Column to sort by; the kind's usual order when left out.
    #[serde(default)]
    pub sort: Option<String>,
    /// The other way round.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub descending: bool,
}

/// The ids of a list in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OpenList {
    /// In order.
    pub ids: Vec<String>,
    /// How many there are in all; more than `ids` where the list is longer than the most that is given out.
    pub total: u32,
    /// Names in the filter that this kind does not know.
    pub unknown: Vec<String>,
}

/// Asks for rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RowsRequest {
    /// Of which kind of record.
    pub kind: Kind,
    /// At most [`ROWS_MOST`].
    pub ids: Vec<String>,
}

/// Rows in the order asked for; ids that are not there any more are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Rows {
    /// In the order asked for.
    pub rows: Vec<ListRow>,
}

/// Most rows given out in one answer.
pub const ROWS_MOST: usize = 500;

/// Looks for records by words, numbers, serial numbers and tags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct SearchRequest {
    /// As typed; the last word may be unfinished.
    pub text: String,
    /// Of these kinds; of all when left out.
    #[serde(default)]
    pub kinds: Option<Vec<Kind>>,
    /// At most so many; 20 when left out.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// What was found, best first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SearchHits {
    /// Best first.
    pub hits: Vec<ListRow>,
}
