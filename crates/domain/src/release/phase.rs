//! The phase machine as one table. It is read beside the table of the design: command, from, to, guards, effects.

use crate::level::named;
use crate::people::{Person, Role};
use crate::refusal::{Failure, Fault, Finding, Refusal};
use crate::release::effect::{self, Effect};
use crate::release::guard::{self, Guard, GuardInput, build, closing, planning, rollout};
use crate::release::record::{Phase, Release, Training};
use crate::release::{back_out, changes, closed_finding, install, refer, send_back, terminate};
use crate::setting::Gate;
use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;

named! {
    /// A command of the transition table.
    Move {
        /// To the next phase.
        Advance = "Advance",
        /// Build and test failed.
        TestFailed = "Test failed",
        /// Go or no-go.
        RecordGoNoGo = "Record go / no-go",
        /// The install was performed.
        RecordInstall = "Record install",
        /// Verification to Verified.
        VerifyAndClose = "Verify and close",
        /// Begins the back-out.
        BackOut = "Back out",
        /// Ends the back-out with the release.
        CompleteBackOut = "Complete back-out",
        /// Ends the back-out and plans anew.
        Rework = "Rework",
        /// Gives the release up.
        Terminate = "Terminate",
        /// Back to an earlier phase.
        SendBack = "Send back",
    }
}

impl Move {
    /// The stable code, as in [`crate::release::record::PhaseEntry::action`] and in actions.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Advance => "advance",
            Self::TestFailed => "test_failed",
            Self::RecordGoNoGo => "record_go_no_go",
            Self::RecordInstall => "record_install",
            Self::VerifyAndClose => "verify_and_close",
            Self::BackOut => "back_out",
            Self::CompleteBackOut => "complete_back_out",
            Self::Rework => "rework",
            Self::Terminate => "terminate",
            Self::SendBack => "send_back",
        }
    }
}

/// One row of the table.
pub struct Transition {
    /// The command.
    pub command: Move,
    /// Only from this phase.
    pub from: Phase,
    /// Into this phase; the same for a command that stays.
    pub to: Phase,
    /// Which of two rows with the same command and phase holds for a release.
    pub when: fn(&Release) -> bool,
    /// Every failing guard is reported, all at once.
    pub guards: &'static [Guard],
    /// The approval that must stand on today's scope.
    pub approval: Option<Gate>,
    /// What happens beside the move, in this order.
    pub effects: &'static [Effect],
}

impl fmt::Debug for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} to {}", self.command, self.from, self.to)
    }
}

const fn always(_: &Release) -> bool {
    true
}

fn training_active(release: &Release) -> bool {
    matches!(release.training, Training::Active)
}

fn training_skipped(release: &Release) -> bool {
    !training_active(release)
}

const fn row(
    command: Move,
    from: Phase,
    to: Phase,
    guards: &'static [Guard],
    approval: Option<Gate>,
    effects: &'static [Effect],
) -> Transition {
    Transition { command, from, to, when: always, guards, approval, effects }
}

const BUILT: &[Guard] =
    &[guard::mandatory_tasks_done, build::components_ready, build::tests_passed_or_waived, build::no_master_withdrawn];
const GIVEN_UP: &[Effect] = &[
    terminate::cancel_open_tasks,
    terminate::withdraw_approvals,
    terminate::free_reservations,
    changes::detach_changes,
];
const SENT_BACK: &[Effect] =
    &[send_back::void_approvals_from_target, send_back::reopen_later_tasks, effect::reopen_training, effect::forget_go];
const UNDONE: &[Effect] = &[terminate::withdraw_pending_approvals, back_out::restore_cmdb, changes::fail_changes];
const BACK: &[Guard] = &[guard::reason_given, guard::may_activate_back_out];
const SEND_BACK: &[Guard] = &[guard::reason_given];
const COMPLETE: &[Guard] = &[
    guard::mandatory_tasks_done,
    closing::conflicts_decided,
    closing::units_accounted_for,
    closing::exceptions_decided,
    guard::by_release_manager,
];

/// The table.
#[rustfmt::skip]
pub static TABLE: &[Transition] = {
    use Move::{Advance, BackOut, CompleteBackOut, RecordGoNoGo, RecordInstall, Rework, SendBack, Terminate, TestFailed, VerifyAndClose};
    use Phase as P;
    &[
        row(Advance, P::Assess, P::PlanAndDesign,
            &[planning::type_set, planning::impact_and_urgency_set, planning::change_attached, planning::assessment_note_written,
              build::no_master_withdrawn],
            None, &[effect::fix_training]),
        row(Advance, P::PlanAndDesign, P::BuildAndTest,
            &[guard::mandatory_tasks_done, planning::affected_ci, planning::plans_written, planning::windows_set,
              guard::every_change_approved, build::no_master_withdrawn],
            Some(Gate::PlanAndDesign), &[effect::begin_test_round]),
        Transition { command: Advance, from: P::BuildAndTest, to: P::Training, when: training_active,
            guards: BUILT, approval: Some(Gate::BuildAndTest), effects: &[] },
        Transition { command: Advance, from: P::BuildAndTest, to: P::DistributionAndRollout, when: training_skipped,
            guards: BUILT, approval: Some(Gate::BuildAndTest), effects: &[] },
        row(TestFailed, P::BuildAndTest, P::PlanAndDesign,
            &[guard::reason_given],
            None, &[effect::record_failure, send_back::void_approvals_from_target, send_back::reopen_later_tasks, effect::forget_go]),
        row(Advance, P::Training, P::DistributionAndRollout,
            &[guard::mandatory_tasks_done, build::no_master_withdrawn],
            None, &[]),
        row(RecordGoNoGo, P::DistributionAndRollout, P::DistributionAndRollout,
            &[rollout::not_installed, rollout::criteria_met_or_waived],
            None, &[effect::store_decision]),
        row(RecordInstall, P::DistributionAndRollout, P::DistributionAndRollout,
            &[rollout::not_installed, rollout::not_on_hold, rollout::go_recorded, guard::every_change_approved, rollout::inside_rollout_window,
              rollout::no_freeze, rollout::ci_plan_applies, build::no_master_withdrawn],
            None, &[install::install, changes::implement_changes]),
        row(Advance, P::DistributionAndRollout, P::Verification,
            &[rollout::installed, rollout::not_on_hold, rollout::system_updated, guard::mandatory_tasks_done, build::no_master_withdrawn],
            Some(Gate::DistributionAndRollout), &[]),
        row(VerifyAndClose, P::Verification, P::Verified,
            &[guard::mandatory_tasks_done, closing::every_outcome_recorded, closing::review_written, planning::every_plan_written,
              closing::exceptions_decided, guard::by_release_manager],
            None, &[changes::review_changes, terminate::cancel_open_tasks, terminate::withdraw_pending_approvals]),
        row(BackOut, P::DistributionAndRollout, P::BackOut,
            &[rollout::installed, guard::reason_given, guard::may_activate_back_out],
            None, UNDONE),
        row(BackOut, P::Verification, P::BackOut, BACK, None, UNDONE),
        row(BackOut, P::Verified, P::BackOut,
            &[closing::inside_back_out_period, closing::changes_free, guard::reason_given,
              guard::may_activate_back_out],
            None, UNDONE),
        row(CompleteBackOut, P::BackOut, P::BackedOut, COMPLETE,
            None, &[terminate::cancel_open_tasks, terminate::withdraw_pending_approvals, terminate::free_reservations,
                    changes::detach_changes]),
        row(Rework, P::BackOut, P::PlanAndDesign, COMPLETE,
            None, &[send_back::void_approvals_from_target, send_back::reopen_later_tasks, effect::forget_go, effect::forget_install]),
        row(Terminate, P::Assess, P::Terminated, &[guard::reason_given], None, GIVEN_UP),
        row(Terminate, P::PlanAndDesign, P::Terminated, &[guard::reason_given], None, GIVEN_UP),
        row(Terminate, P::BuildAndTest, P::Terminated, &[guard::reason_given], None, GIVEN_UP),
        row(Terminate, P::DistributionAndRollout, P::Terminated, &[rollout::not_installed, guard::reason_given], None, GIVEN_UP),
        row(SendBack, P::PlanAndDesign, P::Assess, SEND_BACK, None, SENT_BACK),
        row(SendBack, P::BuildAndTest, P::Assess, SEND_BACK, None, SENT_BACK),
        row(SendBack, P::BuildAndTest, P::PlanAndDesign, SEND_BACK, None, SENT_BACK),
        row(SendBack, P::DistributionAndRollout, P::Assess, &[rollout::not_installed, guard::reason_given], None, SENT_BACK),
        row(SendBack, P::DistributionAndRollout, P::PlanAndDesign, &[rollout::not_installed, guard::reason_given], None, SENT_BACK),
        row(SendBack, P::DistributionAndRollout, P::BuildAndTest,
            &[rollout::not_installed, guard::reason_given],
            None, &[send_back::void_approvals_from_target, send_back::reopen_later_tasks, effect::reopen_training,
                    effect::forget_go, effect::begin_test_round]),
    ]
};

/// The row that a command would take, whatever its guards say.
#[must_use]
pub fn row_of(command: Move, release: &Release, to: Option<Phase>) -> Option<&'static Transition> {
    TABLE.iter().find(|t| {
        t.command == command && t.from == release.phase && to.is_none_or(|to| t.to == to) && (t.when)(release)
    })
}

/// The approval that leaving this phase needs.
#[must_use]
pub fn gate_of(phase: Phase) -> Option<Gate> {
    TABLE.iter().filter(|t| t.command == Move::Advance && t.from == phase).find_map(|t| t.approval)
}

/// The phase that an approval lets a release leave; `None` for the approval of a change.
#[must_use]
pub fn phase_of(gate: Gate) -> Option<Phase> {
    TABLE.iter().find(|t| t.approval == Some(gate)).map(|t| t.from)
}

/// The one door of the phase machine: the row of the table, if every guard of it holds.
///
/// # Errors
/// Every failed guard, `NOT_IN_PHASE` or `RELEASE_CLOSED` where the table has no row, or a storage fault.
pub fn transition(command: Move, input: &GuardInput<'_>) -> Result<&'static Transition, Failure> {
    let Some(row) = row_of(command, input.release, input.ask.to) else {
        return Err(no_row(command, input)?.into());
    };
    let findings = failing(row, input)?;
    if findings.is_empty() { Ok(row) } else { Err(Refusal { findings }.into()) }
}

/// Every failing guard of a row, the approval last.
///
/// # Errors
/// A storage fault.
pub fn failing(row: &Transition, input: &GuardInput<'_>) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    for guard in row.guards {
        findings.extend(guard(input)?);
    }
    if let Some(gate) = row.approval {
        findings.extend(guard::approval_granted(gate, input)?);
    }
    Ok(findings)
}

/// Why the table has no row for the command in this phase.
///
/// # Errors
/// A storage fault.
pub(crate) fn no_row(command: Move, input: &GuardInput<'_>) -> Result<Finding, Fault> {
    let release = input.release;
    if release.phase.is_closed() {
        return closed_finding(release, input.records);
    }
    let number = &release.number;
    let phase = release.phase;
    let (sentence, way_out) = match (command, input.ask.to) {
        (Move::Terminate, _) if phase == Phase::Training => (
            format!("{number} is in Training, which has no Terminate."),
            "Advance to Distribution and rollout and terminate there, before the install.".to_owned(),
        ),
        (Move::Terminate, _) => (
            format!("{number} is installed and can no longer be terminated."),
            "Back it out, or carry it on to the end.".to_owned(),
        ),
        (Move::BackOut, _) if phase == Phase::Training => (
            format!("{number} is in Training, which has no Back out; nothing is installed yet."),
            "Advance to Distribution and rollout.".to_owned(),
        ),
        (Move::BackOut, _) => (
            format!("{number} is in {phase}: nothing is installed that could be backed out."),
            "Use Terminate or Send back.".to_owned(),
        ),
        (Move::SendBack, Some(to)) => {
            (format!("{number} is in {phase} and cannot be sent back to {to}."), send_back_targets(phase))
        }
        _ => (
            format!("{number} is in {phase}, where {command} is not possible."),
            format!("{command} is possible in {}.", phases_of(command)),
        ),
    };
    Ok(Finding::new("NOT_IN_PHASE", sentence, way_out)
        .about(refer(release))
        .with("action", command.code())
        .with("phase", phase))
}

fn send_back_targets(phase: Phase) -> String {
    let targets: Vec<&str> =
        TABLE.iter().filter(|t| t.command == Move::SendBack && t.from == phase).map(|t| t.to.label()).collect();
    if targets.is_empty() {
        format!("A release in {phase} is not sent back.")
    } else {
        format!("It can be sent back to {}.", targets.join(" or "))
    }
}

fn phases_of(command: Move) -> String {
    let mut phases: Vec<&str> = Vec::new();
    for row in TABLE.iter().filter(|t| t.command == command) {
        if !phases.contains(&row.from.label()) {
            phases.push(row.from.label());
        }
    }
    phases.join(", ")
}

/// Whether the person answers for the release: its manager, or anybody who holds that role.
#[must_use]
pub fn is_release_manager(release: &Release, person: &Person) -> bool {
    release.manager == person.id || person.roles.contains(&Role::ReleaseManager)
}
