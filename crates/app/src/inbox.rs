//! The Inbox: approvals, tasks and refused commands that wait for me.

use crate::error::CallError;
use crate::releases::tasks;
use crate::sight::Sight;
use crate::view::common::Nothing;
use crate::view::inbox::{DueGroup, Inbox, InboxApproval, InboxCounts, InboxTask, ScopeDifference, SeenRequest};
use crate::{App, approvals, attention, resolve};
use serde::{Deserialize, Serialize};
use slipway_domain::approval::record::{Approval, Subject};
use slipway_domain::id::ApprovalId;
use slipway_domain::lookup::Lookup;
use slipway_domain::people::Group;
use slipway_domain::readiness::CriterionState;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::release::record::{Component, Release, Scope};
use slipway_domain::release::task_record::Task;
use slipway_domain::time::{Timestamp, Window};
use std::collections::BTreeSet;

/// Most tasks shown; the rest is in the releases.
const TASKS_MOST: usize = 200;
/// Most requests shown.
const APPROVALS_MOST: usize = 200;

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
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let counts = InboxCounts {
            approvals: count(approvals.len()),
            overdue: count(approvals.iter().filter(|a| a.approval.overdue).count()),
            tasks: count(tasks.len()),
            ready: count(tasks.iter().filter(|t| t.task.ready).count()),
            attention: count(attention.len()),
        };
        Ok(Inbox { approvals, tasks, attention, counts })
    })
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
        (Some(release), Some(seen)) => differences(sight, &seen.scope, &release.scope)?,
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

/// What differs between two scopes, line by line.
///
/// # Errors
/// A storage fault.
pub fn differences(sight: Sight<'_>, was: &Scope, is: &Scope) -> Result<Vec<ScopeDifference>, Fault> {
    let mut found = Vec::new();
    let mut set =
        |part: &str, kind: Kind, was: &BTreeSet<uuid::Uuid>, is: &BTreeSet<uuid::Uuid>| -> Result<(), Fault> {
            for id in was.difference(is) {
                found.push(ScopeDifference { part: part.to_owned(), was: sight.label(kind, *id)?, is: String::new() });
            }
            for id in is.difference(was) {
                found.push(ScopeDifference { part: part.to_owned(), was: String::new(), is: sight.label(kind, *id)? });
            }
            Ok(())
        };
    fn ids<T: Copy + Into<uuid::Uuid>>(of: &BTreeSet<T>) -> BTreeSet<uuid::Uuid> {
        of.iter().map(|&id| id.into()).collect()
    }
    set("change", Kind::Change, &ids(&was.changes), &ids(&is.changes))?;
    set("affected CI", Kind::Ci, &ids(&was.cis), &ids(&is.cis))?;
    set("CI group", Kind::CiGroup, &ids(&was.ci_groups), &ids(&is.ci_groups))?;
    set("service", Kind::Ci, &ids(&was.services), &ids(&is.services))?;
    let mut texts = |part: &str, was: Vec<String>, is: Vec<String>| {
        for gone in was.iter().filter(|text| !is.contains(text)) {
            found.push(ScopeDifference { part: part.to_owned(), was: gone.clone(), is: String::new() });
        }
        for added in is.iter().filter(|text| !was.contains(text)) {
            found.push(ScopeDifference { part: part.to_owned(), was: String::new(), is: added.clone() });
        }
    };
    let components = |of: &Scope| of.components.iter().map(|c| component(sight, c)).collect::<Result<Vec<_>, Fault>>();
    texts("component", components(was)?, components(is)?);
    let targets = |of: &Scope| of.targets.iter().map(|t| t.name.clone()).collect();
    texts("target", targets(was), targets(is));
    for plan in was.plans.keys().chain(is.plans.keys()).collect::<BTreeSet<_>>() {
        let steps = |of: &Scope| {
            of.plans.get(plan).into_iter().flatten().map(|s| format!("{} ({} min)", s.text, s.minutes)).collect()
        };
        texts(&format!("{plan} plan"), steps(was), steps(is));
    }
    let lines = |of: &Scope| -> Result<Vec<String>, Fault> {
        let mut lines = Vec::new();
        for update in &of.ci_plan {
            lines.push(ci_update(sight, update)?);
        }
        Ok(lines)
    };
    texts("CI update plan", lines(was)?, lines(is)?);
    for (part, was, is) in
        [("build window", was.build_window, is.build_window), ("rollout window", was.rollout_window, is.rollout_window)]
    {
        if was != is {
            found.push(ScopeDifference { part: part.to_owned(), was: window(was), is: window(is) });
        }
    }
    Ok(found)
}

fn window(window: Option<Window>) -> String {
    window.map(|w| format!("{} to {}", w.start.to_rfc3339(), w.end.to_rfc3339())).unwrap_or_default()
}

fn component(sight: Sight<'_>, component: &Component) -> Result<String, Fault> {
    match component {
        Component::DslItem(id) => sight.label(Kind::DslItem, *id),
        Component::DhsUnit(id) => sight.label(Kind::DhsUnit, *id),
        Component::DhsModel { model, quantity } => Ok(format!("{quantity} x {}", sight.label(Kind::DhsModel, *model)?)),
    }
}

fn ci_update(sight: Sight<'_>, update: &slipway_domain::cmdb::update_plan::CiUpdate) -> Result<String, Fault> {
    use slipway_domain::cmdb::update_plan::CiUpdate;
    Ok(match update {
        CiUpdate::Create(ci) => format!("create {} {} {}", ci.class, ci.name, ci.version),
        CiUpdate::SetFields { ci, fields } => {
            let fields = fields.iter().map(|f| format!("{} {} → {}", f.field, f.from, f.to)).collect::<Vec<_>>();
            format!("{}: {}", sight.label(Kind::Ci, *ci)?, fields.join(", "))
        }
        CiUpdate::SetStatus { ci, from, to } => format!("{}: {from} → {to}", sight.label(Kind::Ci, *ci)?),
        CiUpdate::AddRelation(r) => {
            format!("+ {} {} {}", sight.label(Kind::Ci, r.source)?, r.relation_type, sight.label(Kind::Ci, r.target)?)
        }
        CiUpdate::RemoveRelation(r) => {
            format!("- {} {} {}", sight.label(Kind::Ci, r.source)?, r.relation_type, sight.label(Kind::Ci, r.target)?)
        }
    })
}
