//! Needs attention: commands that the server refused, applied in part or holds.

use crate::view::common::{HistoryLine, Hue};
use serde::{Deserialize, Serialize};
use slipway_domain::command::Command;
use slipway_domain::execute::Conflict;
use slipway_domain::record::RecordRef;
use slipway_domain::refusal::Finding;
use slipway_domain::time::Timestamp;
use ts_rs::TS;

/// A command that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AttentionItem {
    /// Identity of the command.
    pub id: String,
    /// What was to be done, such as *Approve REL-000119*.
    pub title: String,
    /// On which record.
    pub record: Option<RecordRef>,
    /// Its address in the window.
    pub path: Option<String>,
    /// When it was made.
    pub made_at: Timestamp,
    /// How the server answered.
    pub outcome: AttentionOutcome,
    /// The same in words.
    pub outcome_label: String,
    /// As a colour.
    pub hue: Hue,
    /// Why, each with its way out.
    pub findings: Vec<Finding>,
    /// The earlier item whose refusal this one follows from, as far as can be seen.
    pub depends_on: Option<String>,
    /// What a person decided; `None` while open.
    pub settled: Option<AttentionSettled>,
}

/// How an item was settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AttentionSettled {
    /// When.
    pub at: Timestamp,
    /// Why it was discarded, or how it was dealt with.
    pub reason: String,
    /// The command that was sent in its place.
    pub replaced_by: Option<String>,
}

/// Which items to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(optional_fields)]
pub struct AttentionListRequest {
    /// Those that were settled, in place of the open ones.
    #[ts(optional, as = "Option<bool>")]
    pub settled: bool,
}

/// Everything that waits for a person, newest first; what follows from an earlier refusal behind that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AttentionList {
    /// Newest first.
    pub items: Vec<AttentionItem>,
}

/// How the server answered a command that waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AttentionOutcome {
    /// Changed nothing.
    Refused,
    /// Some fields or rows did not take effect.
    Partial,
    /// The server could not judge it yet.
    Held,
}

/// Mine and theirs side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AttentionPage {
    /// The item.
    pub item: AttentionItem,
    /// What was entered.
    pub command: Command,
    /// The same line by line, as the form had it.
    pub entered: Vec<EnteredLine>,
    /// What was entered against what is there, field by field.
    pub sides: Vec<AttentionSide>,
    /// Fields or rows that did not take effect.
    pub conflicts: Vec<Conflict>,
    /// What would happen if it were sent again as it is: empty when it would be accepted here.
    pub would_refuse: Vec<Finding>,
    /// What others did on the record lately, newest first.
    pub meanwhile: Vec<HistoryLine>,
    /// Later items that were refused because of this one.
    pub dependants: Vec<AttentionItem>,
}

/// One line of what was entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EnteredLine {
    /// Where it stands in the command, as a JSON pointer.
    pub pointer: String,
    /// What it is.
    pub label: String,
    /// In words.
    pub value: String,
    /// It is a text that may be edited before the command is sent again.
    pub editable: bool,
}

/// One field, mine and theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AttentionSide {
    /// Field or part, by its stable name.
    pub field: String,
    /// The same in words.
    pub label: String,
    /// What I saw when I entered it.
    pub seen: String,
    /// What I entered.
    pub mine: String,
    /// What is there now.
    pub theirs: String,
    /// Mine can be set again by itself, or theirs left as it is.
    pub choice: bool,
    /// What was decided already.
    pub kept: Option<Kept>,
}

/// Whose value of a field stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// What I entered.
    Mine,
    /// What is there.
    Theirs,
}

/// Names an item of Needs attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AttentionRequest {
    /// Identity of the command.
    pub command: String,
}

/// Decides fields of an item. The item is settled with the last of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct KeepRequest {
    /// Identity of the command.
    pub command: String,
    /// Whose value stays.
    pub keep: Kept,
    /// Which fields; all that are not decided when left out.
    #[serde(default)]
    pub fields: Option<Vec<String>>,
}

/// Lets a command go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DiscardRequest {
    /// Identity of the command.
    pub command: String,
    /// Why it is not needed any more; kept with the item.
    pub reason: String,
}

/// Sends a command again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct SendAgainRequest {
    /// Identity of the command that was refused.
    pub command: String,
    /// Texts that the person edited; it goes as it was when left out.
    #[serde(default)]
    pub edits: Option<Vec<EnteredEdit>>,
    /// Another command in its place, for programs.
    #[serde(default)]
    pub edited: Option<Command>,
}

/// A text of a command in other words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EnteredEdit {
    /// Where it stands in the command.
    pub pointer: String,
    /// The text now.
    pub value: String,
}
