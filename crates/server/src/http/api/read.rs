//! Records out.

use super::body::{ApiImpact, ApiReached, ApiRecord, ApiRecords, CiQuery, ImpactQuery, PageQuery};
use super::page::{Page, made, numbered, numbered_page, page, params};
use super::{READ_ON, Shared, Tool, wrong};
use crate::core::{Caller, Way};
use crate::error::ServerError;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use slipway_domain::change::record::Change;
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::cmdb::group::CiGroup;
use slipway_domain::cmdb::impact::{Direction, Question};
use slipway_domain::cmdb::moment::CiStep;
use slipway_domain::cmdb::relation::Relation;
use slipway_domain::lookup::{Lookup, pair};
use slipway_domain::number::Series;
use slipway_domain::record::{Entity, Kind};
use slipway_domain::records::RecordsExt;
use slipway_domain::release::record::Release;
use uuid::Uuid;

/// CIs that an impact analysis of one request reaches at most.
const REACHED_MOST: usize = 500;
/// Deepest that an impact analysis of one request looks, and how deep unless it is said.
const DEPTH: (u32, u32) = (10, 3);

/// CIs, by page. Answers 200, or 401 without a good token.
#[utoipa::path(get, path = "/v1/api/cis", params(CiQuery), responses((status = 200, body = ApiRecords)), tag = "api", security(("api_token" = [])))]
pub(crate) async fn list_cis(
    State(shared): State<Shared>,
    Tool(caller): Tool,
    query: Result<Query<CiQuery>, QueryRejection>,
) -> Result<Json<ApiRecords>, ServerError> {
    let query = params(query)?;
    let ways = ci_ways(&query)?;
    let CiQuery { filter, order, limit, cursor, .. } = query;
    let query = PageQuery { filter, order, limit, cursor };
    shared.run(move |core| Page::read(Kind::Ci, &query, ways, &caller, core)?.of::<Ci>(core, &caller)).await
}

/// The index that serves best.
fn ci_ways(query: &CiQuery) -> Result<(Vec<Way>, bool), ServerError> {
    let lower = |text: &str| text.trim().to_lowercase();
    let both = |sentence: &str| wrong(sentence.to_owned(), "Give both, or put one of them into the filter.");
    let keyed = match (query, &query.class) {
        (CiQuery { asset_tag: Some(tag), name: None, serial_number: None, manufacturer: None, .. }, None) => {
            Some(Way::Is(Lookup::CiByTag, lower(tag)))
        }
        (CiQuery { name: Some(name), asset_tag: None, serial_number: None, manufacturer: None, .. }, class) => {
            Some(match class {
                Some(class) => Way::Is(Lookup::CiByName, pair(class, name)),
                None => Way::Is(Lookup::CiByBareName, lower(name)),
            })
        }
        (CiQuery { serial_number: Some(serial), manufacturer: Some(maker), name: None, asset_tag: None, .. }, None) => {
            Some(Way::Is(Lookup::CiBySerial, pair(maker, serial)))
        }
        (CiQuery { name: None, asset_tag: None, serial_number: None, manufacturer: None, .. }, _) => None,
        (CiQuery { serial_number: Some(_), manufacturer: None, .. }, _)
        | (CiQuery { serial_number: None, manufacturer: Some(_), .. }, _) => {
            return Err(both("A serial number is looked up together with its manufacturer."));
        }
        _ => {
            let sentence = "CIs are looked up by a name (in a class), a serial number or an asset tag, not by several.";
            return Err(wrong(sentence.to_owned(), "Look up by one of them, and put the others into the filter."));
        }
    };
    let class = query.class.as_deref().map(lower);
    match (keyed, class, query.order.as_deref()) {
        (Some(way), _, order) => made(order).map(|(_, backwards)| (vec![way], backwards)),
        (None, Some(class), order @ (None | Some("name" | "-name"))) => {
            Ok((vec![Way::Begin(Lookup::CiByName, format!("{class}|"))], order == Some("-name")))
        }
        (None, Some(_), Some(other)) => Err(wrong(
            format!("The CIs of a class have no order {other:?}."),
            "Use name or -name; or give the class in the filter, as class:server, for the order created.",
        )),
        (None, None, Some(order @ ("name" | "-name"))) => {
            Ok((vec![Way::Begin(Lookup::CiByBareName, String::new())], order == "-name"))
        }
        (None, None, Some(order @ ("class" | "-class"))) => {
            Ok((vec![Way::Begin(Lookup::CiByName, String::new())], order == "-class"))
        }
        (None, None, None | Some("created" | "-created" | "number" | "-number")) => {
            numbered(query.order.as_deref(), Series::Ci)
        }
        (None, None, Some(other)) => Err(wrong(
            format!("There is no order {other:?} of CIs."),
            "Use created, number, name or class; with a dash before it the other way round.",
        )),
    }
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

/// Relations of a CI: those from it, then those to it.
#[utoipa::path(get, path = "/v1/api/cis/{id}/relations", params(("id" = String, Path), PageQuery), responses((status = 200, body = ApiRecords)), tag = "api", security(("api_token" = [])))]
pub(crate) async fn list_ci_relations(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Tool(caller): Tool,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<ApiRecords>, ServerError> {
    of_ci::<Relation>(&shared, caller, id, query, &[Lookup::RelationsFrom, Lookup::RelationsTo]).await
}

/// What happened to a CI, step by step; the latest first with the order `-created`.
#[utoipa::path(get, path = "/v1/api/cis/{id}/history", params(("id" = String, Path), PageQuery), responses((status = 200, body = ApiRecords)), tag = "api", security(("api_token" = [])))]
pub(crate) async fn list_ci_history(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Tool(caller): Tool,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<ApiRecords>, ServerError> {
    of_ci::<CiStep>(&shared, caller, id, query, &[Lookup::StepsOfCi]).await
}

/// What lies under a CI in these look-ups.
async fn of_ci<E: Entity + 'static>(
    shared: &Shared,
    caller: Caller,
    id: String,
    query: Result<Query<PageQuery>, QueryRejection>,
    lookups: &'static [Lookup],
) -> Result<Json<ApiRecords>, ServerError> {
    let query = params(query)?;
    let (_, backwards) = made(query.order.as_deref())?;
    shared
        .run(move |core| {
            let ci = core.api_get::<Ci>(&caller, &id)?.record.id.to_string();
            let ways = lookups.iter().map(|lookup| Way::Is(*lookup, ci.clone())).collect();
            Page::read(E::KIND, &query, (ways, backwards), &caller, core)?.of::<E>(core, &caller)
        })
        .await
}

/// What a CI reaches: what fails with it, or what it needs.
#[utoipa::path(get, path = "/v1/api/cis/{id}/impact", params(("id" = String, Path), ImpactQuery), responses((status = 200, body = ApiImpact)), tag = "api", security(("api_token" = [])))]
pub(crate) async fn get_impact(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Tool(caller): Tool,
    query: Result<Query<ImpactQuery>, QueryRejection>,
) -> Result<Json<ApiImpact>, ServerError> {
    let query = params(query)?;
    let depth = query.depth.unwrap_or(DEPTH.1);
    if !(1..=DEPTH.0).contains(&depth) {
        return Err(wrong(format!("The depth is 1 to {}, not {depth}.", DEPTH.0), "Choose one of these."));
    }
    let direction = match query.direction.as_deref() {
        None => Direction::Downstream,
        Some(text) => text.parse().map_err(|error| wrong(format!("The direction {error}."), READ_ON))?,
    };
    shared
        .run(move |core| {
            let of = [core.api_get::<Ci>(&caller, &id)?.record.id].into();
            let question = Question { direction, most: REACHED_MOST, ..Question::downstream(of, depth) };
            core.api_impact(&caller, &question, |impact, records| {
                let mut reached = Vec::new();
                for at in impact.reached.iter().filter(|at| at.depth > 0) {
                    let Some(ci) = records.get::<Ci>(at.ci)? else { continue };
                    reached.push(ApiReached {
                        ci: at.ci.0,
                        name: ci.name,
                        class: ci.class,
                        depth: at.depth,
                        from: at.step.as_ref().map(|step| step.from.0),
                        relation: at.step.as_ref().map(|step| step.relation_type.to_string()),
                    });
                }
                Ok(ApiImpact { reached, spared: impact.spared.clone(), cut_off: impact.cut_off || impact.full })
            })
        })
        .await
}

/// Relations, by page.
#[utoipa::path(get, path = "/v1/api/relations", params(PageQuery), responses((status = 200, body = ApiRecords)), tag = "api", security(("api_token" = [])))]
pub(crate) async fn list_relations(
    State(shared): State<Shared>,
    Tool(caller): Tool,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<ApiRecords>, ServerError> {
    page::<Relation>(&shared, caller, query).await
}

/// CI groups, by page.
#[utoipa::path(get, path = "/v1/api/ci-groups", params(PageQuery), responses((status = 200, body = ApiRecords)), tag = "api", security(("api_token" = [])))]
pub(crate) async fn list_ci_groups(
    State(shared): State<Shared>,
    Tool(caller): Tool,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<ApiRecords>, ServerError> {
    page::<CiGroup>(&shared, caller, query).await
}

/// Releases, by page.
#[utoipa::path(get, path = "/v1/api/releases", params(PageQuery), responses((status = 200, body = ApiRecords)), tag = "api", security(("api_token" = [])))]
pub(crate) async fn list_releases(
    State(shared): State<Shared>,
    Tool(caller): Tool,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<ApiRecords>, ServerError> {
    numbered_page::<Release>(&shared, caller, query, Series::Release).await
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
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<ApiRecords>, ServerError> {
    numbered_page::<Change>(&shared, caller, query, Series::Change).await
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

async fn one<E: Entity + 'static>(shared: &Shared, caller: Caller, id: String) -> Result<Response, ServerError> {
    let Json(record) = shared.run(move |core| ApiRecord::of(&core.api_get::<E>(&caller, &id)?)).await?;
    let tag = record.tag();
    let mut response = Json(record).into_response();
    response.headers_mut().extend(tag);
    Ok(response)
}

/// An identity in a path.
pub(super) fn identity(text: &str) -> Result<Uuid, ServerError> {
    text.parse().map_err(|_| wrong(format!("{text:?} is no identity."), "Use the id that the record has."))
}
