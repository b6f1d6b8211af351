//! Hardware models from the community library of device types and module types: a YAML file a model, in folders by maker.
//!
//! A folder is read as one source: each file becomes an object with its path; a file that cannot be read becomes one that
//! says why, so that it is refused by itself and the others go on.

use super::feed::{Adapt, Fields};
use super::header::Header;
use super::json::RECORD_BYTES;
use super::plan::{Stage, not_of_this_kind};
use super::seen::Seen;
use super::source::{Cells, Source};
use super::{Format, NumberSource, RowError, Wanted, yaml};
use crate::error::CallError;
use serde_json::{Map, Value};
use slipway_domain::command::{Command, DhsCommand};
use slipway_domain::dhs::model::{ModelFacts, ModelKind, ModelRow, Port, PortSort, judged, of_name, over};
use slipway_domain::dhs::record::DhsModel;
use slipway_domain::id::DhsModelId;
use slipway_domain::records::Records;
use slipway_domain::refusal::Failure;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Most files of one folder: the whole library has some 10,000.
pub const FILES: usize = 100_000;
/// Folders in one another.
const DEPTH: usize = 8;
/// Under this name stands the file.
pub(super) const FILE: &str = "slipway_file";
/// Under this name stands why it cannot be read.
const BROKEN: &str = "slipway_broken";
/// What a row carries: the file, and the model as JSON.
const COLUMNS: &[&str] = &["file", "model"];

/// Whether a path is read as models: a folder, or a file of YAML.
#[must_use]
pub fn is_one(path: &Path) -> bool {
    path.is_dir() || is_yaml(path)
}

/// Whether the source is of models.
#[must_use]
pub fn recognises(header: &[String]) -> bool {
    header.iter().any(|name| name == FILE)
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("yaml") || e.eq_ignore_ascii_case("yml"))
}

/// The files of a path, in the order of their names; says in a sentence what keeps them from being read.
fn files(path: &Path) -> Result<Vec<PathBuf>, String> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    walk(path, 0, &mut found)?;
    if found.is_empty() {
        return Err(format!("the folder {} holds no YAML file", path.display()));
    }
    found.sort();
    Ok(found)
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let entry = entry.map_err(|error| format!("{}: {error}", folder.display()))?;
        // A link is not followed: it may lead round in a circle.
        let kind = entry.file_type().map_err(|error| format!("{}: {error}", entry.path().display()))?;
        if kind.is_dir() && depth < DEPTH {
            walk(&entry.path(), depth + 1, found)?;
        } else if kind.is_file() && is_yaml(&entry.path()) {
            if found.len() == FILES {
                return Err(format!("the folder holds more than {FILES} files; import its parts one by one"));
            }
            found.push(entry.path());
        }
    }
    Ok(())
}

/// Writes each file as a line; says how many.
pub(super) fn unroll(path: &Path, lines: &mut dyn Write) -> Result<u64, String> {
    let mut count = 0;
    for file in files(path)? {
        let shown = file.strip_prefix(path).ok().filter(|p| !p.as_os_str().is_empty()).unwrap_or(&file);
        let mut object = match read(&file) {
            Ok(object) => object,
            Err(why) => Map::from_iter([(BROKEN.to_owned(), why.into())]),
        };
        // The name of the folder says what a model is, wherever in the library one begins.
        let whole = file.display().to_string();
        object.insert(FILE.to_owned(), shown.display().to_string().into());
        object.insert("slipway_module".to_owned(), Value::Bool(whole.contains("module-types")));
        let mut line = Value::Object(object).to_string();
        if line.len() > RECORD_BYTES {
            let why = format!("it has more than {RECORD_BYTES} bytes");
            let said = [(BROKEN.to_owned(), why.into()), (FILE.to_owned(), shown.display().to_string().into())];
            line = Value::Object(Map::from_iter(said)).to_string();
        }
        line.push('\n');
        lines.write_all(line.as_bytes()).map_err(|error| format!("the models could not be put aside: {error}"))?;
        count += 1;
    }
    Ok(count)
}

fn read(path: &Path) -> Result<Map<String, Value>, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| format!("it cannot be read: {error}"))?;
    file.take(yaml::DOCUMENT_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("it cannot be read: {error}"))?;
    if bytes.len() as u64 > yaml::DOCUMENT_BYTES {
        return Err(format!("it has more than {} bytes", yaml::DOCUMENT_BYTES));
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    match yaml::read(&text)? {
        Value::Object(object) => Ok(object),
        Value::Null => Err("it is empty".to_owned()),
        _ => Err("it holds no model, but a list or a text".to_owned()),
    }
}

pub(super) fn stages(source: &Source) -> Result<Vec<Stage>, CallError> {
    if !recognises(source.header()) {
        return Err(not_of_this_kind(source, "device types", "a folder or a file of YAML with manufacturer and model"));
    }
    Ok(vec![Stage::models(COLUMNS, models)])
}

fn models() -> Adapt {
    Box::new(|cells, _| match cells {
        Cells::Object(object) => {
            let file = text(object.get(FILE));
            vec![one(object).map_err(|why| format!("{file}: {why}"))]
        }
        Cells::Fields(_) => vec![Err("this is no device type".to_owned())],
    })
}

fn one(object: &Map<String, Value>) -> Result<Fields, String> {
    if let Some(why) = object.get(BROKEN) {
        return Err(text(Some(why)));
    }
    let model = model(object)?;
    let json = serde_json::to_string(&model).map_err(|error| error.to_string())?;
    Ok(Fields::from([("file", text(object.get(FILE))), ("model", json)]))
}

/// A key in any case, with dashes or underscores: the library's files vary.
fn get<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    let plain = |text: &str| text.trim().to_lowercase().replace(['-', ' '], "_");
    let found = object.get(key).or_else(|| {
        let wanted = plain(key);
        object.iter().find(|(name, _)| plain(name) == wanted).map(|(_, value)| value)
    });
    found.filter(|value| !value.is_null())
}

fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Some(Value::Number(n)) => n.to_string(),
        Some(Value::Bool(b)) => b.to_string(),
        _ => String::new(),
    }
}

fn figure(value: Option<&Value>) -> Result<Option<f64>, String> {
    match value {
        None => Ok(None),
        Some(Value::Number(n)) => Ok(n.as_f64()),
        Some(Value::String(written)) if written.trim().is_empty() => Ok(None),
        Some(Value::String(written)) => {
            written.trim().parse().map(Some).map_err(|_| format!("{written:?} is no figure"))
        }
        Some(other) => Err(format!("{other} is no figure")),
    }
}

/// A figure times a factor, within what a record takes.
fn whole(value: Option<&Value>, what: &str, factor: f64) -> Result<Option<u32>, String> {
    let Some(value) = figure(value).map_err(|why| format!("{what}: {why}"))? else { return Ok(None) };
    let scaled = (value * factor).round();
    if !(0.0..=f64::from(u32::MAX)).contains(&scaled) {
        return Err(format!("{what}: {value} is out of range"));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range just checked")]
    let whole = scaled as u32;
    Ok(Some(whole))
}

/// The lists of ports, by their keys.
const LISTS: &[(&str, PortSort)] = &[
    ("interfaces", PortSort::Interface),
    ("console-ports", PortSort::Console),
    ("console-server-ports", PortSort::ConsoleServer),
    ("power-ports", PortSort::Power),
    ("power-outlets", PortSort::Outlet),
    ("front-ports", PortSort::Front),
    ("rear-ports", PortSort::Rear),
    ("module-bays", PortSort::ModuleBay),
    ("device-bays", PortSort::DeviceBay),
    ("inventory-items", PortSort::Part),
];

fn model(object: &Map<String, Value>) -> Result<DhsModel, String> {
    let (manufacturer, name) = (text(get(object, "manufacturer")), text(get(object, "model")));
    if manufacturer.is_empty() || name.is_empty() {
        let missing = if manufacturer.is_empty() { "manufacturer" } else { "model" };
        return Err(format!("{missing} is missing; write it into the file"));
    }
    let is_module = object.get("slipway_module").and_then(Value::as_bool).unwrap_or_default()
        || ["u_height", "slug", "is_full_depth"].iter().all(|key| get(object, key).is_none());
    let grams = match text(get(object, "weight_unit")).to_lowercase().as_str() {
        "" | "kg" => 1_000.0,
        "g" => 1.0,
        "lb" => 453.592_37,
        "oz" => 28.349_523,
        unit => return Err(format!("weight_unit: {unit:?} is none of kg, g, lb, oz")),
    };
    let airflow = match text(get(object, "airflow")) {
        said if said.is_empty() => None,
        said => Some(said.parse().map_err(|error| format!("airflow: {error}"))?),
    };
    let full_depth = match get(object, "is_full_depth") {
        Some(Value::Bool(full)) => Some(*full),
        Some(other) => return Err(format!("is_full_depth: {other} is neither true nor false")),
        None => None,
    };
    let mut ports = Vec::new();
    for (key, sort) in LISTS {
        match get(object, key) {
            None => {}
            Some(Value::Array(list)) => {
                for entry in list {
                    ports.push(port(entry, *sort).map_err(|why| format!("{key}: {why}"))?);
                }
            }
            Some(_) => return Err(format!("{key} is no list")),
        }
    }
    let described = text(get(object, "description"));
    let height_tenth_u = whole(get(object, "u_height"), "u_height", 10.0)?.unwrap_or_default();
    let part_numbers = Some(text(get(object, "part_number"))).filter(|p| !p.is_empty()).into_iter().collect();
    Ok(DhsModel {
        id: DhsModelId(Uuid::nil()),
        manufacturer,
        name,
        part_numbers,
        height_tenth_u,
        facts: ModelFacts {
            kind: if is_module { ModelKind::Module } else { ModelKind::Device },
            description: described.chars().take(slipway_domain::text::LINE_CHARS).collect(),
            full_depth,
            weight_g: whole(get(object, "weight"), "weight", grams)?.filter(|g| *g > 0),
            airflow,
            ports,
            ..ModelFacts::default()
        },
    })
}

fn port(entry: &Value, sort: PortSort) -> Result<Port, String> {
    let Value::Object(entry) = entry else { return Err(format!("{entry} is no {sort}")) };
    let name = [get(entry, "name"), get(entry, "label"), get(entry, "position")]
        .into_iter()
        .map(text)
        .find(|text| !text.is_empty())
        .ok_or_else(|| format!("a {sort} has no name"))?;
    let form = match sort {
        PortSort::ModuleBay | PortSort::DeviceBay => text(get(entry, "position")),
        _ => text(get(entry, "type")),
    };
    let draw_w = whole(get(entry, "maximum_draw"), "maximum_draw", 1.0)?.filter(|w| *w > 0);
    Ok(Port { sort, name, form, draw_w })
}

/// Reads models.
#[derive(Default)]
pub struct Models {
    header: Header,
    seen: Seen,
}

impl Models {
    fn key(&self, fields: &[String]) -> Option<(DhsModel, String)> {
        let model: DhsModel = serde_json::from_str(self.header.value(fields, "model")).ok()?;
        let key = format!("{}|{}", model.manufacturer.to_lowercase(), model.name.to_lowercase());
        Some((model, key))
    }
}

impl Format for Models {
    type Row = ModelRow;

    fn header(&mut self, header: Header) {
        self.header = header;
    }

    fn pass_over(&mut self, line: u32, fields: &[String]) {
        if let Some((_, key)) = self.key(fields) {
            self.seen.before(&key, line);
        }
    }

    fn row(&mut self, line: u32, fields: &[String], records: &dyn Records) -> Result<Wanted<ModelRow>, RowError> {
        let file = self.header.value(fields, "file").to_owned();
        let Some((mut model, key)) = self.key(fields) else {
            return Err(RowError::because(format!("{file}: it cannot be read as a model")));
        };
        if let Some(first) = self.seen.before(&key, line) {
            return Err(RowError::because(format!(
                "{file}: {} {} is in file {first} of this folder already; keep one of the two",
                model.manufacturer, model.name
            )));
        }
        let known = of_name(&model.manufacturer, &model.name, records)?;
        let wanted = match &known {
            Some(known) => over(known, &model),
            None => {
                model.id = DhsModelId(Uuid::now_v7());
                model.clone()
            }
        };
        match judged(&wanted, records) {
            Ok(judged) if known.as_ref() == Some(&judged) => Ok(Wanted::Already),
            Ok(_) => Ok(Wanted::Send(ModelRow { line, model })),
            Err(Failure::Refused(refusal)) => Err(RowError::because(format!("{file}: {}", refusal.sentences()))),
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }

    fn command(&self, rows: &[ModelRow], _numbers: &mut dyn NumberSource) -> Command {
        Command::Dhs(DhsCommand::ImportModels(rows.to_vec()))
    }
}
