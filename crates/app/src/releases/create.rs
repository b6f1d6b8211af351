//! A new release, with what is known about it at once.

use crate::error::CallError;
use crate::view::mutations::Done;
use crate::view::releases::NewReleaseRequest;
use crate::{App, resolve};
use slipway_domain::command::{Command, Edit, NewRelease, ReleaseCommand, ReleaseEdit};
use slipway_domain::id::ReleaseId;
use slipway_domain::number::{Number, Series};
use slipway_domain::record::Kind;
use slipway_domain::release::record::{Packaging, ReleaseClass};

/// Creates a release in Assess; nothing of it if any part would be refused.
///
/// # Errors
/// A refusal, or trouble.
pub fn create(app: &App, request: &NewReleaseRequest) -> Result<Done, CallError> {
    let id = ReleaseId(app.host().new_id());
    let key = (Kind::Release, id.0);
    let (new, changes) = app.read(|sight| {
        let person = |text: &Option<String>| match text {
            Some(text) => Ok::<_, CallError>(resolve::person(sight, text)?.id),
            None => Ok(sight.me),
        };
        let changes = request.changes.iter().map(|text| Ok(resolve::change(sight, text)?.id));
        let changes = changes.collect::<Result<Vec<_>, CallError>>()?;
        let new = NewRelease {
            number: Number::provisional(Series::Release, id.0),
            title: request.title.clone(),
            description: request.description.clone(),
            release_type: request.release_type,
            class: request.class.unwrap_or(ReleaseClass::Minor),
            packaging: request.packaging.unwrap_or(Packaging::Full),
            reason: request.reason.clone(),
            manager: person(&request.manager)?,
            requested_by: person(&request.requested_by)?,
        };
        Ok::<_, CallError>((new, changes))
    })?;
    let command = |new: NewRelease| Command::Release(id, ReleaseCommand::Create(new));
    let mut edits = Vec::new();
    edits.extend(request.impact.map(|to| ReleaseEdit::Impact(Edit { from: None, to: Some(to) })));
    edits.extend(request.urgency.map(|to| ReleaseEdit::Urgency(Edit { from: None, to: Some(to) })));
    edits.extend(request.impact_assessment.map(|to| ReleaseEdit::ImpactAssessment(Edit { from: None, to: Some(to) })));
    let mut more = Vec::new();
    if !edits.is_empty() {
        more.push(Command::Release(id, ReleaseCommand::Edit(edits)));
    }
    more.extend(changes.into_iter().map(|change| Command::Release(id, ReleaseCommand::AttachChange(change))));
    if !more.is_empty() {
        let all = std::iter::once(command(new.clone())).chain(more.iter().cloned()).collect::<Vec<_>>();
        app.open()?.try_all(app, &all)?;
    }
    let mut done = app.create(Series::Release, key, &mut |number| command(NewRelease { number, ..new.clone() }))?;
    for command in more {
        done = done.and(app.issue(command, Some(key))?);
    }
    Ok(done)
}
