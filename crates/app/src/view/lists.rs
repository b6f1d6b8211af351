//! Lists: ids first, rows by window; and search over every record.

use crate::view::common::ListRow;
use serde::{Deserialize, Serialize};
use slipway_domain::filter::FilterError;
use slipway_domain::record::Kind;
use ts_rs::TS;

/// Opens a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct OpenListRequest {
    /// Of which kind of record.
    pub kind: Kind,
    /// Words and conditions, such as `payroll phase:build owner:me`; everything when empty.
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
    /// A long list is kept here: its first ids are given out, and its parts when they are asked for.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub in_parts: bool,
}

/// The ids of a list in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OpenList {
    /// In order: all of a short list; the first of one in parts, or none while its order is not known.
    pub ids: Vec<String>,
    /// How many there are in all; more than `ids` where the list is longer than the most that is given out. While a list
    /// in parts is not in order, as many as are known of.
    pub total: u32,
    /// The number of a list in parts.
    pub list: Option<u32>,
    /// Parts of it can be asked for; else it has to be put in order first.
    pub is_ordered: bool,
    /// The column to sort by that this kind does not know.
    pub unknown: Vec<String>,
    /// What is wrong with the filter; then nothing is listed.
    pub error: Option<FilterError>,
    /// The filter asks for what no index has, and only so many records were looked at: there may be more.
    pub looked_at: Option<u32>,
}

/// A list in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ListId {
    /// Its number.
    pub list: u32,
}

/// A list was put in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OrderedList {
    /// How many there are in all.
    pub total: u32,
    /// It was not: a newer list of its kind took its turn.
    pub is_ended: bool,
}

/// Asks for a part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct PartRequest {
    /// Number of the list.
    pub list: u32,
    /// The first place, counted from 0.
    pub from: u32,
    /// At most [`ROWS_MOST`]; of ids alone [`LISTED_MOST`].
    pub count: u32,
    /// Without the rows.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub only_ids: bool,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ListPart {
    /// One for each place; empty where a record is not there any more.
    pub ids: Vec<String>,
    /// Rows of those that are there.
    pub rows: Vec<ListRow>,
}

/// Asks where records lie in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PlacesRequest {
    /// Number of the list.
    pub list: u32,
    /// At most [`LISTED_MOST`].
    pub ids: Vec<String>,
}

/// Where records lie in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ListPlaces {
    /// Counted from 0, in the order asked for; none for what is not in it.
    pub places: Vec<Option<u32>>,
}

/// Asks what can stand where one types in a filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SuggestRequest {
    /// Of which kind of record.
    pub kind: Kind,
    /// As typed.
    pub text: String,
    /// Where one types, in characters from the beginning.
    pub cursor: u32,
}

/// What can stand there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Suggestions {
    /// First character that a suggestion replaces, counted from 0.
    pub from: u32,
    /// First character after those.
    pub to: u32,
    /// Best first.
    pub suggestions: Vec<Suggestion>,
    /// What is wrong with the whole filter.
    pub error: Option<FilterError>,
}

/// One suggestion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "FilterSuggestion")]
pub struct Suggestion {
    /// What to put there.
    pub insert: String,
    /// What it means, in a few words.
    pub about: String,
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
/// Most ids without their rows in one question or answer.
pub const LISTED_MOST: usize = 20_000;

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
