//! Commands in.

use super::body::{ApiDone, ApiRecord, ApiRefused, NewApiCi, NewApiRelation, PatchApiCi};
use super::read::identity;
use super::{Shared, Tool, ToolInput, bad_request, idempotency_key, if_match};
use crate::core::{Caller, Core};
use crate::error::ServerError;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use slipway_domain::cmdb::ci::{Ci, CiStatus, FieldChange};
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::command::{CmdbCommand, Command};
use slipway_domain::execute::Conflict;
use slipway_domain::id::{CiId, RelationId};
use slipway_domain::record::Entity;
use slipway_domain::refusal::Finding;
use slipway_sync::protocol::{ErrorBody, ErrorCode, Verdict};
use uuid::Uuid;

/// What a write came to.
enum Wrote {
    Done(StatusCode, ApiDone),
    Refused(StatusCode, ApiRefused),
}

impl IntoResponse for Wrote {
    fn into_response(self) -> Response {
        match self {
            Self::Done(status, done) => (status, Json(done)).into_response(),
            // The code goes along for whoever counts.
            Self::Refused(status, refused) => (status, Extension(ErrorCode::NotAllowed), Json(refused)).into_response(),
        }
    }
}

/// Creates a CI. The same Idempotency-Key creates it once. Answers 201; 422 where a rule is against it.
#[utoipa::path(post, path = "/v1/api/cis", request_body = NewApiCi, params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = ApiDone), (status = 422, body = ApiRefused)), tag = "api", security(("api_token" = [])))]
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
            Err(findings) => return Ok(refused(findings)),
        };
        let command = Command::Cmdb(CmdbCommand::CreateCi(Box::new(ci)));
        wrote::<Ci>(core, &caller, &key, &command, id, StatusCode::CREATED)
    })
    .await
}

/// Changes a CI: fields and status from what was read to what they shall be. Answers 200; 412 where the record moved
/// since it was read, 409 where a field is not what was read, 422 where a rule is against it.
#[utoipa::path(patch, path = "/v1/api/cis/{id}", request_body = PatchApiCi,
    params(("id" = String, Path), ("If-Match" = String, Header), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = ApiDone), (status = 409, body = ApiRefused), (status = 412, body = ApiRefused), (status = 422, body = ApiRefused)),
    tag = "api", security(("api_token" = [])))]
pub(crate) async fn patch_ci(
    State(shared): State<Shared>,
    Path(named): Path<String>,
    ToolInput(caller, headers, patch): ToolInput<PatchApiCi>,
) -> Result<Response, ServerError> {
    let (key, seen) = (idempotency_key(&headers)?, if_match(&headers)?);
    let commands = commands(patch)?;
    run(&shared, move |core| {
        let stood = core.api_get::<Ci>(&caller, &named)?;
        let id = stood.record.id;
        let keys: Vec<String> = (0..commands.len()).map(|n| format!("{key}/{n}")).collect();
        // A request that is sent again was right when it was sent first.
        let again = keys.first().is_some_and(|key| core.api_knows(&caller, key).unwrap_or(false));
        if stood.seq != seen && !again {
            return Ok(Wrote::Refused(
                StatusCode::PRECONDITION_FAILED,
                ApiRefused {
                    code: "changed_meanwhile",
                    sentence: format!("The CI is at sequence {}, not at {seen}.", stood.seq),
                    way_out: "Read it again, and send what shall be different then.".to_owned(),
                    findings: Vec::new(),
                    record: Some(ApiRecord::of(&stood)?),
                },
            ));
        }
        let mut last = None;
        for (make, key) in commands.iter().zip(&keys) {
            match wrote::<Ci>(core, &caller, key, &Command::Cmdb(make(id)), id.0, StatusCode::OK)? {
                Wrote::Done(status, done) => last = Some(Wrote::Done(status, done)),
                refused @ Wrote::Refused(..) => return Ok(refused),
            }
        }
        last.ok_or_else(|| bad_request("it changes nothing").into())
    })
    .await
}

type Make = Box<dyn Fn(CiId) -> CmdbCommand + Send>;

fn commands(patch: PatchApiCi) -> Result<Vec<Make>, ServerError> {
    let mut commands: Vec<Make> = Vec::new();
    if !patch.fields.is_empty() {
        let changes: Vec<FieldChange> = patch
            .fields
            .into_iter()
            .map(|change| FieldChange { field: change.field, from: change.from, to: change.to })
            .collect();
        commands.push(Box::new(move |ci| CmdbCommand::SetFields(ci, changes.clone())));
    }
    if let Some(status) = patch.status {
        let read = |text: &str| text.parse::<CiStatus>().map_err(|error| bad_request(&format!("status {error}")));
        let (from, to) = (read(&status.from)?, read(&status.to)?);
        commands.push(Box::new(move |ci| CmdbCommand::SetStatus { ci, from, to }));
    }
    if commands.is_empty() {
        return Err(bad_request("it changes nothing").into());
    }
    Ok(commands)
}

/// Relates two CIs. Answers 201; 422 where a rule is against it.
#[utoipa::path(post, path = "/v1/api/relations", request_body = NewApiRelation, params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = ApiDone), (status = 422, body = ApiRefused)), tag = "api", security(("api_token" = [])))]
pub(crate) async fn create_relation(
    State(shared): State<Shared>,
    ToolInput(caller, headers, new): ToolInput<NewApiRelation>,
) -> Result<Response, ServerError> {
    let key = idempotency_key(&headers)?;
    let relation_type: RelationType =
        new.relation.parse().map_err(|error| bad_request(&format!("relation {error}")))?;
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
    responses((status = 200, body = ApiDone), (status = 422, body = ApiRefused)), tag = "api", security(("api_token" = [])))]
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

fn refused(findings: Vec<Finding>) -> Wrote {
    let sentence = findings.iter().map(|f| f.sentence.as_str()).collect::<Vec<_>>().join(" ");
    let way_out = findings.iter().map(|f| f.way_out.as_str()).collect::<Vec<_>>().join(" ");
    Wrote::Refused(
        StatusCode::UNPROCESSABLE_ENTITY,
        ApiRefused { code: "refused", sentence, way_out, findings, record: None },
    )
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
        Verdict::Applied { effect, .. } => {
            Ok(Wrote::Done(status, ApiDone { command: command.0, id, record: now()?, conflicts: effect.conflicts }))
        }
        Verdict::Partial { effect, .. } => Ok(conflict(effect.conflicts, now()?)),
        Verdict::Refused { findings } => Ok(refused(findings)),
        Verdict::Held { why } => {
            Err(ErrorBody::new(ErrorCode::NotReady, format!("The command is held: {why}."), "Ask an administrator.")
                .into())
        }
    }
}

fn conflict(conflicts: Vec<Conflict>, record: Option<ApiRecord>) -> Wrote {
    let findings: Vec<Finding> = conflicts.into_iter().map(|conflict| conflict.finding).collect();
    let sentence = findings.iter().map(|f| f.sentence.as_str()).collect::<Vec<_>>().join(" ");
    let way_out = "The other fields were changed. Read the record again, and send what shall be different then.";
    Wrote::Refused(
        StatusCode::CONFLICT,
        ApiRefused { code: "conflict", sentence, way_out: way_out.to_owned(), findings, record },
    )
}
