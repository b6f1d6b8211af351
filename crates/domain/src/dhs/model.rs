//! Hardware models: what a maker sells, by what a scanner knows it, and how many of it each store shall hold.

use crate::cmdb::import::{RowEffect, bounded, count};
use crate::dhs::record::DhsModel;
use crate::execute::{Effect, replace};
use crate::id::DhsModelId;
use crate::level::named;
use crate::lookup::{Lookup, pair};
use crate::record::RecordRef;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::text;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use ts_rs::TS;

/// Most part numbers of a model, and most prefixes of its serial numbers.
pub const PART_NUMBERS: usize = 50;
/// Greatest height in rack units times ten.
pub const HEIGHT_TENTH_U: u32 = 1_000;
/// Greatest weight: ten tonnes, in grams.
pub const WEIGHT_G: u32 = 10_000_000;
/// Most interfaces, power ports and bays together: a full chassis has some hundreds.
pub const PORTS: usize = 2_000;
/// Most stores with a minimum of their own.
pub const STORES: usize = 200;
/// Fewest characters of a prefix by which a serial number tells its model: shorter ones tell too much.
pub const PREFIX_CHARS: usize = 2;

named! {
    /// What a model is.
    ModelKind {
        /// Stands or hangs by itself.
        Device = "device",
        /// Goes into a device.
        Module = "module",
        /// Counted, not told apart: cables, optics, screws.
        Consumable = "consumable",
    }
    /// Which way the air goes.
    Airflow {
        /// Cold aisle in front.
        FrontToRear = "front to rear",
        /// The other way round.
        RearToFront = "rear to front",
        /// Across.
        LeftToRight = "left to right",
        /// Across, the other way round.
        RightToLeft = "right to left",
        /// Out of the rear.
        SideToRear = "side to rear",
        /// Into the side.
        RearToSide = "rear to side",
        /// Upwards.
        BottomToTop = "bottom to top",
        /// Downwards.
        TopToBottom = "top to bottom",
        /// No fan.
        Passive = "passive",
        /// Several ways.
        Mixed = "mixed",
    }
    /// What a port is for.
    PortSort {
        /// Network.
        Interface = "interface",
        /// Console.
        Console = "console port",
        /// Consoles of others.
        ConsoleServer = "console server port",
        /// Power in.
        Power = "power port",
        /// Power out.
        Outlet = "power outlet",
        /// Patch panel, front.
        Front = "front port",
        /// Patch panel, rear.
        Rear = "rear port",
        /// Takes a module.
        ModuleBay = "module bay",
        /// Takes a device.
        DeviceBay = "device bay",
        /// A part of it that is told apart.
        Part = "inventory item",
    }
}

/// A port or bay of a model.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct Port {
    /// What it is for.
    pub sort: PortSort,
    /// Its name, unique within its sort. `{module}` stands for the bay that a module is in.
    pub name: String,
    /// Its type, such as `10gbase-x-sfpp` or `iec-60320-c14`; of a bay its position.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub form: String,
    /// Most that it draws, in watts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub draw_w: Option<u32>,
}

/// What is known of a model beside its names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct ModelFacts {
    /// What it is.
    pub kind: ModelKind,
    /// In a line.
    pub description: String,
    /// Whether it fills front and rear of a rack; `None`: nobody said.
    pub full_depth: Option<bool>,
    /// Weight in grams.
    pub weight_g: Option<u32>,
    /// Which way the air goes.
    pub airflow: Option<Airflow>,
    /// Interfaces, power ports, bays, in the order of the maker.
    pub ports: Vec<Port>,
    /// How serial numbers of it begin.
    pub serial_prefixes: Vec<String>,
    /// How many shall be in store, by the name of the store.
    pub minimum: BTreeMap<String, u32>,
}

impl Default for ModelFacts {
    fn default() -> Self {
        Self {
            kind: ModelKind::Device,
            description: String::new(),
            full_depth: None,
            weight_g: None,
            airflow: None,
            ports: Vec::new(),
            serial_prefixes: Vec::new(),
            minimum: BTreeMap::new(),
        }
    }
}

impl ModelFacts {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// How many ports of a sort.
    #[must_use]
    pub fn count(&self, sort: PortSort) -> usize {
        self.ports.iter().filter(|port| port.sort == sort).count()
    }
}

/// A row of a model import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ModelRow {
    /// Line of the file it came from, or its place among the files.
    pub line: u32,
    /// The model to create if there is none of that manufacturer and name.
    pub model: DhsModel,
}

/// What is changed of a model; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct ModelEdit {
    /// Maker.
    pub manufacturer: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// All part numbers.
    pub part_numbers: Option<Vec<String>>,
    /// Height in rack units times ten.
    pub height_tenth_u: Option<u32>,
    /// What it is.
    pub kind: Option<ModelKind>,
    /// In a line.
    pub description: Option<String>,
    /// Whether it fills front and rear.
    pub full_depth: Option<bool>,
    /// Weight in grams; 0: not known.
    pub weight_g: Option<u32>,
    /// Which way the air goes.
    pub airflow: Option<Airflow>,
    /// All prefixes of serial numbers.
    pub serial_prefixes: Option<Vec<String>>,
    /// Minimum by store, of these stores only; 0 takes it away.
    pub minimum: BTreeMap<String, u32>,
}

/// Creates a model or replaces it as a whole.
pub(super) fn put(given: &DhsModel, records: &mut dyn Records) -> Result<Effect, Failure> {
    let model = judged(given, records)?;
    let id = model.id;
    Ok(replace(model, id, records)?)
}

/// Changes what is given.
pub(super) fn edit(id: DhsModelId, edit: &ModelEdit, records: &mut dyn Records) -> Result<Effect, Failure> {
    let mut model: DhsModel = records.must(id)?;
    let ModelEdit { manufacturer, name, part_numbers, height_tenth_u, .. } = edit.clone();
    model.manufacturer = manufacturer.unwrap_or(model.manufacturer);
    model.name = name.unwrap_or(model.name);
    model.part_numbers = part_numbers.unwrap_or(model.part_numbers);
    model.height_tenth_u = height_tenth_u.unwrap_or(model.height_tenth_u);
    let facts = &mut model.facts;
    facts.kind = edit.kind.unwrap_or(facts.kind);
    facts.full_depth = edit.full_depth.or(facts.full_depth);
    facts.airflow = edit.airflow.or(facts.airflow);
    if let Some(weight_g) = edit.weight_g {
        facts.weight_g = Some(weight_g).filter(|g| *g > 0);
    }
    if let Some(description) = &edit.description {
        facts.description.clone_from(description);
    }
    if let Some(prefixes) = &edit.serial_prefixes {
        facts.serial_prefixes.clone_from(prefixes);
    }
    for (store, least) in &edit.minimum {
        facts.minimum.retain(|known, _| !known.eq_ignore_ascii_case(store.trim()));
        facts.minimum.insert(store.clone(), *least);
    }
    let model = judged(&model, records)?;
    Ok(replace(model, id, records)?)
}

/// Takes models from a catalogue: each row is judged by itself, known models get what the catalogue says and keep what
/// only people here know (prefixes of serial numbers, minimum stock, part numbers of their own).
pub(super) fn import(rows: &[ModelRow], records: &mut dyn Records) -> Result<Effect, Failure> {
    bounded(rows.len())?;
    let mut effect = Effect::default();
    for row in rows {
        let what = format!("{} {}", row.model.manufacturer, row.model.name);
        let outcome = import_row(row, records);
        count(&mut effect, row.line, &what, outcome)?;
    }
    Ok(effect)
}

fn import_row(row: &ModelRow, records: &mut dyn Records) -> Result<RowEffect, Failure> {
    let known = of_name(&row.model.manufacturer, &row.model.name, records)?;
    let wanted = match &known {
        Some(known) => over(known, &row.model),
        None => row.model.clone(),
    };
    let model = judged(&wanted, records)?;
    let effect = match &known {
        Some(known) if *known == model => return Ok(RowEffect::Unchanged),
        Some(_) => RowEffect::Updated,
        None => RowEffect::Created,
    };
    if known.is_none()
        && let Some(other) = records.get::<DhsModel>(model.id)?
    {
        return Err(Finding::new(
            "ID_TAKEN",
            format!("{} {} is already stored under this identity.", other.manufacturer, other.name),
            "Import the row anew.",
        )
        .into());
    }
    records.put(model)?;
    Ok(effect)
}

/// The model of that maker and name.
///
/// # Errors
/// A storage fault.
pub fn of_name(manufacturer: &str, name: &str, records: &dyn Records) -> Result<Option<DhsModel>, Fault> {
    match records.find(Lookup::ModelByName, &pair(manufacturer, name))?.first() {
        Some(id) => records.get(DhsModelId(*id)),
        None => Ok(None),
    }
}

/// A known model with what a catalogue says of it.
#[must_use]
pub fn over(known: &DhsModel, catalogue: &DhsModel) -> DhsModel {
    let mut part_numbers = catalogue.part_numbers.clone();
    let same = |a: &String, b: &String| a.trim().eq_ignore_ascii_case(b.trim());
    let own: Vec<String> =
        known.part_numbers.iter().filter(|own| !part_numbers.iter().any(|part| same(part, own))).cloned().collect();
    part_numbers.extend(own);
    let (was, says) = (&known.facts, &catalogue.facts);
    DhsModel {
        id: known.id,
        manufacturer: known.manufacturer.clone(),
        name: known.name.clone(),
        part_numbers,
        height_tenth_u: if catalogue.height_tenth_u > 0 { catalogue.height_tenth_u } else { known.height_tenth_u },
        facts: ModelFacts {
            // What is counted here was said here.
            kind: if was.kind == ModelKind::Consumable { was.kind } else { says.kind },
            description: if says.description.is_empty() { was.description.clone() } else { says.description.clone() },
            full_depth: says.full_depth.or(was.full_depth),
            weight_g: says.weight_g.or(was.weight_g),
            airflow: says.airflow.or(was.airflow),
            ports: if says.ports.is_empty() { was.ports.clone() } else { says.ports.clone() },
            serial_prefixes: was.serial_prefixes.clone(),
            minimum: was.minimum.clone(),
        },
    }
}

/// A model as it may be stored, or everything that stands against it.
///
/// # Errors
/// The refusal with every finding, or a storage fault.
pub fn judged(given: &DhsModel, records: &dyn Records) -> Result<DhsModel, Failure> {
    let mut model = given.clone();
    let mut findings = Vec::new();
    text::tidy(&mut model.manufacturer, "manufacturer", text::filled_line, &mut findings);
    text::tidy(&mut model.name, "name", text::filled_line, &mut findings);
    for part in &mut model.part_numbers {
        text::tidy(part, "part number", text::filled_line, &mut findings);
    }
    tidy_facts(&mut model.facts, &mut findings);
    for (what, has, most, code) in [
        ("part numbers", model.part_numbers.len(), PART_NUMBERS, "TOO_MANY_PART_NUMBERS"),
        ("prefixes of serial numbers", model.facts.serial_prefixes.len(), PART_NUMBERS, "TOO_MANY_PREFIXES"),
        ("ports and bays", model.facts.ports.len(), PORTS, "TOO_MANY_PORTS"),
        ("stores with a minimum", model.facts.minimum.len(), STORES, "TOO_MANY_STORES"),
    ] {
        if has > most {
            findings.push(Finding::new(
                code,
                format!("{has} {what} are too many."),
                format!("At most {most} are possible."),
            ));
        }
    }
    if model.height_tenth_u > HEIGHT_TENTH_U {
        findings.push(Finding::new(
            "OUT_OF_RANGE",
            format!("A height of {} tenths of a rack unit is too much.", model.height_tenth_u),
            format!("Choose from 0 to {HEIGHT_TENTH_U}."),
        ));
    }
    if let Some(weight_g) = model.facts.weight_g.filter(|g| *g > WEIGHT_G) {
        findings.push(Finding::new(
            "OUT_OF_RANGE",
            format!("A weight of {weight_g} grams is too much."),
            format!("Choose from 1 to {WEIGHT_G}."),
        ));
    }
    let same = of_name(&model.manufacturer, &model.name, records)?;
    if let Some(other) = same.filter(|other| other.id != model.id) {
        findings.push(
            Finding::new(
                "MODEL_EXISTS",
                format!("There is already a model {} {}.", other.manufacturer, other.name),
                "Use that model, or edit it.",
            )
            .about(RecordRef::of(&other)),
        );
    }
    for prefix in &model.facts.serial_prefixes {
        for other in records.list::<DhsModel>(Lookup::ModelBySerialPrefix, &prefix.to_lowercase())? {
            if other.id != model.id {
                findings.push(
                    Finding::new(
                        "PREFIX_TAKEN",
                        format!(
                            "Serial numbers that begin with {prefix} are those of {} {}.",
                            other.manufacturer, other.name
                        ),
                        "Write a longer prefix, or take it away from that model.",
                    )
                    .about(RecordRef::of(&other)),
                );
            }
        }
    }
    none(findings)?;
    Ok(model)
}

fn tidy_facts(facts: &mut ModelFacts, findings: &mut Vec<Finding>) {
    text::tidy(&mut facts.description, "description", text::line, findings);
    let mut seen = BTreeSet::new();
    for port in &mut facts.ports {
        text::tidy(&mut port.name, port.sort.label(), text::filled_line, findings);
        text::tidy(&mut port.form, "type of a port", text::line, findings);
    }
    // Catalogues name one port twice now and then: it is one port.
    facts.ports.retain(|port| seen.insert((port.sort, port.name.to_lowercase())));
    for prefix in &mut facts.serial_prefixes {
        text::tidy(prefix, "prefix of serial numbers", text::filled_line, findings);
        if prefix.chars().count() < PREFIX_CHARS {
            findings.push(Finding::new(
                "PREFIX_TOO_SHORT",
                format!("{prefix:?} begins too many serial numbers to tell a model."),
                format!("Write at least {PREFIX_CHARS} characters."),
            ));
        }
    }
    let minimum = std::mem::take(&mut facts.minimum);
    for (mut store, least) in minimum {
        text::tidy(&mut store, "store", text::filled_line, findings);
        // The same store in other letters is the same store.
        if let Some(same) = facts.minimum.keys().find(|known| known.eq_ignore_ascii_case(&store)).cloned() {
            facts.minimum.remove(&same);
        }
        if least > 0 {
            facts.minimum.insert(store, least);
        }
    }
}
