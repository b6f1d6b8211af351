//! Records out.

use super::{Asked, Shared, bad_request};
use crate::error::ServerError;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use slipway_sync::protocol::{Page, Pull, PullQuery};

/// Newest state of records changed after the cursors.
#[utoipa::path(get, path = "/v1/pull", tag = "sync", params(PullQuery), security(("token" = [])),
    responses((status = 200, body = Page)))]
pub(super) async fn pull(
    State(shared): State<Shared>,
    Asked(caller): Asked,
    query: Result<Query<PullQuery>, QueryRejection>,
) -> Result<Json<Page>, ServerError> {
    let Query(query) = query.map_err(|error| bad_request(&error.body_text()))?;
    let pull = Pull::try_from(query).map_err(|error| bad_request(&error.to_string()))?;
    let page = shared.run(move |core| core.pull(&caller, &pull)).await?;
    shared.metrics.pulled(&page);
    Ok(page)
}
