//! Relations: typed, directed. What a type means stands in [`crate::cmdb::relation_kind`].

use crate::id::{CiId, RelationId};
use crate::level::NotALevel;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use ts_rs::TS;

/// Most bytes of a type's key.
const KEY_BYTES: usize = 40;

/// The key of a relation type, such as `depends_on`: small letters, digits and `_`. Held in place, because relations
/// come by the million.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, TS)]
#[ts(type = "string")]
pub struct RelationType {
    /// As it is read: with blanks.
    words: [u8; KEY_BYTES],
    length: u8,
}

#[expect(non_upper_case_globals, reason = "they stand where values of an enumeration would")]
impl RelationType {
    /// Is used by.
    pub const DependsOn: Self = Self::fixed(b"depends on");
    /// Runs.
    pub const RunsOn: Self = Self::fixed(b"runs on");
    /// Hosts.
    pub const HostedOn: Self = Self::fixed(b"hosted on");
    /// Is part of; a tree.
    pub const Contains: Self = Self::fixed(b"contains");
    /// Symmetric.
    pub const ConnectsTo: Self = Self::fixed(b"connects to");
    /// Is provided by.
    pub const Provides: Self = Self::fixed(b"provides");

    /// Those that every workspace has.
    pub const ALL: &'static [Self] =
        &[Self::DependsOn, Self::RunsOn, Self::HostedOn, Self::Contains, Self::ConnectsTo, Self::Provides];
}

impl RelationType {
    #[expect(
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        reason = "run by the compiler, on texts above"
    )]
    const fn fixed(text: &[u8]) -> Self {
        let mut words = [0; KEY_BYTES];
        let mut at = 0;
        while at < text.len() {
            words[at] = text[at];
            at += 1;
        }
        Self { words, length: text.len() as u8 }
    }

    /// As it is read, from source to target, unless its record has another name.
    #[must_use]
    pub fn label(&self) -> &str {
        let words = self.words.get(..usize::from(self.length)).unwrap_or_default();
        // Nothing but small letters, digits and blanks comes in.
        std::str::from_utf8(words).unwrap_or_default()
    }

    /// As stored.
    #[must_use]
    pub fn key(&self) -> String {
        self.label().replace(' ', "_")
    }
}

impl fmt::Display for RelationType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl fmt::Debug for RelationType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl FromStr for RelationType {
    type Err = NotALevel;
    /// Accepts key or words, in any case, `_`, `-` and blanks alike. Whether there is such a type is for the rules.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = text.trim().to_lowercase().replace(['_', '-', '/'], " ");
        let is_key = !plain.is_empty()
            && plain.len() <= KEY_BYTES
            && plain.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == ' ')
            && !plain.contains("  ");
        if !is_key {
            let accepted: Vec<&str> = Self::ALL.iter().map(Self::label).collect();
            return Err(NotALevel { text: text.to_owned(), accepted: accepted.join(", ") });
        }
        Ok(Self::fixed(plain.as_bytes()))
    }
}

impl Serialize for RelationType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.key())
    }
}

impl<'de> Deserialize<'de> for RelationType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A relation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Relation {
    /// Identity; derived from its ends and type, see [`Relation::id_of`], so that two laptops cannot make it twice.
    pub id: RelationId,
    /// From.
    pub source: CiId,
    /// How.
    pub relation_type: RelationType,
    /// To.
    pub target: CiId,
}

impl Relation {
    /// The identity of a relation: the same ends and type give the same id on every device.
    /// *Connects to* has the same id both ways.
    #[must_use]
    pub fn id_of(source: CiId, relation_type: RelationType, target: CiId) -> RelationId {
        let (a, b) = if relation_type == RelationType::ConnectsTo && target < source {
            (target, source)
        } else {
            (source, target)
        };
        let name = format!("{}|{}|{}", a, relation_type.label(), b);
        RelationId(uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()))
    }

    /// A relation between two CIs.
    #[must_use]
    pub fn new(source: CiId, relation_type: RelationType, target: CiId) -> Self {
        Self { id: Self::id_of(source, relation_type, target), source, relation_type, target }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::RelationType;
    use rstest::rstest;

    #[rstest]
    #[case(RelationType::DependsOn, "\"depends_on\"")]
    #[case(RelationType::RunsOn, "\"runs_on\"")]
    #[case(RelationType::HostedOn, "\"hosted_on\"")]
    #[case(RelationType::Contains, "\"contains\"")]
    #[case(RelationType::ConnectsTo, "\"connects_to\"")]
    #[case(RelationType::Provides, "\"provides\"")]
    fn a_type_is_stored_as_before(#[case] of: RelationType, #[case] json: &str) {
        assert_eq!(serde_json::to_string(&of).unwrap(), json);
        assert_eq!(serde_json::from_str::<RelationType>(json).unwrap(), of);
    }

    #[rstest]
    #[case("Backed-up By", Some("backed_up_by"))]
    #[case("", None)]
    #[case("a  b", None)]
    #[case("naïve", None)]
    #[case("x123456789x123456789x123456789x123456789x", None)]
    fn a_key_is_small_and_plain(#[case] text: &str, #[case] key: Option<&str>) {
        assert_eq!(text.parse::<RelationType>().ok().map(|t| t.key()).as_deref(), key);
    }
}
