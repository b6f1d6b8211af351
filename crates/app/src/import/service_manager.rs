//! The change export of HP or OpenText Service Manager: a row for each affected CI, which together are one change.
//!
//! CIs are made where there are none of the name, and left alone where there are. Planned dates become the window of
//! the change; every other column that says something is kept in its description.

use super::changes::BETWEEN;
use super::feed::{Adapt, Feed, Fields, Ready, in_order};
use super::mapping::labels;
use super::plan::{Stage, not_of_this_kind};
use super::source::{Cells, Positions, Source};
use super::values::{self, Dates};
use crate::error::CallError;
use std::collections::{HashMap, HashSet, VecDeque};

const NAME: &[&str] = &["CI Name (aff)", "CI Name"];
const TYPE: &[&str] = &["CI Type (aff)", "CI Type"];
const SUBTYPE: &[&str] = &["CI Subtype (aff)", "CI Subtype"];
const COMPONENT: &[&str] = &["Service Component WBS (aff)", "Service Component WBS", "Service Component"];
const ID: &[&str] = &["Change ID"];
const FAMILY: &[&str] = &["Change Type"];
const RISK: &[&str] = &["Risk Assessment"];
const EMERGENCY: &[&str] = &["Emergency Change"];
const START: &[&str] = &["Planned Start"];
const END: &[&str] = &["Planned End"];
const CLOSED: &[&str] = &["Change record Close Time"];
const ORIGIN: &[&str] = &["Originated from"];

/// Columns that are kept as lines of the description.
const KEPT: &[&str] = &[
    "CAB-approval needed",
    "Scheduled Downtime Start",
    "Scheduled Downtime End",
    "Actual Start",
    "Actual End",
    "Requested End Date",
    "Change record Open Time",
    "Change record Close Time",
    "# Related Interactions",
    "# Related Incidents",
];

/// The words of the risk assessment, from the least to the gravest; `Change` behind them says nothing.
const RISKS: &[(&str, &str)] =
    &[("minor", "low"), ("business", "medium"), ("major business", "high"), ("major", "high")];

const CI_COLUMNS: &[&str] = &["name", "class", "attributes.subtype", "attributes.service component"];
const CHANGE_COLUMNS: &[&str] = &[
    "number",
    "title",
    "description",
    "category",
    "kind",
    "reason",
    "risk",
    "affected_cis",
    "approval",
    "planned_start",
    "planned_end",
];

/// Whether a file has the columns.
#[must_use]
pub fn recognises(positions: &Positions) -> bool {
    positions.has("Change ID") && (positions.has("CI Name (aff)") || positions.has("Change record Open Time"))
}

pub(super) fn stages(source: &Source) -> Result<Vec<Stage>, CallError> {
    if !Positions::of(source.header()).has("Change ID") {
        return Err(not_of_this_kind(source, "Service Manager", "columns such as Change ID and CI Name (aff)"));
    }
    let affected = Stage::mentioned("affected CIs", CI_COLUMNS, true, || affected_cis());
    let changes = Stage::changes(|source| Ok(Box::new(Grouped::of(source)?)));
    Ok(vec![affected, changes])
}

/// The CI of a row, each once.
fn affected_cis() -> Adapt {
    let mut seen = HashSet::new();
    Box::new(move |cells, positions| {
        if cells.first(positions, ID).is_empty() {
            return vec![Err("Change ID is empty".to_owned())];
        }
        let name = cells.first(positions, NAME);
        if name.is_empty() || !seen.insert(name.to_lowercase()) {
            return Vec::new();
        }
        let (kind, subtype) = (cells.first(positions, TYPE), cells.first(positions, SUBTYPE));
        let class = [&kind, &subtype]
            .into_iter()
            .find(|t| !t.is_empty())
            .map_or("unclassified".to_owned(), |t| t.to_lowercase());
        vec![Ok(Fields::from([
            ("name", name),
            ("class", class),
            ("attributes.subtype", subtype),
            ("attributes.service component", cells.first(positions, COMPONENT)),
        ]))]
    })
}

/// Changes, each put together from all of its rows.
struct Grouped {
    changes: VecDeque<Change>,
    bytes: u64,
}

/// One change while its rows are read.
struct Change {
    line: u64,
    more: Vec<u64>,
    number: String,
    cis: Vec<String>,
    family: String,
    risk: String,
    emergency: String,
    start: String,
    end: String,
    closed: String,
    origin: String,
    kept: Vec<(&'static str, String)>,
    /// Columns in which its rows differ; the first row counts.
    differs: Vec<&'static str>,
}

impl Grouped {
    fn of(source: &Source) -> Result<Self, CallError> {
        let positions = Positions::of(&labels(source.header()));
        let mut entries = source.entries()?;
        let mut changes: Vec<Change> = Vec::new();
        let mut places = HashMap::new();
        // What cannot be read is reported by the pass over the CIs.
        while let Some(entry) = entries.next_entry().map_err(|e| super::unreadable(&e))? {
            let Ok(cells) = entry.cells else { continue };
            let number = cells.first(&positions, ID);
            if number.is_empty() {
                continue;
            }
            let place = *places.entry(number.to_lowercase()).or_insert(changes.len());
            match changes.get_mut(place) {
                Some(change) => change.add(entry.line, &cells, &positions),
                None => changes.push(Change::of(entry.line, number, &cells, &positions)),
            }
        }
        Ok(Self { changes: changes.into(), bytes: entries.bytes() })
    }
}

impl Change {
    fn of(line: u64, number: String, cells: &Cells, positions: &Positions) -> Self {
        let first = |names: &[&str]| cells.first(positions, names);
        let kept = KEPT.iter().map(|name| (*name, first(&[name]))).filter(|(_, value)| !value.is_empty());
        Self {
            line,
            more: Vec::new(),
            number,
            cis: Some(first(NAME)).filter(|n| !n.is_empty()).into_iter().collect(),
            family: first(FAMILY),
            risk: first(RISK),
            emergency: first(EMERGENCY),
            start: first(START),
            end: first(END),
            closed: first(CLOSED),
            origin: first(ORIGIN),
            kept: kept.collect(),
            differs: Vec::new(),
        }
    }

    fn add(&mut self, line: u64, cells: &Cells, positions: &Positions) {
        self.more.push(line);
        let name = cells.first(positions, NAME);
        if !name.is_empty() && !self.cis.iter().any(|n| n.eq_ignore_ascii_case(&name)) {
            self.cis.push(name);
        }
        for (title, own, names) in [
            ("Change Type", &self.family, FAMILY),
            ("Risk Assessment", &self.risk, RISK),
            ("Emergency Change", &self.emergency, EMERGENCY),
            ("Planned Start", &self.start, START),
            ("Planned End", &self.end, END),
        ] {
            let other = cells.first(positions, names);
            if !other.is_empty() && other != *own && !self.differs.contains(&title) {
                self.differs.push(title);
            }
        }
    }

    fn fields(&self) -> Result<Fields, String> {
        let (planned, unplanned) = self.window()?;
        let mut lines: Vec<String> = Vec::new();
        if !self.family.is_empty() {
            lines.push(format!("Change Type: {}", self.family));
        }
        lines.extend(unplanned);
        lines.extend(self.kept.iter().map(|(title, value)| match title.strip_prefix("# ") {
            Some(figure) => format!("{figure}: {}", whole(value)),
            None => format!("{title}: {value}"),
        }));
        if !self.differs.is_empty() {
            lines.push(format!("The rows of the export differ in {}; the first was taken.", self.differs.join(", ")));
        }
        let (start, end) = planned.unwrap_or_default();
        Ok(Fields::from([
            ("number", self.number.clone()),
            ("title", self.title()),
            ("description", lines.join("\n")),
            ("category", family(&self.family)),
            ("kind", self.kind()?.to_owned()),
            (
                "reason",
                if self.origin.is_empty() { String::new() } else { format!("Originated from: {}", self.origin) },
            ),
            ("risk", risk(&self.risk)?.to_owned()),
            ("affected_cis", self.cis.iter().map(|name| format!("{BETWEEN}{name}")).collect()),
            ("approval", if self.closed.is_empty() { String::new() } else { "closed".to_owned() }),
            ("planned_start", start),
            ("planned_end", end),
        ]))
    }

    fn title(&self) -> String {
        let what = if self.family.is_empty() { "Change" } else { &self.family };
        match self.cis.as_slice() {
            [] => format!("{what} {}", self.number),
            [one] => format!("{what} on {one}"),
            [first, others @ ..] => format!("{what} on {first} and {} more", others.len()),
        }
    }

    fn kind(&self) -> Result<&'static str, String> {
        match self.emergency.to_lowercase().as_str() {
            "y" | "yes" | "true" | "1" => return Ok("emergency"),
            "" | "n" | "no" | "false" | "0" => {}
            other => return Err(format!("Emergency Change {other:?} is neither Y nor N")),
        }
        Ok(if self.family.to_lowercase().starts_with("standard") { "standard" } else { "normal" })
    }

    /// The window as it is planned; or, where there is only one end of it, what the export says, for the description.
    #[allow(clippy::type_complexity, reason = "said in the comment")]
    fn window(&self) -> Result<(Option<(String, String)>, Vec<String>), String> {
        let read = |title: &str, text: &str| {
            values::moment(text, Some(Dates::DayFirst), 0).map_err(|fault| format!("{title} {fault}"))
        };
        let said = |title: &str, text: &str| format!("{title}: {text}");
        match (self.start.as_str(), self.end.as_str()) {
            ("", "") => Ok((None, Vec::new())),
            (start, "") => read("Planned Start", start).map(|_| (None, vec![said("Planned Start", start)])),
            ("", end) => read("Planned End", end).map(|_| (None, vec![said("Planned End", end)])),
            (start, end) => {
                let (from, to) = (read("Planned Start", start)?, read("Planned End", end)?);
                if from == to {
                    // A moment is no window.
                    return Ok((None, vec![said("Planned Start", start), said("Planned End", end)]));
                }
                Ok((Some((from.to_rfc3339(), to.to_rfc3339())), Vec::new()))
            }
        }
    }
}

/// `Standard Change Type 12` is of the family *standard change*.
fn family(text: &str) -> String {
    let lower = text.to_lowercase();
    lower.split(" type").next().unwrap_or_default().trim().to_owned()
}

fn risk(text: &str) -> Result<&'static str, String> {
    let lower = text.to_lowercase();
    let word = lower.trim().trim_end_matches("change").trim();
    if word.is_empty() {
        return Ok("");
    }
    RISKS.iter().find(|(theirs, _)| *theirs == word).map(|(_, ours)| *ours).ok_or_else(|| {
        format!("Risk Assessment {text:?} is none of Minor Change, Business Change, Major Business Change")
    })
}

/// A count that was written as a decimal: `2,0`.
fn whole(text: &str) -> String {
    let point = values::decimal(text);
    match point.split_once('.') {
        Some((whole, part)) if part.bytes().all(|b| b == b'0') => whole.to_owned(),
        _ => point,
    }
}

impl Feed for Grouped {
    fn header(&self) -> Vec<String> {
        CHANGE_COLUMNS.iter().map(|c| (*c).to_owned()).collect()
    }

    fn next_ready(&mut self) -> std::io::Result<Option<Ready>> {
        Ok(self.changes.pop_front().map(|change| Ready {
            line: change.line,
            fields: change.fields().map(|fields| in_order(CHANGE_COLUMNS, fields)),
            more: change.more,
        }))
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }
}
