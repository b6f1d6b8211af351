//! Lists: ids first, rows by window, so that a million CIs cost no more than a screenful.

use crate::App;
use crate::error::CallError;
use crate::rows;
use crate::view::lists::{OpenList, OpenListRequest, ROWS_MOST, Rows, RowsRequest};
use slipway_store::list::ListSpec;
use uuid::Uuid;

/// The ids of a list in order.
///
/// # Errors
/// Trouble.
pub fn open(app: &App, request: &OpenListRequest) -> Result<OpenList, CallError> {
    let open = app.open()?;
    let list = open.store.open_list(&ListSpec {
        kind: request.kind,
        filter: request.filter.clone(),
        sort: request.sort.clone(),
        descending: request.descending,
        me: Some(open.actor),
    })?;
    Ok(OpenList {
        ids: list.ids.iter().map(ToString::to_string).collect(),
        total: u32::try_from(list.total).unwrap_or(u32::MAX),
        unknown: list.unknown,
    })
}

/// Rows in the order asked for; what is not there any more is left out.
///
/// # Errors
/// `TOO_MANY_ROWS`, or trouble.
pub fn rows(app: &App, request: &RowsRequest) -> Result<Rows, CallError> {
    if request.ids.len() > ROWS_MOST {
        return Err(CallError::trouble(
            "TOO_MANY_ROWS",
            format!("{} rows were asked for at once.", request.ids.len()),
            format!("Ask for at most {ROWS_MOST}."),
        ));
    }
    let ids = request.ids.iter().filter_map(|id| id.parse::<Uuid>().ok());
    app.read(|sight| Ok(Rows { rows: rows::rows(sight, request.kind, ids)? }))
}
