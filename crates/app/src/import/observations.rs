//! What was seen, as a table has it: by what the thing is recognised, and any field of a CI.

use super::header::Header;
use super::source::Source;
use super::{Format, NumberSource, RowError, Wanted};
use slipway_domain::cmdb::observation::ObservationCommand;
use slipway_domain::cmdb::observation::identify::{Identity, Recognised, recognise, rules};
use slipway_domain::cmdb::observation::sight::{Seen, Sighting};
use slipway_domain::command::Command;
use slipway_domain::id::SiteId;
use slipway_domain::lookup::{Lookup, pair};
use slipway_domain::records::Records;
use slipway_domain::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::UNIX_EPOCH;

/// Columns that are known by another name than their field.
const PLACES: &[&str] = &["building", "room", "rack", "u"];
/// Columns that are no facts.
const NOT_FACTS: &[&str] =
    &["host_name", "manufacturer", "serial_number", "asset_tag", "mac", "class", "site", "source", "seen_at", "absent"];
/// What a source is called that does not say.
const SOURCE: &str = "import";

/// What holds for every row that does not say otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// What sees.
    pub source: String,
    /// Where: name of a site.
    pub site: String,
    /// Class of every thing.
    pub class: String,
    /// When.
    pub seen_at: Timestamp,
}

impl Given {
    /// Of a file: seen when it was written, so that it says the same when it is read again.
    #[must_use]
    pub fn of(source: &Source, product: &str, constants: &BTreeMap<String, String>) -> Self {
        let constant = |name: &str| constants.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
        let written = std::fs::metadata(source.path()).ok().and_then(|file| file.modified().ok());
        let written = written.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let seen_at = written.and_then(|at| i64::try_from(at.as_millis()).ok()).map_or(Timestamp(0), Timestamp);
        let named = constant("source");
        let source = if !named.is_empty() {
            named
        } else if product.is_empty() {
            SOURCE.to_owned()
        } else {
            product.to_owned()
        };
        Self { source, site: constant("site"), class: constant("class"), seen_at }
    }
}

/// Reads what was seen.
#[derive(Debug)]
pub struct Observations {
    given: Given,
    header: Header,
    /// Column of the row and field of the CI.
    facts: Vec<(String, String)>,
    /// Ids of sites by name.
    sites: BTreeMap<String, Option<SiteId>>,
}

impl Observations {
    /// Rows of a file of which this holds.
    #[must_use]
    pub fn new(given: Given) -> Self {
        Self { given, header: Header::default(), facts: Vec::new(), sites: BTreeMap::new() }
    }

    fn site(&mut self, name: &str, records: &dyn Records) -> Result<Option<SiteId>, RowError> {
        if name.is_empty() {
            return Ok(None);
        }
        if let Ok(id) = name.parse() {
            return Ok(Some(id));
        }
        let known = match self.sites.get(name) {
            Some(known) => *known,
            None => {
                let found = records.find(Lookup::Name, &pair("site", name))?.first().copied().map(SiteId);
                self.sites.insert(name.to_owned(), found);
                found
            }
        };
        known.map(Some).ok_or_else(|| RowError::because(format!("there is no site {name:?}")))
    }
}

/// Whether a column says that nothing was there.
fn is_absent(text: &str) -> Result<bool, RowError> {
    match text.to_lowercase().as_str() {
        "" | "no" | "false" | "0" | "found" | "present" => Ok(false),
        "yes" | "true" | "1" | "x" | "absent" | "missing" | "not found" => Ok(true),
        _ => Err(RowError::because(format!("absent cannot be {text:?}; write yes or no"))),
    }
}

impl Format for Observations {
    type Row = Sighting;

    fn header(&mut self, header: Header) {
        let facts = header.names().filter(|column| !NOT_FACTS.contains(column));
        let field = |column: &str| {
            if PLACES.contains(&column) { format!("location.{column}") } else { column.to_owned() }
        };
        self.facts = facts.map(|column| (column.to_owned(), field(column))).collect();
        self.header = header;
    }

    // The domain finds a thing that a step names twice; in another step it is seen once more.
    fn pass_over(&mut self, _line: u32, _fields: &[String]) {}

    fn row(&mut self, line: u32, fields: &[String], records: &dyn Records) -> Result<Wanted<Sighting>, RowError> {
        let value = |column: &str| self.header.value(fields, column).to_owned();
        let or = |text: String, given: &str| if text.is_empty() { given.to_owned() } else { text };
        let identity = Identity {
            manufacturer: value("manufacturer"),
            serial_number: value("serial_number"),
            asset_tag: value("asset_tag"),
            macs: value("mac")
                .split([',', ';', ' ', '\n'])
                .filter(|t| !t.is_empty())
                .map(str::to_owned)
                .collect::<BTreeSet<_>>(),
            host_name: value("host_name"),
        };
        let (class, source) = (or(value("class"), &self.given.class), or(value("source"), &self.given.source));
        let seen_at = match value("seen_at").as_str() {
            "" => self.given.seen_at,
            text => {
                super::values::moment(text, None, 0).map_err(|reason| RowError::because(format!("seen_at {reason}")))?
            }
        };
        let mut facts: BTreeMap<String, String> = BTreeMap::new();
        for (column, field) in &self.facts {
            facts.insert(field.clone(), self.header.value(fields, column).to_owned());
        }
        // What identifies a thing is a fact of it, too: a tag that is on another machine now is a difference.
        for (field, seen) in [
            ("manufacturer", &identity.manufacturer),
            ("serial_number", &identity.serial_number),
            ("asset_tag", &identity.asset_tag),
            ("class", &value("class")),
        ] {
            facts.insert(field.to_owned(), seen.clone());
        }
        facts.retain(|_, seen| !seen.is_empty());
        let absent = is_absent(&value("absent"))?;
        let site = or(value("site"), &self.given.site);
        let site = self.site(&site, records)?;
        let seen = if absent {
            match recognise(&identity, &rules(records)?, records)? {
                Recognised::As(ci, _) => Seen::Absent(ci),
                Recognised::OneOf(_) => {
                    return Err(RowError::because("several CIs could be meant; give a serial number or an asset tag"));
                }
                Recognised::Nothing => return Err(RowError::because("no CI is this thing, so none can be missing")),
            }
        } else {
            Seen::Thing { identity, class, facts }
        };
        Ok(Wanted::Send(Sighting { line, source, seen_at, site, seen }))
    }

    fn command(&self, rows: &[Sighting], _numbers: &mut dyn NumberSource) -> Command {
        Command::Observation(ObservationCommand::Record(rows.to_vec()))
    }

    // Whether a row says anything new, only its judgement tells.
    fn tries_first(&self) -> bool {
        true
    }
}
