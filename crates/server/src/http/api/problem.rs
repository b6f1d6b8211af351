//! Why a request of another tool was not carried out, as RFC 9457 has it.

use super::body::ApiRecord;
use axum::Extension;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use slipway_domain::refusal::Finding;
use slipway_sync::protocol::{ErrorBody, ErrorCode};
use std::sync::Arc;
use utoipa::ToSchema;

/// The media type of a problem.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request was not carried out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// `urn:slipway:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What is wrong, naming the thing and the reason.
    detail: String,
    /// For programs.
    code: String,
    /// What to do.
    way_out: String,
    /// Every reason, where a rule is against it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Finding>,
    /// The record as it stands, where it is not what was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<Box<ApiRecord>>,
    /// Wait this long; the header `Retry-After` has it in whole seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &str, detail: String, way_out: String) -> Self {
        Self {
            kind: format!("urn:slipway:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail,
            code: code.to_owned(),
            way_out,
            findings: Vec::new(),
            record: None,
            retry_after_ms: None,
        }
    }

    /// Rules said no.
    pub(super) fn refused(findings: Vec<Finding>) -> Self {
        let all = |part: fn(&Finding) -> &str| findings.iter().map(part).collect::<Vec<_>>().join(" ");
        let (detail, way_out) = (all(|f| &f.sentence), all(|f| &f.way_out));
        Self { findings, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "refused", detail, way_out) }
    }

    /// A field was changed by somebody else while the command was judged; the others were changed by it.
    pub(super) fn changed_meanwhile(self) -> Self {
        let way_out = "The other fields were changed. Read the record again, and send what shall be different then.";
        let told = Self::new(StatusCode::CONFLICT, "conflict", self.detail, way_out.to_owned());
        Self { findings: self.findings, ..told }
    }

    /// With the record as it stands.
    pub(super) fn about(self, record: Option<ApiRecord>) -> Self {
        Self { record: record.map(Box::new), ..self }
    }

    fn of(body: &ErrorBody, status: StatusCode) -> Self {
        let code = serde_json::to_value(body.code).ok().and_then(|code| code.as_str().map(str::to_owned));
        let way_out = match body.code {
            ErrorCode::TooManyRequests => "Wait as long as Retry-After says, then send it again.".to_owned(),
            _ => body.way_out.clone(),
        };
        let problem = Self::new(status, &code.unwrap_or_default(), body.sentence.clone(), way_out);
        Self { retry_after_ms: body.retry_after_ms, ..problem }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let wait = self.retry_after_ms.map(|ms| ms.div_ceil(1_000));
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(wait) = wait {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}

/// An answer that says why not, said as other tools expect it.
pub(in crate::http) fn told(response: Response) -> Response {
    let Some(body) = response.extensions().get::<Arc<ErrorBody>>() else { return response };
    // The code goes along for whoever counts.
    (Extension(body.code), Problem::of(body, response.status())).into_response()
}
