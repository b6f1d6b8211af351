//! Baselines of CIs: the list, taking one, comparing, and the plan that restores one.

use crate::error::CallError;
use crate::releases::plan;
use crate::sight::Sight;
use crate::view::baselines::{
    BaselineComparison, BaselineList, BaselineRow, CompareBaselinesRequest, RestoreProposal, RestoreRequest,
    TakeBaselineRequest,
};
use crate::view::common::Nothing;
use crate::view::mutations::Done;
use crate::view::releases::ProposedCiPlan;
use crate::{App, resolve};
use slipway_domain::cmdb::baseline::compare::{Comparison, Side, compare as differ};
use slipway_domain::cmdb::baseline::{Baseline, BaselineScope, Members, NewBaseline, PART_MEMBERS, members, restore};
use slipway_domain::cmdb::update_plan::CiUpdate;
use slipway_domain::command::{CmdbCommand, Command, Edit, ReleaseCommand, ReleaseEdit};
use slipway_domain::filter::Filter;
use slipway_domain::id::{BaselineId, CiId};
use slipway_domain::record::{Kind, RecordRef};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::{Fault, Finding};
use slipway_domain::release::record::Release;
use slipway_store::list::ListSpec;
use std::collections::BTreeSet;

mod scope;
mod show;

pub(crate) use show::differences;

/// Most baselines of the list.
const LIST_MOST: usize = 500;
/// CIs of a comparison when nobody says how many.
const CIS: u32 = 500;
/// Most CIs that a plan puts into a release's scope one by one.
const SCOPE_MOST: usize = 500;

/// Baselines, newest first.
///
/// # Errors
/// Trouble.
pub fn list(app: &App, _: &Nothing) -> Result<BaselineList, CallError> {
    let open = app.open()?;
    let list = open.store.open_list(&ListSpec {
        kind: Kind::Baseline,
        filter: Filter::EVERYTHING,
        sort: Some("at".to_owned()),
        descending: true,
    })?;
    app.read(|sight| {
        let mut baselines = Vec::new();
        for id in list.ids.iter().take(LIST_MOST) {
            if let Some(baseline) = sight.records.get::<Baseline>(BaselineId(*id))? {
                baselines.push(row(sight, baseline)?);
            }
        }
        Ok(BaselineList { baselines, total: u32::try_from(list.total).unwrap_or(u32::MAX) })
    })
}

fn row(sight: Sight<'_>, baseline: Baseline) -> Result<BaselineRow, Fault> {
    let copied = baseline.cis.len().saturating_add(baseline.absent_cis.len());
    Ok(BaselineRow {
        id: baseline.id.to_string(),
        at: baseline.at,
        by: sight.named(Kind::Person, baseline.by)?,
        of: match &baseline.taken {
            Some(taken) => scope::words(sight, &taken.of)?,
            None => "what an install touches".to_owned(),
        },
        members: baseline.taken.as_ref().map_or(u32::try_from(copied).unwrap_or(u32::MAX), |t| t.members),
        install: baseline.taken.is_none(),
        sync: sight.beside.mark(Kind::Baseline, baseline.id.0)?,
        name: baseline.name,
    })
}

/// Takes a baseline: the moment is that of the first command, whatever the size.
///
/// # Errors
/// A refusal, or trouble.
pub fn take(app: &App, request: &TakeBaselineRequest) -> Result<Done, CallError> {
    let of = scope::named(app, request)?;
    let cis: Vec<CiId> = scope::members(app, &of, request.cis.as_deref())?.into_iter().collect();
    let id = BaselineId(app.host().new_id());
    let mut parts = cis.chunks(PART_MEMBERS);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let new = NewBaseline {
        id,
        name: request.name.clone(),
        of,
        members: count(cis.len()),
        parts: count(parts.len().max(1)),
        first: Members::of(parts.next().unwrap_or_default()),
    };
    let key = Some((Kind::Baseline, id.0));
    let done = app.issue(Command::Cmdb(CmdbCommand::TakeBaseline(Box::new(new))), key)?;
    for (position, part) in parts.enumerate() {
        let (position, members) = (count(position.saturating_add(1)), Members::of(part));
        app.issue(Command::Cmdb(CmdbCommand::AddToBaseline { baseline: id, position, members }), key)?;
    }
    Ok(done)
}

/// Compares two baselines, or one with now.
///
/// # Errors
/// `NOT_FOUND`, `BASELINE_INCOMPLETE`, or trouble.
pub fn compare(app: &App, request: &CompareBaselinesRequest) -> Result<BaselineComparison, CallError> {
    let most = usize::try_from(request.limit.unwrap_or(CIS)).unwrap_or(usize::MAX);
    match request.second.as_deref() {
        Some(second) => app.read(|sight| {
            let (first, second) = (resolve::baseline(sight, &request.first)?, resolve::baseline(sight, second)?);
            let found = differ(Side::Baseline(&first), Side::Baseline(&second), sight.records)?;
            Ok(show::comparison(sight, &first, Some(&second), &found, most)?)
        }),
        None => {
            with_now(app, &request.first, |sight, first, found| Ok(show::comparison(sight, first, None, found, most)?))
        }
    }
}

/// What differs between a baseline and now, handed to `f`.
fn with_now<T>(
    app: &App,
    baseline: &str,
    f: impl FnOnce(Sight<'_>, &Baseline, &Comparison) -> Result<T, CallError>,
) -> Result<T, CallError> {
    let baseline = app.read(|sight| resolve::baseline(sight, baseline))?;
    let now = match &baseline.taken {
        Some(taken) if taken.of != BaselineScope::Cis => Some(scope::members(app, &taken.of, None)?),
        _ => None,
    };
    app.read(|sight| {
        let now = match now {
            Some(now) => now,
            None => members(&baseline, sight.records)?.into_iter().chain(baseline.absent_cis.iter().copied()).collect(),
        };
        let found = differ(Side::Baseline(&baseline), Side::Now(&now), sight.records)?;
        f(sight, &baseline, &found)
    })
}

/// The plan that brings CIs back to a baseline; put into a release where one is named.
///
/// # Errors
/// `NOT_FOUND`, `BASELINE_INCOMPLETE`, `NOTHING_TO_RESTORE`, a refusal of the edit, or trouble.
pub fn restore(app: &App, request: &RestoreRequest) -> Result<RestoreProposal, CallError> {
    let (plan, release) = with_now(app, &request.baseline, |sight, baseline, found| {
        let mut found = found.clone();
        if let Some(only) = &request.cis {
            let only: BTreeSet<CiId> =
                only.iter().map(|ci| resolve::must_ci(sight, ci)).collect::<Result<_, CallError>>()?;
            narrow(&mut found, &only);
        }
        let restoring = restore::plan(&found, sight.records)?;
        if restoring.plan.is_empty() && restoring.notes.is_empty() {
            return Err(Finding::new(
                "NOTHING_TO_RESTORE",
                format!("Nothing differs from {}.", baseline.name),
                "Compare again after something changed.",
            )
            .about(RecordRef::of(baseline))
            .into());
        }
        let release = request.release.as_deref().map(|text| resolve::release(sight, text)).transpose()?;
        let rows = plan::rows(sight, false, &restoring.plan)?;
        Ok((ProposedCiPlan { rows, updates: restoring.plan, notes: restoring.notes }, release))
    })?;
    let Some(release) = release else { return Ok(RestoreProposal { plan, release: None }) };
    let done = put_into(app, &release, &plan.updates)?;
    Ok(RestoreProposal { plan, release: done.record })
}

/// Only what concerns these CIs.
fn narrow(found: &mut Comparison, only: &BTreeSet<CiId>) {
    found.added.retain(|ci| only.contains(ci));
    found.removed.retain(|ci, _| only.contains(ci));
    found.changed.retain(|ci, _| only.contains(ci));
    found.relations.retain(|_, (relation, _)| only.contains(&relation.source) || only.contains(&relation.target));
}

/// Puts lines behind what a release's plan says already, and their CIs into its scope.
///
/// # Errors
/// The refusal with every reason, or trouble.
pub(crate) fn put_into(app: &App, release: &Release, lines: &[CiUpdate]) -> Result<Done, CallError> {
    let from = release.scope.ci_plan.clone();
    let mut to = from.clone();
    to.extend(lines.iter().filter(|line| !from.contains(line)).cloned());
    let mut edits = vec![ReleaseEdit::CiPlan(Edit { from, to })];
    let exists: BTreeSet<CiId> = lines
        .iter()
        .filter_map(|line| match line {
            CiUpdate::SetFields { ci, .. } | CiUpdate::SetStatus { ci, .. } => Some(*ci),
            _ => None,
        })
        .filter(|ci| !release.scope.cis.contains(ci))
        .collect();
    edits.extend(exists.into_iter().take(SCOPE_MOST).map(ReleaseEdit::AddCi));
    app.issue(Command::Release(release.id, ReleaseCommand::Edit(edits)), Some((Kind::Release, release.id.0)))
}
