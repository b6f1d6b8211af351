//! Records out.

use super::body::{ApiRecord, ApiRecords, CiQuery, PageQuery};
use super::{Shared, Tool, bad_request};
use crate::core::{Caller, From};
use crate::error::ServerError;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use slipway_domain::change::record::Change;
use slipway_domain::cmdb::ci::{Ci, CiStatus, Environment};
use slipway_domain::cmdb::group::CiGroup;
use slipway_domain::cmdb::relation::Relation;
use slipway_domain::lookup::{Lookup, pair};
use slipway_domain::record::Entity;
use slipway_domain::release::record::Release;
use std::str::FromStr;
use uuid::Uuid;

/// Records of a page, unless it is said how many.
const PAGE: usize = 50;
/// Most records of a page.
const PAGE_MOST: usize = 200;

/// CIs, by page. Answers 200, or 401 without a good token.
#[utoipa::path(get, path = "/v1/api/cis", params(CiQuery), responses((status = 200, body = ApiRecords)), tag = "api", security(("api_token" = [])))]
pub(crate) async fn list_cis(
    State(shared): State<Shared>,
    Tool(caller): Tool,
    query: Result<Query<CiQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<ApiRecords>, ServerError> {
    let Query(query) = query.map_err(|error| bad_request(&error.body_text()))?;
    let limit = limit(query.limit)?;
    let status = level::<CiStatus>("status", query.status.as_deref())?;
    let environment = level::<Environment>("environment", query.environment.as_deref())?;
    shared
        .run(move |core| {
            let lower = |text: &Option<String>| text.as_deref().map(|t| t.trim().to_lowercase());
            let (name, class, maker) = (lower(&query.name), lower(&query.class), lower(&query.manufacturer));
            let (serial, tag) = (lower(&query.serial_number), lower(&query.asset_tag));
            let key;
            let from = if let Some(tag) = &tag {
                From::Key(Lookup::CiByTag, tag)
            } else if let (Some(serial), Some(maker)) = (&serial, &maker) {
                key = pair(maker, serial);
                From::Key(Lookup::CiBySerial, &key)
            } else if let Some(name) = &name {
                From::Key(Lookup::CiByBareName, name)
            } else {
                From::All(query.after)
            };
            let is = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|w| *w == value.to_lowercase());
            let page = core.api_page::<Ci>(&caller, &from, limit, &|ci| {
                is(&name, &ci.name)
                    && is(&class, &ci.class)
                    && is(&maker, &ci.manufacturer)
                    && is(&serial, &ci.serial_number)
                    && is(&tag, &ci.asset_tag)
                    && status.is_none_or(|s| s == ci.status)
                    && environment.is_none_or(|e| e == ci.environment)
            })?;
            ApiRecords::of(&page)
        })
        .await
}

/// One CI, by identity or number; its sequence is its ETag.
#[utoipa::path(get, path = "/v1/api/cis/{id}", params(("id" = String, Path)), responses((status = 200, body = ApiRecord)), tag = "api", security(("api_token" = [])))]
pub(crate) async fn get_ci(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Tool(caller): Tool,
) -> Result<Response, ServerError> {
    one::<Ci>(&shared, caller, id).await
}

/// Relations of a CI, from it and to it.
#[utoipa::path(get, path = "/v1/api/cis/{id}/relations", params(("id" = String, Path)), responses((status = 200, body = ApiRecords)), tag = "api", security(("api_token" = [])))]
pub(crate) async fn list_ci_relations(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Tool(caller): Tool,
) -> Result<Json<ApiRecords>, ServerError> {
    shared
        .run(move |core| {
            let ci = core.api_get::<Ci>(&caller, &id)?.record.id.to_string();
            let most = 2_000;
            let mut page =
                core.api_page::<Relation>(&caller, &From::Key(Lookup::RelationsFrom, &ci), most, &|_| true)?;
            let to = core.api_page::<Relation>(&caller, &From::Key(Lookup::RelationsTo, &ci), most, &|_| true)?;
            page.items.extend(to.items);
            page.next = None;
            ApiRecords::of(&page)
        })
        .await
}

/// Relations, by page.
#[utoipa::path(get, path = "/v1/api/relations", params(PageQuery), responses((status = 200, body = ApiRecords)), tag = "api", security(("api_token" = [])))]
pub(crate) async fn list_relations(
    State(shared): State<Shared>,
    Tool(caller): Tool,
    query: Result<Query<PageQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<ApiRecords>, ServerError> {
    page::<Relation>(&shared, caller, query).await
}

/// CI groups, by page.
#[utoipa::path(get, path = "/v1/api/ci-groups", params(PageQuery), responses((status = 200, body = ApiRecords)), tag = "api", security(("api_token" = [])))]
pub(crate) async fn list_ci_groups(
    State(shared): State<Shared>,
    Tool(caller): Tool,
    query: Result<Query<PageQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<ApiRecords>, ServerError> {
    page::<CiGroup>(&shared, caller, query).await
}

/// Releases, by page.
#[utoipa::path(get, path = "/v1/api/releases", params(PageQuery), responses((status = 200, body = ApiRecords)), tag = "api", security(("api_token" = [])))]
pub(crate) async fn list_releases(
    State(shared): State<Shared>,
    Tool(caller): Tool,
    query: Result<Query<PageQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<ApiRecords>, ServerError> {
    page::<Release>(&shared, caller, query).await
}

/// One release, by identity or number.
#[utoipa::path(get, path = "/v1/api/releases/{id}", params(("id" = String, Path)), responses((status = 200, body = ApiRecord)), tag = "api", security(("api_token" = [])))]
pub(crate) async fn get_release(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Tool(caller): Tool,
) -> Result<Response, ServerError> {
    one::<Release>(&shared, caller, id).await
}

/// Changes, by page.
#[utoipa::path(get, path = "/v1/api/changes", params(PageQuery), responses((status = 200, body = ApiRecords)), tag = "api", security(("api_token" = [])))]
pub(crate) async fn list_changes(
    State(shared): State<Shared>,
    Tool(caller): Tool,
    query: Result<Query<PageQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<ApiRecords>, ServerError> {
    page::<Change>(&shared, caller, query).await
}

/// One change, by identity or number.
#[utoipa::path(get, path = "/v1/api/changes/{id}", params(("id" = String, Path)), responses((status = 200, body = ApiRecord)), tag = "api", security(("api_token" = [])))]
pub(crate) async fn get_change(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Tool(caller): Tool,
) -> Result<Response, ServerError> {
    one::<Change>(&shared, caller, id).await
}

async fn page<E: Entity + 'static>(
    shared: &Shared,
    caller: Caller,
    query: Result<Query<PageQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<ApiRecords>, ServerError> {
    let Query(query) = query.map_err(|error| bad_request(&error.body_text()))?;
    let limit = limit(query.limit)?;
    shared
        .run(move |core| {
            let page = core.api_page::<E>(&caller, &From::All(query.after), limit, &|_| true)?;
            ApiRecords::of(&page)
        })
        .await
}

async fn one<E: Entity + 'static>(shared: &Shared, caller: Caller, id: String) -> Result<Response, ServerError> {
    let Json(record) = shared.run(move |core| ApiRecord::of(&core.api_get::<E>(&caller, &id)?)).await?;
    Ok(tagged(record))
}

/// An answer whose ETag is the record's sequence.
pub(super) fn tagged(record: ApiRecord) -> Response {
    let tag = HeaderValue::from_str(&format!("\"{}\"", record.seq()));
    let mut response = Json(record).into_response();
    if let Ok(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn limit(given: Option<usize>) -> Result<usize, ServerError> {
    let limit = given.unwrap_or(PAGE);
    if (1..=PAGE_MOST).contains(&limit) {
        return Ok(limit);
    }
    Err(bad_request(&format!("a page has 1 to {PAGE_MOST} records, not {limit}")).into())
}

fn level<T: FromStr>(name: &str, given: Option<&str>) -> Result<Option<T>, ServerError>
where
    T::Err: std::fmt::Display,
{
    given.map(str::parse).transpose().map_err(|error: T::Err| bad_request(&format!("{name} {error}")).into())
}

/// An identity in a path.
pub(super) fn identity(text: &str) -> Result<Uuid, ServerError> {
    text.parse().map_err(|_| bad_request(&format!("{text:?} is no identity")).into())
}
