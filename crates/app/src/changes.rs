//! Changes: the page, creation and actions.

use crate::error::CallError;
use crate::releases::page::{comments, window};
use crate::sight::{Sight, path};
use crate::view::changes::{ChangeActRequest, ChangePage, ChangeRequest, NewChangeRequest};
use crate::view::common::Names;
use crate::view::mutations::Done;
use crate::view::releases::LINES_MOST;
use crate::{App, Asked, action_code, approvals, missing, pills, resolve, rows, unknown_action};
use slipway_domain::approval::record::Subject;
use slipway_domain::change::change_actions;
use slipway_domain::change::record::{Change, ChangeKind, ChangeState};
use slipway_domain::command::{ChangeAction, ChangeCommand, Command};
use slipway_domain::id::{ChangeId, CiId};
use slipway_domain::number::{Number, Series};
use slipway_domain::record::{Kind, Record};
use slipway_domain::refusal::Fault;
use std::collections::BTreeSet;

/// The page of a change.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn get(app: &App, request: &ChangeRequest) -> Result<ChangePage, CallError> {
    app.read(|sight| {
        let change = resolve::change(sight, &request.change)?;
        let record = Record::from(change.clone());
        let release = match change.release {
            Some(id) => rows::rows(sight, Kind::Release, [id])?.pop(),
            None => None,
        };
        Ok(ChangePage {
            path: path(&record).unwrap_or_default(),
            pill: pills::change(change.state),
            names: names(sight, &change)?,
            read_only: change.foreign.is_some(),
            actions: change_actions(&change, &sight.person()?, sight.now, sight.records)?,
            cis: rows::rows(sight, Kind::Ci, change.cis.iter().copied().take(LINES_MOST))?,
            ci_count: u32::try_from(change.cis.len()).unwrap_or(u32::MAX),
            services: rows::rows(sight, Kind::Ci, change.services.iter().copied())?,
            release,
            planned: change.planned.map(|w| window(w, sight.now)),
            approvals: approvals::of(sight, Subject::Change(change.id))?,
            comments: comments(sight, change.id.into())?,
            sync: sight.mark(&record)?,
            change,
        })
    })
}

fn names(sight: Sight<'_>, change: &Change) -> Result<Names, Fault> {
    let mut names = Names::new();
    for person in [Some(change.requested_by), change.coordinator].into_iter().flatten() {
        sight.name(&mut names, Kind::Person, person)?;
    }
    for &ci in change.cis.iter().chain(&change.services).take(LINES_MOST) {
        sight.name(&mut names, Kind::Ci, ci)?;
    }
    for &group in &change.ci_groups {
        sight.name(&mut names, Kind::CiGroup, group)?;
    }
    if let Some(release) = change.release {
        sight.name(&mut names, Kind::Release, release)?;
    }
    Ok(names)
}

/// Registers a change.
///
/// # Errors
/// A refusal, or trouble.
pub fn create(app: &App, request: &NewChangeRequest) -> Result<Done, CallError> {
    let id = ChangeId(app.host().new_id());
    let change = app.read(|sight| {
        let person = |text: &Option<String>| match text {
            Some(text) => Ok::<_, CallError>(Some(resolve::person(sight, text)?.id)),
            None => Ok(None),
        };
        let cis = |texts: &[String]| {
            texts.iter().map(|text| Ok(resolve::ci(sight, text)?.id)).collect::<Result<BTreeSet<CiId>, CallError>>()
        };
        Ok::<_, CallError>(Change {
            id,
            number: Number::provisional(Series::Change, id.0),
            foreign: None,
            title: request.title.clone(),
            description: request.description.clone(),
            category: request.category.clone(),
            kind: request.kind.unwrap_or(ChangeKind::Normal),
            reason: request.reason.clone(),
            requested_by: person(&request.requested_by)?.unwrap_or(sight.me),
            coordinator: person(&request.coordinator)?,
            impact: request.impact,
            urgency: request.urgency,
            priority: None,
            risk: request.risk,
            cis: cis(&request.cis)?,
            ci_groups: BTreeSet::new(),
            services: cis(&request.services)?,
            planned: request.planned,
            versions: request.versions.clone(),
            release: None,
            state: ChangeState::Registered,
            outcome: None,
            state_reason: String::new(),
            created_at: sight.now,
        })
    })?;
    app.create(Series::Change, (Kind::Change, id.0), &mut |number| {
        Command::Change(ChangeCommand::Create(Box::new(Change { number, ..change.clone() })))
    })
}

/// Does something with a change.
///
/// # Errors
/// A refusal, or trouble.
pub fn act(app: &App, request: &ChangeActRequest) -> Result<Done, CallError> {
    let change = app.read(|sight| resolve::change(sight, &request.change))?;
    let key = Some((Kind::Change, change.id.0));
    let reason = request.reason.clone().unwrap_or_default();
    let action = match action_code(&request.action).as_str() {
        "request_approval" => {
            let asked = Asked { groups: request.groups.as_deref(), rule: request.rule, due_at: request.due_at };
            return app.issue(approvals::request(app, Subject::Change(change.id), &asked)?, key);
        }
        "assess" => ChangeAction::Assess,
        "withdraw_approval" => ChangeAction::WithdrawApproval(reason),
        "reconsider" => ChangeAction::Reconsider(reason),
        "implement" => ChangeAction::Implement,
        "review" => ChangeAction::Review { outcome: request.outcome.ok_or_else(|| missing("review", "outcome"))? },
        "close" => ChangeAction::Close,
        "cancel" => ChangeAction::Cancel(reason),
        other => return Err(unknown_action("a change", other)),
    };
    app.issue(Command::Change(ChangeCommand::Do(change.id, action)), key)
}
