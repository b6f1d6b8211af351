//! Search as you type over every record: titles, numbers, serial numbers, tags, texts.

use crate::db::Db;
use crate::error::{StoreError, Trouble};
use crate::open::Store;
use crate::pack::Stored;
use crate::project::{KIND_MARK, kind_word};
use rusqlite::{Connection, OptionalExtension};
use slipway_domain::filter::text::{found, has};
use slipway_domain::number::Number;
use slipway_domain::record::{Kind, Record};
use std::collections::HashSet;
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

/// Most records that are read to see which of them have what was typed in full.
const LOOKED_AT: usize = 160;
/// So many of a kind come first because their name begins with what was typed, where several kinds are asked for.
const OF_A_KIND: usize = 5;
/// Letters of a beginning that the index keeps by itself, see migration 0007.
const KEPT_LETTERS: usize = 3;

pub(crate) const BY_WORDS: &str = "SELECT rowid FROM search WHERE search MATCH ?1 LIMIT ?2";
pub(crate) const BY_LABEL: &str = "SELECT n FROM summary WHERE kind = ?1 AND label = ?2 LIMIT 20";
pub(crate) const CI_BY_LABEL: &str = "SELECT n FROM ci_summary WHERE ?1 IS NOT NULL AND label = ?2 LIMIT 20";
pub(crate) const BEGINNING: &str =
    "SELECT n FROM summary WHERE kind = ?1 AND label >= ?2 AND label < ?3 ORDER BY label LIMIT ?4";
pub(crate) const CI_BEGINNING: &str =
    "SELECT n FROM ci_summary WHERE ?1 IS NOT NULL AND label >= ?2 AND label < ?3 ORDER BY label LIMIT ?4";

impl Store {
    /// Records found by every word of `text`, each taken as the beginning of a word; of these kinds, or of all when
    /// there are none. Those whose number or name is the whole text come first, then those whose name begins with it,
    /// then those that have it in their title. Of many the first are given, as they came here: nothing is read that
    /// is not shown, but for a bounded number of others.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn search(&self, text: &str, kinds: &[Kind], limit: usize) -> Result<Vec<Hit>, StoreError> {
        let words: Vec<&str> = words(text).collect();
        let Some(query) = match_query(&words, kinds) else { return Ok(Vec::new()) };
        let limit = limit.min(HITS_MOST);
        self.reading(|db| {
            let mut pool = Pool { db, words: &words, seen: HashSet::new(), hits: Vec::new() };
            for n in exact(db, text, kinds)? {
                pool.add(n, Fit::Whole, None)?;
            }
            for n in beginning(db, text, kinds, limit)? {
                pool.add(n, Fit::Beginning, None)?;
            }
            // What is kept by itself is read in order and left as soon as there is enough; longer beginnings mean that
            // all words that begin so are merged first, which pays only where they are rare. So everything is cut at
            // first, then what few of the candidates had is asked for in full, and at last all of it.
            let mut asked: Vec<&str> = words.iter().map(|word| shortened(word)).collect();
            for _ in 0..2 {
                let Some(cut) = match_query(&asked, kinds).filter(|cut| *cut != query) else { break };
                let mut had = vec![0_usize; words.len()];
                let looked_at = pool.candidates(&cut, limit, &mut had)?;
                if looked_at < LOOKED_AT || pool.hits.len() >= limit {
                    return Ok(pool.best(limit));
                }
                for ((asked, word), had) in asked.iter_mut().zip(&words).zip(&had) {
                    if had * 2 < looked_at {
                        *asked = *word;
                    }
                }
            }
            pool.all(&query, limit)?;
            Ok(pool.best(limit))
        })
    }
}

/// How well a record fits; the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Whole,
    Beginning,
    Title,
    Words,
}

/// What was found so far.
struct Pool<'a> {
    db: &'a Db,
    words: &'a [&'a str],
    seen: HashSet<i64>,
    hits: Vec<(Fit, Hit)>,
}

impl Pool<'_> {
    /// Keeps those of the first rows that have every word in full; counts what they have, and gives how many were
    /// looked at: [`LOOKED_AT`] at most, and that many if there may be more.
    fn candidates(&mut self, query: &str, limit: usize, had: &mut [usize]) -> Result<usize, Trouble> {
        let mut statement = self.db.prepare_cached(BY_WORDS)?;
        let mut rows = statement.query((query, i64::try_from(LOOKED_AT).unwrap_or(i64::MAX)))?;
        let mut looked_at = 0;
        while let Some(row) = rows.next()? {
            looked_at += 1;
            self.add(row.get(0)?, Fit::Words, Some(&mut *had))?;
            if self.hits.len() >= limit.saturating_mul(2) {
                break;
            }
        }
        Ok(looked_at)
    }

    /// Keeps what the index finds, until there is enough.
    fn all(&mut self, query: &str, limit: usize) -> Result<(), Trouble> {
        let wanted = limit.saturating_mul(2);
        let most = i64::try_from(wanted.saturating_add(self.seen.len())).unwrap_or(i64::MAX);
        let mut statement = self.db.prepare_cached(BY_WORDS)?;
        let mut rows = statement.query((query, most))?;
        while self.hits.len() < wanted
            && let Some(row) = rows.next()?
        {
            self.add(row.get(0)?, Fit::Words, None)?;
        }
        Ok(())
    }

    /// Reads a row and keeps it. `had`: it is a candidate, kept if it has every word; counts those that it has.
    fn add(&mut self, n: i64, fit: Fit, had: Option<&mut [usize]>) -> Result<(), Trouble> {
        if !self.seen.insert(n) {
            return Ok(());
        }
        let Some(record) = at_row(self.db, n)? else { return Ok(()) };
        let Some((title, more)) = record.search_text() else { return Ok(()) };
        if let Some(had) = had {
            let mut has_all = true;
            for (word, had) in self.words.iter().zip(had) {
                let has_it = found(&record, word);
                *had += usize::from(has_it);
                has_all &= has_it;
            }
            if !has_all {
                return Ok(());
            }
        }
        let fit = if fit == Fit::Words && self.words.iter().all(|word| has(&title, word)) { Fit::Title } else { fit };
        let snippet = excerpt(&more, self.words);
        self.hits.push((fit, Hit { kind: record.kind(), id: record.id(), label: record.label(), title, snippet }));
        Ok(())
    }

    fn best(mut self, limit: usize) -> Vec<Hit> {
        self.hits.sort_by_key(|(fit, _)| *fit);
        self.hits.into_iter().take(limit).map(|(_, hit)| hit).collect()
    }
}

/// A word whose last part is cut to what the index keeps by itself. Only where the index cuts words as it is done here.
fn shortened(word: &str) -> &str {
    let last = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    let start = last.rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
    let is_plain = word.is_ascii() && last.len() > start + KEPT_LETTERS;
    if is_plain { word.get(..start + KEPT_LETTERS).unwrap_or(word) } else { word }
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
    let plain = |word: &&str| word.replace('"', "\"\"").replace(['\0', KIND_MARK], " ");
    let phrases: Vec<String> = words.iter().map(|word| format!("\"{}\"*", plain(word))).collect();
    let mut query = phrases.join(" AND ");
    if !kinds.is_empty() {
        let kinds: Vec<String> = kinds.iter().map(|kind| format!("\"{}\"", kind_word(*kind))).collect();
        query.push_str(&format!(" AND ({})", kinds.join(" OR ")));
    }
    Some(query)
}

/// Rows whose number or name is the whole text.
fn exact(conn: &Connection, text: &str, kinds: &[Kind]) -> Result<Vec<i64>, rusqlite::Error> {
    let text = text.trim();
    let number = Number::from_str(text).ok().map(|n| n.to_string());
    let kinds = if kinds.is_empty() { Kind::ALL } else { kinds };
    let mut rows = Vec::new();
    for label in [Some(text), number.as_deref()].into_iter().flatten() {
        for kind in kinds {
            let mut statement = conn.prepare_cached(if *kind == Kind::Ci { CI_BY_LABEL } else { BY_LABEL })?;
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

/// Rows whose number or name begins with the text: a few of each kind where several are asked for.
fn beginning(conn: &Connection, text: &str, kinds: &[Kind], limit: usize) -> Result<Vec<i64>, rusqlite::Error> {
    let text = text.trim();
    let end = format!("{text}{}", char::MAX);
    let kinds = if kinds.is_empty() { Kind::ALL } else { kinds };
    let limit = i64::try_from(if kinds.len() > 1 { limit.min(OF_A_KIND) } else { limit }).unwrap_or(i64::MAX);
    let mut rows = Vec::new();
    for kind in kinds {
        let mut statement = conn.prepare_cached(if *kind == Kind::Ci { CI_BEGINNING } else { BEGINNING })?;
        for n in statement.query_map((kind.name(), text, &end, limit), |row| row.get(0))? {
            rows.push(n?);
        }
    }
    Ok(rows)
}

/// The record in a row, if there is one that this program can read.
fn at_row(db: &Db, n: i64) -> Result<Option<Record>, Trouble> {
    let found = db
        .prepare_cached(crate::pack::AT_ROW)?
        .query_row((n,), |row| Ok((row.get(0)?, crate::view::uuid(row, 1)?, Stored::from_row(row, 2)?)))
        .optional()?;
    let Some((kind, id, stored)) = found else { return Ok(None) };
    let Some(kind) = Kind::named(&db.text(kind)?) else { return Ok(None) };
    stored.record(db, kind, id)
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
