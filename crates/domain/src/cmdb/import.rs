//! Imports of CIs and relations: every row is judged by itself, and a file that is imported again changes nothing.

use crate::cmdb::ci::Ci;
use crate::cmdb::class::Classes;
use crate::cmdb::classify;
use crate::cmdb::relation::Relation;
use crate::cmdb::{judge_new, relate, state_findings, status_move};
use crate::command::{BULK_ROWS, CiRow, RelationRow};
use crate::execute::{Conflict, Context, Effect};
use crate::id::CiId;
use crate::lookup::{Lookup, pair};
use crate::people::Person;
use crate::record::Kind;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, Refusal, none};
use crate::scope::{Sight, Sites};
use std::collections::{BTreeMap, BTreeSet};

/// How a row took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowEffect {
    /// A record was created.
    Created,
    /// A record was changed.
    Updated,
    /// The record was as wanted.
    Unchanged,
}

/// Refuses a bulk command that is too long to be judged in one transaction.
pub(crate) fn bounded(rows: usize) -> Result<(), Failure> {
    if rows <= BULK_ROWS {
        return Ok(());
    }
    Err(Finding::new(
        "TOO_MANY_ROWS",
        format!("{rows} rows came in one step; {BULK_ROWS} are possible."),
        "Split the file into steps.",
    )
    .with("rows", rows)
    .with("limit", BULK_ROWS)
    .into())
}

/// Adds a row's effect to the command's; a row that a rule refuses becomes a conflict and the others go on.
pub(crate) fn count(
    effect: &mut Effect,
    line: u32,
    what: &str,
    outcome: Result<RowEffect, Failure>,
) -> Result<(), Failure> {
    match outcome {
        Ok(RowEffect::Created) => effect.created += 1,
        Ok(RowEffect::Updated) => effect.updated += 1,
        Ok(RowEffect::Unchanged) => effect.unchanged += 1,
        Err(Failure::Fault(fault)) => return Err(fault.into()),
        Err(Failure::Refused(refusal)) => effect.conflicts.push(Conflict {
            line: Some(line),
            field: None,
            from: String::new(),
            mine: what.chars().take(120).collect(),
            theirs: String::new(),
            finding: one(refusal),
        }),
    }
    Ok(())
}

/// A row has one finding in the report: the first, with the sentences of all.
fn one(refusal: Refusal) -> Finding {
    let sentence = refusal.sentences();
    let ways: BTreeSet<&str> = refusal.findings.iter().map(|f| f.way_out.as_str()).collect();
    let way_out = ways.into_iter().collect::<Vec<_>>().join(" ");
    let mut findings = refusal.findings.into_iter();
    match findings.next() {
        Some(first) => Finding { sentence, way_out, ..first },
        None => Finding::new("ROW_REFUSED", "The row was refused.", "Check the row."),
    }
}

pub(crate) fn cis(
    rows: &[CiRow],
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    bounded(rows.len())?;
    let sight = Sight::of(actor, records)?;
    let mut effect = Effect::default();
    let mut lines = BTreeMap::new();
    let mut classes = Classes::default();
    for row in rows {
        // A class goes by its name as well as by its key.
        let class = classes.of(&row.ci.class, records)?;
        let key = pair(class.as_ref().map_or(&row.ci.class, |class| &class.class.key), &row.ci.name);
        let outcome = match lines.insert(key.clone(), row.line) {
            Some(first) => Err(same_as_line(&row.ci, first).into()),
            None => ci(row, &key, &sight, &mut classes, context, records),
        };
        count(&mut effect, row.line, &format!("{} {}", row.ci.class, row.ci.name), outcome)?;
    }
    Ok(effect)
}

fn same_as_line(ci: &Ci, line: u32) -> Finding {
    Finding::new(
        "ROW_TWICE",
        format!("{} {} stands in line {line} already.", ci.class, ci.name),
        "Keep one of the two rows.",
    )
    .with("line", line)
}

fn ci(
    row: &CiRow,
    key: &str,
    sight: &Sight,
    classes: &mut Classes,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<RowEffect, Failure> {
    let Some(id) = records.find(Lookup::CiByName, key)?.first().copied() else {
        let ci = judge_new(&row.ci, classes, context, records)?;
        records.put(ci)?;
        return Ok(RowEffect::Created);
    };
    none(denial(sight, CiId(id), records)?.into_iter().collect())?;
    let before: Ci = records.must(CiId(id))?;
    let mut ci = before.clone();
    let mut findings = Vec::new();
    for column in &row.columns {
        match column.as_str() {
            // They found the CI; another case in the file is not another name.
            "name" | "class" => {}
            "status" if ci.status == row.ci.status => {}
            "status" if ci.status.may_become(row.ci.status) => ci.status = row.ci.status,
            "status" => findings.push(status_move(&ci, row.ci.status)),
            field => match classify::written(&ci, field, &row.ci.field(field).unwrap_or_default(), classes, records)? {
                Ok((field, value)) => {
                    if ci.field(&field).is_some_and(|now| now != value) {
                        findings.extend(classify::managed(&ci, &field, classes, records)?);
                    }
                    findings.extend(ci.set_field(&field, &value).err());
                }
                Err(finding) => findings.push(finding),
            },
        }
    }
    if ci == before && findings.is_empty() {
        return Ok(RowEffect::Unchanged);
    }
    findings.extend(state_findings(&ci, records)?.into_iter().map(|(_, finding)| finding));
    none(findings)?;
    records.put(ci)?;
    Ok(RowEffect::Updated)
}

pub(crate) fn relations(rows: &[RelationRow], actor: &Person, records: &mut dyn Records) -> Result<Effect, Failure> {
    bounded(rows.len())?;
    let sight = Sight::of(actor, records)?;
    let mut effect = Effect::default();
    // Rows of a file name the same CIs again and again; each is looked up once.
    let mut known = BTreeSet::new();
    for row in rows {
        let given = &row.relation;
        let relation = Relation::new(given.source, given.relation_type, given.target);
        let what = format!("{} {} {}", relation.source, relation.relation_type, relation.target);
        let outcome = add(relation, &sight, &mut known, records);
        count(&mut effect, row.line, &what, outcome)?;
    }
    Ok(effect)
}

/// Against a row about a CI that its author may not read.
fn denial(sight: &Sight, ci: CiId, records: &dyn Records) -> Result<Option<Finding>, Fault> {
    if sight.sites == Sites::All { Ok(None) } else { sight.denial(Kind::Ci, ci.0, records) }
}

fn add(
    relation: Relation,
    sight: &Sight,
    known: &mut BTreeSet<CiId>,
    records: &mut dyn Records,
) -> Result<RowEffect, Failure> {
    if records.get::<Relation>(relation.id)?.is_some() {
        return Ok(RowEffect::Unchanged);
    }
    let mut findings = Vec::new();
    for end in BTreeSet::from([relation.source, relation.target]) {
        if known.contains(&end) {
            continue;
        }
        let against = match relate::absent(end, records)? {
            None => denial(sight, end, records)?,
            absent => absent,
        };
        match against {
            Some(finding) => findings.push(finding),
            None => {
                known.insert(end);
            }
        }
    }
    none(findings)?;
    none(relate::shape(&relation, records)?)?;
    records.put(relation)?;
    Ok(RowEffect::Created)
}
