//! What is planned for the same time on the same things, and what else a plan affects.

use crate::error::CallError;
use crate::impact::row;
use crate::view::changes::ChangeRequest;
use crate::view::collisions::{AlsoAffected, AlsoAffectedLine, ChangeWeight, CollisionLine, Collisions, PlanRequest};
use crate::view::releases::ReleaseRequest;
use crate::{App, resolve, rows};
use slipway_domain::calendar::{Plan, in_freezes};
use slipway_domain::change::risk;
use slipway_domain::cmdb::group::CiGroup;
use slipway_domain::cmdb::impact::Question;
use slipway_domain::collision::{Planned, around};
use slipway_domain::id::CiId;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::setting::Freeze;
use slipway_store::impact::Wanted;
use std::collections::BTreeSet;

/// Services shown of those that a change affects.
const SERVICES: usize = 10;
/// Steps over which a release's scope is widened.
const DEPTH: u32 = 3;
/// Proposals at most.
const PROPOSED: usize = 50;

/// What collides with the window of a release or change.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn get(app: &App, request: &PlanRequest) -> Result<Collisions, CallError> {
    app.read(|sight| {
        let (planned, record): (_, Record) = match (&request.release, &request.change) {
            (Some(release), _) => {
                let release = resolve::release(sight, release)?;
                (Planned::of_release(&release), release.into())
            }
            (None, Some(change)) => {
                let change = resolve::change(sight, change)?;
                (Planned::of_change(&change), change.into())
            }
            (None, None) => return Err(crate::missing("collisions", "release or change")),
        };
        let Some(planned) = planned else { return Ok(Collisions { planned: false, lines: Vec::new() }) };
        let plan = Plan { record, window: planned.window };
        let freezes: Vec<Freeze> = sight.records.all()?;
        let mut found = in_freezes(&plan, &freezes, sight.records)?;
        found.extend(around(&planned, sight.records)?);
        let mut lines = Vec::new();
        for finding in found {
            let Some(about) = &finding.record else { continue };
            let Some(other) = rows::rows(sight, about.kind, [about.id])?.pop() else { continue };
            lines.push(CollisionLine { other, finding });
        }
        Ok(Collisions { planned: true, lines })
    })
}

/// What a change affects beside what it names, and the risk that follows.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn weigh(app: &App, request: &ChangeRequest) -> Result<ChangeWeight, CallError> {
    app.read(|sight| {
        let change = resolve::change(sight, &request.change)?;
        let weight = risk::weigh(&change, sight.records)?;
        Ok(ChangeWeight {
            risk: weight.risk,
            reached: count(weight.reached),
            more: weight.more,
            service_count: count(weight.services.len()),
            services: rows::rows(sight, Kind::Ci, weight.services.into_iter().take(SERVICES))?,
        })
    })
}

/// Business services and CIs that fail with the scope of a release and are not in it.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn also_affected(app: &App, request: &ReleaseRequest) -> Result<AlsoAffected, CallError> {
    app.read(|sight| {
        let scope = resolve::release(sight, &request.release)?.scope;
        let mut of: BTreeSet<CiId> = scope.cis.clone();
        for group in &scope.ci_groups {
            of.extend(sight.records.get::<CiGroup>(*group)?.map(|group| group.members).unwrap_or_default());
        }
        let known: BTreeSet<CiId> = of.union(&scope.services).copied().collect();
        let question = Question::downstream(of, DEPTH);
        let wanted = Wanted { from: 0, limit: PROPOSED + scope.services.len(), paths: true };
        let page = sight.beside.impact(&question, wanted)?;
        let named = page.lines.iter().filter(|line| known.contains(&line.ci)).count();
        let mut lines = Vec::new();
        for line in page.lines.into_iter().filter(|line| !known.contains(&line.ci)).take(PROPOSED) {
            lines.push(AlsoAffectedLine {
                path: crate::impact::path_in_words(sight, &question, &line.path)?,
                ci: row(sight, line.ci)?,
                service: line.is_service,
            });
        }
        Ok(AlsoAffected { lines, total: count(page.reached.saturating_sub(named)), spared: page.spared })
    })
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
