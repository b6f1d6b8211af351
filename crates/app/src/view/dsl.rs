//! The Definitive Software Library: the item page, handing in, actions.

use crate::view::common::{CommentLine, ListRow, Named, Pill, SyncMark};
use serde::{Deserialize, Serialize};
use slipway_domain::dsl::item::{CheckKind, DslItem, ItemKind};
use slipway_domain::release::action::ActionState;
use slipway_domain::time::Timestamp;
use ts_rs::TS;

/// Names a DSL item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DslRequest {
    /// Id, number or `NAME VERSION`.
    pub item: String,
}

/// Everything the item page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DslPage {
    /// The record.
    pub item: DslItem,
    /// Address in the window.
    pub path: String,
    /// How it stands.
    pub pill: Pill,
    /// The four quarantine checks, recorded or not.
    pub checks: Vec<CheckLine>,
    /// Who handed it in.
    pub submitted_by: Named,
    /// Who accepted it.
    pub accepted_by: Option<Named>,
    /// What may be done now, and why not.
    pub actions: Vec<ActionState>,
    /// Releases not closed that are built from it.
    pub releases: Vec<ListRow>,
    /// Other versions of the same name.
    pub versions: Vec<ListRow>,
    /// Remarks, oldest first.
    pub comments: Vec<CommentLine>,
    /// Whether it is confirmed.
    pub sync: SyncMark,
}

/// A quarantine check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CheckLine {
    /// Which.
    pub check: CheckKind,
    /// In words.
    pub label: String,
    /// How it stands: passed, failed, not recorded.
    pub pill: Pill,
    /// What was done and seen.
    pub note: String,
    /// Who.
    pub by: Option<Named>,
    /// When.
    pub at: Option<Timestamp>,
}

/// Hands an item in; its files are read, hashed and kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct SubmitRequest {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Vendor.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub vendor: String,
    /// Package when left out.
    #[serde(default)]
    pub kind: Option<ItemKind>,
    /// For what it is made.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub platform: String,
    /// Licence in words: type, seats, expiry.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub licence: String,
    /// Paths of its files; they can be added later too.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Its files are taken in by a job of their own; otherwise the answer comes when they are.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub in_background: bool,
}

/// Does something with an item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct DslActRequest {
    /// Id, number or `NAME VERSION`.
    pub item: String,
    /// `record_check`, `accept`, `supersede` or `withdraw`; dashes and underscores alike.
    pub action: String,
    /// `record_check`: which.
    #[serde(default)]
    pub check: Option<CheckKind>,
    /// `record_check`: whether it passed.
    #[serde(default)]
    pub passed: Option<bool>,
    /// `record_check`: what was done and seen.
    #[serde(default)]
    pub note: Option<String>,
    /// `withdraw`: why.
    #[serde(default)]
    pub reason: Option<String>,
}
