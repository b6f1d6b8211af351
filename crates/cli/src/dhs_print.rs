//! `slipwayctl dhs label`, `pick` and `rack`: what is printed, carried along and looked at.

use crate::desk::Desk;
use crate::dhs_stock::bin;
use crate::print::{Answer, at, rows, table, text};
use crate::release::code;
use crate::transfer::whole;
use clap::Args;
use serde_json::{Value, json};
use slipway_app::error::CallError;
use std::path::PathBuf;

/// Labels of units, places and command codes.
#[derive(Args)]
#[command(after_help = "Examples:
  slipwayctl dhs label --output labels.pdf UNI-000001 UNI-000002
  slipwayctl dhs label --output shelves.pdf --code data-matrix --sheet l7651 --place \"Spares A/02/B-07\"
  slipwayctl dhs label --output commands.pdf --commands
  slipwayctl dhs label --output roll.zpl --form zpl --sheet roll57x32 --code code128 UNI-000001
  slipwayctl dhs label --sheets")]
pub struct Label {
    /// Units: UNI-000001, serial number or asset tag.
    units: Vec<String>,
    /// A place, as STORE[/AISLE[/SHELF[/BIN]]]; may be given several times.
    #[arg(long = "place")]
    places: Vec<String>,
    /// The codes that a scanner gives commands by.
    #[arg(long)]
    commands: bool,
    /// Which code
    #[arg(long, default_value = "qr", value_parser = ["code128", "qr", "data-matrix", "data_matrix"])]
    code: String,
    /// In which form
    #[arg(long, default_value = "pdf", value_parser = ["pdf", "zpl"])]
    form: String,
    /// Name of the sheet: see --sheets.
    #[arg(long)]
    sheet: Option<String>,
    /// The first label of the first sheet that is free, from 1.
    #[arg(long)]
    first: Option<u32>,
    /// The file.
    #[arg(long, short, required_unless_present = "sheets")]
    output: Option<PathBuf>,
    /// List the sheets that are known.
    #[arg(long)]
    sheets: bool,
}

pub async fn label(desk: &Desk, label: Label) -> Result<Answer, CallError> {
    let Some(output) = label.output.as_ref().filter(|_| !label.sheets) else {
        let sheets = desk.call("dhs.sheets", Value::Null).await?;
        let lines: Vec<String> =
            rows(&sheets, "/sheets").iter().map(|s| format!("{}  {}", text(s, "/name"), text(s, "/title"))).collect();
        return Ok(Answer::new(sheets, lines.join("\n")));
    };
    let places: Vec<Value> = label.places.iter().map(|place| bin(place)).collect();
    let request = json!({
        "units": label.units, "places": places, "commands": label.commands, "code": code(&label.code), "form": label.form,
        "sheet": label.sheet, "first": label.first, "path": whole(output)?,
    });
    let written = desk.call("dhs.labels", request).await?;
    let labels = at(&written, "/labels");
    let noun = if labels == 1 { "label" } else { "labels" };
    let line = format!("wrote {labels} {noun} to {}", output.display());
    Ok(Answer::new(written, line))
}

/// What is to be taken from the shelves for a release.
#[derive(Args)]
pub struct Pick {
    /// REL-000001
    release: String,
    /// A file to write it to: .pdf, else CSV.
    #[arg(long, short)]
    output: Option<PathBuf>,
}

pub async fn pick(desk: &Desk, pick: Pick) -> Result<Answer, CallError> {
    let path = match &pick.output {
        Some(path) => Some(whole(path)?),
        None => None,
    };
    let list = desk.call("dhs.pick_list", json!({ "release": pick.release, "path": path })).await?;
    let cell = |line: &Value, pointer: &str| text(line, pointer);
    let shown: Vec<Vec<String>> = rows(&list, "/lines")
        .iter()
        .map(|line| {
            let place = if at(line, "/picked") == true { "picked".to_owned() } else { cell(line, "/place") };
            let mut row = vec![place];
            row.extend(["/model/label", "/number", "/serial_number", "/asset_tag", "/quantity"].map(|p| cell(line, p)));
            row
        })
        .collect();
    let mut lines = vec![table(&["place", "model", "unit", "serial", "tag", "quantity"], &shown)];
    for missing in rows(&list, "/missing") {
        lines.push(format!(
            "missing: {} of {} {} reserved",
            text(missing, "/reserved"),
            text(missing, "/wanted"),
            text(missing, "/label")
        ));
    }
    if let Some(path) = &pick.output {
        lines.push(format!("wrote {}", path.display()));
    }
    Ok(Answer::new(list, lines.join("\n")))
}

/// A rack, front and rear.
#[derive(Args)]
pub struct Rack {
    /// Name of the rack.
    rack: String,
    /// Site.
    #[arg(long)]
    site: Option<String>,
    /// Building.
    #[arg(long, default_value = "")]
    building: String,
    /// Room.
    #[arg(long, default_value = "")]
    room: String,
    /// A PDF to draw it into.
    #[arg(long, short)]
    output: Option<PathBuf>,
}

pub async fn rack(desk: &Desk, rack: Rack) -> Result<Answer, CallError> {
    let path = match &rack.output {
        Some(path) => Some(whole(path)?),
        None => None,
    };
    let request = json!({
        "site": rack.site, "building": rack.building, "room": rack.room, "rack": rack.rack, "path": path,
    });
    let view = desk.call("dhs.rack", request).await?;
    let shown: Vec<Vec<String>> = rows(&view, "/items")
        .iter()
        .map(|item| {
            let (low, high) = (text(item, "/low"), text(item, "/high"));
            let units = if low == high { format!("U{high}") } else { format!("U{low}-U{high}") };
            let units = if high.is_empty() { "no unit".to_owned() } else { units };
            vec![units, text(item, "/face").replace('_', " "), text(item, "/ci/label"), text(item, "/ci/state")]
        })
        .collect();
    let head = format!("{}: {} units, {} free", text(&view, "/place"), at(&view, "/units"), at(&view, "/free"));
    let mut lines = format!("{head}\n{}", table(&["units", "face", "CI", "state"], &shown));
    if let Some(path) = &rack.output {
        lines = format!("{lines}\nwrote {}", path.display());
    }
    Ok(Answer::new(view, lines))
}
