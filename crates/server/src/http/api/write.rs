//! Commands in.

use super::body::{ApiDone, ApiRecord, NewApiCi, NewApiRelation, PatchApiCi};
use super::problem::Problem;
use super::read::identity;
use super::{READ_ON, Shared, Tool, ToolInput, idempotency_key, if_match, wrong};
use crate::core::{Caller, Core};
use crate::error::ServerError;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use slipway_domain::cmdb::ci::{Ci, CiStatus, FieldChange};
use slipway_domain::cmdb::edit_many::{CiEdit, STATUS};
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::command::{CmdbCommand, Command};
use slipway_domain::id::{CiId, RelationId};
use slipway_domain::record::Entity;
use slipway_domain::refusal::Finding;
use slipway_sync::protocol::{ErrorBody, ErrorCode, Verdict};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What a write came to.
enum Wrote {
    Done(StatusCode, ApiDone),
    Refused(Problem),
}

impl IntoResponse for Wrote {
    fn into_response(self) -> Response {
        match self {
            Self::Done(status, done) => {
                let tag = done.record.as_ref().and_then(ApiRecord::tag);
                let mut response = (status, Json(done)).into_response();
                response.headers_mut().extend(tag);
                response
            }
            // The code goes along for whoever counts.
            Self::Refused(problem) => (Extension(ErrorCode::NotAllowed), problem).into_response(),
        }
    }
}

/// Creates a CI. The same Idempotency-Key creates it once. Answers 201; 422 where a rule is against it.
#[utoipa::path(post, path = "/v1/api/cis", request_body = NewApiCi, params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = ApiDone), (status = 422, body = Problem, content_type = "application/problem+json")), tag = "api", security(("api_token" = [])))]
pub(crate) async fn create_ci(
    State(shared): State<Shared>,
    ToolInput(caller, headers, new): ToolInput<NewApiCi>,
) -> Result<Response, ServerError> {
    let key = idempotency_key(&headers)?;
    run(&shared, move |core| {
        // The same key is the same CI, too.
        let id = Uuid::new_v5(&caller.device.0, format!("ci/{key}").as_bytes());
        let ci = match new.ci(id) {
            Ok(ci) => ci,
            Err(findings) => return Ok(Wrote::Refused(Problem::refused(findings))),
        };
        let command = Command::Cmdb(CmdbCommand::CreateCi(Box::new(ci)));
        wrote::<Ci>(core, &caller, &key, &command, id, StatusCode::CREATED)
    })
    .await
}

/// Changes fields of a CI from what was read to what they shall be, in one command. Answers 200; 412 where the record
/// moved since it was read, 409 where a field did while it was judged, 422 where a rule is against it.
#[utoipa::path(patch, path = "/v1/api/cis/{id}", request_body = PatchApiCi,
    params(("id" = String, Path), ("If-Match" = String, Header), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = ApiDone), (status = 409, body = Problem, content_type = "application/problem+json"), (status = 412, body = Problem, content_type = "application/problem+json"), (status = 422, body = Problem, content_type = "application/problem+json")),
    tag = "api", security(("api_token" = [])))]
pub(crate) async fn patch_ci(
    State(shared): State<Shared>,
    Path(named): Path<String>,
    ToolInput(caller, headers, patch): ToolInput<PatchApiCi>,
) -> Result<Response, ServerError> {
    let (key, seen) = (idempotency_key(&headers)?, if_match(&headers)?);
    if patch.fields.is_empty() {
        return Err(wrong("The request changes no field.".to_owned(), "Name a field, and what it shall be."));
    }
    run(&shared, move |core| {
        let stood = core.api_get::<Ci>(&caller, &named)?;
        // A request that is sent again was right when it was sent first.
        if stood.seq != seen && !core.api_knows(&caller, &key)? {
            let detail = format!("{} is at sequence {}, not at {seen}.", stood.record.name, stood.seq);
            let way_out = "Read it again, and send what shall be different then.".to_owned();
            let problem = Problem::new(StatusCode::PRECONDITION_FAILED, "changed_meanwhile", detail, way_out);
            return Ok(Wrote::Refused(problem.about(Some(ApiRecord::of(&stood)?))));
        }
        match edit(&stood.record, &patch.fields) {
            Ok(edit) => wrote::<Ci>(core, &caller, &key, &Command::Cmdb(edit), stood.record.id.0, StatusCode::OK),
            Err(findings) => Ok(Wrote::Refused(Problem::refused(findings))),
        }
    })
    .await
}

/// The command that changes these fields of a CI as it stands, or every field that cannot be so: who may change only
/// fields, or only the status, is judged by that alone.
fn edit(ci: &Ci, wanted: &BTreeMap<String, String>) -> Result<CmdbCommand, Vec<Finding>> {
    let (mut tried, mut findings, mut changes) = (ci.clone(), Vec::new(), Vec::new());
    for (field, to) in wanted {
        let from = match field.as_str() {
            STATUS => ci.status.to_string(),
            _ => ci.field(field).unwrap_or_default(),
        };
        let set = match field.as_str() {
            STATUS => to.parse::<CiStatus>().map(drop).map_err(|error| {
                let way_out = format!("Use one of: {}.", error.accepted);
                Finding::new("WRONG_VALUE", format!("status cannot be {to:?}."), way_out).with("field", STATUS)
            }),
            _ => tried.set_field(field, to),
        };
        findings.extend(set.err());
        changes.push(FieldChange { field: field.clone(), from, to: to.clone() });
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    let status = wanted.get(STATUS).and_then(|to| to.parse().ok());
    Ok(match (status, changes.len()) {
        (None, _) => CmdbCommand::SetFields(ci.id, changes),
        (Some(to), 1) => CmdbCommand::SetStatus { ci: ci.id, from: ci.status, to },
        (Some(_), _) => CmdbCommand::EditCis(vec![CiEdit { ci: ci.id, changes }]),
    })
}

/// Relates two CIs. Answers 201; 422 where a rule is against it.
#[utoipa::path(post, path = "/v1/api/relations", request_body = NewApiRelation, params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = ApiDone), (status = 422, body = Problem, content_type = "application/problem+json")), tag = "api", security(("api_token" = [])))]
pub(crate) async fn create_relation(
    State(shared): State<Shared>,
    ToolInput(caller, headers, new): ToolInput<NewApiRelation>,
) -> Result<Response, ServerError> {
    let key = idempotency_key(&headers)?;
    let relation_type: RelationType =
        new.relation.parse().map_err(|error| wrong(format!("The relation {error}."), READ_ON))?;
    run(&shared, move |core| {
        let (source, target) = (CiId(new.source), CiId(new.target));
        let id = Relation::id_of(source, relation_type, target);
        let command = Command::Cmdb(CmdbCommand::Relate { source, relation_type, target });
        wrote::<Relation>(core, &caller, &key, &command, id.0, StatusCode::CREATED)
    })
    .await
}

/// Takes a relation away. Answers 200; 422 where a rule is against it.
#[utoipa::path(delete, path = "/v1/api/relations/{id}", params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = ApiDone), (status = 422, body = Problem, content_type = "application/problem+json")), tag = "api", security(("api_token" = [])))]
pub(crate) async fn remove_relation(
    State(shared): State<Shared>,
    Path(named): Path<String>,
    Tool(caller): Tool,
    headers: HeaderMap,
) -> Result<Response, ServerError> {
    shared.limits.push(caller.device, std::time::Instant::now())?;
    let (key, id) = (idempotency_key(&headers)?, identity(&named)?);
    run(&shared, move |core| {
        if !core.api_knows(&caller, &key)? {
            core.api_get::<Relation>(&caller, &named)?;
        }
        let command = Command::Cmdb(CmdbCommand::Unrelate(RelationId(id)));
        wrote::<Relation>(core, &caller, &key, &command, id, StatusCode::OK)
    })
    .await
}

async fn run(
    shared: &Shared,
    work: impl FnOnce(&Core) -> Result<Wrote, ServerError> + Send + 'static,
) -> Result<Response, ServerError> {
    let Json(wrote) = shared.run(work).await?;
    Ok(wrote.into_response())
}

/// Issues a command and says what came of it.
fn wrote<E: Entity>(
    core: &Core,
    caller: &Caller,
    key: &str,
    command: &Command,
    id: Uuid,
    status: StatusCode,
) -> Result<Wrote, ServerError> {
    let (command, verdict) = core.api_issue(caller, key, command)?;
    let now = || -> Result<Option<ApiRecord>, ServerError> {
        match core.api_get::<E>(caller, &id.to_string()) {
            Ok(stood) => Ok(Some(ApiRecord::of(&stood)?)),
            Err(ServerError::Said(body)) if body.code == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    };
    match verdict {
        Verdict::Applied { .. } => Ok(Wrote::Done(status, ApiDone { command: command.0, id, record: now()? })),
        Verdict::Partial { effect, .. } => {
            let findings: Vec<Finding> = effect.conflicts.into_iter().map(|conflict| conflict.finding).collect();
            let meanwhile = findings.iter().all(|finding| finding.code == "FIELD_CHANGED");
            let problem = match Problem::refused(findings) {
                problem if meanwhile => problem.changed_meanwhile(),
                problem => problem,
            };
            Ok(Wrote::Refused(problem.about(now()?)))
        }
        Verdict::Refused { findings } => Ok(Wrote::Refused(Problem::refused(findings))),
        Verdict::Held { why } => {
            Err(ErrorBody::new(ErrorCode::NotReady, format!("The command is held: {why}."), "Ask an administrator.")
                .into())
        }
    }
}
