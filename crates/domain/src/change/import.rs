//! Changes of another suite: found by their number there, read-only here but for the release that carries them.

use super::{id_taken, judge};
use crate::change::record::{Change, ChangeState};
use crate::cmdb::import::{RowEffect, bounded, count};
use crate::command::ChangeRow;
use crate::execute::{Context, Effect};
use crate::id::ChangeId;
use crate::lookup::{Lookup, pair};
use crate::number::Series;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Finding, none};
use crate::text;
use std::collections::BTreeMap;

pub(super) fn changes(rows: &[ChangeRow], context: &mut Context, records: &mut dyn Records) -> Result<Effect, Failure> {
    bounded(rows.len())?;
    let mut effect = Effect::default();
    let mut lines = BTreeMap::new();
    for row in rows {
        let number = row.change.foreign.as_ref().map(|f| (pair(&f.system, &f.number), f.number.clone()));
        let (outcome, what) = match number {
            None => (Err(unnumbered(&row.change).into()), row.change.title.clone()),
            Some((key, number)) => match lines.insert(key.clone(), row.line) {
                Some(first) => (Err(same_as_line(&number, first).into()), number),
                None => (change(row, &key, context, records), number),
            },
        };
        count(&mut effect, row.line, &what, outcome)?;
    }
    Ok(effect)
}

fn unnumbered(change: &Change) -> Finding {
    Finding::new(
        "NO_FOREIGN_NUMBER",
        format!("{:?} has no number of the other suite.", change.title.chars().take(80).collect::<String>()),
        "Name the column that holds the number.",
    )
}

fn same_as_line(number: &str, line: u32) -> Finding {
    Finding::new(
        "ROW_TWICE",
        format!("{number} stands in line {line} already."),
        "Keep one of the two rows; group the rows of one change before.",
    )
    .with("line", line)
}

fn change(row: &ChangeRow, key: &str, context: &mut Context, records: &mut dyn Records) -> Result<RowEffect, Failure> {
    let mut given = row.change.clone();
    let mut findings = Vec::new();
    if let Some(foreign) = &mut given.foreign {
        for (field, place) in [("system", &mut foreign.system), ("number", &mut foreign.number)] {
            match text::filled_line(field, place) {
                Ok(text) => *place = text,
                Err(finding) => findings.push(finding),
            }
        }
    }
    findings.extend(judge(&mut given, records)?);
    if let Some(id) = records.find(Lookup::ForeignNumber, key)?.first().copied() {
        none(findings)?;
        let before: Change = records.must(ChangeId(id))?;
        return update(&before, given, records);
    }
    if records.get::<Change>(given.id)?.is_some() {
        findings.push(id_taken());
    }
    none(findings)?;
    given.release = None;
    given.created_at = context.now;
    given.number = context.number(records, Series::Change, &given.number)?;
    records.put(given)?;
    Ok(RowEffect::Created)
}

/// What the other suite says replaces what it said before; what only this side knows stays: identity, number,
/// release, and that a release of ours has already brought the change into production.
fn update(before: &Change, given: Change, records: &mut dyn Records) -> Result<RowEffect, Failure> {
    let released = before.release.is_some() && before.state.is_settled() && !given.state.is_settled();
    let state: ChangeState = if released { before.state } else { given.state };
    let change = Change {
        id: before.id,
        number: before.number.clone(),
        foreign: before.foreign.clone(),
        requested_by: before.requested_by,
        release: before.release,
        outcome: given.outcome.or(before.outcome),
        state,
        state_reason: if state == before.state { before.state_reason.clone() } else { given.state_reason.clone() },
        created_at: before.created_at,
        ..given
    };
    if change == *before {
        return Ok(RowEffect::Unchanged);
    }
    records.put(change)?;
    Ok(RowEffect::Updated)
}
