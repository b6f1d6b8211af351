//! Human numbers such as `REL-000123`.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use ts_rs::TS;
use utoipa::ToSchema;

/// What is numbered; each series counts from 1 within its workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Series {
    /// `REL-`
    Release,
    /// `CHG-`
    Change,
    /// `CI-`
    Ci,
    /// `DSL-`
    DslItem,
    /// `UNI-`
    DhsUnit,
}

impl Series {
    /// Every series, in the order in which blocks are leased.
    pub const ALL: [Self; 5] = [Self::Release, Self::Change, Self::Ci, Self::DslItem, Self::DhsUnit];

    /// The letters before the dash.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Release => "REL",
            Self::Change => "CHG",
            Self::Ci => "CI",
            Self::DslItem => "DSL",
            Self::DhsUnit => "UNI",
        }
    }

    /// The stable name, as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Change => "change",
            Self::Ci => "ci",
            Self::DslItem => "dsl_item",
            Self::DhsUnit => "dhs_unit",
        }
    }
}

/// A number in a series. Written `REL-000123`; a *provisional* one, made on a laptop that has no leased
/// number left, is written with digits of the record's id (`REL-new-1a2b3c`) until the server assigns one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(type = "string")]
pub struct Number(String);

impl Number {
    /// The `n`th number of a series.
    #[must_use]
    pub fn new(series: Series, n: u32) -> Self {
        Self(format!("{}-{n:06}", series.prefix()))
    }

    /// A number to show until the server assigns the real one.
    #[must_use]
    pub fn provisional(series: Series, id: uuid::Uuid) -> Self {
        let simple = id.simple().to_string();
        let tail: String = simple.chars().rev().take(6).collect();
        Self(format!("{}-new-{tail}", series.prefix()))
    }

    /// Whether this stands in for a number still to come.
    #[must_use]
    pub fn is_provisional(&self) -> bool {
        self.0.contains("-new-")
    }

    /// Whether it is written as the numbers of this series are: a command may come from any program.
    #[must_use]
    pub fn is_of(&self, series: Series) -> bool {
        let rest = self.0.strip_prefix(series.prefix()).and_then(|rest| rest.strip_prefix('-'));
        let Some(rest) = rest else { return false };
        match rest.strip_prefix("new-") {
            Some(tail) => (1..=12).contains(&tail.len()) && tail.bytes().all(|b| b.is_ascii_alphanumeric()),
            None => rest.parse().is_ok_and(|n| *self == Self::new(series, n)),
        }
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Position in its series; `None` for a provisional number.
    #[must_use]
    pub fn position(&self) -> Option<u32> {
        self.0.split_once('-').and_then(|(_, digits)| digits.parse().ok())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Number {
    type Err = NotANumber;
    /// Accepts `REL-123`, `rel-000123`; gives `REL-000123`. A provisional number is kept as it is.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let wrong = || NotANumber { text: text.to_owned() };
        let (prefix, rest) = text.split_once('-').ok_or_else(wrong)?;
        let series = Series::ALL.into_iter().find(|s| s.prefix().eq_ignore_ascii_case(prefix)).ok_or_else(wrong)?;
        if rest.starts_with("new-") {
            return Ok(Self(format!("{}-{rest}", series.prefix())));
        }
        Ok(Self::new(series, rest.parse().map_err(|_| wrong())?))
    }
}

/// A text that is no number of any series.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is not a number such as REL-000123")]
pub struct NotANumber {
    /// What was given.
    pub text: String,
}
