//! Everything the release page shows, read at one moment.

use crate::error::CallError;
use crate::releases::{plan, tasks};
use crate::sight::{Sight, path};
use crate::view::common::{CommentLine, HistoryLine, Hue, Names, Pill, WindowView};
use crate::view::releases::{ComponentLine, LINES_MOST, RailState, RailStep, ReleasePage, ReleaseRequest, TestLine};
use crate::{App, approvals, exceptions, pills, resolve, rows};
use slipway_domain::approval::record::Subject;
use slipway_domain::comment::Comment;
use slipway_domain::dhs::record::{DhsUnit, UnitState};
use slipway_domain::dsl::item::DslItem;
use slipway_domain::lookup::Lookup;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::release::action::{ActionState, actions};
use slipway_domain::release::record::{Component, Phase, Release, TestRecord, Training};
use slipway_domain::release::scope;
use slipway_domain::release::task_record::{Assignee, Task};
use slipway_domain::time::{Timestamp, Window};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The page of a release.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn get(app: &App, request: &ReleaseRequest) -> Result<ReleasePage, CallError> {
    app.read(|sight| page(sight, resolve::release(sight, &request.release)?))
}

fn page(sight: Sight<'_>, release: Release) -> Result<ReleasePage, CallError> {
    let actions = actions(&release, &sight.person()?, sight.now, sight.records)?;
    let all_tasks = tasks::of(sight, &release)?;
    let tests = sight.records.list::<TestRecord>(Lookup::TestsOfRelease, &release.id.to_string())?;
    let record = Record::from(release.clone());
    let scope = &release.scope;
    let cis = rows::rows(sight, Kind::Ci, scope.cis.iter().copied().take(LINES_MOST))?;
    let components = scope.components.iter().map(|c| component(sight, &release, c)).collect::<Result<_, _>>()?;
    let ci_groups = scope.ci_groups.iter().map(|&id| sight.named(Kind::CiGroup, id)).collect::<Result<_, _>>()?;
    Ok(ReleasePage {
        path: path(&record).unwrap_or_default(),
        pill: pills::release(&release),
        names: names(sight, &release)?,
        rail: rail(&release, &actions),
        changes: rows::rows(sight, Kind::Change, scope.changes.iter().copied())?,
        cis,
        ci_count: u32::try_from(scope.cis.len()).unwrap_or(u32::MAX),
        ci_groups,
        services: rows::rows(sight, Kind::Ci, scope.services.iter().copied())?,
        components,
        tasks: all_tasks,
        tests: tests.into_iter().map(|t| test(sight, t)).collect::<Result<_, _>>()?,
        approvals: approvals::of(sight, Subject::Release(release.id))?,
        readiness: slipway_domain::readiness::evaluate::evaluate(&release, sight.now, sight.records)?,
        ci_plan: plan::rows(sight, release.install.is_some(), &release.scope.ci_plan)?,
        rollout_window: scope.rollout_window.map(|w| window(w, sight.now)),
        history: history(sight, &release)?,
        exceptions: exceptions::on(sight, release.id)?,
        comments: comments(sight, release.id.into())?,
        digest: scope::digest(&release).to_string(),
        sync: sight.mark(&record)?,
        actions,
        release,
    })
}

/// The phase rail: position says where, never a colour.
fn rail(release: &Release, actions: &[ActionState]) -> Vec<RailStep> {
    let reached: BTreeSet<Phase> = release.phase_history.iter().map(|e| e.to).chain([Phase::Assess]).collect();
    let gates = actions.iter().find(|a| a.action == "advance" || a.action == "verify_and_close");
    let on_the_way = [
        Phase::Assess,
        Phase::PlanAndDesign,
        Phase::BuildAndTest,
        Phase::Training,
        Phase::DistributionAndRollout,
        Phase::Verification,
    ];
    let end = match release.phase {
        Phase::BackOut => vec![Phase::BackOut],
        Phase::BackedOut => vec![Phase::BackOut, Phase::BackedOut],
        Phase::Terminated => vec![Phase::Terminated],
        _ => vec![Phase::Verified],
    };
    let at = on_the_way.iter().chain(&end).position(|&p| p == release.phase).unwrap_or(0);
    let step = |(index, &phase): (usize, &Phase)| {
        let entered_at = release.phase_history.iter().rev().find(|e| e.to == phase).map(|e| e.at);
        let blocked = gates.is_some_and(|a| !a.allowed);
        let state = match index.cmp(&at) {
            std::cmp::Ordering::Equal if release.phase.is_closed() => RailState::Done,
            std::cmp::Ordering::Equal if blocked => RailState::Blocked,
            std::cmp::Ordering::Equal => RailState::Current,
            _ if phase == Phase::Training && skipped(release) => RailState::Skipped,
            // Given up or backed out before it came to this.
            std::cmp::Ordering::Less if !reached.contains(&phase) => RailState::Skipped,
            std::cmp::Ordering::Less => RailState::Done,
            std::cmp::Ordering::Greater => RailState::Ahead,
        };
        let open_gates = if index == at { gates.map(|a| a.findings.clone()).unwrap_or_default() } else { Vec::new() };
        RailStep { phase, label: phase.label().to_owned(), state, entered_at, open_gates }
    };
    on_the_way.iter().chain(&end).enumerate().map(step).collect()
}

fn skipped(release: &Release) -> bool {
    match release.training {
        Training::Skipped => true,
        Training::Undecided => release.phase != Phase::Assess,
        Training::Asked { .. } | Training::Active => false,
    }
}

/// Labels of everything that the record names by id.
fn names(sight: Sight<'_>, release: &Release) -> Result<Names, Fault> {
    let mut names = Names::new();
    let n = &mut names;
    let people = [Some(release.manager), release.coordinator, Some(release.requested_by)];
    let acted = release.phase_history.iter().map(|e| e.by);
    let owners = release.scope.plans.values().flatten().filter_map(|step| step.owner);
    let decided = [
        release.install.as_ref().map(|i| i.by),
        release.back_out.as_ref().map(|b| b.by),
        release.go_no_go.as_ref().map(|g| g.by),
    ];
    use slipway_domain::readiness::Judgement;
    let judged = release.judgements.values().map(|j| match j {
        Judgement::Attested { by, .. } | Judgement::Waived { by, .. } => *by,
    });
    for person in
        people.into_iter().flatten().chain(acted).chain(owners).chain(decided.into_iter().flatten()).chain(judged)
    {
        sight.name(n, Kind::Person, person)?;
    }
    for target in &release.scope.targets {
        if let Some(site) = target.site {
            sight.name(n, Kind::Site, site)?;
        }
    }
    for &change in &release.scope.changes {
        sight.name(n, Kind::Change, change)?;
    }
    for &ci in release.scope.cis.iter().chain(&release.scope.services).take(LINES_MOST) {
        sight.name(n, Kind::Ci, ci)?;
    }
    for conflict in release.back_out.iter().flat_map(|b| &b.conflicts) {
        sight.name(n, Kind::Ci, conflict.ci)?;
    }
    for &group in &release.scope.ci_groups {
        sight.name(n, Kind::CiGroup, group)?;
    }
    for task in sight.records.list::<Task>(Lookup::TasksOfRelease, &release.id.to_string())? {
        match task.assignee {
            Some(Assignee::Person(id)) => sight.name(n, Kind::Person, id)?,
            Some(Assignee::Group(id)) => sight.name(n, Kind::Group, id)?,
            None => {}
        }
    }
    Ok(names)
}

fn component(sight: Sight<'_>, release: &Release, component: &Component) -> Result<ComponentLine, Fault> {
    let nothing = || (Pill { label: "not here".to_owned(), hue: Hue::Bad }, String::new());
    let (label, (pill, path), verified_at) = match component {
        Component::DslItem(id) => {
            let item = sight.records.get::<DslItem>(*id)?;
            let of = item.map(|i| (pills::item(i.state), path(&i.into()).unwrap_or_default()));
            let verified_at = release.verified_masters.get(id).copied();
            (sight.label(Kind::DslItem, *id)?, of.unwrap_or_else(nothing), verified_at)
        }
        Component::DhsUnit(id) => {
            let unit = sight.records.get::<DhsUnit>(*id)?;
            let label = unit.as_ref().map_or_else(
                || id.to_string(),
                |u| {
                    let model = sight.label(Kind::DhsModel, u.model).unwrap_or_default();
                    format!("{} {} {}", u.number, model, u.serial_number)
                },
            );
            let of = unit.map(|u| (pills::unit(u.state), path(&u.into()).unwrap_or_default()));
            (label, of.unwrap_or_else(nothing), None)
        }
        Component::DhsModel { model, quantity } => {
            let units = sight.records.list::<DhsUnit>(Lookup::UnitsOfRelease, &release.id.to_string())?;
            let mine = units.iter().filter(|u| u.model == *model && u.state != UnitState::Disposed).count();
            let enough = mine >= *quantity as usize;
            let hue = if enough { Hue::Ok } else { Hue::Warn };
            let label = format!("{quantity} x {}", sight.label(Kind::DhsModel, *model)?);
            (label, (Pill { label: format!("{mine} of {quantity} reserved"), hue }, String::new()), None)
        }
    };
    Ok(ComponentLine { component: component.clone(), label, pill, verified_at, path })
}

fn test(sight: Sight<'_>, test: TestRecord) -> Result<TestLine, Fault> {
    Ok(TestLine {
        id: test.id.to_string(),
        title: test.title,
        pill: pills::result(&test.result),
        result: test.result,
        note: test.note,
        by: sight.named(Kind::Person, test.by)?,
        at: test.at,
        superseded: test.superseded,
    })
}

/// The release's own story, newest first.
///
/// # Errors
/// A storage fault.
pub(crate) fn history(sight: Sight<'_>, release: &Release) -> Result<Vec<HistoryLine>, Fault> {
    let line = |at, by, what: String, note: &str, hue| -> Result<HistoryLine, Fault> {
        let by = Some(sight.named(Kind::Person, by)?);
        Ok(HistoryLine { at, by, what, note: note.to_owned(), result: String::new(), hue })
    };
    let mut lines = Vec::new();
    for entry in &release.phase_history {
        let hue = match entry.to {
            Phase::BackOut | Phase::BackedOut => Hue::Bad,
            Phase::Terminated => Hue::Neutral,
            Phase::Verified => Hue::Ok,
            _ => Hue::Info,
        };
        let what = match entry.from {
            None => "created".to_owned(),
            Some(from) => format!("{}: {from} to {}", entry.action.replace('_', " "), entry.to),
        };
        lines.push(line(entry.at, entry.by, what, &entry.reason, hue)?);
    }
    if let Some(go) = &release.go_no_go {
        let (what, hue) = if go.go { ("go", Hue::Ok) } else { ("no-go", Hue::Bad) };
        lines.push(line(go.at, go.by, what.to_owned(), &go.note, hue)?);
    }
    if let Some(install) = &release.install {
        let notes = [&install.window_override, &install.freeze_override];
        let note = notes.into_iter().flatten().cloned().collect::<Vec<_>>().join("; ");
        lines.push(line(install.at, install.by, "installed".to_owned(), &note, Hue::Ok)?);
    }
    for edit in &release.scope_edits {
        let what: Vec<String> = edit.lines.iter().map(ToString::to_string).collect();
        lines.push(line(edit.at, edit.by, "scope edited".to_owned(), &what.join("; "), Hue::Info)?);
    }
    lines.extend(approval_history(sight, Subject::Release(release.id))?);
    lines.sort_by_key(|l| std::cmp::Reverse(l.at));
    Ok(lines)
}

/// Requests and votes on a subject.
///
/// # Errors
/// A storage fault.
pub(crate) fn approval_history(sight: Sight<'_>, subject: Subject) -> Result<Vec<HistoryLine>, Fault> {
    let line = |at, by, what: String, note: &str, hue| -> Result<HistoryLine, Fault> {
        let by = Some(sight.named(Kind::Person, by)?);
        Ok(HistoryLine { at, by, what, note: note.to_owned(), result: String::new(), hue })
    };
    let mut lines = Vec::new();
    for approval in slipway_domain::approval::approvals_of(subject, sight.records)? {
        let gate = rows::gate(approval.gate);
        let what = format!("approval of {gate} asked for");
        lines.push(line(approval.requested_at, approval.requested_by, what, "", Hue::Pending)?);
        for vote in &approval.votes {
            let pill = pills::decision(&vote.decision);
            lines.push(line(vote.at, vote.by, format!("{gate}: {}", pill.label), &vote.note, pill.hue)?);
        }
    }
    Ok(lines)
}

/// Remarks on a record, oldest first.
///
/// # Errors
/// A storage fault.
pub fn comments(sight: Sight<'_>, on: Uuid) -> Result<Vec<CommentLine>, Fault> {
    let mut comments = sight.records.list::<Comment>(Lookup::CommentsOn, &on.to_string())?;
    comments.sort_by_key(|c| (c.at, c.id));
    let line = |c: Comment| {
        let by = sight.named(Kind::Person, c.by)?;
        Ok(CommentLine { id: c.id.to_string(), by, at: c.at, text: c.text })
    };
    comments.into_iter().map(line).collect()
}

/// A window, with what a person wants to know about it.
#[must_use]
pub fn window(window: Window, now: Timestamp) -> WindowView {
    WindowView { window, open: window.contains(now), past: window.end <= now }
}
