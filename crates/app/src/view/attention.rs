//! Needs attention: commands that the server refused, applied in part or holds.

use crate::view::common::Hue;
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
}

/// Everything that waits for a person, newest first.
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
    /// What was entered against what is there, field by field.
    pub sides: Vec<AttentionSide>,
    /// Fields or rows that did not take effect.
    pub conflicts: Vec<Conflict>,
    /// What would happen if it were sent again as it is: empty when it would be accepted here.
    pub would_refuse: Vec<Finding>,
}

/// One field, mine and theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AttentionSide {
    /// Field or part.
    pub field: String,
    /// What I saw when I entered it.
    pub seen: String,
    /// What I entered.
    pub mine: String,
    /// What is there now.
    pub theirs: String,
}

/// Names an item of Needs attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AttentionRequest {
    /// Identity of the command.
    pub command: String,
}

/// Lets a command go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct DiscardRequest {
    /// Identity of the command.
    pub command: String,
    /// Why it is not needed any more.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Sends a command again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct SendAgainRequest {
    /// Identity of the command that was refused.
    pub command: String,
    /// As edited by the person; as it was when left out.
    #[serde(default)]
    pub edited: Option<Command>,
}
