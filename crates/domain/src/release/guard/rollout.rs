//! Guards of Distribution and rollout: go, window, freeze, CI update plan, install.

use crate::freeze;
use crate::people::Role;
use crate::readiness::CriterionState;
use crate::readiness::evaluate::evaluate;
use crate::record::RecordRef;
use crate::refusal::Finding;
use crate::release::guard::{Findings, GuardInput, on, tasks_of_phase, unless};
use crate::release::phase::is_release_manager;
use crate::release::record::{Release, ReleaseClass};
use crate::release::task_record::TaskState;
use crate::release::{hold, install};

/// Title of the task without which Distribution and rollout is not left [SM].
pub const UPDATE_SYSTEM: &str = "Update system";

/// Nothing is in production yet.
pub fn not_installed(i: &GuardInput<'_>) -> Findings {
    unless(i.release.install.is_none(), || {
        on(
            i.release,
            "ALREADY_INSTALLED",
            format!("{} is installed.", i.release.number),
            "Carry it on to Verification, or back it out.",
        )
    })
}

/// Nobody has put the rollout on hold.
pub fn not_on_hold(i: &GuardInput<'_>) -> Findings {
    Ok(hold::on_hold(i.release, i.records)?.into_iter().collect())
}

/// The install is recorded.
pub fn installed(i: &GuardInput<'_>) -> Findings {
    unless(i.release.install.is_some(), || {
        on(
            i.release,
            "NOT_INSTALLED",
            format!("{} is not installed yet.", i.release.number),
            "Record the install first.",
        )
    })
}

/// *Go* needs every criterion met, waived one by one, or not applicable. *No-go* is always possible.
pub fn criteria_met_or_waived(i: &GuardInput<'_>) -> Findings {
    if !i.ask.go {
        return Ok(Vec::new());
    }
    let unmet = evaluate(i.release, i.now, i.records)?;
    Ok(unmet
        .into_iter()
        .filter(|c| c.state == CriterionState::NotMet)
        .map(|c| {
            on(i.release, "CRITERION_NOT_MET", format!("{}: {}", c.title, c.why), c.way_out).with("criterion", c.code)
        })
        .collect())
}

/// The standing decision is *go*.
pub fn go_recorded(i: &GuardInput<'_>) -> Findings {
    unless(i.release.go_no_go.as_ref().is_some_and(|d| d.go), || {
        on(i.release, "NO_GO_DECISION", "No go is recorded.", "Record the go once every criterion is met or waived.")
    })
}

/// Inside the rollout window, or emergency class, or the release manager says why not.
pub fn inside_rollout_window(i: &GuardInput<'_>) -> Findings {
    let release = i.release;
    let inside = release.scope.rollout_window.is_some_and(|w| w.contains(i.now));
    if inside || release.class == ReleaseClass::Emergency {
        return Ok(Vec::new());
    }
    let window = release
        .scope
        .rollout_window
        .map_or_else(|| "not set".to_owned(), |w| format!("{} to {}", w.start.to_rfc3339(), w.end.to_rfc3339()));
    let outside = on(
        release,
        "OUTSIDE_WINDOW",
        format!("The install at {} is outside the rollout window ({window}).", i.now.to_rfc3339()),
        "Install inside the window, move the window, or let the release manager override with a reason.",
    );
    match i.ask.window_override {
        None => Ok(vec![outside]),
        Some(reason) => {
            Ok(override_findings(release, reason, is_release_manager(release, i.actor), "release manager", &outside))
        }
    }
}

/// No freeze on anything that the release affects, or the change manager says why not; of a soft one the release manager
/// may say it too.
pub fn no_freeze(i: &GuardInput<'_>) -> Findings {
    let mut findings = Vec::new();
    for (freeze, window) in freeze::freezes_at(i.release, i.now, i.records)? {
        let until = window.end.to_rfc3339();
        let (code, sentence, way_out) = if freeze.is_soft() {
            let asks = format!("{} asks for a reason for an install until {until}.", freeze.title);
            ("SOFT_FREEZE", asks, "Install afterwards, or say why it cannot wait.")
        } else {
            let freezes = format!("{} freezes what this release affects until {until}.", freeze.title);
            ("FREEZE", freezes, "Install after the freeze, or let the change manager override with a reason.")
        };
        let frozen = Finding::new(code, sentence, way_out).about(RecordRef::of(&freeze));
        match i.ask.freeze_override {
            None => findings.push(frozen),
            Some(reason) => {
                let may = i.actor.roles.contains(&Role::ChangeManager)
                    || (freeze.is_soft() && is_release_manager(i.release, i.actor));
                let who = if freeze.is_soft() { "release manager or change manager" } else { "change manager" };
                findings.extend(override_findings(i.release, reason, may, who, &frozen));
            }
        }
    }
    findings.dedup();
    Ok(findings)
}

fn override_findings(release: &Release, reason: &str, may: bool, who: &str, instead: &Finding) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !may {
        findings.push(on(
            release,
            "OVERRIDE_NOT_ALLOWED",
            format!("{} Only the {who} may override that.", instead.sentence),
            format!("Ask the {who}."),
        ));
    }
    if reason.trim().is_empty() {
        findings.push(on(release, "REASON_MISSING", "An override needs a reason.", "Give the reason."));
    }
    findings
}

/// The CI update plan would apply without a difference. Once applied, it is not asked again.
pub fn ci_plan_applies(i: &GuardInput<'_>) -> Findings {
    if i.release.install.is_some() { Ok(Vec::new()) } else { install::plan_findings(i.release, i.records) }
}

/// *Update system* exists in Distribution and rollout and is done.
pub fn system_updated(i: &GuardInput<'_>) -> Findings {
    let tasks = tasks_of_phase(i)?;
    let mut updates = tasks.iter().filter(|t| t.title.eq_ignore_ascii_case(UPDATE_SYSTEM)).peekable();
    if updates.peek().is_none() {
        return Ok(vec![on(
            i.release,
            "UPDATE_SYSTEM_NOT_DONE",
            format!("There is no task {UPDATE_SYSTEM}."),
            format!("Add the task {UPDATE_SYSTEM} to Distribution and rollout and do it."),
        )]);
    }
    Ok(updates
        .filter(|t| t.state != TaskState::Done)
        // A mandatory one is named by `mandatory_tasks_done` already.
        .filter(|t| !t.mandatory)
        .map(|t| {
            Finding::new(
                "UPDATE_SYSTEM_NOT_DONE",
                format!("Task T{:02} {} is {}.", t.ordinal, t.title, t.state),
                "Do the task.",
            )
            .about(RecordRef::of(t))
        })
        .collect())
}
