//! CIs: name, class and any field; `attributes.NAME` is an attribute of the class.

use super::header::Header;
use super::seen::Seen;
use super::{Format, Mode, NumberSource, RowError, Wanted};
use slipway_domain::cmdb::ci::{Ci, CiStatus};
use slipway_domain::command::{CiRow, CmdbCommand, Command};
use slipway_domain::id::CiId;
use slipway_domain::lookup::{Lookup, pair};
use slipway_domain::number::{Number, Series};
use slipway_domain::records::{Records, RecordsExt};
use slipway_domain::refusal::Fault;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use uuid::Uuid;

/// Columns that are known by another name than their field.
const ALIASES: &[(&str, &str)] = &[
    ("site", "location.site"),
    ("building", "location.building"),
    ("room", "location.room"),
    ("rack", "location.rack"),
    ("u", "location.u"),
];

/// Columns that say which CI it is, or that an export adds for people.
const NOT_FIELDS: &[&str] = &["name", "class", "number"];
/// A column that may hold the name of a site or of anything else.
const PLACE: &str = "place";
/// Most names that are remembered while relations and changes are read.
const NAMES_KEPT: usize = 200_000;

/// CIs that a dry run would have created: rows that come after them may name them.
#[derive(Clone, Debug, Default)]
pub struct Would(Rc<RefCell<Seen>>);

impl Would {
    fn add(&self, class: &str, name: &str) {
        let mut seen = self.0.borrow_mut();
        seen.before(&pair(class, name), 0);
        seen.before(&name.to_lowercase(), 0);
    }

    fn has(&self, class: &str, name: &str) -> bool {
        let key = if class.is_empty() { name.to_lowercase() } else { pair(class, name) };
        self.0.borrow().has(&key)
    }
}

/// What becomes of a row whose CI is known by its name, though perhaps in another class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is updated; a CI of the name in another class is another CI.
    Updated,
    /// It is left as it is: the file only mentions CIs.
    Left,
}

/// Reads CIs.
#[derive(Debug)]
pub struct Cis {
    known: Known,
    mode: Mode,
    would: Would,
    header: Header,
    /// Column of the row and field of the CI.
    fields: Vec<(String, String)>,
    columns: BTreeSet<String>,
    seen: Seen,
    /// Ids of sites, people and groups by column and name.
    names: BTreeMap<(String, String), Option<Uuid>>,
}

impl Cis {
    /// CIs as a file has them.
    #[must_use]
    pub fn new(known: Known, mode: Mode, would: Would) -> Self {
        Self {
            known,
            mode,
            would,
            header: Header::default(),
            fields: Vec::new(),
            columns: BTreeSet::new(),
            seen: Seen::default(),
            names: BTreeMap::new(),
        }
    }
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

    fn header(&mut self, header: Header) {
        for column in header.names().filter(|c| !NOT_FIELDS.contains(c)) {
            let alias = ALIASES.iter().find(|(alias, _)| *alias == column);
            let field = alias.map_or(column, |(_, field)| *field).to_owned();
            if column == PLACE {
                self.columns.extend(["location.site".to_owned(), "location.building".to_owned()]);
            } else {
                self.columns.insert(field.clone());
            }
            self.fields.push((column.to_owned(), field));
        }
        self.header = header;
    }

    fn pass_over(&mut self, line: u32, fields: &[String]) {
        let (name, class) = (self.header.value(fields, "name"), self.header.value(fields, "class"));
        self.seen.before(&pair(class, name), line);
    }

    fn row(&mut self, line: u32, fields: &[String], records: &dyn Records) -> Result<Wanted<CiRow>, RowError> {
        let header = std::mem::take(&mut self.header);
        let row = self.read(line, fields, &header, records);
        self.header = header;
        row
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
    fn read(
        &mut self,
        line: u32,
        fields: &[String],
        header: &Header,
        records: &dyn Records,
    ) -> Result<Wanted<CiRow>, RowError> {
        let (name, class) = (header.value(fields, "name"), header.value(fields, "class"));
        if name.is_empty() || class.is_empty() {
            let missing = if name.is_empty() { "name" } else { "class" };
            return Err(RowError::because(format!("the {missing} is empty")));
        }
        let key = pair(class, name);
        if let Some(first) = self.seen.before(&key, line) {
            return Err(RowError::because(format!(
                "{class} {name:?} is on line {first} already; keep one of the two rows"
            )));
        }
        if self.known == Known::Left && !find(name, "", records)?.is_empty() {
            return Ok(Wanted::Already);
        }
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
        let columns = std::mem::take(&mut self.fields);
        let mut fault = None;
        for (column, field) in &columns {
            match self.set(&mut ci, field, header.value(fields, column), records) {
                Ok(()) => {}
                Err(RowError::Refused(reason)) => reasons.push(reason),
                Err(RowError::Fault(error)) => fault = fault.or(Some(error)),
            }
        }
        self.fields = columns;
        if let Some(fault) = fault {
            return Err(fault.into());
        }
        if !reasons.is_empty() {
            return Err(RowError::because(reasons.join("; ")));
        }
        if before.as_ref() == Some(&ci) {
            return Ok(Wanted::Already);
        }
        if self.mode == Mode::DryRun {
            self.would.add(class, name);
        }
        Ok(Wanted::Send(CiRow { line, ci, columns: self.columns.clone() }))
    }

    fn set(&mut self, ci: &mut Ci, field: &str, value: &str, records: &dyn Records) -> Result<(), RowError> {
        // A level that the file leaves empty stays what it is: there is no CI without one.
        if matches!(field, "status" | "environment" | "criticality") && value.is_empty() {
            return Ok(());
        }
        if field == "status" {
            ci.status = value.parse::<CiStatus>().map_err(|e| RowError::because(format!("status {e}")))?;
            return Ok(());
        }
        if field == PLACE {
            return self.set_place(ci, value, records);
        }
        let value = self.value(field, value, records)?;
        ci.set_field(field, &value).map_err(|f| RowError::because(format!("{} {}", f.sentence, f.way_out)))
    }
}

impl Cis {
    /// A place is a site if one is called so, and a building if not: other products know no difference.
    fn set_place(&mut self, ci: &mut Ci, value: &str, records: &dyn Records) -> Result<(), RowError> {
        if value.is_empty() {
            return Ok(());
        }
        let set = |ci: &mut Ci, field: &str, value: &str| {
            ci.set_field(field, value).map_err(|f| RowError::because(format!("{} {}", f.sentence, f.way_out)))
        };
        match self.value("location.site", value, records) {
            Ok(site) => set(ci, "location.site", &site),
            Err(RowError::Refused(_)) => set(ci, "location.building", value),
            Err(fault) => Err(fault),
        }
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
    would: Would,
    known: HashMap<(String, String), Vec<CiId>>,
}

/// The CI that a name stands for.
pub(super) enum Named {
    /// It is there.
    Here(CiId),
    /// A dry run would have created it before.
    Would,
}

impl Names {
    /// Names of CIs that are there, or that a dry run would have created.
    pub(super) fn beside(would: Would) -> Self {
        Self { would, known: HashMap::new() }
    }

    /// The one CI of a name.
    pub(super) fn one(&mut self, name: &str, class: &str, records: &dyn Records) -> Result<Named, RowError> {
        if name.is_empty() {
            return Err(RowError::because("a name of a CI is empty"));
        }
        let key = (name.to_lowercase(), class.to_lowercase());
        let ids = match self.known.get(&key) {
            Some(ids) => ids.clone(),
            None => {
                let ids = find(name, class, records)?;
                if self.known.len() >= NAMES_KEPT {
                    self.known.clear();
                }
                self.known.insert(key, ids.clone());
                ids
            }
        };
        match ids.as_slice() {
            [id] => Ok(Named::Here(*id)),
            [] if self.would.has(class, name) => Ok(Named::Would),
            [] => Err(RowError::because(format!("there is no CI {name:?}; import it first"))),
            several => Err(RowError::because(format!(
                "{} CIs are named {name:?}; say which by its class or its number",
                several.len()
            ))),
        }
    }
}
