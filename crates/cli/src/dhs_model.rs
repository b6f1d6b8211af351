//! `slipwayctl dhs model`: hardware models.

use crate::desk::Desk;
use crate::print::{Answer, at, done, rows, table, text, wrong_use};
use crate::release::code;
use crate::transfer::{self, Import};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use slipway_app::error::CallError;
use std::path::PathBuf;

/// Columns of the list.
const LIST: &[(&str, &str)] = &[
    ("kind", "kind"),
    ("part_numbers", "parts"),
    ("in_store", "free"),
    ("reserved", "reserved"),
    ("minimum", "minimum"),
];

#[derive(Subcommand)]
pub enum ModelCall {
    /// Make a model known. Example: slipwayctl dhs model add --manufacturer Halden --name R740 --part HLD-R740
    Add {
        /// Maker.
        #[arg(long)]
        manufacturer: String,
        /// Name.
        #[arg(long)]
        name: String,
        /// Part number; may be given several times.
        #[arg(long = "part")]
        parts: Vec<String>,
    },
    /// Take models from YAML of the community library, files or folders. A second run changes nothing.
    /// Example: slipwayctl dhs model import devicetype-library/device-types --dry-run
    Import {
        /// Files and folders.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Say what would be done; change nothing.
        #[arg(long)]
        dry_run: bool,
        /// Write what was refused here, each with its reason (of one file or folder only).
        #[arg(long, value_name = "FILE")]
        rejects: Option<PathBuf>,
    },
    /// List models. Example: slipwayctl dhs model list manufacturer:Cisco kind:module
    List {
        /// Words and conditions.
        filter: Vec<String>,
    },
    /// A model with what lies of it. Example: slipwayctl dhs model show "Halden R740"
    Show {
        /// Its name, maker and name, or part number.
        model: String,
    },
    /// Change a model. Example: slipwayctl dhs model set R740 --minimum "Spares A=4" --prefix HLD
    Set(Box<Set>),
}

/// What is changed of a model; what is left out stays.
#[derive(Args)]
pub struct Set {
    /// Its name, maker and name, or part number.
    model: String,
    /// Maker.
    #[arg(long)]
    manufacturer: Option<String>,
    /// Name.
    #[arg(long)]
    name: Option<String>,
    /// Part number; given once, these replace all.
    #[arg(long = "part")]
    parts: Vec<String>,
    /// How serial numbers of it begin; given once, these replace all.
    #[arg(long = "prefix")]
    prefixes: Vec<String>,
    /// device, module or consumable.
    #[arg(long)]
    kind: Option<String>,
    /// In a line.
    #[arg(long)]
    description: Option<String>,
    /// Height in rack units, such as 1.5.
    #[arg(long)]
    height: Option<f64>,
    /// Weight in kilograms.
    #[arg(long)]
    weight: Option<f64>,
    /// true or false: it fills front and rear of a rack.
    #[arg(long)]
    full_depth: Option<bool>,
    /// front-to-rear, rear-to-front, passive and so on.
    #[arg(long)]
    airflow: Option<String>,
    /// How many a store shall hold, as STORE=NUMBER; 0 takes it away. May be given several times.
    #[arg(long = "minimum", value_name = "STORE=NUMBER")]
    minimum: Vec<String>,
}

pub async fn run(desk: &Desk, call: ModelCall) -> Result<Answer, CallError> {
    match call {
        ModelCall::Add { manufacturer, name, parts } => {
            let request = json!({ "manufacturer": manufacturer, "name": name, "part_numbers": parts });
            desk.call("dhs.put_model", request).await.map(done)
        }
        ModelCall::Import { paths, dry_run, rejects } => import(desk, paths, dry_run, rejects).await,
        ModelCall::List { filter } => desk.list("dhs_model", &filter.join(" "), LIST).await,
        ModelCall::Show { model } => {
            let page = desk.call("dhs.model", json!({ "model": model })).await?;
            let shown = show(&page);
            Ok(Answer::new(page, shown))
        }
        ModelCall::Set(set) => desk.call("dhs.edit_model", request(&set)?).await.map(done),
    }
}

/// One path after the other; the answers stand together.
async fn import(
    desk: &Desk,
    paths: Vec<PathBuf>,
    dry_run: bool,
    rejects: Option<PathBuf>,
) -> Result<Answer, CallError> {
    if rejects.is_some() && paths.len() > 1 {
        return Err(wrong_use("One file of refused models cannot be of several folders.", "Import them one by one."));
    }
    let single = paths.len() == 1;
    let (mut answers, mut lines, mut partly) = (Vec::new(), Vec::new(), false);
    for path in paths {
        let import = Import::of("models".to_owned(), path, None, dry_run, rejects.clone(), Map::new());
        let answer = transfer::import(desk, import).await?;
        if single {
            return Ok(answer);
        }
        partly |= answer.partly_refused;
        lines.push(answer.text);
        answers.push(answer.json);
    }
    let mut answer = Answer::new(json!({ "imports": answers }), lines.join("\n"));
    answer.partly_refused = partly;
    Ok(answer)
}

/// Tenths of a figure, as a whole number.
fn scaled(what: &str, value: Option<f64>, factor: f64) -> Result<Option<u32>, CallError> {
    let Some(value) = value else { return Ok(None) };
    let scaled = (value * factor).round();
    if !(0.0..=f64::from(u32::MAX)).contains(&scaled) {
        return Err(wrong_use(format!("A {what} of {value} cannot be."), "Write a figure that is not below nothing."));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range just checked")]
    let whole = scaled as u32;
    Ok(Some(whole))
}

fn request(set: &Set) -> Result<Value, CallError> {
    let mut minimum = Map::new();
    for given in &set.minimum {
        let wrong = || wrong_use(format!("{given:?} is no minimum."), "Write it as \"Spares A=4\".");
        let (store, least) = given.rsplit_once('=').ok_or_else(wrong)?;
        minimum.insert(store.trim().to_owned(), json!(least.trim().parse::<u32>().map_err(|_| wrong())?));
    }
    let given = |list: &Vec<String>| if list.is_empty() { Value::Null } else { json!(list) };
    Ok(json!({
        "model": set.model, "manufacturer": set.manufacturer, "name": set.name,
        "part_numbers": given(&set.parts), "serial_prefixes": given(&set.prefixes),
        "kind": set.kind.as_deref().map(code), "description": set.description,
        "height_tenth_u": scaled("height", set.height, 10.0)?,
        "weight_g": scaled("weight", set.weight, 1_000.0)?,
        "full_depth": set.full_depth, "airflow": set.airflow.as_deref().map(code), "minimum": minimum,
    }))
}

fn show(page: &Value) -> String {
    let facts = |pointer: &str| text(page, pointer);
    let mut lines = vec![format!("{} {}", facts("/model/manufacturer"), facts("/model/name"))];
    let parts: Vec<String> = rows(page, "/model/part_numbers").iter().map(|part| text(part, "")).collect();
    if !parts.is_empty() {
        lines.push(format!("part numbers: {}", parts.join(", ")));
    }
    if let Some(tenths) = at(page, "/model/height_tenth_u").as_u64().filter(|tenths| *tenths > 0) {
        let (whole, tenth) = (tenths / 10, tenths % 10);
        lines.push(if tenth > 0 { format!("height: {whole}.{tenth} U") } else { format!("height: {whole} U") });
    }
    for port in rows(page, "/ports") {
        lines.push(format!("{} x {} {}", text(port, "/count"), text(port, "/sort"), text(port, "/form")));
    }
    let stores: Vec<Vec<String>> = rows(page, "/stores")
        .iter()
        .map(|s| ["/store", "/free", "/reserved", "/expected", "/minimum"].map(|cell| text(s, cell)).to_vec())
        .collect();
    if !stores.is_empty() {
        lines.push(table(&["store", "free", "reserved", "expected", "minimum"], &stores));
    }
    for bin in rows(page, "/bins") {
        lines.push(format!("{}: {} ({} free)", text(bin, "/place"), text(bin, "/quantity"), text(bin, "/free")));
    }
    lines.join("\n")
}
