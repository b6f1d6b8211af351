//! Use cases shared by the window and the command line. Knows neither, and holds no rule.

pub mod account;
pub mod alarms;
pub mod approvals;
pub mod attention;
pub mod audit;
pub mod baselines;
pub mod blob_sync;
pub mod bulk;
pub mod calendar;
pub mod carry;
pub mod cataloguing;
pub mod changes;
pub mod ci_form;
pub mod ci_history;
pub mod classes;
pub mod cmdb;
pub mod collisions;
pub mod commands;
pub mod devices;
pub mod dhs;
pub mod dsl;
pub mod duplicates;
pub mod error;
pub mod exceptions;
pub mod export;
pub mod files;
mod filters;
pub mod generate;
pub mod groups;
pub mod held;
pub mod host;
pub mod impact;
pub mod import;
pub mod inbox;
pub mod issue;
pub mod jobs;
pub mod key;
pub mod keychain;
pub mod labels;
pub mod link;
pub mod links;
pub mod lists;
pub(crate) mod live;
pub mod local;
mod lock;
mod merging;
pub mod misfits;
pub mod models;
pub mod moments;
pub mod notices;
pub mod observations;
pub mod oidc;
pub mod open;
pub mod pace;
pub mod papers;
pub mod photos;
pub mod picking;
pub mod pills;
pub mod profile;
pub mod proving;
pub mod racks;
pub mod reading;
pub mod redundancy;
pub mod releases;
pub mod reports;
pub mod resolve;
pub mod rows;
pub mod sbom;
pub mod scanning;
pub mod search;
pub mod session;
pub mod settings;
pub mod sight;
pub mod standards;
pub mod start;
pub mod stocktakes;
pub mod sync;
pub mod sync_driver;
pub mod tls;
pub mod transfer;
pub mod transport;
pub mod trees;
pub mod trouble;
pub mod vault;
pub mod view;
pub mod watchdog;
mod withdrawn;
pub mod words;

pub use open::{App, Background, Open};

use error::CallError;
use slipway_domain::approval::record::ApprovalRule;
use slipway_domain::refusal::Finding;
use slipway_domain::time::Timestamp;

/// What may be said with a request for approval, instead of the policy's.
pub(crate) struct Asked<'a> {
    /// Groups, by name or id.
    pub groups: Option<&'a [String]>,
    /// How their votes count.
    pub rule: Option<ApprovalRule>,
    /// By when.
    pub due_at: Option<Timestamp>,
}

/// An action's code as it was typed, in the one written form.
pub(crate) fn action_code(text: &str) -> String {
    text.trim().to_lowercase().replace([' ', '-'], "_")
}

/// The refusal of an action that does not exist.
pub(crate) fn unknown_action(of: &str, action: &str) -> CallError {
    Finding::new(
        "UNKNOWN_ACTION",
        format!("There is no action {action} of {of}."),
        "Look at the actions that the record shows.",
    )
    .with("given", action)
    .into()
}

/// The refusal of an action that lacks something.
pub(crate) fn missing(action: &str, field: &str) -> CallError {
    Finding::new(
        "MISSING_FIELD",
        format!("{} needs {}.", action.replace('_', " "), field.replace('_', " ")),
        format!("Give {}.", field.replace('_', " ")),
    )
    .with("field", field)
    .into()
}
