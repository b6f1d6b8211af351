//! Search as you type over every record: titles, numbers, serial numbers, tags, texts.

use crate::db::Db;
use crate::error::{StoreError, Trouble};
use crate::open::Store;
use crate::pack::Stored;
use crate::project::kind_word;
use rusqlite::{Connection, OptionalExtension};
use slipway_domain::number::Number;
use slipway_domain::record::Kind;
use std::str::FromStr;
use uuid::Uuid;

/// Most hits in one answer.
pub const HITS_MOST: usize = 200;
/// Most words of a query that are looked at.
const WORDS_MOST: usize = 12;
/// Length of an excerpt, in characters.
const EXCERPT: usize = 90;

/// A record that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its kind.
    pub kind: Kind,
    /// Its identity.
    pub id: Uuid,
    /// Number or name.
    pub label: String,
    /// In a line.
    pub title: String,
    /// Where in its other words the query was found, or how they begin.
    pub snippet: String,
}

pub(crate) const BY_WORDS: &str =
    "SELECT rowid FROM search WHERE search MATCH ?1 ORDER BY bm25(search, 10.0, 12.0, 1.0, 0.0) LIMIT ?2";
pub(crate) const BY_LABEL: &str = "SELECT n FROM summary WHERE kind = ?1 AND label = ?2 LIMIT 20";

impl Store {
    /// Records found by every word of `text`, each taken as the beginning of a word; of these kinds, or of all when
    /// there are none. A record whose number or name is the whole text comes first, the rest by how well they fit.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn search(&self, text: &str, kinds: &[Kind], limit: usize) -> Result<Vec<Hit>, StoreError> {
        let words: Vec<&str> = words(text).collect();
        let Some(query) = match_query(&words, kinds) else { return Ok(Vec::new()) };
        let limit = limit.min(HITS_MOST);
        self.reading(|conn| {
            let mut rows = exact(conn, text, kinds)?;
            let mut statement = conn.prepare_cached(BY_WORDS)?;
            // As many more as may be known already.
            let wanted = i64::try_from(limit + rows.len()).unwrap_or(i64::MAX);
            for n in statement.query_map((query, wanted), |row| row.get::<_, i64>(0))? {
                let n = n?;
                if !rows.contains(&n) {
                    rows.push(n);
                }
            }
            rows.truncate(limit);
            let mut hits = Vec::with_capacity(rows.len());
            for n in rows {
                hits.extend(hit(conn, n, &words)?);
            }
            Ok(hits)
        })
    }
}

/// The words of a text that search can look for.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).take(WORDS_MOST)
}

/// All words, each as a phrase whose last part may be unfinished, so that `libssl1.1` and `core-1` are found as they
/// are written; `None` when there is nothing to look for.
pub(crate) fn match_query(words: &[&str], kinds: &[Kind]) -> Option<String> {
    if words.is_empty() {
        return None;
    }
    // Within quotes nothing but the quote and the end of text means anything.
    let plain = |word: &&str| word.replace('"', "\"\"").replace('\0', " ");
    let phrases: Vec<String> = words.iter().map(|word| format!("\"{}\"*", plain(word))).collect();
    let mut query = format!("{{title number words}} : ({})", phrases.join(" AND "));
    if !kinds.is_empty() {
        let kinds: Vec<String> = kinds.iter().map(|kind| kind_word(*kind)).collect();
        query.push_str(&format!(" AND kind : ({})", kinds.join(" OR ")));
    }
    Some(query)
}

/// Rows whose number or name is the whole text.
fn exact(conn: &Connection, text: &str, kinds: &[Kind]) -> Result<Vec<i64>, rusqlite::Error> {
    let text = text.trim();
    let number = Number::from_str(text).ok().map(|n| n.to_string());
    let kinds = if kinds.is_empty() { Kind::ALL } else { kinds };
    let mut statement = conn.prepare_cached(BY_LABEL)?;
    let mut rows = Vec::new();
    for label in [Some(text), number.as_deref()].into_iter().flatten() {
        for kind in kinds {
            for n in statement.query_map((kind.name(), label), |row| row.get(0))? {
                let n = n?;
                if !rows.contains(&n) {
                    rows.push(n);
                }
            }
        }
    }
    Ok(rows)
}

fn hit(conn: &Db, n: i64, words: &[&str]) -> Result<Option<Hit>, Trouble> {
    let found = conn
        .prepare_cached(crate::pack::AT_ROW)?
        .query_row((n,), |row| Ok((row.get(0)?, crate::view::uuid(row, 1)?, Stored::from_row(row, 2)?)))
        .optional()?;
    let Some((kind, id, stored)) = found else { return Ok(None) };
    let Some(kind) = Kind::named(&conn.text(kind)?) else { return Ok(None) };
    let Some(record) = stored.record(conn, kind, id)? else { return Ok(None) };
    let (title, more) = record.search_text().unwrap_or_default();
    Ok(Some(Hit { kind, id: record.id(), label: record.label(), title, snippet: excerpt(&more, words) }))
}

/// The part of a text around the first word that is in it, or its beginning.
fn excerpt(text: &str, words: &[&str]) -> String {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = text.to_lowercase();
    let at = words.iter().filter_map(|word| lower.find(&word.to_lowercase())).min().unwrap_or(0);
    // Positions are of the lower-case text; where that has another length the excerpt is a little off, no more.
    let before = lower.get(..at).map_or(0, |head| head.chars().count());
    let start = before.saturating_sub(EXCERPT / 3);
    let mut part: String = text.chars().skip(start).take(EXCERPT).collect();
    if start > 0 {
        part.insert(0, '…');
    }
    if text.chars().count() > start + EXCERPT {
        part.push('…');
    }
    part
}
