//! The calendar as other programs read it (RFC 5545): for a file, and for those that subscribe to it.

use chrono::{DateTime, Duration, Utc};
use icalendar::{Calendar, Component, Event, EventLike, EventStatus, Property};
use slipway_domain::calendar::{Hindrances, Plan, hindrances, plans};
use slipway_domain::change::record::ChangeState;
use slipway_domain::id::PersonId;
use slipway_domain::people::Person;
use slipway_domain::record::Record;
use slipway_domain::records::{Records, RecordsExt};
use slipway_domain::refusal::{Fault, Finding};
use slipway_domain::release::record::{Phase, Status};
use slipway_domain::setting::Freeze;
use slipway_domain::time::{Timestamp, Window};

/// The media type of the text.
pub const MEDIA_TYPE: &str = "text/calendar; charset=utf-8";

/// Days before and after now that a feed has.
pub const FEED_DAYS: (i64, i64) = (35, 370);

/// How often subscribers should ask, in minutes.
const ASK_MINUTES: i64 = 15;

/// Whether what is in the way of each plan is said: looking for it reads most of what a calendar reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warnings {
    /// It is.
    Given,
    /// It is not.
    LeftOut,
}

/// The calendar of a period: releases, changes that no release carries, and freezes, each with what is in its way. The
/// same records give the same text.
///
/// # Errors
/// A storage fault.
pub fn calendar(
    name: &str,
    period: &Window,
    now: Timestamp,
    warnings: Warnings,
    records: &dyn Records,
) -> Result<String, Fault> {
    let mut calendar = Calendar::empty();
    for (key, value) in
        [("VERSION", "2.0"), ("PRODID", "-//Slipway//Calendar//EN"), ("CALSCALE", "GREGORIAN"), ("METHOD", "PUBLISH")]
    {
        calendar.append_property(Property::new(key, value));
    }
    calendar.name(name).ttl(&Duration::minutes(ASK_MINUTES));
    let freezes: Vec<Freeze> = records.all()?;
    let shown = plans(period, records)?;
    let Hindrances { of, .. } = match warnings {
        Warnings::Given => hindrances(&shown, &freezes, now, records)?,
        Warnings::LeftOut => Hindrances::default(),
    };
    for plan in &shown {
        let findings = of.get(&plan.record.id()).map(Vec::as_slice).unwrap_or_default();
        if let Some(event) = of_plan(plan, findings, now, records)? {
            calendar.push(event);
        }
    }
    for freeze in &freezes {
        for window in freeze.occurrences(period) {
            calendar.push(of_freeze(freeze, &window, now));
        }
    }
    Ok(calendar.to_string())
}

/// `None` for a change that a release carries: it is rolled out with that.
fn of_plan(plan: &Plan, findings: &[Finding], now: Timestamp, records: &dyn Records) -> Result<Option<Event>, Fault> {
    let (number, title, state, is_sure, who) = match &plan.record {
        Record::Release(r) => {
            let sure = r.phase >= Phase::DistributionAndRollout || r.status == Status::Approved;
            let state = format!("{}, {}", r.phase, r.status);
            (r.number.to_string(), r.title.clone(), state, sure, ("Release manager", Some(r.manager)))
        }
        Record::Change(c) if c.release.is_none() => {
            let sure = !matches!(
                c.state,
                ChangeState::Registered
                    | ChangeState::Assessed
                    | ChangeState::ApprovalPending
                    | ChangeState::Denied
                    | ChangeState::ApprovalWithdrawn
            );
            (c.number.to_string(), c.title.clone(), c.state.to_string(), sure, ("Coordinator", c.coordinator))
        }
        _ => return Ok(None),
    };
    let mut about = vec![state];
    if let Some(name) = called(who.1, records)? {
        about.push(format!("{}: {name}", who.0));
    }
    about.extend(findings.iter().map(|finding| finding.sentence.clone()));
    let kind = plan.record.kind().name();
    let uid = format!("{kind}-{}@slipway", plan.record.id());
    let mut event = event(&uid, &format!("{number} {title}"), &about.join("\n"), kind, &plan.window, now);
    event.status(if is_sure { EventStatus::Confirmed } else { EventStatus::Tentative });
    Ok(Some(event))
}

fn of_freeze(freeze: &Freeze, window: &Window, now: Timestamp) -> Event {
    let manner = if freeze.is_soft() { "Soft freeze: an install has to give a reason." } else { "Freeze." };
    // Each time has an identity of its own, which stays when another one moves.
    let uid = format!("freeze-{}-{}@slipway", freeze.id, window.start.0);
    event(&uid, &format!("Freeze: {}", freeze.title), manner, "freeze", window, now)
}

fn event(uid: &str, summary: &str, about: &str, category: &str, window: &Window, now: Timestamp) -> Event {
    let mut event = Event::new();
    event
        .uid(uid)
        .timestamp(moment(now))
        .summary(summary)
        .description(about)
        .starts(moment(window.start))
        .ends(moment(window.end))
        .add_property("CATEGORIES", category.to_uppercase())
        // It is no appointment of whoever subscribes.
        .add_property("TRANSP", "TRANSPARENT");
    event
}

fn called(id: Option<PersonId>, records: &dyn Records) -> Result<Option<String>, Fault> {
    let Some(id) = id else { return Ok(None) };
    Ok(records.get::<Person>(id)?.map(|person| person.name))
}

/// To the second, as the form has it.
fn moment(at: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.0).unwrap_or_default()
}
