//! Lists: ids first, rows by window, so that a million CIs cost no more than a screenful.

use crate::error::CallError;
use crate::view::lists::{OpenList, OpenListRequest, ROWS_MOST, Rows, RowsRequest};
use crate::{App, filters, rows};
use slipway_store::list::ListSpec;
use uuid::Uuid;

/// The ids of a list in order; nothing, and what is wrong, for a filter that is not understood.
///
/// # Errors
/// Trouble.
pub fn open(app: &App, request: &OpenListRequest) -> Result<OpenList, CallError> {
    let open = app.open()?;
    let filter = match filters::read(app, request.kind, &request.filter)? {
        Ok(filter) => filter,
        Err(error) => {
            return Ok(OpenList {
                ids: Vec::new(),
                total: 0,
                unknown: Vec::new(),
                error: Some(error),
                looked_at: None,
            });
        }
    };
    let list = open.store.open_list(&ListSpec {
        kind: request.kind,
        filter,
        sort: request.sort.clone(),
        descending: request.descending,
    })?;
    Ok(OpenList {
        ids: list.ids.iter().map(ToString::to_string).collect(),
        total: u32::try_from(list.total).unwrap_or(u32::MAX),
        unknown: list.unknown,
        error: None,
        looked_at: list.looked_at.map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
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
