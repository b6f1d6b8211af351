//! Moving a plan to another time, and what comes of it.

use crate::error::CallError;
use crate::sight::Sight;
use crate::view::calendar::{MovePage, MoveRequest, VoidedApproval};
use crate::view::mutations::Done;
use crate::{App, resolve, rows};
use slipway_domain::approval::record::Approval;
use slipway_domain::calendar::moving::{command, consider as consider_move};
use slipway_domain::calendar::window_of;
use slipway_domain::command::about::about;
use slipway_domain::record::Record;

/// What would come of a move: nothing is kept.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn consider(app: &App, request: &MoveRequest) -> Result<MovePage, CallError> {
    app.read(|sight| {
        let record = subject(sight, request)?;
        let found = consider_move(&record, request.from, request.to, sight.me, sight.now, sight.records)?;
        Ok(MovePage {
            label: record.label(),
            window: window_of(&record),
            refused: found.refused,
            voids: found.voids.iter().map(voided).collect(),
            forgets_go: found.forgets_go,
            meets: found.meets,
        })
    })
}

/// Moves it.
///
/// # Errors
/// The refusal with every reason, or trouble.
pub fn act(app: &App, request: &MoveRequest) -> Result<Done, CallError> {
    let record = app.read(|sight| subject(sight, request))?;
    let command =
        command(&record, request.from, request.to).ok_or_else(|| crate::missing("move", "release or change"))?;
    let key = about(&command);
    app.issue(command, key)
}

fn subject(sight: Sight<'_>, request: &MoveRequest) -> Result<Record, CallError> {
    Ok(match (&request.release, &request.change) {
        (Some(release), _) => resolve::release(sight, release)?.into(),
        (None, Some(change)) => resolve::change(sight, change)?.into(),
        (None, None) => return Err(crate::missing("move", "release or change")),
    })
}

fn voided(approval: &Approval) -> VoidedApproval {
    VoidedApproval {
        gate: rows::gate(approval.gate).to_owned(),
        state: approval.state.to_string(),
        votes: u32::try_from(approval.votes.len()).unwrap_or(u32::MAX),
    }
}
