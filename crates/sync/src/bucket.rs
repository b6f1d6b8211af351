//! Buckets: the parts of a workspace that a laptop may hold or leave out, each with a cursor and a checksum of its own.

use serde::{Deserialize, Serialize};
use slipway_domain::id::{PersonId, SiteId};
use std::fmt;
use std::str::FromStr;

/// A part of the workspace's records. Written `workspace`, `site:ID`, `person:ID`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Bucket {
    /// Reference data and releases: what everybody holds.
    Workspace,
    /// What lies at a site.
    Site(SiteId),
    /// What concerns one person only.
    Person(PersonId),
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workspace => f.write_str("workspace"),
            Self::Site(id) => write!(f, "site:{id}"),
            Self::Person(id) => write!(f, "person:{id}"),
        }
    }
}

/// A text that names no bucket.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} names no bucket; expected workspace, site:ID or person:ID")]
pub struct NotABucket {
    /// What was given.
    pub text: String,
}

impl FromStr for Bucket {
    type Err = NotABucket;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotABucket { text: text.to_owned() };
        match text.split_once(':') {
            None if text == "workspace" => Ok(Self::Workspace),
            Some(("site", id)) => id.parse().map(Self::Site).map_err(|_| wrong()),
            Some(("person", id)) => id.parse().map(Self::Person).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Bucket {
    type Error = NotABucket;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Bucket> for String {
    fn from(bucket: Bucket) -> Self {
        bucket.to_string()
    }
}
