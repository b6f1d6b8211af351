//! CIs whose values do not fit their class: those that a change of the class would leave behind, and those that do not
//! fit now. Classes are walked by an index, so many CIs a call, whatever the size of the CMDB.

use crate::classes::{named, wanted};
use crate::error::CallError;
use crate::sight::Sight;
use crate::view::classes::{ClassPreview, Misfit, MisfitPage, MisfitsRequest, PutClassRequest};
use crate::{App, rows};
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::cmdb::class::{self, CiClass, Lineage};
use slipway_domain::cmdb::classify;
use slipway_domain::command::{CmdbCommand, Command};
use slipway_domain::execute::{Context, execute};
use slipway_domain::id::CommandId;
use slipway_domain::records::overlay::Overlay;
use slipway_domain::records::{Records, RecordsExt};
use slipway_domain::refusal::{Failure, Fault, Finding};
use slipway_store::of_class::ClassMark;
use std::collections::{BTreeMap, BTreeSet};

/// CIs that a preview looks at.
const PREVIEWED: u32 = 20_000;
/// CIs that a preview names.
const NAMED: usize = 20;
/// CIs that one page of the report looks at.
const LOOKED_AT: u32 = 2_000;
/// CIs that one page of the report names.
const PAGE: usize = 50;
/// CIs fetched at once.
const STEP: usize = 500;

/// What a change of a class would do: what the rules say, and the CIs whose values no longer fit.
///
/// # Errors
/// Trouble; a refusal is part of the answer.
pub fn preview(app: &App, request: &PutClassRequest) -> Result<ClassPreview, CallError> {
    let now = app.host().now();
    let command = CommandId(app.host().new_id());
    app.read(|sight| {
        let mut answer =
            ClassPreview { findings: Vec::new(), checked: 0, all_checked: true, misfits: 0, first: Vec::new() };
        let class = match wanted(sight, request) {
            Ok(class) => class,
            Err(CallError::Refused { findings }) => return Ok(ClassPreview { findings, ..answer }),
            Err(trouble) => return Err(trouble),
        };
        let mut overlay = Overlay::over(sight.records);
        let mut context = Context { command, actor: sight.me, now, numbers: BTreeMap::new() };
        let put = Command::Cmdb(CmdbCommand::PutClasses(vec![class.clone()]));
        match execute(&put, &mut context, &mut overlay) {
            Ok(_) => {}
            Err(Failure::Refused(refusal)) => return Ok(ClassPreview { findings: refusal.findings, ..answer }),
            Err(Failure::Fault(fault)) => return Err(fault.into()),
        }
        for (before, after) in changed(&class, sight.records, &overlay)? {
            let mut walk = Walk::of(&after);
            loop {
                let left = PREVIEWED.saturating_sub(answer.checked);
                if left == 0 {
                    answer.all_checked &= walk.is_over(sight)?;
                    break;
                }
                let Some(ci) = walk.next(sight)? else { break };
                answer.checked += 1;
                let why = new_misfits(&ci, before.as_ref(), &after, sight.records, &overlay)?;
                if why.is_empty() {
                    continue;
                }
                answer.misfits += 1;
                if answer.first.len() < NAMED {
                    answer.first.push(Misfit { ci: rows::row(sight, &ci.into())?, why });
                }
            }
        }
        Ok(answer)
    })
}

/// The CIs of a class, and of those below it, that do not fit it now: the next of them after a place in the walk.
///
/// # Errors
/// `UNKNOWN_CLASS`, `WRONG_PLACE`, or trouble.
pub fn page(app: &App, request: &MisfitsRequest) -> Result<MisfitPage, CallError> {
    app.read(|sight| {
        let class = named(sight, &request.class)?;
        let mut lineages: Vec<Lineage> =
            changed(&class, sight.records, sight.records)?.into_iter().map(|(_, now)| now).collect();
        lineages.sort_by_key(|lineage| lineage.class.key.to_lowercase());
        let begun = request.after.as_deref().map(place).transpose()?;
        let mut answer = MisfitPage { misfits: Vec::new(), looked_at: 0, next: None };
        for lineage in lineages {
            let key = lineage.class.key.to_lowercase();
            let mut walk = Walk::of(&lineage);
            match &begun {
                Some((at, _)) if key < *at => continue,
                Some((at, mark)) if key == *at => walk.mark = mark.clone(),
                _ => {}
            }
            loop {
                if answer.looked_at >= LOOKED_AT || answer.misfits.len() >= PAGE {
                    answer.next = Some(format!("{}|{key}", walk.mark));
                    return Ok(answer);
                }
                let Some(ci) = walk.next(sight)? else { break };
                answer.looked_at += 1;
                let why: Vec<String> = classify::misfits(&ci, &lineage, sight.records)?
                    .into_iter()
                    .map(|finding| finding.sentence)
                    .collect();
                if !why.is_empty() {
                    answer.misfits.push(Misfit { ci: rows::row(sight, &ci.into())?, why });
                }
            }
        }
        Ok(answer)
    })
}

/// Class and mark of a place in the report.
fn place(text: &str) -> Result<(String, ClassMark), CallError> {
    let parts = text.split_once('|').and_then(|(mark, key)| Some((key.to_owned(), mark.parse().ok()?)));
    Ok(parts.ok_or_else(|| {
        Finding::new(
            "WRONG_PLACE",
            format!("{text:?} is no place in the report."),
            "Give the `next` of a page as it came, or begin anew.",
        )
        .with("field", "after")
    })?)
}

/// The CIs of a class, one after the other.
struct Walk {
    key: String,
    mark: ClassMark,
    fetched: std::vec::IntoIter<(uuid::Uuid, ClassMark)>,
}

impl Walk {
    fn of(lineage: &Lineage) -> Self {
        Self { key: lineage.class.key.to_lowercase(), mark: ClassMark::default(), fetched: Vec::new().into_iter() }
    }

    fn next(&mut self, sight: Sight<'_>) -> Result<Option<Ci>, Fault> {
        loop {
            if self.is_over(sight)? {
                return Ok(None);
            }
            let Some((id, mark)) = self.fetched.next() else { return Ok(None) };
            self.mark = mark;
            if let Some(ci) = sight.records.get::<Ci>(id.into())? {
                return Ok(Some(ci));
            }
        }
    }

    fn is_over(&mut self, sight: Sight<'_>) -> Result<bool, Fault> {
        if self.fetched.len() == 0 {
            self.fetched = sight.beside.cis_of_class(&self.key, &self.mark, STEP)?.into_iter();
        }
        Ok(self.fetched.len() == 0)
    }
}

/// What it inherits before and after, of the class and of every class below it.
fn changed(
    class: &CiClass,
    before: &dyn Records,
    after: &dyn Records,
) -> Result<Vec<(Option<Lineage>, Lineage)>, Fault> {
    let mut found = Vec::new();
    for other in after.all::<CiClass>()? {
        let lineage = class::lineage(other, after)?;
        if lineage.keys.contains(&class.key.to_lowercase()) {
            let was =
                before.get::<CiClass>(lineage.class.id)?.map(|class| class::lineage(class, before)).transpose()?;
            found.push((was, lineage));
        }
    }
    Ok(found)
}

/// What fits before and does not after, in sentences.
fn new_misfits(
    ci: &Ci,
    before: Option<&Lineage>,
    after: &Lineage,
    records: &dyn Records,
    changed: &dyn Records,
) -> Result<Vec<String>, Fault> {
    let known: BTreeSet<Option<String>> = match before {
        Some(lineage) => {
            let field = |finding: Finding| finding.data.get("field").cloned();
            classify::misfits(ci, lineage, records)?.into_iter().map(field).collect()
        }
        None => BTreeSet::new(),
    };
    let found = classify::misfits(ci, after, changed)?;
    Ok(found.into_iter().filter(|f| !known.contains(&f.data.get("field").cloned())).map(|f| f.sentence).collect())
}
