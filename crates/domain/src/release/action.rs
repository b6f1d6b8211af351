//! What may be done with a record now, and why not: the answer that every front end shows.

use crate::access::denial;
use crate::approval::matter::Matter;
use crate::approval::record::Subject;
use crate::approval::request::{Wish, prepare};
use crate::id::ApprovalId;
use crate::people::Person;
use crate::records::Records;
use crate::refusal::{Fault, Finding};
use crate::release::edit::scope_fixed;
use crate::release::evidence::{Evidence, phase_findings};
use crate::release::guard::{Ask, GuardInput, build};
use crate::release::hold::hold_findings;
use crate::release::phase::{Move, failing, gate_of, is_release_manager, no_row, row_of};
use crate::release::record::{Phase, Release, Training};
use crate::release::runbook::standing_hold;
use crate::release::{plan_runbook, refer};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One action of a record: allowed, or not and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ActionState {
    /// Code, such as `advance`, `terminate`, `request_approval`; the CLI's `do ACTION` takes the same with dashes.
    pub action: String,
    /// As on a button, such as `Advance to Build and test`.
    pub title: String,
    /// Whether it would be carried out now.
    pub allowed: bool,
    /// Every failed guard, when it would not.
    pub findings: Vec<Finding>,
    /// Whether it asks for a reason.
    pub needs_reason: bool,
    /// Whether it must be confirmed on a sheet (approve, install, back out, terminate, dispose).
    pub confirm: bool,
}

/// An action with what speaks against it.
pub(crate) fn state(action: &str, title: &str, findings: Vec<Finding>) -> ActionState {
    ActionState {
        action: action.to_owned(),
        title: title.to_owned(),
        allowed: findings.is_empty(),
        findings,
        needs_reason: false,
        confirm: false,
    }
}

impl ActionState {
    /// The same, asking for a reason.
    pub(crate) fn with_reason(self) -> Self {
        Self { needs_reason: true, ..self }
    }

    /// The same, confirmed on a sheet.
    pub(crate) fn confirmed(self) -> Self {
        Self { confirm: true, ..self }
    }
}

/// Every action that makes sense for the release in its phase, the way forward first, the ways out last; judged by
/// the guards that the commands themselves pass.
///
/// A closed release has none, but a Verified one can be backed out for some time.
///
/// # Errors
/// A storage fault.
pub fn actions(
    release: &Release,
    actor: &Person,
    now: Timestamp,
    records: &dyn Records,
) -> Result<Vec<ActionState>, Fault> {
    let desk = Desk { release, actor, now, records };
    match release.phase {
        Phase::Terminated | Phase::BackedOut => return Ok(Vec::new()),
        Phase::Verified => return Ok(vec![desk.back_out()?]),
        _ => {}
    }
    let mut actions = desk.forward()?;
    actions.extend(desk.work()?);
    actions.extend(desk.scope());
    actions.extend(desk.ways_out()?);
    Ok(actions)
}

/// A release before somebody at a moment.
struct Desk<'a> {
    release: &'a Release,
    actor: &'a Person,
    now: Timestamp,
    records: &'a dyn Records,
}

impl Desk<'_> {
    /// Judges a move as its command would be, with a reason where one is asked for later.
    fn judge(&self, command: Move, access: &str, ask: &Ask<'_>) -> Result<Vec<Finding>, Fault> {
        let mut findings: Vec<Finding> = denial(access, self.actor).into_iter().collect();
        let input = GuardInput { release: self.release, ask, actor: self.actor, now: self.now, records: self.records };
        match row_of(command, self.release, ask.to) {
            Some(row) => findings.extend(failing(row, &input)?),
            None => findings.push(no_row(command, &input)?),
        }
        Ok(findings)
    }

    fn reasoned(&self, command: Move, access: &str) -> Result<Vec<Finding>, Fault> {
        self.judge(command, access, &Ask::because("to be given"))
    }

    /// Leaving the phase, and what leaving it needs.
    fn forward(&self) -> Result<Vec<ActionState>, Fault> {
        let release = self.release;
        let mut actions = Vec::new();
        if let Some(row) = row_of(Move::Advance, release, None) {
            let findings = self.judge(Move::Advance, "release.advance", &Ask::default())?;
            actions.push(state("advance", &format!("Advance to {}", row.to), findings));
        }
        if release.phase == Phase::Verification {
            let findings = self.judge(Move::VerifyAndClose, "release.verify_and_close", &Ask::default())?;
            actions.push(state("verify_and_close", "Verify and close", findings).confirmed());
        }
        if release.phase == Phase::BackOut {
            for (command, title) in
                [(Move::CompleteBackOut, "Complete back-out"), (Move::Rework, "Complete back-out and rework")]
            {
                let findings = self.judge(command, "release.complete_back_out", &Ask::default())?;
                actions.push(state(command.code(), title, findings).confirmed());
            }
        }
        if gate_of(release.phase).is_some() {
            actions.push(state("request_approval", "Request approval", self.request_findings()?));
        }
        if release.phase == Phase::DistributionAndRollout && release.install.is_none() {
            for (go, action, title) in [(true, "go", "Record go"), (false, "no_go", "Record no-go")] {
                let ask = Ask { go, ..Ask::default() };
                let findings = self.judge(Move::RecordGoNoGo, "release.record_go_no_go", &ask)?;
                actions.push(state(action, title, findings).confirmed());
            }
            let findings = self.judge(Move::RecordInstall, "release.record_install", &Ask::default())?;
            actions.push(state("record_install", "Record install", findings).confirmed());
        }
        Ok(actions)
    }

    fn request_findings(&self) -> Result<Vec<Finding>, Fault> {
        let mut findings: Vec<Finding> = denial("approval.request", self.actor).into_iter().collect();
        let subject = Subject::Release(self.release.id);
        let wish = Wish { id: ApprovalId(self.release.id.0), subject, groups: None, rule: None, due_at: None };
        let matter = Matter::Release(Box::new(self.release.clone()));
        findings.extend(prepare(&wish, &matter, self.actor, self.now, self.records)?.1);
        Ok(findings)
    }

    /// What is recorded in the phase.
    fn work(&self) -> Result<Vec<ActionState>, Fault> {
        let release = self.release;
        let mut actions = Vec::new();
        let mut add = |action: &str, title: &str, access: &str, evidence: Evidence| -> Result<(), Fault> {
            if evidence.phases().contains(&release.phase) {
                let mut findings: Vec<Finding> = denial(access, self.actor).into_iter().collect();
                findings.extend(phase_findings(release, evidence, self.records)?);
                actions.push(state(action, title, findings));
            }
            Ok(())
        };
        add("record_test", "Record a test", "release.record_test", Evidence::Test)?;
        add("verify_master", "Verify a master", "release.verify_master", Evidence::Master)?;
        add("record_outcome", "Record an outcome", "release.record_outcome", Evidence::Outcome)?;
        add("write_review", "Write the review", "release.write_review", Evidence::Review)?;
        if release.install.is_none() {
            add("attest", "Attest a criterion", "release.attest", Evidence::Criterion)?;
            add("waive_criterion", "Waive a criterion", "release.waive_criterion", Evidence::Criterion)?;
            add(
                "clear_criterion",
                "Take back an attestation or waiver",
                "release.clear_criterion",
                Evidence::Criterion,
            )?;
        }
        if let Some(waive) = actions.iter_mut().find(|a| a.action == "waive_criterion") {
            waive.needs_reason = true;
            if !is_release_manager(release, self.actor) {
                waive.findings.extend(self.not_the_manager());
                waive.allowed = false;
            }
        }
        if release.phase == Phase::BuildAndTest {
            let failed = build::tests_passed_or_waived(&GuardInput {
                release,
                ask: &Ask::default(),
                actor: self.actor,
                now: self.now,
                records: self.records,
            })?;
            if !failed.is_empty() {
                let findings = denial("release.waive_test", self.actor).into_iter().collect();
                actions.push(state("waive_test", "Waive a failed test", findings).with_reason());
            }
        }
        let undecided = release.back_out.iter().flat_map(|b| &b.conflicts).any(|c| c.decision.is_none());
        if release.phase == Phase::BackOut && undecided {
            let findings = denial("release.decide_conflict", self.actor).into_iter().collect();
            actions.push(state("decide_conflict", "Decide a conflict", findings));
        }
        if plan_runbook::phase_findings(release).is_empty() && !release.runbook_planned {
            let findings = denial("release.plan_runbook", self.actor).into_iter().collect();
            actions.push(state("plan_runbook", "Plan the runbook", findings));
        }
        if release.phase == Phase::DistributionAndRollout {
            if standing_hold(release).is_some() {
                let findings = denial("release.resume", self.actor).into_iter().collect();
                actions.push(state("resume", "Let the rollout go on", findings));
            } else {
                let mut findings: Vec<Finding> = denial("release.hold", self.actor).into_iter().collect();
                findings.extend(hold_findings(release, self.records)?);
                actions.push(state("hold", "Hold the rollout", findings).with_reason());
            }
        }
        let findings = denial("task.create", self.actor).into_iter().collect();
        actions.push(state("add_task", "Add a task", findings));
        Ok(actions)
    }

    /// Unless access has said so already.
    fn not_the_manager(&self) -> Option<Finding> {
        denial("release.waive_criterion", self.actor).is_none().then(|| {
            Finding::new(
                "NOT_THE_RELEASE_MANAGER",
                format!("{} is not the release manager of {}.", self.actor.name, self.release.number),
                "Ask the release manager.",
            )
            .about(refer(self.release))
        })
    }

    /// Fields and scope.
    fn scope(&self) -> Vec<ActionState> {
        let release = self.release;
        let may = |access: &str| -> Vec<Finding> { denial(access, self.actor).into_iter().collect() };
        let mut actions = vec![state("edit", "Edit", may("release.edit"))];
        for (action, title, access) in [
            ("attach_change", "Attach a change", "release.attach_change"),
            ("detach_change", "Detach a change", "release.detach_change"),
        ] {
            let mut findings = may(access);
            findings.extend(scope_fixed(release));
            actions.push(state(action, title, findings));
        }
        if release.phase == Phase::Assess {
            let mut findings = may("release.edit");
            if !is_release_manager(release, self.actor) {
                findings.extend(self.not_the_manager());
            }
            if matches!(release.training, Training::Asked { .. }) {
                actions.push(state("no_training", "Take back the wish for Training", findings));
            } else {
                actions.push(state("ask_training", "Ask for Training", findings).with_reason());
            }
        }
        actions
    }

    fn back_out(&self) -> Result<ActionState, Fault> {
        let findings = self.reasoned(Move::BackOut, "release.back_out")?;
        Ok(state("back_out", "Back out", findings).with_reason().confirmed())
    }

    /// Going back and giving up. *Terminate* and *Back out* are shown where they are not possible too, because one
    /// of them is what a person looks for, and the reason names the other.
    fn ways_out(&self) -> Result<Vec<ActionState>, Fault> {
        let release = self.release;
        let mut actions = Vec::new();
        if release.phase == Phase::BuildAndTest {
            let findings = self.reasoned(Move::TestFailed, "release.test_failed")?;
            actions.push(state("test_failed", "Test failed", findings).with_reason().confirmed());
        }
        if row_of(Move::SendBack, release, None).is_some() {
            let findings = self.reasoned(Move::SendBack, "release.send_back")?;
            actions.push(state("send_back", "Send back", findings).with_reason().confirmed());
        }
        if release.phase != Phase::BackOut {
            actions.push(self.back_out()?);
            let findings = self.reasoned(Move::Terminate, "release.terminate")?;
            actions.push(state("terminate", "Terminate", findings).with_reason().confirmed());
        }
        Ok(actions)
    }
}
