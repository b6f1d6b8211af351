//! Lists: ids first, rows by window, so that a million CIs cost no more than a screenful. A list that is longer than a
//! few screens stays here, as row numbers in order, and its parts are asked for.

pub(crate) mod kept;

use crate::error::CallError;
use crate::lists::kept::{Found, Known};
use crate::view::lists::{
    LISTED_MOST, ListId, ListPart, ListPlaces, OpenList, OpenListRequest, OrderedList, PartRequest, PlacesRequest,
    ROWS_MOST, Rows, RowsRequest,
};
use crate::{App, filters, rows};
use slipway_store::list::ListSpec;
use slipway_store::list::order::{Beginning, FIRST, Order};
use std::sync::Arc;
use uuid::Uuid;

/// The ids of a list in order, or how a long one begins; nothing, and what is wrong, for a filter that is not understood.
///
/// # Errors
/// Trouble.
pub fn open(app: &App, request: &OpenListRequest) -> Result<OpenList, CallError> {
    let open = app.open()?;
    let filter = match filters::read(app, request.kind, &request.filter)? {
        Ok(filter) => filter,
        Err(error) => return Ok(OpenList { error: Some(error), ..OpenList::default() }),
    };
    let spec = ListSpec { kind: request.kind, filter, sort: request.sort.clone(), descending: request.descending };
    if request.in_parts
        && let Some(long) = long(app, &spec)?
    {
        return Ok(long);
    }
    let list = open.store.open_list(&spec)?;
    Ok(OpenList {
        ids: list.ids.iter().map(ToString::to_string).collect(),
        total: figure(list.total),
        unknown: list.unknown,
        looked_at: list.looked_at.map(figure),
        ..OpenList::default()
    })
}

/// How a long list begins; `None` for one that is short enough to be given out.
fn long(app: &App, spec: &ListSpec) -> Result<Option<OpenList>, CallError> {
    let open = app.open()?;
    let lists = app.lists();
    lists.note_foreign(open.store.foreign_writes_at_rest()?);
    let known = lists.known(spec);
    if let Some(known) = known.as_ref().filter(|known| known.changed.is_empty()) {
        return Ok(Some(ordered(app, known.id, &known.order)?));
    }
    // Begun before anything is read, so that what changes meanwhile is noted with it.
    let id = lists.begin(spec);
    if let Some(known) = lists.known(spec)
        && let Some(changed) = known.changed.listed()
        && let Some(order) = open.store.moved(spec, &known.order, changed.kinds, changed.ids)?
    {
        let order = Arc::new(order);
        lists.put(id, order.clone());
        return Ok(Some(ordered(app, id, &order)?));
    }
    let Beginning::Long(ids) = open.store.beginning(spec)? else {
        lists.give_up(id);
        return Ok(None);
    };
    let total = if spec.filter.is_everything() { figure_of(open.store.total(spec.kind)?) } else { figure(ids.len()) };
    Ok(Some(OpenList {
        ids: ids.iter().map(ToString::to_string).collect(),
        total,
        list: Some(id),
        ..OpenList::default()
    }))
}

/// A list whose order is known, with its first ids.
fn ordered(app: &App, id: u32, order: &Order) -> Result<OpenList, CallError> {
    let first = order.rows.get(..FIRST.min(order.rows.len())).unwrap_or_default();
    Ok(OpenList {
        ids: texts(app, first)?,
        total: figure(order.rows.len()),
        list: Some(id),
        is_ordered: true,
        ..OpenList::default()
    })
}

/// Puts a long list in order, which takes a moment; a newer one of the same kind ends it.
///
/// # Errors
/// `LIST_GONE` for a list that is not kept any more, or trouble.
pub fn order(app: &App, request: &ListId) -> Result<OrderedList, CallError> {
    let (spec, stop) = match app.lists().find(request.list).ok_or_else(gone)? {
        Found::Ordered(known) => return Ok(OrderedList { total: figure(known.rows.len()), is_ended: false }),
        Found::Begun(spec, stop) => (spec, stop),
    };
    match app.open()?.store.order(&spec, &stop)? {
        Some(order) => {
            let total = figure(order.rows.len());
            app.lists().put(request.list, Arc::new(order));
            Ok(OrderedList { total, is_ended: false })
        }
        None => Ok(OrderedList { total: 0, is_ended: true }),
    }
}

/// Rows of a list from a place on.
///
/// # Errors
/// `TOO_MANY_ROWS`, `LIST_GONE`, or trouble.
pub fn part(app: &App, request: &PartRequest) -> Result<ListPart, CallError> {
    let most = if request.only_ids { LISTED_MOST } else { ROWS_MOST };
    let count = usize::try_from(request.count).unwrap_or(usize::MAX);
    if count > most {
        return Err(too_many(count, most));
    }
    let known = known(app, request.list)?;
    let from = usize::try_from(request.from).unwrap_or(usize::MAX).min(known.order.rows.len());
    let part = known.order.rows.get(from..from.saturating_add(count).min(known.order.rows.len())).unwrap_or_default();
    let ids = app.open()?.store.numbered(part)?;
    let rows = if request.only_ids {
        Vec::new()
    } else {
        app.read(|sight| Ok(rows::rows(sight, known.spec.kind, ids.iter().copied().flatten())?))?
    };
    Ok(ListPart { ids: ids.into_iter().map(|id| id.map(|id| id.to_string()).unwrap_or_default()).collect(), rows })
}

/// Where records lie in a list.
///
/// # Errors
/// `TOO_MANY_ROWS`, `LIST_GONE`, or trouble.
pub fn places(app: &App, request: &PlacesRequest) -> Result<ListPlaces, CallError> {
    if request.ids.len() > LISTED_MOST {
        return Err(too_many(request.ids.len(), LISTED_MOST));
    }
    let known = known(app, request.list)?;
    // What is no identity is in no list.
    let ids: Vec<Uuid> = request.ids.iter().map(|id| id.parse().unwrap_or_default()).collect();
    let places = app.open()?.store.places(known.spec.kind, &known.order, &ids)?;
    Ok(ListPlaces { places: places.into_iter().map(|place| place.map(figure)).collect() })
}

/// Rows in the order asked for; what is not there any more is left out.
///
/// # Errors
/// `TOO_MANY_ROWS`, or trouble.
pub fn rows(app: &App, request: &RowsRequest) -> Result<Rows, CallError> {
    if request.ids.len() > ROWS_MOST {
        return Err(too_many(request.ids.len(), ROWS_MOST));
    }
    let ids = request.ids.iter().filter_map(|id| id.parse::<Uuid>().ok());
    app.read(|sight| Ok(Rows { rows: rows::rows(sight, request.kind, ids)? }))
}

fn known(app: &App, list: u32) -> Result<Known, CallError> {
    app.lists().ordered(list).ok_or_else(gone)
}

fn texts(app: &App, rows: &[u32]) -> Result<Vec<String>, CallError> {
    let ids = app.open()?.store.numbered(rows)?;
    Ok(ids.into_iter().map(|id| id.map(|id| id.to_string()).unwrap_or_default()).collect())
}

fn gone() -> CallError {
    CallError::trouble(
        "LIST_GONE",
        "This list is not kept any more: newer ones took its place.".to_owned(),
        "Open it again.",
    )
}

fn too_many(count: usize, most: usize) -> CallError {
    CallError::trouble(
        "TOO_MANY_ROWS",
        format!("{count} rows were asked for at once."),
        format!("Ask for at most {most}."),
    )
}

fn figure(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn figure_of(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
