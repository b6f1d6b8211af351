//! What a call rejects with: a refusal by a rule, or trouble. Front ends branch on kind and code only.

use serde::{Deserialize, Serialize};
use slipway_domain::refusal::{Failure, Fault, Finding, Refusal};
use ts_rs::TS;

/// Why a call did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CallError {
    /// A rule said no: nothing was changed, every reason is listed.
    #[error("{}", sentences(.findings))]
    Refused {
        /// Every reason, with its way out.
        findings: Vec<Finding>,
    },
    /// Something broke: disk, network, keychain, or the call itself.
    #[error("{sentence} {way_out}")]
    Trouble {
        /// Stable, `SCREAMING_SNAKE_CASE`.
        code: String,
        /// What happened, to which thing.
        sentence: String,
        /// What to do.
        way_out: String,
    },
}

impl CallError {
    /// Trouble with a code, what happened, and the way out.
    #[must_use]
    pub fn trouble(code: &str, sentence: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self::Trouble { code: code.to_owned(), sentence: sentence.into(), way_out: way_out.into() }
    }

    /// The findings of a refusal; none for trouble.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Refused { findings } => findings,
            Self::Trouble { .. } => &[],
        }
    }

    /// Whether the code is that of the trouble or of one of the findings.
    #[must_use]
    pub fn has(&self, wanted: &str) -> bool {
        match self {
            Self::Refused { findings } => findings.iter().any(|f| f.code == wanted),
            Self::Trouble { code, .. } => code == wanted,
        }
    }
}

fn sentences(findings: &[Finding]) -> String {
    findings.iter().map(|f| f.sentence.as_str()).collect::<Vec<_>>().join(" ")
}

impl From<Refusal> for CallError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused { findings: refusal.findings }
    }
}

impl From<Finding> for CallError {
    fn from(finding: Finding) -> Self {
        Self::Refused { findings: vec![finding] }
    }
}

impl From<Fault> for CallError {
    fn from(fault: Fault) -> Self {
        let fault = match fault.0.downcast::<slipway_store::error::StoreError>() {
            Ok(error) => return (*error).into(),
            Err(other) => Fault(other),
        };
        tracing::error!(error = %fault, "the records could not be read or written");
        Self::trouble(
            "STORAGE",
            format!("The records on this computer could not be read or written: {}.", fault.0),
            "Check that the disk has room and is healthy, then try again; what was saved before is kept.",
        )
    }
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => refusal.into(),
            Failure::Fault(fault) => fault.into(),
        }
    }
}
