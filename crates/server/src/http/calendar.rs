//! The calendar to subscribe to, with a token for other tools.

use super::api::page::params;
use super::{Asked, Shared, bearer};
use crate::core::{Caller, TOKEN_PREFIX};
use crate::error::ServerError;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{NaiveDate, NaiveTime};
use serde::Deserialize;
use slipway_domain::calendar::PERIOD_DAYS_MOST;
use slipway_domain::time::{Timestamp, Window};
use slipway_sync::ical::{self, FEED_DAYS, Warnings};
use slipway_sync::protocol::{ErrorBody, ErrorCode};
use utoipa::IntoParams;

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CalendarQuery {
    /// From this day on, as 2026-12-01 in UTC; 35 days ago when left out.
    from: Option<String>,
    /// Up to before this day; 370 days from now when left out. At most 740 days are given at once.
    to: Option<String>,
}

/// Whose token came with the request. Programs that subscribe to calendars know no bearers: the token may be the password
/// of any name as well.
pub(crate) struct Subscriber(Caller);

impl FromRequestParts<Shared> for Subscriber {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Response> {
        let token = bearer(parts).or_else(|| password(parts)).unwrap_or_default();
        let asked = Asked::with_token(token, parts, shared).await;
        asked.map(|Asked(caller)| Self(caller)).map_err(|error| {
            let mut refused = error.into_response();
            if refused.status() == StatusCode::UNAUTHORIZED {
                let ask = HeaderValue::from_static("Basic realm=\"Slipway\", charset=\"UTF-8\"");
                refused.headers_mut().insert(header::WWW_AUTHENTICATE, ask);
            }
            refused
        })
    }
}

/// A token that was given as a password.
fn password(parts: &Parts) -> Option<String> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let pair = STANDARD.decode(value.strip_prefix("Basic ")?.trim()).ok()?;
    let (_, password) = std::str::from_utf8(&pair).ok()?.split_once(':')?;
    password.starts_with(TOKEN_PREFIX).then(|| password.to_owned())
}

/// Rollout windows, planned changes and freezes, as iCalendar; the token may also be a password. Answers 200 or 401.
#[utoipa::path(get, path = "/v1/calendar.ics", params(CalendarQuery), responses((status = 200, body = String, content_type = "text/calendar")), tag = "api", security(("api_token" = [])))]
pub(crate) async fn feed(
    State(shared): State<Shared>,
    Subscriber(caller): Subscriber,
    query: Result<Query<CalendarQuery>, QueryRejection>,
) -> Result<Response, ServerError> {
    let query = params(query)?;
    let (from, to) = (day(query.from.as_deref())?, day(query.to.as_deref())?);
    let answer = shared.run(move |core| {
        let now = core.now();
        let period = Window {
            start: from.unwrap_or_else(|| now.plus_days(-FEED_DAYS.0)),
            end: to.unwrap_or_else(|| now.plus_days(FEED_DAYS.1)),
        };
        if !period.is_ordered() || period.start.plus_days(PERIOD_DAYS_MOST) < period.end {
            return Err(wrong(format!("The period is none, or longer than {PERIOD_DAYS_MOST} days.")));
        }
        let name = core.snapshot()?.workspace()?.name;
        let write = |warnings| core.api_look(&caller, |records| ical::calendar(&name, &period, now, warnings, records));
        // A calendar without warnings is better than none where there is too much to look for collisions.
        write(Warnings::Given).or_else(|_| write(Warnings::LeftOut))
    });
    let text = answer.await?.0;
    Ok(([(header::CONTENT_TYPE, ical::MEDIA_TYPE)], text).into_response())
}

fn day(text: Option<&str>) -> Result<Option<Timestamp>, ServerError> {
    let Some(text) = text else { return Ok(None) };
    let day = NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d")
        .map_err(|_| wrong(format!("{text:?} is no day such as 2026-12-01.")))?;
    Ok(Some(Timestamp(day.and_time(NaiveTime::MIN).and_utc().timestamp_millis())))
}

fn wrong(sentence: String) -> ServerError {
    let way_out = "Correct the parameters; /v1/openapi.json lists those there are.";
    ErrorBody::new(ErrorCode::BadRequest, sentence, way_out).into()
}
