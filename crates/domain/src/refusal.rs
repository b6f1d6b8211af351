//! A refusal by a rule is a value, not an error: it carries every failed guard.

use crate::record::RecordRef;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;
use utoipa::ToSchema;

/// One failed guard: a code for the machine, a sentence and a way out for the person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS, ToSchema)]
pub struct Finding {
    /// Stable, `SCREAMING_SNAKE_CASE`; the UI branches on this only.
    pub code: String,
    /// The record that is in the way, if one is.
    pub record: Option<RecordRef>,
    /// What is wrong, naming the record.
    pub sentence: String,
    /// What would make it right.
    pub way_out: String,
    /// Figures and names in the sentence, for translation and for programs.
    pub data: BTreeMap<String, String>,
}

impl Finding {
    /// A finding about no record in particular.
    #[must_use]
    pub fn new(code: &str, sentence: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            record: None,
            sentence: sentence.into(),
            way_out: way_out.into(),
            data: BTreeMap::new(),
        }
    }

    /// The same about a record.
    #[must_use]
    pub fn about(mut self, record: RecordRef) -> Self {
        self.record = Some(record);
        self
    }

    /// The same with a named figure.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "Figures and names are given as they are")]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.data.insert(name.to_owned(), value.to_string());
        self
    }
}

/// Why a command was not carried out: at least one finding, all of them at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
#[error("{}", self.sentences())]
pub struct Refusal {
    /// Every failed guard.
    pub findings: Vec<Finding>,
}

impl Refusal {
    /// The sentences, joined for a log or a plain terminal.
    #[must_use]
    pub fn sentences(&self) -> String {
        self.findings.iter().map(|f| f.sentence.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Whether a finding with this code is among them.
    #[must_use]
    pub fn has(&self, code: &str) -> bool {
        self.findings.iter().any(|f| f.code == code)
    }
}

impl From<Finding> for Refusal {
    fn from(finding: Finding) -> Self {
        Self { findings: vec![finding] }
    }
}

/// The storage under the rules failed; says nothing about the command.
#[derive(Debug, thiserror::Error)]
#[error("the records could not be read or written: {0}")]
pub struct Fault(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl Fault {
    /// Wraps a storage error.
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

/// Why [`crate::execute::execute`] changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A rule said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The storage failed: nothing was judged.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<Finding> for Failure {
    fn from(finding: Finding) -> Self {
        Self::Refused(finding.into())
    }
}

/// `Ok` when nothing was found.
///
/// # Errors
/// The findings as one refusal.
pub fn none(findings: Vec<Finding>) -> Result<(), Refusal> {
    if findings.is_empty() { Ok(()) } else { Err(Refusal { findings }) }
}
