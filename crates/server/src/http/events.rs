//! That the head moved, as a stream of events or as an answer that waits.

use super::{Asked, Shared, bad_request};
use crate::core::{Heard, Listener};
use crate::error::ServerError;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderName, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use slipway_sync::limits;
use slipway_sync::protocol::{HEAD_EVENT, Head, HeadQuery};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Tells proxies of the nginx family to pass each event on at once.
const NO_BUFFERING: (HeaderName, &str) = (HeaderName::from_static("x-accel-buffering"), "no");

/// Server-sent events: the head moved.
#[utoipa::path(get, path = "/v1/events", tag = "live", security(("token" = [])),
    responses((status = 200, content_type = "text/event-stream", body = Head)))]
pub(super) async fn events(State(shared): State<Shared>, Asked(caller): Asked) -> Result<Response, ServerError> {
    caller.sound()?;
    // First the ear, then the look: nothing is missed in between.
    let listener = shared.core.hub().listen(caller)?;
    let Json(head) = shared.run(|core| core.head()).await?;
    let stream = unfold((listener, shared, Some(head)), |(mut listener, shared, first)| async move {
        let head = match first {
            Some(head) => head,
            None => hear(&mut listener, &shared).await?,
        };
        let event = Event::default().event(HEAD_EVENT).json_data(head);
        Some((event, (listener, shared, None)))
    });
    let headers = [(header::CACHE_CONTROL, "no-cache, no-transform"), NO_BUFFERING];
    Ok((headers, Sse::new(stream)).into_response())
}

/// The next event; a heartbeat only to somebody who may still listen.
async fn hear(listener: &mut Listener, shared: &Shared) -> Option<Head> {
    match listener.next().await {
        Heard::Moved(head) => Some(head),
        Heard::Heartbeat(head) => {
            let caller = listener.caller();
            // A storage that does not answer ends nobody's stream.
            let allowed = shared.run(move |core| core.may_listen(&caller)).await.map_or(true, |Json(allowed)| allowed);
            allowed.then_some(head)
        }
        Heard::End => None,
    }
}

/// Where the head stands, once it is another than the one known; waits for that.
#[utoipa::path(get, path = "/v1/head", tag = "live", params(HeadQuery), security(("token" = [])),
    responses((status = 200, body = Head)))]
pub(super) async fn head(
    State(shared): State<Shared>,
    Asked(caller): Asked,
    query: Result<Query<HeadQuery>, QueryRejection>,
) -> Result<Json<Head>, ServerError> {
    caller.sound()?;
    let Query(query) = query.map_err(|error| bad_request(&error.body_text()))?;
    let mut listener = shared.core.hub().listen(caller)?;
    let Json(mut head) = shared.run(|core| core.head()).await?;
    let until = Instant::now() + Duration::from_secs(query.wait.min(limits::HEAD_WAIT_SECONDS));
    while (head.epoch, head.head) == (query.epoch, query.than) {
        match timeout_at(until, listener.next()).await {
            Ok(Heard::Moved(moved)) => head = moved,
            Ok(Heard::Heartbeat(_)) => {}
            Ok(Heard::End) | Err(_) => break,
        }
    }
    Ok(Json(head))
}
