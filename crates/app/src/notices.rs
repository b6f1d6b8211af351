//! What a sync brought that the person wants to be told: approvals that wait for them, commands that were refused, masters
//! that were withdrawn.
//!
//! Which approvals were told is remembered in the database before they are told: none is told twice, not after a
//! restart, nor when records are fetched anew. What came while nobody was there to tell it is told at the next sync.

use crate::App;
use crate::approvals;
use crate::error::CallError;
use crate::exceptions;
use crate::host::Notice;
use crate::local::FlipNews;
use crate::open::Background;
use crate::sight::{Sight, path};
use crate::sync::notice;
use crate::view::common::Nothing;
use crate::view::settings::Channel;
use crate::withdrawn::{self, Stopped, answers_for};
use slipway_domain::approval::record::{Approval, Subject};
use slipway_domain::change::record::Change;
use slipway_domain::id::ApprovalId;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::release::record::Release;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Most approvals, and most releases whose master was withdrawn, told each by itself; the Inbox has them all.
const EACH_MOST: usize = 3;
/// Under which name the approvals told are remembered, oldest first.
const TOLD: &str = "told.approvals";
/// How many of them.
const TOLD_MOST: usize = 1_000;

/// What to tell after a flip, by the person's choices.
///
/// # Errors
/// Trouble.
pub fn of(app: &App, news: &FlipNews) -> Result<Vec<Notice>, CallError> {
    let choices = crate::settings::get(app, &Nothing)?.notifications;
    let mut notices = Vec::new();
    // The command line comes and goes: what it fetches is told by the window.
    if app.background() == Background::Sync {
        let fresh = untold(app)?;
        if choices.approval_pending == Channel::System {
            notices.extend(fresh);
        }
    }
    let changes = &news.flipped.changes;
    if choices.exception == Channel::System && changes.kinds.contains(&Kind::Exception) && !changes.many {
        app.read(|sight| {
            for exception in exceptions::for_me(sight)?.iter().filter(|e| changes.ids.contains(&e.id.0)) {
                let body = format!("{}: {}", exception.words(), exception.on.label);
                notices.push(notice("Done against a rule: to be decided", body, "/inbox".to_owned()));
            }
            Ok(())
        })?;
    }
    if choices.master_withdrawn == Channel::System && changes.kinds.contains(&Kind::DslItem) && !changes.many {
        notices.extend(app.read(|sight| Ok(withdrawn_masters(sight, &changes.ids)?))?);
    }
    if choices.refused == Channel::System && !news.flipped.attention.is_empty() {
        let count = news.flipped.attention.len();
        let body = if count == 1 {
            "The server did not take one of your actions as it was.".to_owned()
        } else {
            format!("The server did not take {count} of your actions as they were.")
        };
        notices.push(notice("Needs attention", body, "/inbox/attention".to_owned()));
    }
    Ok(notices)
}

/// Approvals that wait for the person and were not told yet; from here on they were.
fn untold(app: &App) -> Result<Vec<Notice>, CallError> {
    let store = app.open()?.store.clone();
    let remembered = store.remembered(TOLD)?.unwrap_or_default();
    let told: Vec<ApprovalId> = remembered.split_whitespace().filter_map(|id| id.parse().ok()).collect();
    let known: BTreeSet<ApprovalId> = told.iter().copied().collect();
    let (ids, notices) = app.read(|sight| {
        let fresh = approvals::waiting_besides(sight, &known)?;
        let ids: Vec<ApprovalId> = fresh.iter().map(|approval| approval.id).collect();
        if fresh.len() > EACH_MOST {
            let body = format!("{} requests wait for your approval.", fresh.len());
            return Ok((ids, vec![notice("Waiting for your approval", body, "/inbox".to_owned())]));
        }
        let mut notices = Vec::new();
        for approval in &fresh {
            notices.extend(waiting(sight, approval)?);
        }
        Ok((ids, notices))
    })?;
    if !ids.is_empty() {
        let all: Vec<String> = told.iter().chain(&ids).map(ToString::to_string).collect();
        let (_, newest) = all.split_at(all.len().saturating_sub(TOLD_MOST));
        store.remember(TOLD, &newest.join(" "))?;
    }
    Ok(notices)
}

/// Releases that the person answers for and that one of these masters stops.
fn withdrawn_masters(sight: Sight<'_>, changed: &BTreeSet<Uuid>) -> Result<Vec<Notice>, Fault> {
    let stopped = withdrawn::stopped(sight, usize::MAX, |release| answers_for(sight.me, release))?;
    let told = stopped.into_iter().filter(|stopped| changed.contains(&stopped.item.id.0)).take(EACH_MOST);
    Ok(told
        .map(|Stopped { release, item }| {
            let body = format!(
                "{} {} is built from {} {}: {}",
                release.number, release.title, item.name, item.version, item.withdrawn_because
            );
            notice("A master was withdrawn", body, path(&Record::from(release)).unwrap_or_default())
        })
        .collect())
}

fn waiting(sight: Sight<'_>, approval: &Approval) -> Result<Option<Notice>, Fault> {
    let subject = match approval.subject {
        Subject::Release(id) => sight.records.get::<Release>(id)?.map(|r| (r.title.clone(), Record::from(r))),
        Subject::Change(id) => sight.records.get::<Change>(id)?.map(|c| (c.title.clone(), Record::from(c))),
    };
    Ok(subject.map(|(title, record)| {
        let gate = crate::rows::gate(approval.gate);
        notice("Waiting for your approval", format!("{} {title}: {gate}", record.label()), "/inbox".to_owned())
    }))
}
