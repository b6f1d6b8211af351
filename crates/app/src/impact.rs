//! Impact analysis for a person: business services first, each CI with the path that explains it.

use crate::error::CallError;
use crate::sight::Sight;
use crate::view::common::{Hue, ListRow, Named, SyncMark};
use crate::view::impact::{
    GraphLink, GraphNode, ImpactLine, ImpactPath, ImpactPathRequest, ImpactRequest, ImpactStep, ImpactView,
    NeighboursRequest, NeighboursView,
};
use crate::{App, resolve, rows};
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::cmdb::impact::{Direction, Question, REACHED, Standing, Step, nearest, ways};
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::cmdb::relation_kind::{self, RelationKind};
use slipway_domain::id::CiId;
use slipway_domain::lookup::Lookup;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::{Fault, Finding};
use slipway_store::impact::Wanted;
use std::collections::{BTreeMap, BTreeSet};

/// Steps looked at when nobody says how many.
const DEPTH: u32 = 5;
/// Lines given when nobody says how many, and at most.
const LINES: (u32, u32) = (200, 1_000);
/// Steps in the picture when nobody says how many.
const PICTURE_DEPTH: u32 = 2;
/// CIs in the picture when nobody says how many, and at most.
const PICTURE: (u32, u32) = (100, 500);

/// What the CIs named reach.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or trouble.
pub fn get(app: &App, request: &ImpactRequest) -> Result<ImpactView, CallError> {
    app.read(|sight| {
        let depth = request.depth.unwrap_or(DEPTH);
        let question = question(sight, &request.cis, request.direction, depth, request.types.as_deref())?;
        let page = sight.beside.impact(
            &question,
            Wanted {
                from: size(request.from.unwrap_or_default()),
                limit: size(request.limit.unwrap_or(LINES.0).min(LINES.1)),
                paths: request.paths.unwrap_or(true),
            },
        )?;
        let kinds = relation_kind::all(sight.records)?;
        let mut lines = Vec::with_capacity(page.lines.len());
        for line in page.lines {
            let steps = steps(sight, &question, &kinds, &line.path)?;
            lines.push(ImpactLine {
                path: words(&steps),
                ci: row(sight, line.ci)?,
                service: line.is_service,
                depth: line.depth,
            });
        }
        Ok(ImpactView {
            lines,
            reached: count(page.reached),
            services: count(page.services),
            spared: page.spared,
            cut_off: page.cut_off,
        })
    })
}

/// The shortest path to one CI, however far away it is.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, `NOT_REACHED`, or trouble.
pub fn path(app: &App, request: &ImpactPathRequest) -> Result<ImpactPath, CallError> {
    app.read(|sight| {
        let question = question(sight, &request.cis, request.direction, u32::MAX, request.types.as_deref())?;
        let to = resolve::ci(sight, &request.to)?;
        let Some((_, impact)) = nearest(&question, &[to.id].into(), sight.records)? else {
            let way = if question.direction == Direction::Downstream { "affected by" } else { "needed by" };
            return Err(Finding::new(
                "NOT_REACHED",
                format!("{} is not {way} what was asked about, along these relations.", to.name),
                "Allow more relation types, or look in the other direction.",
            )
            .about(to.reference())
            .into());
        };
        let path: Vec<(Step, CiId)> = impact.path(to.id).into_iter().map(|(step, to)| (step.clone(), to)).collect();
        let steps = steps(sight, &question, &relation_kind::all(sight.records)?, &path)?;
        Ok(ImpactPath { text: words(&steps), steps })
    })
}

/// The surroundings of a CI, in columns by distance.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or trouble.
pub fn neighbours(app: &App, request: &NeighboursRequest) -> Result<NeighboursView, CallError> {
    app.read(|sight| {
        let ci = resolve::ci(sight, &request.ci)?;
        let depth = request.depth.unwrap_or(PICTURE_DEPTH);
        let of = [ci.id.to_string()];
        let mut question = question(sight, &of, request.direction, depth, request.types.as_deref())?;
        let most = size(request.limit.unwrap_or(PICTURE.0).min(PICTURE.1)).max(1);
        question.most = most;
        let page = sight.beside.impact(&question, Wanted { from: 0, limit: most, paths: false })?;
        let mut lines = page.lines;
        lines.sort_by_key(|line| (line.depth, !line.is_service));
        let mut nodes = vec![GraphNode { ci: row(sight, ci.id)?, service: ci.is_service(), depth: 0, row: 0 }];
        let mut places = BTreeMap::from([(ci.id, 0_u32)]);
        let mut columns: BTreeMap<u32, u32> = BTreeMap::new();
        for line in lines {
            let next = columns.entry(line.depth).or_default();
            places.insert(line.ci, count(nodes.len()));
            nodes.push(GraphNode { ci: row(sight, line.ci)?, service: line.is_service, depth: line.depth, row: *next });
            *next = next.saturating_add(1);
        }
        let kinds = relation_kind::all(sight.records)?;
        let mut links = Vec::new();
        for (ci, source) in &places {
            for relation in sight.records.list::<Relation>(Lookup::RelationsFrom, &ci.to_string())? {
                let Some(target) = places.get(&relation.target) else { continue };
                let Some(kind) = kinds.get(&relation.relation_type) else { continue };
                if ways(kind, &question) != (false, false) {
                    let reads = kind.name.clone();
                    links.push(GraphLink { source: *source, target: *target, reads });
                }
            }
        }
        Ok(NeighboursView { nodes, links, spared: page.spared, cut_off: page.cut_off })
    })
}

fn question(
    sight: Sight<'_>,
    cis: &[String],
    direction: Option<Direction>,
    depth: u32,
    types: Option<&[RelationType]>,
) -> Result<Question, CallError> {
    let of = cis.iter().map(|name| Ok(resolve::ci(sight, name)?.id)).collect::<Result<BTreeSet<_>, CallError>>()?;
    let mut question = Question::downstream(of, depth);
    question.direction = direction.unwrap_or(Direction::Downstream);
    question.most = REACHED;
    if let Some(types) = types {
        question.types = Some(types.iter().copied().collect());
    }
    Ok(question)
}

/// The row of a CI; one that lies at a site that is not held here says so.
pub(crate) fn row(sight: Sight<'_>, id: CiId) -> Result<ListRow, Fault> {
    if let Some(ci) = sight.records.get::<Ci>(id)? {
        return rows::row(sight, &ci.into());
    }
    Ok(ListRow {
        id: id.to_string(),
        kind: Kind::Ci,
        label: "A CI that is not held here".to_owned(),
        title: String::new(),
        state: "elsewhere".to_owned(),
        hue: Hue::Neutral,
        cells: BTreeMap::new(),
        sync: SyncMark::default(),
        path: String::new(),
    })
}

/// A path as it is read: from the CI reached when it is affected, towards it when it is needed.
fn steps(
    sight: Sight<'_>,
    question: &Question,
    kinds: &BTreeMap<RelationType, RelationKind>,
    path: &[(Step, CiId)],
) -> Result<Vec<ImpactStep>, Fault> {
    let mut read = Vec::with_capacity(path.len());
    for (step, to) in path {
        let (from, outgoing) = (step.from, step.outgoing);
        let (left, right, outgoing) = match question.direction {
            Direction::Downstream => (*to, from, !outgoing),
            Direction::Upstream => (from, *to, outgoing),
        };
        let reads = match kinds.get(&step.relation_type) {
            Some(kind) if outgoing => &kind.name,
            Some(kind) => &kind.inverse,
            None => "is related to",
        };
        read.push(ImpactStep {
            ci: named(sight, left)?,
            reads: reads.to_owned(),
            to: named(sight, right)?,
            fallen: step.fallen.clone(),
        });
    }
    if question.direction == Direction::Downstream {
        read.reverse();
    }
    Ok(read)
}

fn named(sight: Sight<'_>, ci: CiId) -> Result<Named, Fault> {
    sight.named(Kind::Ci, ci)
}

/// A path that was walked, in words.
///
/// # Errors
/// A storage fault.
pub(crate) fn path_in_words(sight: Sight<'_>, question: &Question, path: &[(Step, CiId)]) -> Result<String, Fault> {
    Ok(if path.is_empty() {
        String::new()
    } else {
        words(&steps(sight, question, &relation_kind::all(sight.records)?, path)?)
    })
}

/// A path in words.
fn words(steps: &[ImpactStep]) -> String {
    let mut text = steps.first().map(|step| step.ci.label.clone()).unwrap_or_default();
    for step in steps {
        text.push_str(&format!(" {} {}", step.reads, step.to.label));
        if let Some(fallen) = &step.fallen {
            text.push_str(&format!(" ({})", fell(fallen)));
        }
    }
    text
}

/// Why a redundancy did not help.
fn fell(standing: &Standing) -> String {
    let Standing { name, down, members, enough, .. } = standing;
    format!("{name} needs {enough} of {members}, {down} are down")
}

fn size(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
