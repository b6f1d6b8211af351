//! Releases: the record, the phase machine, its guards and commands.

pub mod action;
pub mod advance;
pub mod attach;
pub mod back_out;
pub mod changes;
pub mod create;
pub mod edit;
pub mod effect;
pub mod evidence;
pub mod guard;
pub mod hold;
pub mod install;
pub mod phase;
pub mod plan_runbook;
pub mod record;
pub mod runbook;
pub mod scope;
pub mod send_back;
pub mod task;
pub mod task_record;
pub mod template;
pub mod terminate;

use crate::command::ReleaseCommand;
use crate::execute::{Context, Effect};
use crate::id::{PersonId, ReleaseId};
use crate::people::Person;
use crate::record::{Kind, RecordRef};
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding};
use crate::release::guard::Ask;
use crate::release::phase::Move;
use crate::release::record::{Phase, Release, Status};

/// Judges and carries out a command of this part of the domain.
///
/// # Errors
/// The refusal with every failed guard, or a storage fault.
pub fn execute(
    id: ReleaseId,
    command: &ReleaseCommand,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    use ReleaseCommand as C;
    if let C::Create(new) = command {
        return create::create(id, new, actor, context, records);
    }
    let release: Release = records.must(id)?;
    let mut go = |command, ask: Ask<'_>| advance::carry_out(release.clone(), command, &ask, actor, context, records);
    match command {
        C::Create(_) => Ok(Effect::default()),
        C::Advance => go(Move::Advance, Ask::default()),
        C::TestFailed { failure } => go(Move::TestFailed, Ask::because(failure)),
        C::RecordGoNoGo { go: decision, note } => go(Move::RecordGoNoGo, Ask { go: *decision, ..Ask::because(note) }),
        C::RecordInstall { window_override, freeze_override } => go(
            Move::RecordInstall,
            Ask {
                window_override: window_override.as_deref(),
                freeze_override: freeze_override.as_deref(),
                ..Ask::default()
            },
        ),
        C::VerifyAndClose => go(Move::VerifyAndClose, Ask::default()),
        C::BackOut { reason } => go(Move::BackOut, Ask::because(reason)),
        C::CompleteBackOut { rework: false } => go(Move::CompleteBackOut, Ask::default()),
        C::CompleteBackOut { rework: true } => go(Move::Rework, Ask::default()),
        C::Terminate { reason } => go(Move::Terminate, Ask::because(reason)),
        C::SendBack { to, reason } => go(Move::SendBack, Ask { to: Some(*to), ..Ask::because(reason) }),
        C::Edit(edits) => edit::edit(release, edits, actor, context, records),
        C::AttachChange(change) => attach::attach(release, *change, actor, context, records),
        C::DetachChange(change) => attach::detach(release, *change, actor, context, records),
        C::DecideConflict { ci, field, decision } => back_out::decide(release, *ci, field, *decision, actor, records),
        C::RecordOutcome { change, outcome } => evidence::record_outcome(release, *change, *outcome, records),
        C::WriteReview(edit) => evidence::write_review(release, edit, records),
        C::RecordTest { test, title, result, note } => {
            let new = evidence::NewTest { id: *test, title, result, note };
            evidence::record_test(&release, &new, actor, context, records)
        }
        C::WaiveTest { test, reason } => evidence::waive_test(&release, *test, reason, actor, records),
        C::Attest { criterion, note } => evidence::attest(release, criterion, note, actor, context, records),
        C::WaiveCriterion { criterion, reason } => evidence::waive(release, criterion, reason, actor, context, records),
        C::ClearCriterion { criterion } => evidence::clear(release, criterion, records),
        C::PlanRunbook => plan_runbook::plan(release, context, records),
        C::Hold { reason } => hold::hold(release, reason, actor, context, records),
        C::Resume => hold::resume(release, actor, context, records),
        C::VerifyMaster { item, files } => evidence::verify_master(release, *item, files, context, records),
    }
}

/// A reference to a release.
#[must_use]
pub fn refer(release: &Release) -> RecordRef {
    RecordRef { kind: Kind::Release, id: release.id.into(), label: release.number.to_string() }
}

/// How the release stands in its phase when no approval is asked for.
#[must_use]
pub(crate) fn resting_status(release: &Release) -> Status {
    if release.phase.is_closed() {
        Status::Closed
    } else if release.phase == Phase::DistributionAndRollout && release.install.is_some() {
        Status::Installed
    } else {
        Status::Open
    }
}

/// That the release is closed: in which phase, by whom, when, why.
///
/// # Errors
/// A storage fault.
pub(crate) fn closed_finding(release: &Release, records: &dyn Records) -> Result<Finding, Fault> {
    let finding = Finding::new("RELEASE_CLOSED", "", "Create a new release for what is still to be done.")
        .about(refer(release))
        .with("phase", release.phase);
    let Some(entry) = release.phase_history.last() else {
        let sentence = format!("{} is closed: {}.", release.number, release.phase);
        return Ok(Finding { sentence, ..finding });
    };
    let by = person_name(entry.by, records)?;
    let because = if entry.reason.is_empty() { String::new() } else { format!(": {}", entry.reason) };
    let sentence =
        format!("{} was closed ({}) by {by} on {}{because}.", release.number, release.phase, entry.at.to_rfc3339());
    Ok(Finding { sentence, ..finding }.with("by", by).with("at", entry.at.to_rfc3339()).with("reason", &entry.reason))
}

/// Refuses on a closed release.
///
/// # Errors
/// `RELEASE_CLOSED`, or a storage fault.
pub(crate) fn must_be_open(release: &Release, records: &dyn Records) -> Result<(), Failure> {
    if release.phase.is_closed() { Err(closed_finding(release, records)?.into()) } else { Ok(()) }
}

/// The person's name; the workspace itself is called Slipway.
///
/// # Errors
/// A storage fault.
pub(crate) fn person_name(id: PersonId, records: &dyn Records) -> Result<String, Fault> {
    if id == PersonId::SYSTEM {
        return Ok(crate::access::system().name);
    }
    Ok(records.get::<Person>(id)?.map_or_else(|| "an unknown person".to_owned(), |p| p.name))
}
