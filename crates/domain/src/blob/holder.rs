//! Records that files belong to.

use crate::id::{AttachmentId, DslItemId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use ts_rs::TS;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

/// A record that files belong to: whoever may read it may read them. Written as `attachment:ID` or `dsl_item:ID`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
pub enum Holder {
    /// A photo: one file.
    Attachment(AttachmentId),
    /// An item of the software library: many files.
    DslItem(DslItemId),
}

const ATTACHMENT: &str = "attachment";
const DSL_ITEM: &str = "dsl_item";

impl Holder {
    /// Identity of the record.
    #[must_use]
    pub fn id(self) -> Uuid {
        match self {
            Self::Attachment(id) => id.0,
            Self::DslItem(id) => id.0,
        }
    }

    /// Name of its kind.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Attachment(_) => ATTACHMENT,
            Self::DslItem(_) => DSL_ITEM,
        }
    }

    /// The record of this kind and identity; `None` for kinds that have no files.
    #[must_use]
    pub fn of(kind: &str, id: Uuid) -> Option<Self> {
        match kind {
            ATTACHMENT => Some(Self::Attachment(AttachmentId(id))),
            DSL_ITEM => Some(Self::DslItem(DslItemId(id))),
            _ => None,
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind(), self.id())
    }
}

/// A text that names no record with files.
#[derive(Debug, thiserror::Error)]
#[error("this names no record with files; expected attachment:ID or dsl_item:ID")]
pub struct NotAHolder;

impl FromStr for Holder {
    type Err = NotAHolder;

    fn from_str(text: &str) -> Result<Self, NotAHolder> {
        let (kind, id) = text.split_once(':').ok_or(NotAHolder)?;
        Self::of(kind, Uuid::parse_str(id).map_err(|_| NotAHolder)?).ok_or(NotAHolder)
    }
}

impl TryFrom<String> for Holder {
    type Error = NotAHolder;

    fn try_from(text: String) -> Result<Self, NotAHolder> {
        text.parse()
    }
}

impl From<Holder> for String {
    fn from(holder: Holder) -> Self {
        holder.to_string()
    }
}

// Described as the text it travels as.
impl PartialSchema for Holder {
    fn schema() -> RefOr<Schema> {
        String::schema()
    }
}

impl ToSchema for Holder {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Holder;
    use crate::id::{AttachmentId, DslItemId};
    use rstest::rstest;
    use uuid::Uuid;

    #[rstest]
    #[case(Holder::Attachment(AttachmentId(Uuid::from_u128(7))), "attachment:00000000-0000-0000-0000-000000000007")]
    #[case(Holder::DslItem(DslItemId(Uuid::from_u128(8))), "dsl_item:00000000-0000-0000-0000-000000000008")]
    fn it_reads_what_it_writes(#[case] holder: Holder, #[case] text: &str) {
        assert_eq!(holder.to_string(), text);
        assert_eq!(text.parse::<Holder>().unwrap(), holder);
    }

    #[rstest]
    #[case("")]
    #[case("release:00000000-0000-0000-0000-000000000007")]
    #[case("attachment")]
    #[case("dsl_item:../up")]
    fn nothing_else_is_one(#[case] text: &str) {
        assert!(text.parse::<Holder>().is_err(), "{text}");
    }
}
