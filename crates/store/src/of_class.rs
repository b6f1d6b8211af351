//! The CIs of a class, a page at a time: status by status, in the order of the rows, so that each page begins where an
//! index says.

use crate::error::Trouble;
use crate::view::{View, class_code, uuid};
use slipway_domain::refusal::Fault;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

// The comparison of both at once, `(state, n) > (?, ?)`, would read every row of a status up to the mark.
pub(crate) const IN_STATE: &str = "SELECT r.id, s.n FROM ci_summary s JOIN record r ON r.n = s.n
    WHERE s.grp = ?1 AND s.state = ?2 AND s.n > ?3 ORDER BY s.n LIMIT ?4";
pub(crate) const NEXT_STATE: &str = "SELECT min(state) FROM ci_count WHERE grp = ?1 AND state > ?2";
pub(crate) const SO_MANY: &str = "SELECT coalesce(sum(count), 0) FROM ci_count WHERE grp = ?1";

/// Where a walk over the CIs of a class stands. A CI whose status changes during a walk may be met twice or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassMark {
    /// Number of the status' name on this laptop.
    state: i64,
    row: i64,
}

impl fmt::Display for ClassMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.row, self.state)
    }
}

/// The text is no mark of a walk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no place in a walk over a class")]
pub struct NotAMark(String);

impl FromStr for ClassMark {
    type Err = NotAMark;
    fn from_str(text: &str) -> Result<Self, NotAMark> {
        let parts = text.split_once(':').and_then(|(row, state)| Some((row.parse().ok()?, state.parse().ok()?)));
        let (row, state) = parts.ok_or_else(|| NotAMark(text.to_owned()))?;
        Ok(Self { state, row })
    }
}

impl View<'_> {
    /// CIs of this class (its key, lower case) that follow a mark, at most so many, each with its own mark.
    ///
    /// # Errors
    /// A storage fault.
    pub fn cis_of_class(&self, class: &str, after: &ClassMark, most: usize) -> Result<Vec<(Uuid, ClassMark)>, Fault> {
        self.page_of_class(class, after, most).map_err(|error| Trouble::from(error).into_fault())
    }

    /// How many CIs are of this class (its key, lower case); nothing is counted for it.
    ///
    /// # Errors
    /// A storage fault.
    pub fn count_of_class(&self, class: &str) -> Result<u64, Fault> {
        let counted = || -> Result<u64, rusqlite::Error> {
            let Some(class) = class_code(self.0, class)? else { return Ok(0) };
            let sum: i64 = self.0.prepare_cached(SO_MANY)?.query_row((class,), |row| row.get(0))?;
            Ok(sum.cast_unsigned())
        };
        counted().map_err(|error| Trouble::from(error).into_fault())
    }

    fn page_of_class(
        &self,
        class: &str,
        after: &ClassMark,
        most: usize,
    ) -> Result<Vec<(Uuid, ClassMark)>, rusqlite::Error> {
        let mut page = Vec::new();
        let Some(class) = class_code(self.0, class)? else { return Ok(page) };
        let mut at = after.clone();
        while page.len() < most {
            let left = i64::try_from(most - page.len()).unwrap_or(i64::MAX);
            let mut statement = self.0.prepare_cached(IN_STATE)?;
            let mut rows = statement.query((class, at.state, at.row, left))?;
            while let Some(row) = rows.next()? {
                page.push((uuid(row, 0)?, ClassMark { state: at.state, row: row.get(1)? }));
            }
            let next: Option<i64> =
                self.0.prepare_cached(NEXT_STATE)?.query_row((class, at.state), |row| row.get(0))?;
            let Some(state) = next else { break };
            at = ClassMark { state, row: 0 };
        }
        page.truncate(most);
        Ok(page)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::ClassMark;

    #[test]
    fn a_mark_comes_back_from_its_text() {
        for mark in [ClassMark::default(), ClassMark { state: 12, row: 7 }] {
            assert_eq!(mark.to_string().parse::<ClassMark>().unwrap(), mark);
        }
        assert!("somewhere".parse::<ClassMark>().is_err());
    }
}
