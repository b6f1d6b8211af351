//! Parts that several screens share: named records, hues, sync marks, actions.

use serde::{Deserialize, Serialize};
use slipway_domain::record::Kind;
use slipway_domain::time::{Timestamp, Window};
use std::collections::BTreeMap;
use ts_rs::TS;

/// A request or answer without content; `null` in JSON is accepted, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[ts(type = "null")]
pub struct Nothing;

impl<'de> Deserialize<'de> for Nothing {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// How something stands, as a colour; never shown without icon and word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Hue {
    /// Planned, registered, draft, terminated.
    Neutral,
    /// In progress, current phase, in build.
    Info,
    /// Approved, met, accepted, verified, in store.
    Ok,
    /// Due soon, waived, quarantine, low stock, collision.
    Warn,
    /// Denied, blocked, refused, corrupt, back out.
    Bad,
    /// Waiting for approval or for sync.
    Pending,
}

/// A word and its hue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Pill {
    /// In words.
    pub label: String,
    /// As a colour.
    pub hue: Hue,
}

/// Whether what is seen is confirmed by the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SyncMark {
    /// Own commands on this record that wait for the server.
    pub waiting: u32,
    /// One of them no longer holds on what the last sync brought, and will probably be refused.
    pub will_be_refused: bool,
    /// Refused or partly applied commands on this record that wait for a person.
    pub attention: u32,
    /// What stands against it, in sentences: what the server said, or what it will probably say. Empty for nothing.
    pub why: String,
    /// Whose command shows here that the server has not judged, such as `Ben Brook on ben's laptop`; empty for nobody's.
    #[serde(default)]
    pub made_by: String,
}

/// A record by identity and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Named {
    /// Identity.
    pub id: String,
    /// Number or name.
    pub label: String,
}

/// Labels of the records that a page names by id: people, groups, sites, CIs, changes.
pub type Names = BTreeMap<String, String>;

/// One row of any list or any line that names a record on another's page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ListRow {
    /// Identity.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Number or name.
    pub label: String,
    /// In a line.
    pub title: String,
    /// How it stands, in words.
    pub state: String,
    /// How it stands, as a colour.
    pub hue: Hue,
    /// Columns by name. Times are milliseconds since 1970 UTC in columns whose names end in `_at`.
    pub cells: BTreeMap<String, Cell>,
    /// Whether it is confirmed.
    pub sync: SyncMark,
    /// Address in the window, such as `/releases/REL-000123`.
    pub path: String,
}

/// A cell of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(untagged)]
pub enum Cell {
    /// A yes or no.
    Flag(bool),
    /// A figure or a time.
    Number(i64),
    /// Words.
    Text(String),
}

/// A remark on a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CommentLine {
    /// Identity.
    pub id: String,
    /// Who.
    pub by: Named,
    /// When.
    pub at: Timestamp,
    /// What was said.
    pub text: String,
}

/// One entry of a record's history, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HistoryLine {
    /// When, by the clock of the device that did it.
    pub at: Timestamp,
    /// Who; `None` when only the fact is kept here.
    pub by: Option<Named>,
    /// What, in a few words.
    pub what: String,
    /// Reason or remark.
    pub note: String,
    /// How the server answered, for commands of this laptop; empty for the record's own history.
    pub result: String,
    /// As a colour.
    pub hue: Hue,
}

/// A window, with what a person wants to know about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WindowView {
    /// The window.
    pub window: Window,
    /// It is now.
    pub open: bool,
    /// It is over.
    pub past: bool,
}
