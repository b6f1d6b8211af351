//! What every mutation answers, and the general ways to issue a command.

use serde::{Deserialize, Serialize};
use slipway_domain::command::Command;
use slipway_domain::execute::Effect;
use slipway_domain::record::{Kind, RecordRef};
use slipway_domain::refusal::Finding;
use ts_rs::TS;

/// Issues or tries a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IssueRequest {
    /// What is to be done.
    pub command: Command,
    /// It was done by hand all the same: where a rule is against it, it is kept as an exception.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub as_exception: bool,
}

/// A command took effect here and is durable; the server will judge it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Done {
    /// How it took effect.
    pub effect: Effect,
    /// Which records it changed.
    pub changes: Changes,
    /// The record that was created or acted on.
    pub record: Option<RecordRef>,
}

/// Records that changed; the same as in the *changed* event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Changes {
    /// Their kinds.
    pub kinds: Vec<Kind>,
    /// Their identities; empty: any of these kinds.
    pub ids: Vec<String>,
}

/// What a command would do now; nothing is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DryRun {
    /// It would be carried out.
    pub allowed: bool,
    /// Every reason why not.
    pub findings: Vec<Finding>,
    /// How it would take effect.
    pub effect: Option<Effect>,
}

/// Adds a remark to a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CommentRequest {
    /// What the record is.
    pub kind: Kind,
    /// Id, number or name of the record.
    pub record: String,
    /// What is to be said.
    pub text: String,
}
