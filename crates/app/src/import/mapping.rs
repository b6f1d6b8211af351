//! Which column goes where: proposed from names and values, edited by a person, remembered for files of the same shape.

use super::fields::{Field, Sort, Target, squeezed};
use super::source::{REASON_COLUMN, Reading};
use super::values::{self, Dates, Numbers};
use crate::error::CallError;
use crate::export::cells::plain;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use slipway_domain::refusal::{Finding, Refusal, none};
use std::collections::{BTreeMap, BTreeSet};
use ts_rs::TS;

/// How the columns of a file become fields. Everything may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
pub struct Mapping {
    /// How the file is read.
    pub reading: Reading,
    /// Field by column: `serial_number`, `attributes.rack height`; an empty one leaves the column out.
    pub columns: BTreeMap<String, String>,
    /// Values of fields where the file has none.
    pub constants: BTreeMap<String, String>,
    /// Words of the file and what they mean here, by field.
    pub values: BTreeMap<String, BTreeMap<String, String>>,
    /// Which way numbers of a level run, by field; without this a bare number is refused.
    pub numbers: BTreeMap<String, Numbers>,
    /// Columns whose numbers have decimal commas.
    pub decimal_commas: BTreeSet<String>,
    /// Whether day or month comes first in dates; found out where it can be.
    pub dates: Option<Dates>,
    /// Minutes east of UTC of times without an offset.
    pub utc_offset_minutes: i32,
    /// Name of the suite that changes come from.
    pub system: String,
}

/// A mapping as it is proposed, and what is to be said about it.
#[derive(Clone, Debug, Default)]
pub struct Proposal {
    /// The mapping.
    pub mapping: Mapping,
    /// What a person has to decide before it can be used.
    pub findings: Vec<Finding>,
    /// Columns that go nowhere.
    pub left_out: Vec<String>,
}

/// Names of columns as mappings call them: several of one name are numbered, one without a name is called by its place.
#[must_use]
pub fn labels(header: &[String]) -> Vec<String> {
    let mut seen = BTreeMap::<String, usize>::new();
    let mut labels = Vec::with_capacity(header.len());
    for (place, name) in header.iter().enumerate() {
        let name = if name.is_empty() { format!("column {}", place + 1) } else { name.clone() };
        let times = seen.entry(name.to_lowercase()).or_insert(0);
        *times += 1;
        labels.push(if *times == 1 { name } else { format!("{name} ({times})") });
    }
    labels
}

/// A short name of the set of columns, for remembering a mapping.
#[must_use]
pub fn shape(header: &[String]) -> String {
    let names: BTreeSet<String> =
        labels(header).iter().map(|l| l.to_lowercase()).filter(|l| l != REASON_COLUMN).collect();
    let digest = Sha256::digest(names.into_iter().collect::<Vec<_>>().join("\n"));
    hex::encode(digest).chars().take(16).collect()
}

/// How well a column's name fits a field: 0 is its own name.
fn rank(field: &Field, column: &str) -> Option<usize> {
    let squeezed = squeezed(column);
    if squeezed == self::squeezed(field.name) || squeezed == format!("location{}", self::squeezed(field.name)) {
        return Some(0);
    }
    field.synonyms.iter().position(|s| *s == squeezed).map(|at| at + 1)
}

/// Proposes where the columns of a file go, by their names and by the values of its first rows.
#[must_use]
pub fn propose(target: Target, header: &[String], samples: &[Vec<String>]) -> Proposal {
    let labels = labels(header);
    let mut proposal = Proposal::default();
    let mut taken = BTreeMap::<&str, (usize, usize)>::new();
    let mut seen = BTreeSet::new();
    for (place, name) in header.iter().enumerate() {
        if name.is_empty() {
            proposal.findings.push(unnamed(place));
            continue;
        }
        if name.eq_ignore_ascii_case(REASON_COLUMN) {
            continue;
        }
        let best = target.fields().iter().filter_map(|f| rank(f, name).map(|rank| (rank, f.name))).min();
        let is_attribute = target.has_attributes();
        if best.is_none() && !is_attribute {
            proposal.findings.push(unknown(name, target));
        }
        if !seen.insert(name.to_lowercase()) {
            proposal.findings.push(duplicate(name));
            continue;
        }
        let Some((rank, field)) = best else { continue };
        match taken.get(field) {
            Some((held, _)) if *held == 0 && rank == 0 => proposal.findings.push(two_names(name)),
            Some((held, _)) if *held <= rank => {}
            _ => {
                taken.insert(field, (rank, place));
            }
        }
    }
    let by_place: BTreeMap<usize, &str> = taken.iter().map(|(field, (_, place))| (*place, *field)).collect();
    for (place, label) in labels.iter().enumerate() {
        let name = header.get(place).map(String::as_str).unwrap_or_default();
        let to = match by_place.get(&place) {
            Some(field) => (*field).to_owned(),
            None if name.is_empty() || name.eq_ignore_ascii_case(REASON_COLUMN) => String::new(),
            None if target.has_attributes() => attribute(label),
            None => String::new(),
        };
        if to.is_empty() && !name.is_empty() && !name.eq_ignore_ascii_case(REASON_COLUMN) {
            proposal.left_out.push(label.clone());
        }
        proposal.mapping.columns.insert(label.clone(), to);
    }
    let missing: Vec<&Field> = target.fields().iter().filter(|f| f.required && !taken.contains_key(f.name)).collect();
    proposal.findings.extend(missing.iter().map(|f| self::missing(f.name, target)));
    // A column that nobody knows is no trouble where everything needed is there.
    if missing.is_empty() {
        proposal.findings.retain(|f| f.code != "UNKNOWN_COLUMN");
    }
    look_at_values(target, &labels, samples, &mut proposal.mapping);
    proposal
}

fn attribute(label: &str) -> String {
    if label.starts_with("attributes.") { label.to_owned() } else { format!("attributes.{label}") }
}

/// What only values tell: decimal commas, and the order of dates.
fn look_at_values(target: Target, labels: &[String], samples: &[Vec<String>], mapping: &mut Mapping) {
    for (place, label) in labels.iter().enumerate() {
        let values: Vec<&str> =
            samples.iter().filter_map(|row| row.get(place)).map(|v| v.trim()).filter(|v| !v.is_empty()).collect();
        let numeric =
            |v: &&str| values::is_decimal_comma(v) || v.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
        if !values.is_empty() && values.iter().all(numeric) && values.iter().any(|v| values::is_decimal_comma(v)) {
            mapping.decimal_commas.insert(label.clone());
        }
        let to = mapping.columns.get(label).map(String::as_str).unwrap_or_default();
        if target.field(to).is_some_and(|f| matches!(f.sort, Sort::Moment)) {
            let known = values.iter().filter_map(|v| values::date_order(v)).flatten().next();
            mapping.dates = mapping.dates.or(known);
        }
    }
}

fn unnamed(place: usize) -> Finding {
    let sentence = format!("Column {} has no name.", place + 1);
    Finding::new("UNNAMED_COLUMN", sentence, "Give it a name, remove it, or leave it out in the mapping.")
        .with("column", place + 1)
}

fn unknown(name: &str, target: Target) -> Finding {
    let known: Vec<&str> = target.fields().iter().map(|f| f.name).collect();
    Finding::new(
        "UNKNOWN_COLUMN",
        format!("There is no column {name:?} in this kind of file."),
        format!("Say in the mapping where it goes, or rename it. Known columns: {}.", known.join(", ")),
    )
    .with("column", name)
}

fn duplicate(name: &str) -> Finding {
    Finding::new(
        "DUPLICATE_COLUMN",
        format!("Column {name:?} is there twice."),
        "Remove or rename one of them, or say in the mapping which one is meant.",
    )
    .with("column", name)
}

fn two_names(name: &str) -> Finding {
    Finding::new(
        "DUPLICATE_COLUMN",
        format!("Column {name:?} is there twice under two names."),
        "Remove one of them, or say in the mapping which one is meant.",
    )
    .with("column", name)
}

fn missing(name: &str, target: Target) -> Finding {
    let needed: Vec<&str> = target.fields().iter().filter(|f| f.required).map(|f| f.name).collect();
    Finding::new(
        "MISSING_COLUMN",
        format!("Column {name:?} is missing."),
        format!(
            "Add it, or say in the mapping which column or value it is; these must be there: {}.",
            needed.join(", ")
        ),
    )
    .with("column", name)
}

/// A mapping made ready for one file.
#[derive(Debug)]
pub struct Translator {
    columns: Vec<Column>,
    dates: Option<Dates>,
    utc_offset_minutes: i32,
}

#[derive(Debug)]
struct Column {
    field: String,
    /// Where it stands in the file; a constant has no place.
    place: Option<usize>,
    constant: String,
    /// Words in lower case and what they mean.
    words: BTreeMap<String, String>,
    numbers: Option<Numbers>,
    decimal_comma: bool,
    sort: Sort,
}

impl Translator {
    /// Checks a mapping against the columns of a file.
    ///
    /// # Errors
    /// Every fault at once: fields that there are none of, two columns for one field, a needed field without a column.
    pub fn of(target: Target, header: &[String], mapping: &Mapping) -> Result<Self, CallError> {
        let mut findings = Vec::new();
        let mut columns = BTreeMap::<String, Column>::new();
        for (place, label) in labels(header).iter().enumerate() {
            let Some(field) = mapping.columns.get(label).map(|f| f.trim()).filter(|f| !f.is_empty()) else { continue };
            if !target.takes(field) {
                findings.push(no_field(field, label, target));
                continue;
            }
            if columns.contains_key(field) {
                findings.push(taken_twice(field, label));
                continue;
            }
            let decimal_comma = mapping.decimal_commas.contains(label);
            columns.insert(field.to_owned(), Column::of(target, field, Some(place), mapping, decimal_comma));
        }
        for field in mapping.constants.keys().filter(|field| !columns.contains_key(*field)).cloned().collect::<Vec<_>>()
        {
            if target.takes(&field) {
                columns.insert(field.clone(), Column::of(target, &field, None, mapping, false));
            } else {
                findings.push(no_field(&field, "the constants", target));
            }
        }
        for field in target.fields().iter().filter(|f| f.required && !columns.contains_key(f.name)) {
            findings.push(missing(field.name, target));
        }
        none(findings).map_err(|refusal: Refusal| CallError::from(refusal))?;
        Ok(Self {
            columns: columns.into_values().collect(),
            dates: mapping.dates,
            utc_offset_minutes: mapping.utc_offset_minutes,
        })
    }

    /// The fields that it gives, in order.
    #[must_use]
    pub fn header(&self) -> Vec<String> {
        self.columns.iter().map(|c| c.field.clone()).collect()
    }

    /// The fields of a row.
    ///
    /// # Errors
    /// Every value that cannot be taken, in one sentence.
    pub fn row(&self, fields: &[String]) -> Result<Vec<String>, String> {
        let mut faults = Vec::new();
        let mut row = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            match self.value(column, fields) {
                Ok(value) => row.push(value),
                Err(fault) => faults.push(format!("{} {fault}", column.field)),
            }
        }
        if faults.is_empty() { Ok(row) } else { Err(faults.join("; ")) }
    }

    fn value(&self, column: &Column, fields: &[String]) -> Result<String, String> {
        let given = column.place.and_then(|place| fields.get(place)).map_or("", |f| plain(f.trim()));
        let given = if given.is_empty() { column.constant.as_str() } else { given };
        let word = if column.words.is_empty() { None } else { column.words.get(&given.to_lowercase()) };
        let value = word.map_or(given, String::as_str);
        let value = if column.decimal_comma { values::decimal(value) } else { value.to_owned() };
        if value.is_empty() {
            return Ok(value);
        }
        match (column.sort, column.numbers) {
            (Sort::Level(scale), Some(numbers)) => values::level(&value, numbers, &scale()),
            (Sort::Moment, _) => {
                values::moment(&value, self.dates, self.utc_offset_minutes).map(|time| time.to_rfc3339())
            }
            _ => Ok(value),
        }
    }
}

impl Column {
    fn of(target: Target, field: &str, place: Option<usize>, mapping: &Mapping, decimal_comma: bool) -> Self {
        let words = mapping.values.get(field).into_iter().flatten();
        Self {
            field: field.to_owned(),
            place,
            constant: mapping.constants.get(field).map(|c| c.trim().to_owned()).unwrap_or_default(),
            words: words.map(|(from, to)| (from.trim().to_lowercase(), to.trim().to_owned())).collect(),
            numbers: mapping.numbers.get(field).copied(),
            decimal_comma,
            sort: target.field(field).map_or(Sort::Text, |f| f.sort),
        }
    }
}

fn no_field(field: &str, column: &str, target: Target) -> Finding {
    let known: Vec<&str> = target.fields().iter().map(|f| f.name).collect();
    let more = if target.has_attributes() { ", or attributes.NAME" } else { "" };
    Finding::new(
        "UNKNOWN_FIELD",
        format!("The mapping sends {column:?} to {field:?}, which is no field."),
        format!("Use one of: {}{more}.", known.join(", ")),
    )
    .with("field", field)
}

fn taken_twice(field: &str, column: &str) -> Finding {
    Finding::new(
        "DUPLICATE_COLUMN",
        format!("The mapping sends a second column, {column:?}, to {field}."),
        "Leave one of them out, or send it to another field.",
    )
    .with("column", column)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|n| (*n).to_owned()).collect()
    }

    fn proposed(target: Target, header: &[&str]) -> Vec<(String, String)> {
        propose(target, &names(header), &[]).mapping.columns.into_iter().collect()
    }

    #[rstest]
    #[case("Serial No.", "serial_number")]
    #[case("S/N", "serial_number")]
    #[case("Asset Tag", "asset_tag")]
    #[case("CI Name", "name")]
    #[case("location.rack", "rack")]
    #[case("Position", "u")]
    #[case("Memory (MB)", "attributes.Memory (MB)")]
    #[case("attributes.cpu", "attributes.cpu")]
    #[case("refused_because", "")]
    fn a_column_is_known_by_many_names(#[case] column: &str, #[case] field: &str) {
        assert_eq!(proposed(Target::Cis, &[column]), [(column.to_owned(), field.to_owned())]);
    }

    #[test]
    fn the_better_name_wins_and_the_other_becomes_an_attribute() {
        let columns: BTreeMap<_, _> =
            proposed(Target::Cis, &["Category", "Class", "Name", "Type"]).into_iter().collect();
        assert_eq!(columns["Class"], "class");
        assert_eq!(columns["Category"], "attributes.Category");
        assert_eq!(columns["Type"], "attributes.Type");
    }

    #[test]
    fn what_a_person_must_decide_is_said_at_once() {
        let codes = |target, header: &[&str]| -> Vec<String> {
            propose(target, &names(header), &[]).findings.into_iter().map(|f| f.code).collect()
        };
        assert_eq!(
            codes(Target::Relations, &["source", "kind", "target", "target"]),
            ["UNKNOWN_COLUMN", "DUPLICATE_COLUMN", "MISSING_COLUMN"]
        );
        assert_eq!(codes(Target::Relations, &["source", "", "relation", "target"]), ["UNNAMED_COLUMN"]);
        assert_eq!(codes(Target::Cis, &["name", "class", "u", "location.u"]), ["DUPLICATE_COLUMN"]);
        assert!(
            codes(Target::Relations, &["source", "relation", "target", "since"]).is_empty(),
            "one more column is no trouble"
        );
        assert_eq!(labels(&names(&["Name", "", "name", "Name"])), ["Name", "column 2", "name (2)", "Name (3)"]);
    }

    #[test]
    fn two_hundred_columns_find_their_places() {
        let mut header: Vec<String> = (0..198).map(|n| format!("Custom {n}")).collect();
        header.insert(77, "Type".to_owned());
        header.insert(150, "Host Name".to_owned());
        let proposal = propose(Target::Cis, &header, &[]);
        assert!(proposal.findings.is_empty(), "{:?}", proposal.findings);
        assert_eq!(proposal.mapping.columns["Host Name"], "name");
        assert_eq!(proposal.mapping.columns["Custom 197"], "attributes.Custom 197");
    }

    #[test]
    fn values_tell_decimal_commas_and_the_order_of_dates() {
        let header = names(&["number", "title", "start", "end", "effort"]);
        let rows = vec![names(&["1", "a", "03/04/2026", "28/04/2026", "1,5"]), names(&["2", "b", "", "", "2"])];
        let mapping = propose(Target::Changes, &header, &rows).mapping;
        assert_eq!(mapping.dates, Some(Dates::DayFirst));
        assert_eq!(mapping.decimal_commas.into_iter().collect::<Vec<_>>(), ["effort"]);
    }

    #[test]
    fn the_shape_is_that_of_the_columns_in_any_order() {
        assert_eq!(shape(&names(&["Name", "class"])), shape(&names(&["CLASS", "name", REASON_COLUMN])));
        assert_ne!(shape(&names(&["name", "class"])), shape(&names(&["name", "class", "u"])));
    }

    #[test]
    fn a_row_is_translated_as_the_mapping_says() {
        let header = names(&["CI", "Weight", "Impact", "Stage"]);
        let mapping: Mapping = serde_json::from_value(serde_json::json!({
            "columns": { "CI": "name", "Weight": "attributes.weight", "Impact": "criticality", "Stage": "environment" },
            "constants": { "class": "server", "environment": "test" },
            "values": { "environment": { "PRD": "production" } },
            "numbers": { "criticality": "highest_first" },
            "decimal_commas": ["Weight"],
        }))
        .unwrap();
        let translator = Translator::of(Target::Cis, &header, &mapping).unwrap();
        let read = |row: &[&str]| -> BTreeMap<String, String> {
            translator.header().into_iter().zip(translator.row(&names(row)).unwrap()).collect()
        };
        let row = read(&["web-01", "1.234,5", "2", "prd"]);
        assert_eq!((row["name"].as_str(), row["class"].as_str()), ("web-01", "server"));
        assert_eq!((row["attributes.weight"].as_str(), row["criticality"].as_str()), ("1234.5", "high"));
        assert_eq!(row["environment"], "production");
        assert_eq!(read(&["web-02", "", "", ""])["environment"], "test", "a constant fills what is empty");
        assert!(translator.row(&names(&["x", "", "9", ""])).unwrap_err().contains("criticality 9"));
    }

    #[test]
    fn a_wrong_mapping_is_refused_with_every_fault() {
        let mapping: Mapping = serde_json::from_value(serde_json::json!({
            "columns": { "a": "nonsense", "b": "class", "c": "class" }, "constants": { "colour": "red" },
        }))
        .unwrap();
        let error = Translator::of(Target::Cis, &names(&["a", "b", "c"]), &mapping).unwrap_err();
        let codes: Vec<&str> = error.findings().iter().map(|f| f.code.as_str()).collect();
        assert_eq!(codes, ["UNKNOWN_FIELD", "DUPLICATE_COLUMN", "UNKNOWN_FIELD", "MISSING_COLUMN"]);
        assert!(serde_json::from_str::<Mapping>("{\"colums\":{}}").is_err(), "a slip in a mapping is not passed over");
    }
}
