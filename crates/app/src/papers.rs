//! Papers of a release: the notes for those it is released to, and the bill of what it is made of.

mod markdown;
mod pages;
mod runbook;

use crate::error::CallError;
use crate::export::{file_of, unwritable};
use crate::sight::Sight;
use crate::view::papers::{PaperPart, PaperRequest, PaperView};
use crate::{App, resolve, rows};
use slipway_domain::approval::record::{Approval, ApprovalState, Subject};
use slipway_domain::change::record::Change;
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::dhs::record::{DhsStock, DhsUnit};
use slipway_domain::dsl::item::DslItem;
use slipway_domain::lookup::{Lookup, subject_key};
use slipway_domain::readiness::CriterionState;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::release::record::{Component, PlanKind, Release};
use slipway_domain::release::scope;
use slipway_domain::time::Timestamp;
use std::path::Path;

/// CIs named on a paper; the others are counted.
const CIS: usize = 500;

/// What a release brings, whom and what it touches, who decided, and the way back.
///
/// # Errors
/// `NOT_FOUND`, `WRONG_USE` for a file of another form, or trouble.
pub fn notes(app: &App, request: &PaperRequest) -> Result<PaperView, CallError> {
    let paper = app.read(|sight| {
        let release = resolve::release(sight, &request.release)?;
        let mut above = vec![release.title.clone()];
        above.extend([&release.description, &release.reason].into_iter().filter(|text| !text.is_empty()).cloned());
        above.extend(standing(sight, &release)?);
        let parts = vec![
            changes(sight, &release)?,
            components(sight, &release)?,
            cis(sight, &release)?,
            targets(sight, &release)?,
            decision(sight, &release)?,
            approvals(sight, &release)?,
            plan(sight, &release, PlanKind::Rollout, "Rollout plan")?,
            plan(sight, &release, PlanKind::BackOut, "Back-out plan")?,
        ];
        Ok(paper(format!("Release notes {}", release.number), above, parts))
    })?;
    written(paper, request)
}

/// What a release is made of, each thing with what it is known by.
///
/// # Errors
/// As [`notes`].
pub fn bill(app: &App, request: &PaperRequest) -> Result<PaperView, CallError> {
    let paper = app.read(|sight| {
        let release = resolve::release(sight, &request.release)?;
        let mut above = vec![release.title.clone()];
        above.extend(standing(sight, &release)?);
        above.push(format!("Scope digest: {}", scope::digest(&release)));
        let parts = vec![
            components(sight, &release)?,
            files(sight, &release)?,
            units(sight, &release)?,
            changes(sight, &release)?,
            cis(sight, &release)?,
            decision(sight, &release)?,
        ];
        Ok(paper(format!("Bill of materials {}", release.number), above, parts))
    })?;
    written(paper, request)
}

/// The runbook for a clipboard: who does what when, the plan beside what happened, and the way back.
///
/// # Errors
/// As [`notes`].
pub fn runbook(app: &App, request: &PaperRequest) -> Result<PaperView, CallError> {
    let paper = app.read(|sight| {
        let release = resolve::release(sight, &request.release)?;
        let book = crate::releases::runbook::of(sight, &release)?;
        let mut above = vec![release.title.clone()];
        above.extend(standing(sight, &release)?);
        above.push(format!("As of {}", moment(book.now)));
        let parts = vec![
            runbook::steps(&book),
            runbook::holds(&book),
            plan(sight, &release, PlanKind::BackOut, "Back-out plan")?,
        ];
        Ok(paper(format!("Runbook {}", release.number), above, parts))
    })?;
    written(paper, request)
}

fn paper(title: String, above: Vec<String>, parts: Vec<PaperPart>) -> PaperView {
    let markdown = markdown::of(&title, &above, &parts);
    PaperView { title, above, parts, markdown, path: None }
}

fn written(mut paper: PaperView, request: &PaperRequest) -> Result<PaperView, CallError> {
    let Some(name) = &request.path else { return Ok(paper) };
    let path = Path::new(name);
    let end = path.extension().map(|end| end.to_string_lossy().to_lowercase()).unwrap_or_default();
    let bytes = match end.as_str() {
        "pdf" => pages::of(&paper.title, &paper.above, &paper.parts),
        "md" => paper.markdown.clone().into_bytes(),
        _ => {
            return Err(CallError::trouble(
                "WRONG_USE",
                format!("{name} does not say in which form it is to be written."),
                "Let its name end in .pdf or .md.",
            ));
        }
    };
    file_of(path, &mut |out| out.write_all(&bytes).map_err(|error| unwritable(name, &error)))?;
    paper.path = Some(name.clone());
    Ok(paper)
}

fn part(title: &str, head: &[&str], rows: Vec<Vec<String>>, none: &str) -> PaperPart {
    PaperPart {
        title: title.to_owned(),
        head: head.iter().map(|name| (*name).to_owned()).collect(),
        rows,
        none: none.to_owned(),
    }
}

/// A moment for people far apart: in UTC, and said so.
fn moment(at: Timestamp) -> String {
    let whole = at.to_rfc3339();
    let minutes: String = whole.chars().take(16).collect();
    format!("{} UTC", minutes.replace('T', " "))
}

fn standing(sight: Sight<'_>, release: &Release) -> Result<Vec<String>, Fault> {
    let kind = release.release_type.map_or("type not decided", |kind| kind.label());
    let mut said = vec![
        format!("{} release of class {}, packaging {}", kind, release.class, release.packaging),
        format!("Phase: {} ({})", release.phase, release.status),
        format!("Release manager: {}", sight.label(Kind::Person, release.manager)?),
    ];
    if let Some(window) = release.scope.rollout_window {
        said.push(format!("Rollout: {} to {}", moment(window.start), moment(window.end)));
    }
    if let Some(install) = &release.install {
        let by = sight.label(Kind::Person, install.by)?;
        said.push(format!("Installed: {} by {by}", moment(install.at)));
    }
    if let Some(back) = &release.back_out {
        said.push(format!("Backed out: {}: {}", moment(back.at), back.reason));
    }
    Ok(said)
}

fn changes(sight: Sight<'_>, release: &Release) -> Result<PaperPart, Fault> {
    let mut lines = Vec::new();
    for id in &release.scope.changes {
        let Some(change) = sight.records.get::<Change>(*id)? else { continue };
        let outcome = release.outcomes.get(id).map_or_else(|| change.state.label(), |outcome| outcome.label());
        let number = change.foreign.as_ref().map_or_else(|| change.number.to_string(), |f| f.number.clone());
        lines.push(vec![number, change.title, change.kind.to_string(), outcome.to_owned()]);
    }
    Ok(part("Changes", &["Number", "Title", "Kind", "State or outcome"], lines, "It carries no change."))
}

fn components(sight: Sight<'_>, release: &Release) -> Result<PaperPart, Fault> {
    let mut lines = Vec::new();
    for component in &release.scope.components {
        lines.push(match component {
            Component::DslItem(id) => match sight.records.get::<DslItem>(*id)? {
                Some(item) => {
                    let verified = release.verified_masters.get(id).map_or("not verified".to_owned(), |at| moment(*at));
                    vec![item.number.to_string(), item.name, item.version, item.vendor, verified]
                }
                None => vec![id.to_string(), "not here".to_owned(), String::new(), String::new(), String::new()],
            },
            Component::DhsUnit(id) => match sight.records.get::<DhsUnit>(*id)? {
                Some(unit) => {
                    let model = sight.label(Kind::DhsModel, unit.model)?;
                    let state = unit.state.label().to_owned();
                    vec![unit.number.to_string(), model, unit.serial_number, unit.asset_tag, state]
                }
                None => vec![id.to_string(), "not here".to_owned(), String::new(), String::new(), String::new()],
            },
            Component::DhsModel { model, quantity } => {
                let name = sight.label(Kind::DhsModel, *model)?;
                vec![format!("{quantity} x"), name, String::new(), String::new(), String::new()]
            }
        });
    }
    let head = ["Number", "What", "Version or serial", "Vendor or tag", "Verified or state"];
    Ok(part("Components", &head, lines, "It has no component."))
}

/// The files of its masters, each with the hash by which it is told.
fn files(sight: Sight<'_>, release: &Release) -> Result<PaperPart, Fault> {
    let mut lines = Vec::new();
    for component in &release.scope.components {
        let Component::DslItem(id) = component else { continue };
        let Some(item) = sight.records.get::<DslItem>(*id)? else { continue };
        for file in &item.files {
            let named = format!("{} {}", item.name, item.version);
            lines.push(vec![named, file.name.clone(), file.size_bytes.to_string(), file.sha256.clone()]);
        }
    }
    Ok(part("Files of the masters", &["Item", "File", "Bytes", "SHA-256"], lines, "No master has a file."))
}

/// Pieces of the DHS that are held for it or out for it.
fn units(sight: Sight<'_>, release: &Release) -> Result<PaperPart, Fault> {
    let key = release.id.to_string();
    let mut lines = Vec::new();
    for unit in sight.records.list::<DhsUnit>(Lookup::UnitsOfRelease, &key)? {
        let model = sight.label(Kind::DhsModel, unit.model)?;
        let place = rows::bin(sight, &unit.bin)?;
        let state = unit.state.label().to_owned();
        lines.push(vec![unit.number.to_string(), model, unit.serial_number, unit.asset_tag, state, place]);
    }
    for stock in sight.records.list::<DhsStock>(Lookup::StocksOfRelease, &key)? {
        let model = sight.label(Kind::DhsModel, stock.model)?;
        let place = rows::bin(sight, &stock.bin)?;
        for (of, state) in [(&stock.reserved, "reserved"), (&stock.issued, "issued")] {
            if let Some(quantity) = of.get(&release.id) {
                let pieces = format!("{quantity} x");
                lines.push(vec![pieces, model.clone(), String::new(), String::new(), state.to_owned(), place.clone()]);
            }
        }
    }
    let head = ["Unit", "Model", "Serial number", "Asset tag", "State", "Place"];
    Ok(part("Units of the DHS", &head, lines, "Nothing of the DHS is held for it."))
}

fn cis(sight: Sight<'_>, release: &Release) -> Result<PaperPart, Fault> {
    let scope = &release.scope;
    let mut lines = Vec::new();
    for (id, role) in scope
        .services
        .iter()
        .map(|id| (*id, "business service"))
        .chain(scope.cis.iter().map(|id| (*id, "affected")))
        .take(CIS)
    {
        let Some(ci) = sight.records.get::<Ci>(id)? else { continue };
        lines.push(vec![ci.number.to_string(), ci.name, ci.version, ci.environment.to_string(), role.to_owned()]);
    }
    for group in &scope.ci_groups {
        let name = sight.label(Kind::CiGroup, *group)?;
        lines.push(vec![String::new(), name, String::new(), String::new(), "CI group".to_owned()]);
    }
    let more = scope.services.len().saturating_add(scope.cis.len()).saturating_sub(CIS);
    if more > 0 {
        lines.push(vec![String::new(), format!("and {more} more"), String::new(), String::new(), String::new()]);
    }
    let head = ["Number", "Name", "Version", "Environment", "Why"];
    Ok(part("Configuration items it touches", &head, lines, "It touches no CI."))
}

fn targets(sight: Sight<'_>, release: &Release) -> Result<PaperPart, Fault> {
    let mut lines = Vec::new();
    for target in &release.scope.targets {
        let site = target.site.map(|id| sight.label(Kind::Site, id)).transpose()?.unwrap_or_default();
        lines.push(vec![target.name.clone(), site]);
    }
    Ok(part("Targets", &["Target", "Site"], lines, "No target is named."))
}

/// Go or no-go, with every criterion as it stood then.
fn decision(sight: Sight<'_>, release: &Release) -> Result<PaperPart, Fault> {
    let Some(taken) = &release.go_no_go else {
        return Ok(part("Go or no-go", &[], Vec::new(), "The decision is not taken."));
    };
    let by = sight.label(Kind::Person, taken.by)?;
    let word = if taken.go { "Go" } else { "No-go" };
    let mut lines = vec![vec![word.to_owned(), format!("{by}, {}", moment(taken.at)), taken.note.clone()]];
    for criterion in taken.criteria.iter().filter(|c| c.state != CriterionState::NotApplicable) {
        lines.push(vec![criterion.state.to_string(), criterion.title.clone(), criterion.why.clone()]);
    }
    Ok(part("Go or no-go", &["Decision", "By, or criterion", "Note, or why"], lines, ""))
}

fn approvals(sight: Sight<'_>, release: &Release) -> Result<PaperPart, Fault> {
    let asked: Vec<Approval> = sight.records.list(Lookup::ApprovalsOf, &subject_key(Subject::Release(release.id)))?;
    let mut lines = Vec::new();
    for approval in asked {
        if !matches!(approval.state, ApprovalState::Approved | ApprovalState::Denied) {
            continue;
        }
        let gate = rows::gate(approval.gate).to_owned();
        for vote in approval.votes.iter().filter(|vote| vote.retracted.is_none()) {
            let word = match vote.decision {
                slipway_domain::approval::record::Decision::Approve => "approved",
                slipway_domain::approval::record::Decision::Deny { .. } => "denied",
            };
            let by = sight.label(Kind::Person, vote.by)?;
            lines.push(vec![gate.clone(), word.to_owned(), by, moment(vote.at)]);
        }
        if let Some(decided) = &approval.overridden {
            let by = sight.label(Kind::Person, decided.by)?;
            lines.push(vec![gate, "override".to_owned(), format!("{by}: {}", decided.reason), moment(decided.at)]);
        }
    }
    Ok(part("Approvals", &["Of", "Vote", "By", "When"], lines, "No approval was decided."))
}

fn plan(sight: Sight<'_>, release: &Release, kind: PlanKind, title: &str) -> Result<PaperPart, Fault> {
    let mut lines = Vec::new();
    for (n, step) in (1_usize..).zip(release.scope.plans.get(&kind).into_iter().flatten()) {
        let owner = step.owner.map(|id| sight.label(Kind::Person, id)).transpose()?.unwrap_or_default();
        lines.push(vec![n.to_string(), step.text.clone(), owner, format!("{} min", step.minutes)]);
    }
    Ok(part(title, &["Step", "What", "Owner", "Planned"], lines, "It is not written."))
}
