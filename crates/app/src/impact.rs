//! Impact analysis for a person: business services first, each CI with the path that explains it.

use crate::error::CallError;
use crate::sight::Sight;
use crate::view::impact::{ImpactLine, ImpactRequest, ImpactView};
use crate::{App, resolve, rows};
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::cmdb::impact::{Direction, Impact, Question, Reached, Step, analyse};
use slipway_domain::cmdb::relation::RelationType;
use slipway_domain::cmdb::relation_kind::{self, RelationKind};
use slipway_domain::id::CiId;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use std::collections::{BTreeMap, BTreeSet};

/// Steps looked at when nobody says how many.
const DEPTH: u32 = 5;
/// Lines given when nobody says how many, and at most.
const LINES: (u32, u32) = (200, 1_000);

/// What the CIs named reach.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or trouble.
pub fn get(app: &App, request: &ImpactRequest) -> Result<ImpactView, CallError> {
    app.read(|sight| {
        let of = request
            .cis
            .iter()
            .map(|name| Ok(resolve::ci(sight, name)?.id))
            .collect::<Result<BTreeSet<_>, CallError>>()?;
        let mut question = Question::downstream(of, request.depth.unwrap_or(DEPTH));
        question.direction = request.direction.unwrap_or(Direction::Downstream);
        if let Some(types) = &request.types {
            question.types = types.iter().copied().collect();
        }
        let impact = analyse(&question, sight.records)?;
        let most = request.limit.unwrap_or(LINES.0).min(LINES.1);
        Ok(view(sight, &question, impact, usize::try_from(most).unwrap_or(usize::MAX))?)
    })
}

fn view(sight: Sight<'_>, question: &Question, impact: Impact, most: usize) -> Result<ImpactView, Fault> {
    let (mut services, mut others) = (Vec::new(), Vec::new());
    for reached in impact.reached.iter().filter(|reached| reached.depth > 0) {
        let Some(ci) = sight.records.get::<Ci>(reached.ci)? else { continue };
        if ci.is_service() { &mut services } else { &mut others }.push((reached, ci));
    }
    for found in [&mut services, &mut others] {
        found.sort_by(|(a, one), (b, other)| (a.depth, &one.name).cmp(&(b.depth, &other.name)));
    }
    let kinds = relation_kind::all(sight.records)?;
    let (service_count, reached) = (services.len(), services.len() + others.len());
    let mut lines = Vec::new();
    for (at, (reached, ci)) in services.into_iter().chain(others).take(most).enumerate() {
        lines.push(ImpactLine {
            path: path(sight, question.direction, &kinds, &impact, reached)?,
            ci: rows::row(sight, &ci.into())?,
            service: at < service_count,
            depth: reached.depth,
        });
    }
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(ImpactView {
        lines,
        reached: count(reached),
        services: count(service_count),
        spared: impact.spared,
        cut_off: impact.cut_off,
    })
}

/// The path as one sentence: read from the CI reached when it is affected, towards it when it is needed.
fn path(
    sight: Sight<'_>,
    direction: Direction,
    kinds: &BTreeMap<RelationType, RelationKind>,
    impact: &Impact,
    reached: &Reached,
) -> Result<String, Fault> {
    let label = |ci: CiId| sight.label(Kind::Ci, ci);
    let steps = impact.path(reached.ci);
    let ends = |step: &Step| {
        let relation = &step.relation;
        let other = if relation.source == step.from { relation.target } else { relation.source };
        (step.from, other)
    };
    let mut text = label(if direction == Direction::Downstream {
        reached.ci
    } else {
        steps.first().map_or(reached.ci, |s| s.from)
    })?;
    let read = |left: CiId, right: CiId, step: &Step| -> Result<String, Fault> {
        let kind = kinds.get(&step.relation.relation_type);
        let verb = match kind {
            Some(kind) if step.relation.source == left => kind.name.as_str(),
            Some(kind) => kind.inverse.as_str(),
            None => "is related to",
        };
        Ok(format!(" {verb} {}", label(right)?))
    };
    match direction {
        Direction::Downstream => {
            for step in steps.iter().rev() {
                let (near, far) = ends(step);
                text += &read(far, near, step)?;
            }
        }
        Direction::Upstream => {
            for step in &steps {
                let (near, far) = ends(step);
                text += &read(near, far, step)?;
            }
        }
    }
    Ok(text)
}
