//! What stands in a cell.

use slipway_domain::record::Record;
use slipway_domain::time::Timestamp;
use std::borrow::Cow;
use std::collections::HashMap;
use uuid::Uuid;

/// Names of records by id.
#[derive(Debug, Default)]
pub struct Names(HashMap<Uuid, (String, String)>);

impl Names {
    /// Remembers what a record is called: people by sign-in name, CIs with their class, others as a person calls them.
    pub fn add(&mut self, record: &Record) {
        let (name, class) = match record {
            Record::Person(person) => (person.user.clone(), String::new()),
            Record::Ci(ci) => (ci.name.clone(), ci.class.clone()),
            other => (other.label(), String::new()),
        };
        self.0.insert(record.id(), (name, class));
    }

    /// The name; the id itself when the record is not here.
    pub fn of(&self, id: impl Into<Uuid>) -> String {
        let id = id.into();
        self.0.get(&id).map_or_else(|| id.to_string(), |(name, _)| name.clone())
    }

    /// The class of a CI.
    pub fn class_of(&self, id: impl Into<Uuid>) -> String {
        self.0.get(&id.into()).map(|(_, class)| class.clone()).unwrap_or_default()
    }

    /// Several names with `;` between them.
    pub fn list<I: Into<Uuid>>(&self, ids: impl IntoIterator<Item = I>) -> String {
        let mut names: Vec<String> = ids.into_iter().map(|id| self.of(id)).collect();
        names.sort();
        names.join(";")
    }

    /// The name, or nothing.
    pub fn maybe<I: Into<Uuid>>(&self, id: Option<I>) -> String {
        id.map(|id| self.of(id)).unwrap_or_default()
    }
}

/// A text that no spreadsheet takes for a formula. See [`plain`].
pub fn safe(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text before [`safe`].
pub fn plain(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) => rest,
        _ => text,
    }
}

/// A named value as people read it, or nothing.
pub fn level(value: Option<impl ToString>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

/// A moment in UTC, or nothing.
pub fn moment(at: Option<Timestamp>) -> String {
    at.map(Timestamp::to_rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{plain, safe};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_made_safe_is_no_formula_and_comes_back(text in "[=+@'\\-\\ta-c]{0,6}") {
            let cell = safe(&text);
            prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t']));
            prop_assert_eq!(plain(&cell), text.as_str());
        }
    }
}
