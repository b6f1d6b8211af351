//! `slipwayctl dhs scan`: cataloguing from a terminal, or from a file of codes.

use crate::desk::Desk;
use crate::dhs::Place;
use crate::print::{Answer, at, done, rows, text, wrong_use};
use crate::release::code;
use crate::transfer::whole;
use clap::Args;
use serde_json::{Value, json};
use slipway_app::error::CallError;
use std::io::BufRead;
use std::path::{Path, PathBuf};

/// What is scanned, and where it is put.
#[derive(Args)]
#[command(after_help = "Examples:
  slipwayctl dhs scan --store \"Spares A\" --shelf A-04 FCW2233L0QX FCW2233L0QB
  slipwayctl dhs scan --store \"Spares A\" --model \"Halden R740\" --file codes.txt
  slipwayctl dhs scan --store \"Spares A\" --picture label.jpg
  slipwayctl dhs scan --store \"Spares B\" --take-in UNI-000012        a known unit is put here")]
pub struct Scan {
    /// Codes as a scanner sends them: serial numbers, part numbers, tags, GS1, our own labels.
    codes: Vec<String>,
    /// A file of codes, one a line; - is standard input.
    #[arg(long)]
    file: Option<String>,
    /// A photo of a label, JPEG, PNG or WebP: every code in it is taken. See dhs codes for what is in it.
    #[arg(long)]
    picture: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// Model of what the codes do not tell.
    #[arg(long)]
    model: Option<String>,
    /// new, used, refurbished or faulty.
    #[arg(long)]
    condition: Option<String>,
    /// Order or delivery.
    #[arg(long)]
    order: Option<String>,
    /// Put known units here.
    #[arg(long)]
    take_in: bool,
}

pub async fn scan(desk: &Desk, scan: Scan) -> Result<Answer, CallError> {
    let mut codes = scan.codes.clone();
    if let Some(file) = &scan.file {
        codes.extend(lines(file)?);
    }
    if let Some(picture) = &scan.picture {
        codes.extend(in_picture(desk, picture).await?.1);
    }
    if codes.is_empty() {
        return Err(wrong_use(
            "Nothing was scanned.",
            "Give codes, a file of codes with --file, or a photo with --picture.",
        ));
    }
    let (mut bin, mut model) = (scan.place.json(), json!(scan.model));
    let (mut answers, mut said, mut partly) = (Vec::new(), Vec::new(), false);
    for given in codes {
        let request = json!({
            "code": given, "bin": bin, "model": model, "condition": scan.condition.as_deref().map(code),
            "order": scan.order, "take_in": scan.take_in,
        });
        match desk.call("dhs.scan", request).await {
            Ok(answer) => {
                if let Some(place) = answer.pointer("/own/place") {
                    let mut place = place.clone();
                    if let Some(place) = place.as_object_mut() {
                        place.insert("site".to_owned(), at(&bin, "/site").clone());
                    }
                    bin = place;
                }
                if text(&answer, "/outcome") == "model" {
                    model = at(&answer, "/model/id").clone();
                }
                partly |= matches!(text(&answer, "/outcome").as_str(), "unknown" | "ambiguous");
                said.push(format!("{given}: {} {}", text(&answer, "/outcome"), text(&answer, "/sentence")));
                answers.push(answer);
            }
            Err(CallError::Refused { findings }) => {
                partly = true;
                let why: Vec<String> = findings.iter().map(|f| format!("{} {}", f.sentence, f.way_out)).collect();
                said.push(format!("{given}: refused {}", why.join(" ")));
                answers.push(json!({ "outcome": "refused", "label": given, "findings": findings }));
            }
            Err(trouble) => return Err(trouble),
        }
    }
    let mut answer = Answer::new(json!({ "scans": answers }), said.join("\n"));
    answer.partly_refused = partly;
    Ok(answer)
}

fn lines(file: &str) -> Result<Vec<String>, CallError> {
    let unreadable = |error: std::io::Error| {
        wrong_use(format!("The codes of {file} cannot be read: {error}."), "Check the path and its rights.")
    };
    let all: Vec<String> = if file == "-" {
        std::io::stdin().lock().lines().collect::<Result<_, _>>().map_err(unreadable)?
    } else {
        std::fs::read_to_string(file).map_err(unreadable)?.lines().map(str::to_owned).collect()
    };
    Ok(all.into_iter().filter(|line| !line.trim().is_empty()).collect())
}

async fn in_picture(desk: &Desk, picture: &Path) -> Result<(Value, Vec<String>), CallError> {
    let found = desk.call("dhs.read_picture", json!({ "path": whole(picture)? })).await?;
    let codes = rows(&found, "/codes").iter().filter_map(|code| code.as_str().map(str::to_owned)).collect();
    Ok((found, codes))
}

/// The codes of a photo, one a line.
pub async fn codes(desk: &Desk, picture: &Path) -> Result<Answer, CallError> {
    let (found, codes) = in_picture(desk, picture).await?;
    Ok(Answer::new(found, codes.join("\n")))
}

/// Takes a scan back: what `undo` of its answer in JSON says.
pub async fn unscan(desk: &Desk, undo: &str) -> Result<Answer, CallError> {
    let undo: Value = serde_json::from_str(undo)
        .map_err(|_| wrong_use("This is no scan to take back.", "Give the undo of what scan --json answered."))?;
    desk.call("dhs.undo_scan", undo).await.map(done)
}
