//! What others did on a record lately, as far as its own history says.

use crate::releases::page;
use crate::sight::Sight;
use crate::view::common::{HistoryLine, Hue};
use slipway_domain::approval::record::{Approval, Subject};
use slipway_domain::command::Command;
use slipway_domain::command::about::about;
use slipway_domain::dhs::record::Movement;
use slipway_domain::id::ReleaseId;
use slipway_domain::lookup::Lookup;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::release::record::Release;
use slipway_domain::release::task_record::Task;
use slipway_domain::time::Timestamp;

/// Most lines.
const LINES_MOST: usize = 10;
/// What was done before the command may have come with the same sync as its refusal.
const DAYS_BEFORE: i64 = 7;

/// What others did on the record of a command since shortly before it was made, newest first.
///
/// # Errors
/// A storage fault.
pub fn lines(sight: Sight<'_>, command: &Command, made_at: Timestamp) -> Result<Vec<HistoryLine>, Fault> {
    let Some((kind, id)) = about(command) else { return Ok(Vec::new()) };
    let mut lines = match kind {
        Kind::Release => of_release(sight, ReleaseId(id))?,
        Kind::Change => page::approval_history(sight, Subject::Change(id.into()))?,
        Kind::Approval => match sight.records.get::<Approval>(id.into())?.map(|a| a.subject) {
            Some(Subject::Release(id)) => of_release(sight, id)?,
            Some(subject) => page::approval_history(sight, subject)?,
            None => Vec::new(),
        },
        Kind::Task => match sight.records.get::<Task>(id.into())? {
            Some(task) => of_release(sight, task.release)?,
            None => Vec::new(),
        },
        Kind::DhsUnit => movements(sight, id)?,
        _ => Vec::new(),
    };
    let since = made_at.plus_days(-DAYS_BEFORE);
    let me = sight.me.to_string();
    lines.retain(|line| line.at >= since && line.by.as_ref().is_some_and(|by| by.id != me));
    lines.sort_by_key(|line| std::cmp::Reverse(line.at));
    lines.truncate(LINES_MOST);
    Ok(lines)
}

fn of_release(sight: Sight<'_>, id: ReleaseId) -> Result<Vec<HistoryLine>, Fault> {
    sight.records.get::<Release>(id)?.map_or_else(|| Ok(Vec::new()), |release| page::history(sight, &release))
}

fn movements(sight: Sight<'_>, unit: uuid::Uuid) -> Result<Vec<HistoryLine>, Fault> {
    let line = |m: Movement| -> Result<HistoryLine, Fault> {
        let to = crate::rows::bin(sight, &m.to)?;
        let what = if to.is_empty() { m.kind.label().to_owned() } else { format!("{} to {to}", m.kind) };
        let by = Some(sight.named(Kind::Person, m.by)?);
        Ok(HistoryLine { at: m.at, by, what, note: m.note, result: String::new(), hue: Hue::Info })
    };
    let movements = sight.records.list::<Movement>(Lookup::MovementsOfUnit, &unit.to_string())?;
    movements.into_iter().map(line).collect()
}
