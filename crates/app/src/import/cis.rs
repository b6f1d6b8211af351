//! CIs from CSV: `name,class` and any field; a column that is no field is a class attribute.

use super::header::{Columns, Header, Others};
use super::{Format, NumberSource, RowError, Wanted};
use crate::error::CallError;
use slipway_domain::cmdb::ci::{Ci, CiStatus};
use slipway_domain::command::{CiRow, CmdbCommand, Command};
use slipway_domain::id::CiId;
use slipway_domain::lookup::{Lookup, pair};
use slipway_domain::number::{Number, Series};
use slipway_domain::records::{Records, RecordsExt};
use slipway_domain::refusal::{Fault, Finding, none};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// Columns that are known by another name than their field; those with a *kind* hold the name of another record.
const ALIASES: &[(&str, &str)] = &[
    ("site", "location.site"),
    ("building", "location.building"),
    ("room", "location.room"),
    ("rack", "location.rack"),
    ("u", "location.u"),
];

/// Columns that say which CI it is, or that an export adds for people.
const NOT_FIELDS: &[&str] = &["name", "class", "number"];

/// Reads CI files.
#[derive(Debug, Default)]
pub struct Cis {
    header: Option<Header>,
    /// Column of the file and field of the CI.
    fields: Vec<(String, String)>,
    columns: BTreeSet<String>,
    /// Line on which a CI was seen first.
    seen: HashMap<String, u32>,
    /// Ids of sites, people and groups by column and name.
    names: BTreeMap<(String, String), Option<Uuid>>,
}

impl Cis {
    /// A value as its field takes it: names of sites, people and groups become ids.
    fn value(&mut self, field: &str, value: &str, records: &dyn Records) -> Result<String, RowError> {
        let lookup = match field {
            "location.site" => (Lookup::Name, pair("site", value), "site"),
            "support_group" => (Lookup::Name, pair("group", value), "group"),
            "owner" => (Lookup::User, value.to_lowercase(), "person with the sign-in name"),
            _ => return Ok(value.to_owned()),
        };
        if value.is_empty() || value.parse::<Uuid>().is_ok() {
            return Ok(value.to_owned());
        }
        let (lookup, key, what) = lookup;
        let known = match self.names.get(&(field.to_owned(), key.clone())) {
            Some(known) => *known,
            None => {
                let found = records.find(lookup, &key)?.first().copied();
                self.names.insert((field.to_owned(), key), found);
                found
            }
        };
        let id = known.ok_or_else(|| RowError::because(format!("there is no {what} {value:?}")))?;
        Ok(id.to_string())
    }
}

impl Format for Cis {
    type Row = CiRow;

    fn columns(&self) -> Columns {
        Columns {
            required: &["name", "class"],
            optional: &[
                "number",
                "status",
                "environment",
                "criticality",
                "manufacturer",
                "model",
                "version",
                "serial_number",
                "asset_tag",
                "site",
                "building",
                "room",
                "rack",
                "u",
                "owner",
                "support_group",
                "notes",
            ],
            others: Others::Attributes,
        }
    }

    fn header(&mut self, header: Header) -> Result<(), CallError> {
        let mut findings = Vec::new();
        for column in header.names().filter(|c| !NOT_FIELDS.contains(c)) {
            let alias = ALIASES.iter().find(|(alias, _)| *alias == column).map(|(_, field)| (*field).to_owned());
            let is_field = column == "status" || column.starts_with("attributes.") || Ci::FIELDS.contains(&column);
            let field = match alias {
                Some(field) => field,
                None if is_field => column.to_owned(),
                None => format!("attributes.{column}"),
            };
            if !self.columns.insert(field.clone()) {
                findings.push(
                    Finding::new(
                        "DUPLICATE_COLUMN",
                        format!("Column {column:?} is there twice under two names."),
                        "Remove one of them.",
                    )
                    .with("column", column),
                );
            }
            self.fields.push((column.to_owned(), field));
        }
        none(findings)?;
        self.header = Some(header);
        Ok(())
    }

    fn row(&mut self, line: u32, fields: &[String], records: &dyn Records) -> Result<Wanted<CiRow>, RowError> {
        let Some(header) = self.header.clone() else { return Err(RowError::because("there is no header")) };
        let (name, class) = (header.value(fields, "name"), header.value(fields, "class"));
        if name.is_empty() || class.is_empty() {
            let missing = if name.is_empty() { "name" } else { "class" };
            return Err(RowError::because(format!("the {missing} is empty")));
        }
        let key = pair(class, name);
        if let Some(first) = self.seen.get(&key) {
            return Err(RowError::because(format!(
                "{class} {name:?} is on line {first} already; keep one of the two rows"
            )));
        }
        self.seen.insert(key.clone(), line);
        let before = match records.find(Lookup::CiByName, &key)?.first() {
            Some(id) => records.get::<Ci>(CiId(*id))?,
            None => None,
        };
        let mut ci = match &before {
            Some(ci) => ci.clone(),
            None => {
                let id = CiId(Uuid::now_v7());
                Ci::blank(id, Number::provisional(Series::Ci, id.0), class, name)
            }
        };
        let mut reasons = Vec::new();
        for (column, field) in std::mem::take(&mut self.fields) {
            let outcome = self.set(&mut ci, &field, header.value(fields, &column), before.is_none(), records);
            self.fields.push((column, field));
            match outcome {
                Ok(()) => {}
                Err(RowError::Refused(reason)) => reasons.push(reason),
                Err(fault) => return Err(fault),
            }
        }
        if !reasons.is_empty() {
            return Err(RowError::because(reasons.join("; ")));
        }
        if before.as_ref() == Some(&ci) {
            return Ok(Wanted::Already);
        }
        Ok(Wanted::Send(CiRow { line, ci, columns: self.columns.clone() }))
    }

    fn command(&self, rows: &[CiRow], numbers: &mut dyn NumberSource) -> Command {
        let numbered = rows.iter().map(|row| {
            let mut row = row.clone();
            if row.ci.number.is_provisional() {
                row.ci.number = numbers.take(Series::Ci, row.ci.id.0);
            }
            row
        });
        Command::Cmdb(CmdbCommand::ImportCis(numbered.collect()))
    }
}

impl Cis {
    fn set(&mut self, ci: &mut Ci, field: &str, value: &str, new: bool, records: &dyn Records) -> Result<(), RowError> {
        // A level that the file leaves empty keeps its default: there is no CI without one.
        let is_level = matches!(field, "status" | "environment" | "criticality");
        if is_level && value.is_empty() && new {
            return Ok(());
        }
        if field == "status" {
            ci.status = value.parse::<CiStatus>().map_err(|e| RowError::because(format!("status {e}")))?;
            return Ok(());
        }
        let value = self.value(field, value, records)?;
        ci.set_field(field, &value).map_err(|f| RowError::because(format!("{} {}", f.sentence, f.way_out)))
    }
}

/// Ids of the CIs of a name, in any class or in one.
///
/// # Errors
/// A storage fault.
pub(super) fn find(name: &str, class: &str, records: &dyn Records) -> Result<Vec<CiId>, Fault> {
    let ids = if class.is_empty() {
        records.find(Lookup::CiByBareName, &name.to_lowercase())?
    } else {
        records.find(Lookup::CiByName, &pair(class, name))?
    };
    if !ids.is_empty() || !class.is_empty() {
        return Ok(ids.into_iter().map(CiId).collect());
    }
    // A number names a CI as well, if nothing is called so.
    let Ok(number) = name.parse::<Number>() else { return Ok(Vec::new()) };
    if !number.as_str().starts_with(Series::Ci.prefix()) {
        return Ok(Vec::new());
    }
    Ok(records.find(Lookup::Number, number.as_str())?.into_iter().map(CiId).collect())
}

/// Looks names of CIs up, each once.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: HashMap<(String, String), Vec<CiId>>,
}

impl Names {
    /// The one CI of a name.
    pub(super) fn one(&mut self, name: &str, class: &str, records: &dyn Records) -> Result<CiId, RowError> {
        if name.is_empty() {
            return Err(RowError::because("a name of a CI is empty"));
        }
        let key = (name.to_lowercase(), class.to_lowercase());
        let ids = match self.known.get(&key) {
            Some(ids) => ids.clone(),
            None => {
                let ids = find(name, class, records)?;
                self.known.insert(key, ids.clone());
                ids
            }
        };
        match ids.as_slice() {
            [id] => Ok(*id),
            [] => Err(RowError::because(format!("there is no CI {name:?}; import it first"))),
            several => Err(RowError::because(format!(
                "{} CIs are named {name:?}; say which by its class or its number",
                several.len()
            ))),
        }
    }
}
