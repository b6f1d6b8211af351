//! Exceptions: what was done by hand although a rule is against it, until a release manager decides.

use crate::attention::entered;
use crate::error::CallError;
use crate::sight::{Sight, path};
use crate::view::common::{Hue, Pill};
use crate::view::exceptions::{
    ExceptionActRequest, ExceptionDecisionView, ExceptionList, ExceptionListRequest, ExceptionView,
};
use crate::view::mutations::Done;
use crate::{App, action_code, resolve, unknown_action};
use slipway_domain::command::{Command, ExceptionCommand};
use slipway_domain::exception::{Exception, ExceptionOutcome, actions, of_record, open};
use slipway_domain::id::ExceptionId;
use slipway_domain::record::{Kind, Record};
use slipway_domain::refusal::Fault;
use uuid::Uuid;

/// Exceptions that wait for a decision, or every one of a record.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn list(app: &App, request: &ExceptionListRequest) -> Result<ExceptionList, CallError> {
    app.read(|sight| {
        let items = match &request.record {
            None => views(sight, open(sight.records)?)?,
            Some(text) => {
                let id: Uuid = match resolve::release(sight, text) {
                    Ok(release) => release.id.0,
                    Err(_) => resolve::unit(sight, text)?.id.0,
                };
                on(sight, id)?
            }
        };
        Ok(ExceptionList { items })
    })
}

/// Accepts an exception, or says that it was backed out.
///
/// # Errors
/// A refusal, or trouble.
pub fn act(app: &App, request: &ExceptionActRequest) -> Result<Done, CallError> {
    let exception: ExceptionId = resolve::must_id("exception", &request.exception)?;
    let reason = request.reason.clone();
    let command = match action_code(&request.action).as_str() {
        "accept" => ExceptionCommand::Accept { exception, reason },
        "back_out" => ExceptionCommand::BackOut { exception, reason },
        other => return Err(unknown_action("an exception", other)),
    };
    app.issue(Command::Exception(command), Some((Kind::Exception, exception.0)))
}

/// Every exception on a record or of a release, oldest first.
///
/// # Errors
/// A storage fault.
pub fn on(sight: Sight<'_>, id: impl Into<Uuid>) -> Result<Vec<ExceptionView>, Fault> {
    views(sight, of_record(id, sight.records)?)
}

/// Exceptions that wait for a decision of the person who looks, oldest first.
///
/// # Errors
/// A storage fault.
pub fn for_me(sight: Sight<'_>) -> Result<Vec<Exception>, Fault> {
    let me = sight.person()?;
    let mut found = Vec::new();
    for exception in open(sight.records)? {
        if actions(&exception, &me, sight.records)?.iter().any(|a| a.allowed) {
            found.push(exception);
        }
    }
    Ok(found)
}

/// As screens show them.
///
/// # Errors
/// A storage fault.
pub fn views(sight: Sight<'_>, exceptions: Vec<Exception>) -> Result<Vec<ExceptionView>, Fault> {
    exceptions.into_iter().map(|e| view(sight, e)).collect()
}

fn view(sight: Sight<'_>, exception: Exception) -> Result<ExceptionView, Fault> {
    let (label, hue) = match &exception.decision {
        None => ("to decide", Hue::Warn),
        Some(d) if d.outcome == ExceptionOutcome::Accepted => (d.outcome.label(), Hue::Ok),
        Some(d) => (d.outcome.label(), Hue::Neutral),
    };
    let decision = match &exception.decision {
        Some(d) => Some(ExceptionDecisionView {
            by: sight.named(Kind::Person, d.by)?,
            at: d.at,
            reason: d.reason.clone(),
            carried_out: d.carried_out,
        }),
        None => None,
    };
    let subject = sight.records.read(exception.on.kind, exception.on.id)?;
    Ok(ExceptionView {
        id: exception.id.to_string(),
        title: format!("{}: {}", exception.words(), exception.on.label),
        path: subject.as_ref().and_then(path),
        release: exception.release.map(|id| sight.named(Kind::Release, id)).transpose()?,
        pill: Pill { label: label.to_owned(), hue },
        by: sight.named(Kind::Person, exception.by)?,
        at: exception.at,
        entered: entered::lines(sight, &exception.fact)?,
        actions: actions(&exception, &sight.person()?, sight.records)?,
        decision,
        sync: sight.mark(&Record::from(exception.clone()))?,
        findings: exception.findings,
        on: exception.on,
    })
}
