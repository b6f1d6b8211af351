//! Which page of a list is asked for: its way through an index, its place there, its filter.

use super::body::{ApiRecords, PageQuery};
use super::{Shared, wrong};
use crate::core::{Asked, Caller, Core, Place, Way};
use crate::error::ServerError;
use axum::Json;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use slipway_domain::filter::{Filter, Reading, Vocabulary, parse};
use slipway_domain::lookup::Lookup;
use slipway_domain::number::Series;
use slipway_domain::record::{Entity, Kind};
use slipway_domain::refusal::Fault;
use uuid::Uuid;

/// Records of a page, unless it is said how many.
const PAGE: usize = 50;
/// Most records of a page.
const PAGE_MOST: usize = 200;
/// Longest cursor that is looked at, in bytes.
const CURSOR_BYTES: usize = 8 * 1024;

/// A list, and where in it a page begins.
pub(super) struct Page {
    ways: Vec<Way>,
    backwards: bool,
    filter: Filter,
    limit: usize,
    after: Option<Place>,
    /// Tells its cursors from those of other lists.
    list: String,
}

/// The parameters of a query.
pub(crate) fn params<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, ServerError> {
    let Query(query) = query
        .map_err(|error| wrong(error.body_text(), "Correct the parameters; /v1/openapi.json lists those there are."))?;
    Ok(query)
}

impl Page {
    /// Reads what is asked for; `backwards` as the order says.
    pub(super) fn read(
        kind: Kind,
        query: &PageQuery,
        (ways, backwards): (Vec<Way>, bool),
        caller: &Caller,
        core: &Core,
    ) -> Result<Self, ServerError> {
        let limit = query.limit.unwrap_or(PAGE);
        if !(1..=PAGE_MOST).contains(&limit) {
            let sentence = format!("A page has 1 to {PAGE_MOST} records, not {limit}.");
            return Err(wrong(sentence, "Ask for as many, and go on with the cursor that comes with the page."));
        }
        let text = query.filter.as_deref().unwrap_or_default();
        let vocabulary = if text.is_empty() { Vocabulary::default() } else { core.vocabulary(caller, kind)? };
        let reading = Reading { kind, me: Some(caller.person), now: core.now(), vocabulary: &vocabulary };
        let filter = parse(text, &reading).map_err(|error| {
            let finding = error.finding(text);
            wrong(finding.sentence, &finding.way_out)
        })?;
        let digest = Sha256::digest(format!("{kind:?} {ways:?} {backwards}").as_bytes());
        let list = URL_SAFE_NO_PAD.encode(digest.get(..6).unwrap_or_default());
        let mut page = Self { ways, backwards, filter, limit, after: None, list };
        page.after = query.cursor.as_deref().map(|cursor| page.place(cursor)).transpose()?;
        Ok(page)
    }

    fn place(&self, cursor: &str) -> Result<Place, ServerError> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor.get(..CURSOR_BYTES).unwrap_or(cursor)).ok();
        let parts: Option<(String, usize, String, Uuid)> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        match parts {
            Some((list, way, key, id)) if list == self.list && way < self.ways.len() => Ok(Place { way, key, id }),
            _ => Err(wrong(
                "The cursor is none of this list.".to_owned(),
                "Give the next of the page before, with the same order and look-ups; or begin without a cursor.",
            )),
        }
    }

    /// Fetches it.
    pub(super) fn of<E: Entity>(self, core: &Core, caller: &Caller) -> Result<ApiRecords, ServerError> {
        let Self { ways, backwards, filter, limit, after, list } = self;
        let passes = |record: &E, records: &dyn slipway_domain::records::Records| -> Result<bool, Fault> {
            Ok(filter.is_everything() || filter.matches(&record.clone().into(), records)?)
        };
        let page = core.api_page(caller, Asked { ways: &ways, backwards, after, limit, passes: &passes })?;
        ApiRecords::of(&page, |place| {
            let parts = serde_json::to_vec(&(list, place.way, &place.key, place.id))?;
            Ok(URL_SAFE_NO_PAD.encode(parts))
        })
    }
}

/// The ways of an order that only knows when a record was made.
pub(super) fn made(order: Option<&str>) -> Result<(Vec<Way>, bool), ServerError> {
    match order.unwrap_or("created") {
        "created" => Ok((vec![Way::Made], false)),
        "-created" => Ok((vec![Way::Made], true)),
        other => Err(wrong(
            format!("There is no order {other:?} of this list."),
            "Use created, or -created for the newest first.",
        )),
    }
}

/// The same where records have numbers: also by number, as text is ordered.
pub(super) fn numbered(order: Option<&str>, series: Series) -> Result<(Vec<Way>, bool), ServerError> {
    match order {
        Some(order @ ("number" | "-number")) => {
            Ok((vec![Way::Begin(Lookup::Number, format!("{}-", series.prefix()))], order == "-number"))
        }
        Some("created" | "-created") | None => made(order),
        Some(other) => Err(wrong(
            format!("There is no order {other:?} of this list."),
            "Use created or number; with a dash before it the other way round.",
        )),
    }
}

/// A page of records of a kind that have numbers.
pub(super) async fn numbered_page<E: Entity + 'static>(
    shared: &Shared,
    caller: Caller,
    query: Result<Query<PageQuery>, QueryRejection>,
    series: Series,
) -> Result<Json<ApiRecords>, ServerError> {
    let query = params(query)?;
    let ways = numbered(query.order.as_deref(), series)?;
    shared.run(move |core| Page::read(E::KIND, &query, ways, &caller, core)?.of::<E>(core, &caller)).await
}

/// A page of records of a kind, by when they were made.
pub(super) async fn page<E: Entity + 'static>(
    shared: &Shared,
    caller: Caller,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<ApiRecords>, ServerError> {
    let query = params(query)?;
    let ways = made(query.order.as_deref())?;
    shared.run(move |core| Page::read(E::KIND, &query, ways, &caller, core)?.of::<E>(core, &caller)).await
}
