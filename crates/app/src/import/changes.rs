//! Changes of another suite, known again by their number there.

use super::cis::{Named, Names, Would};
use super::header::Header;
use super::seen::Seen;
use super::{Format, NumberSource, RowError, Wanted};
use slipway_domain::change::record::{Change, ChangeKind, ChangeState, Foreign};
use slipway_domain::command::{ChangeCommand, ChangeRow, Command};
use slipway_domain::id::{ChangeId, CiId, PersonId};
use slipway_domain::lookup::{Lookup, pair};
use slipway_domain::number::{Number, Series};
use slipway_domain::records::{Records, RecordsExt};
use slipway_domain::time::{Timestamp, Window};
use std::collections::BTreeSet;
use std::str::FromStr;
use uuid::Uuid;

/// Between the names of CIs that another product's rows list, where a `;` may be part of a name.
pub const BETWEEN: char = '\u{1f}';

/// Reads changes.
#[derive(Debug)]
pub struct Changes {
    system: String,
    actor: PersonId,
    now: Timestamp,
    header: Header,
    names: Names,
    seen: Seen,
}

/// CIs of a change, as far as they are there.
enum Affected {
    Here(BTreeSet<CiId>),
    /// A dry run would have created some of them before.
    Would,
}

impl Changes {
    /// Changes of the suite `system`, taken over by `actor`.
    #[must_use]
    pub fn of(system: &str, actor: PersonId, now: Timestamp, would: Would) -> Self {
        Self {
            system: system.trim().to_owned(),
            actor,
            now,
            header: Header::default(),
            names: Names::beside(would),
            seen: Seen::default(),
        }
    }

    fn cis(&mut self, list: &str, records: &dyn Records) -> Result<Affected, RowError> {
        let mut ids = BTreeSet::new();
        let mut reasons = Vec::new();
        let mut would = false;
        let between = if list.contains(BETWEEN) { BETWEEN } else { ';' };
        for name in list.split(between).map(str::trim).filter(|n| !n.is_empty()) {
            match self.names.one(name, "", records) {
                Ok(Named::Here(id)) => {
                    ids.insert(id);
                }
                Ok(Named::Would) => would = true,
                Err(RowError::Refused(reason)) => reasons.push(reason),
                Err(fault) => return Err(fault),
            }
        }
        match reasons.as_slice() {
            [] if would => Ok(Affected::Would),
            [] => Ok(Affected::Here(ids)),
            _ => Err(RowError::because(reasons.join("; "))),
        }
    }
}

/// A named level; a bare number is refused, because numbers run in opposite directions in different products.
fn level<T: FromStr>(column: &str, text: &str) -> Result<Option<T>, RowError>
where
    T::Err: std::fmt::Display,
{
    if text.is_empty() {
        return Ok(None);
    }
    if text.chars().all(|c| c.is_ascii_digit()) {
        return Err(RowError::because(format!(
            "{column} {text:?} is a bare number, which runs in opposite directions in different products; give its name, or say in the mapping which way it runs"
        )));
    }
    text.parse().map(Some).map_err(|e| RowError::because(format!("{column} {e}")))
}

/// Where a change stands, by the word for its approval or by the name of a state.
fn state(text: &str) -> Result<ChangeState, RowError> {
    match text.to_lowercase().as_str() {
        "" => Ok(ChangeState::Registered),
        "pending" => Ok(ChangeState::ApprovalPending),
        "withdrawn" => Ok(ChangeState::ApprovalWithdrawn),
        _ => Ok(level("approval", text)?.unwrap_or(ChangeState::Registered)),
    }
}

/// When it is planned; both ends or neither.
fn window(start: &str, end: &str) -> Result<Option<Window>, RowError> {
    let read = |field: &str, text: &str| {
        super::values::moment(text, None, 0).map_err(|fault| RowError::because(format!("{field} {fault}")))
    };
    match (start, end) {
        ("", "") => Ok(None),
        ("", _) => Err(RowError::because("planned_start is empty though planned_end is not")),
        (_, "") => Err(RowError::because("planned_end is empty though planned_start is not")),
        (start, end) => Ok(Some(Window { start: read("planned_start", start)?, end: read("planned_end", end)? })),
    }
}

impl Format for Changes {
    type Row = ChangeRow;

    fn header(&mut self, header: Header) {
        self.header = header;
    }

    fn pass_over(&mut self, line: u32, fields: &[String]) {
        let number = self.header.value(fields, "number").to_owned();
        self.seen.before(&pair(&self.system, &number), line);
    }

    fn row(&mut self, line: u32, fields: &[String], records: &dyn Records) -> Result<Wanted<ChangeRow>, RowError> {
        let header = self.header.clone();
        let value = |column| header.value(fields, column);
        let number = value("number");
        if number.is_empty() || value("title").is_empty() {
            let missing = if number.is_empty() { "number" } else { "title" };
            return Err(RowError::because(format!("the {missing} is empty")));
        }
        let key = pair(&self.system, number);
        if let Some(first) = self.seen.before(&key, line) {
            return Err(RowError::because(format!(
                "change {number} is on line {first} already; keep one of the two rows"
            )));
        }
        let versions = match (value("from_version"), value("to_version")) {
            ("", "") => None,
            (from, to) => Some((from.to_owned(), to.to_owned())),
        };
        let kind = level::<ChangeKind>("kind", value("kind"))?.unwrap_or(ChangeKind::Normal);
        let (impact, urgency) = (level("impact", value("impact"))?, level("urgency", value("urgency"))?);
        let (risk, state) = (level("risk", value("risk"))?, state(value("approval"))?);
        let planned = window(value("planned_start"), value("planned_end"))?;
        let Affected::Here(cis) = self.cis(value("affected_cis"), records)? else { return Ok(Wanted::Would) };
        let known = match records.find(Lookup::ForeignNumber, &key)?.first() {
            Some(id) => records.get::<Change>(ChangeId(*id))?,
            None => None,
        };
        let id = known.as_ref().map_or_else(|| ChangeId(Uuid::now_v7()), |c| c.id);
        let change = Change {
            id,
            number: known.as_ref().map_or_else(|| Number::provisional(Series::Change, id.0), |c| c.number.clone()),
            foreign: Some(Foreign { system: self.system.clone(), number: number.to_owned() }),
            title: value("title").to_owned(),
            description: value("description").to_owned(),
            category: value("category").to_owned(),
            kind,
            reason: value("reason").to_owned(),
            requested_by: known.as_ref().map_or(self.actor, |c| c.requested_by),
            coordinator: None,
            impact,
            urgency,
            priority: None,
            risk,
            cis,
            ci_groups: BTreeSet::new(),
            services: BTreeSet::new(),
            planned,
            versions,
            release: None,
            state,
            outcome: None,
            state_reason: String::new(),
            created_at: known.as_ref().map_or(self.now, |c| c.created_at),
        };
        Ok(Wanted::Send(ChangeRow { line, change }))
    }

    fn command(&self, rows: &[ChangeRow], numbers: &mut dyn NumberSource) -> Command {
        let numbered = rows.iter().map(|row| {
            let mut row = row.clone();
            if row.change.number.is_provisional() {
                row.change.number = numbers.take(Series::Change, row.change.id.0);
            }
            row
        });
        Command::Change(ChangeCommand::Import(numbered.collect()))
    }

    fn tries_first(&self) -> bool {
        true
    }
}
