//! The columns of rows that are on their way into records, by the names of their fields.

use std::collections::BTreeMap;

/// Position of each field in a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    positions: BTreeMap<String, usize>,
}

impl Header {
    /// Of fields in this order.
    #[must_use]
    pub fn of(names: &[String]) -> Self {
        Self { positions: names.iter().enumerate().map(|(position, name)| (name.clone(), position)).collect() }
    }

    /// Whether rows have the field.
    #[must_use]
    pub fn has(&self, field: &str) -> bool {
        self.positions.contains_key(field)
    }

    /// The names of the fields.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.positions.keys().map(String::as_str)
    }

    /// The value of a field; empty if rows have none.
    #[must_use]
    pub fn value<'a>(&self, fields: &'a [String], field: &str) -> &'a str {
        self.positions.get(field).and_then(|p| fields.get(*p)).map_or("", |f| f.trim())
    }
}
