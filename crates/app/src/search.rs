//! Search as you type over every record.

use crate::App;
use crate::error::CallError;
use crate::rows;
use crate::view::lists::{SearchHits, SearchRequest};

/// Hits when nobody says how many.
const LIMIT: u32 = 20;
/// Most hits.
const LIMIT_MOST: u32 = 100;

/// What the words, numbers, serial numbers and tags lead to, best first.
///
/// # Errors
/// Trouble.
pub fn records(app: &App, request: &SearchRequest) -> Result<SearchHits, CallError> {
    let limit = request.limit.unwrap_or(LIMIT).min(LIMIT_MOST) as usize;
    let found = app.open()?.store.search(&request.text, request.kinds.as_deref().unwrap_or_default(), limit)?;
    app.read(|sight| {
        let mut hits = Vec::new();
        for hit in found {
            if let Some(record) = sight.records.read(hit.kind, hit.id)? {
                hits.push(rows::row(sight, &record)?);
            }
        }
        Ok(SearchHits { hits })
    })
}
