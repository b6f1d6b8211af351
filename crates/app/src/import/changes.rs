//! Changes of another suite from CSV, known again by their number there.

use super::cis::Names;
use super::header::{Columns, Header, Others};
use super::{Format, NumberSource, RowError, Wanted};
use crate::error::CallError;
use slipway_domain::change::record::{Change, ChangeKind, ChangeState, Foreign};
use slipway_domain::command::{ChangeCommand, ChangeRow, Command};
use slipway_domain::id::{ChangeId, CiId, PersonId};
use slipway_domain::lookup::{Lookup, pair};
use slipway_domain::number::{Number, Series};
use slipway_domain::records::{Records, RecordsExt};
use slipway_domain::time::Timestamp;
use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;
use uuid::Uuid;

/// Reads change files.
#[derive(Debug)]
pub struct Changes {
    system: String,
    actor: PersonId,
    now: Timestamp,
    header: Option<Header>,
    names: Names,
    /// Line on which a number was seen first.
    seen: HashMap<String, u32>,
}

impl Changes {
    /// Changes of the suite `system`, taken over by `actor`.
    #[must_use]
    pub fn of(system: &str, actor: PersonId, now: Timestamp) -> Self {
        Self {
            system: system.trim().to_owned(),
            actor,
            now,
            header: None,
            names: Names::default(),
            seen: HashMap::new(),
        }
    }

    fn cis(&mut self, list: &str, records: &dyn Records) -> Result<BTreeSet<CiId>, RowError> {
        let mut ids = BTreeSet::new();
        let mut reasons = Vec::new();
        for name in list.split(';').map(str::trim).filter(|n| !n.is_empty()) {
            match self.names.one(name, "", records) {
                Ok(id) => {
                    ids.insert(id);
                }
                Err(RowError::Refused(reason)) => reasons.push(reason),
                Err(fault) => return Err(fault),
            }
        }
        if reasons.is_empty() { Ok(ids) } else { Err(RowError::because(reasons.join("; "))) }
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
            "{column} {text:?} is a bare number, which runs in opposite directions in different products; give its name"
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

impl Format for Changes {
    type Row = ChangeRow;

    fn columns(&self) -> Columns {
        Columns {
            required: &["number", "title"],
            optional: &[
                "description",
                "category",
                "kind",
                "reason",
                "impact",
                "urgency",
                "risk",
                "affected_cis",
                "from_version",
                "to_version",
                "approval",
            ],
            others: Others::Refused,
        }
    }

    fn header(&mut self, header: Header) -> Result<(), CallError> {
        self.header = Some(header);
        Ok(())
    }

    fn row(&mut self, line: u32, fields: &[String], records: &dyn Records) -> Result<Wanted<ChangeRow>, RowError> {
        let Some(header) = self.header.clone() else { return Err(RowError::because("there is no header")) };
        let value = |column| header.value(fields, column);
        let number = value("number");
        if number.is_empty() || value("title").is_empty() {
            let missing = if number.is_empty() { "number" } else { "title" };
            return Err(RowError::because(format!("the {missing} is empty")));
        }
        let key = pair(&self.system, number);
        if let Some(first) = self.seen.get(&key) {
            return Err(RowError::because(format!(
                "change {number} is on line {first} already; keep one of the two rows"
            )));
        }
        self.seen.insert(key.clone(), line);
        let versions = match (value("from_version"), value("to_version")) {
            ("", "") => None,
            (from, to) => Some((from.to_owned(), to.to_owned())),
        };
        let kind = level::<ChangeKind>("kind", value("kind"))?.unwrap_or(ChangeKind::Normal);
        let (impact, urgency) = (level("impact", value("impact"))?, level("urgency", value("urgency"))?);
        let (risk, state) = (level("risk", value("risk"))?, state(value("approval"))?);
        let cis = self.cis(value("affected_cis"), records)?;
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
            planned: None,
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
