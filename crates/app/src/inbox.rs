//! The Inbox: approvals, tasks and refused commands that wait for me.

use crate::error::CallError;
use crate::releases::tasks;
use crate::sight::{Sight, path};
use crate::view::common::Nothing;
use crate::view::inbox::{
    AlertLine, DueGroup, Inbox, InboxApproval, InboxCounts, InboxTask, InboxWithdrawn, SeenRequest,
};
use crate::withdrawn::{Stopped, answers_for};
use crate::{App, approvals, attention, exceptions, resolve, rows, withdrawn};
use serde::{Deserialize, Serialize};
use slipway_domain::approval::record::{Approval, Subject};
use slipway_domain::dhs::alert::Alert;
use slipway_domain::id::ApprovalId;
use slipway_domain::lookup::Lookup;
use slipway_domain::people::{Group, Role};
use slipway_domain::readiness::CriterionState;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::release::record::{Release, Scope};
use slipway_domain::release::scope::difference::differences;
use slipway_domain::release::task_record::Task;
use slipway_domain::time::Timestamp;
use std::collections::BTreeSet;

/// Most tasks shown; the rest is in the releases.
const TASKS_MOST: usize = 200;
/// Most requests shown.
const APPROVALS_MOST: usize = 200;
/// Most releases with a master that was withdrawn.
const WITHDRAWN_MOST: usize = 100;

/// What a person saw when they last looked at a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Seen {
    at: Timestamp,
    scope: Scope,
}

fn seen_name(approval: &Approval) -> String {
    let subject = match approval.subject {
        Subject::Release(id) => id.to_string(),
        Subject::Change(id) => id.to_string(),
    };
    format!("seen.{subject}")
}

/// Everything that waits for me.
///
/// # Errors
/// Trouble.
pub fn get(app: &App, _: &Nothing) -> Result<Inbox, CallError> {
    let attention = attention::items(app)?;
    let waiting = app.read(|sight| Ok(approvals::waiting_for(sight)?))?;
    let mut seen = Vec::new();
    for approval in waiting.into_iter().take(APPROVALS_MOST) {
        let text = app.open()?.store.remembered(&seen_name(&approval))?.unwrap_or_default();
        seen.push((approval, serde_json::from_str::<Seen>(&text).ok()));
    }
    app.read(|sight| {
        let approvals = seen.into_iter().map(|(a, seen)| inbox_approval(sight, a, seen));
        let approvals = approvals.collect::<Result<Vec<_>, _>>()?;
        let tasks = my_tasks(sight)?;
        let exceptions = exceptions::views(sight, exceptions::for_me(sight)?)?;
        let alerts = alerts(sight)?;
        let withdrawn = stopped_releases(sight)?;
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let counts = InboxCounts {
            approvals: count(approvals.len()),
            overdue: count(approvals.iter().filter(|a| a.approval.overdue).count()),
            tasks: count(tasks.len()),
            ready: count(tasks.iter().filter(|t| t.task.ready).count()),
            attention: count(attention.len()),
            exceptions: count(exceptions.len()),
            alerts: count(alerts.len()),
            withdrawn: count(withdrawn.len()),
        };
        Ok(Inbox { approvals, tasks, attention, exceptions, alerts, withdrawn, counts })
    })
}

/// What in the hardware store needs this person: those who keep it, and those who plan and run releases.
fn alerts(sight: Sight<'_>) -> Result<Vec<AlertLine>, Fault> {
    let person = sight.person()?;
    let told = [Role::DhsStorekeeper, Role::ReleaseManager, Role::ReleaseCoordinator];
    if !told.iter().any(|role| person.roles.contains(role)) {
        return Ok(Vec::new());
    }
    let line = |alert: Alert| -> Result<AlertLine, Fault> {
        let record = sight.records.read(alert.about.kind, alert.about.id)?;
        Ok(AlertLine {
            label: alert.kind.label().to_owned(),
            path: record.as_ref().and_then(path).unwrap_or_default(),
            alert,
        })
    };
    slipway_domain::dhs::alert::alerts(sight.now, sight.records)?.into_iter().map(line).collect()
}

/// Releases that I answer for, or all of them for who keeps the library, with a master that was withdrawn.
fn stopped_releases(sight: Sight<'_>) -> Result<Vec<InboxWithdrawn>, Fault> {
    let me = sight.person()?;
    let keeps = me.roles.contains(&Role::DslLibrarian);
    let stopped = withdrawn::stopped(sight, WITHDRAWN_MOST, |release| keeps || answers_for(me.id, release))?;
    let line = |Stopped { release, item }| -> Result<InboxWithdrawn, Fault> {
        Ok(InboxWithdrawn {
            release: rows::row(sight, &Record::from(release))?,
            item: sight.named(Kind::DslItem, item.id.0)?,
            because: item.withdrawn_because.clone(),
            path: path(&Record::from(item)).unwrap_or_default(),
        })
    };
    stopped.into_iter().map(line).collect()
}

/// Remembers the subject of a request as it stands: later changes are shown against this.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn seen(app: &App, request: &SeenRequest) -> Result<Nothing, CallError> {
    let id: ApprovalId = resolve::must_id("approval", &request.approval)?;
    let (approval, scope) = app.read(|sight| {
        let approval = sight.records.must::<Approval>(id)?;
        let scope = match approval.subject {
            Subject::Release(id) => sight.records.get::<Release>(id)?.map(|r| r.scope).unwrap_or_default(),
            Subject::Change(_) => Scope::default(),
        };
        Ok((approval, scope))
    })?;
    let text = serde_json::to_string(&Seen { at: app.host().now(), scope }).unwrap_or_default();
    app.open()?.store.remember(&seen_name(&approval), &text)?;
    Ok(Nothing)
}

fn inbox_approval(sight: Sight<'_>, approval: Approval, seen: Option<Seen>) -> Result<InboxApproval, Fault> {
    let release = match approval.subject {
        Subject::Release(id) => sight.records.get::<Release>(id)?,
        Subject::Change(_) => None,
    };
    let since_seen = match (&release, &seen) {
        (Some(release), Some(seen)) => differences(&seen.scope, &release.scope, sight.records)?,
        _ => Vec::new(),
    };
    let readiness = match &release {
        Some(release) => slipway_domain::readiness::evaluate::evaluate(release, sight.now, sight.records)?,
        None => Vec::new(),
    };
    let applies = readiness.iter().filter(|c| c.state != CriterionState::NotApplicable);
    let open: Vec<String> =
        applies.clone().filter(|c| c.state == CriterionState::NotMet).map(|c| c.title.clone()).collect();
    let all = applies.count();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(InboxApproval {
        due: due(approval.due_at, sight.now),
        seen_at: seen.map(|s| s.at),
        since_seen,
        readiness_met: count(all.saturating_sub(open.len())),
        readiness_all: count(all),
        readiness_open: open,
        approval: approvals::view(sight, approval)?,
    })
}

fn due(at: Timestamp, now: Timestamp) -> DueGroup {
    if at < now {
        DueGroup::Overdue
    } else if at < now.plus_hours(24) {
        DueGroup::Today
    } else if at < now.plus_days(7) {
        DueGroup::ThisWeek
    } else {
        DueGroup::Later
    }
}

/// Open tasks of mine and of my groups, those that may begin first.
fn my_tasks(sight: Sight<'_>) -> Result<Vec<InboxTask>, Fault> {
    let mut assignees = vec![sight.me.to_string()];
    for group in sight.records.all::<Group>()? {
        if group.members.contains(&sight.me) {
            assignees.push(group.id.to_string());
        }
    }
    let mut ids = BTreeSet::new();
    for assignee in assignees {
        ids.extend(sight.records.find(Lookup::OpenTasksOf, &assignee)?);
    }
    let mut found = Vec::new();
    for id in ids {
        let Some(task) = sight.records.get::<Task>(id.into())? else { continue };
        let Some(release) = sight.records.get::<Release>(task.release)? else { continue };
        if release.phase.is_closed() {
            continue;
        }
        let path = crate::sight::path(&Record::from(release.clone())).unwrap_or_default();
        found.push(InboxTask {
            task: tasks::one(sight, &release, &task)?,
            release_number: release.number.to_string(),
            release_title: release.title,
            path: format!("{path}/tasks"),
        });
    }
    found.sort_by(|a, b| {
        let key =
            |t: &InboxTask| (!t.task.ready, t.task.planned_start, t.release_number.clone(), t.task.number.clone());
        key(a).cmp(&key(b))
    });
    found.truncate(TASKS_MOST);
    Ok(found)
}
