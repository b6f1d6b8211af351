//! `slipwayctl observe scan`: codes of labels, one after the other, each answered as in the window.

use crate::desk::Desk;
use crate::print::{Answer, rows, text, wrong_use};
use clap::Args;
use serde_json::{Value, json};
use slipway_app::error::CallError;

/// What is scanned, and where one stands.
#[derive(Args)]
pub struct Scan {
    /// Codes: serial numbers, asset tags, MAC addresses.
    #[arg(required = true)]
    codes: Vec<String>,
    /// Site where one stands.
    #[arg(long, default_value = "")]
    site: String,
    /// Room there.
    #[arg(long, default_value = "")]
    room: String,
    /// Rack there.
    #[arg(long, default_value = "")]
    rack: String,
    /// Codes that nothing is known by are serial numbers, not asset tags.
    #[arg(long)]
    serial: bool,
}

pub async fn scan(desk: &Desk, scan: &Scan) -> Result<Answer, CallError> {
    let (mut answers, mut lines) = (Vec::new(), Vec::new());
    for code in &scan.codes {
        let otherwise = if scan.serial { "serial" } else { "asset_tag" };
        let request = json!({
            "code": code, "site": scan.site, "room": scan.room, "rack": scan.rack, "otherwise": otherwise,
        });
        let answer = desk.call("observations.scan", request).await?;
        lines.push(format!("{code}: {}", said(&answer)));
        answers.push(answer);
    }
    Ok(Answer::new(json!({ "scans": answers }), lines.join("\n")))
}

/// An answer in a line.
fn said(answer: &Value) -> String {
    let label = text(answer, "/label");
    match text(answer, "/outcome").as_str() {
        "matches" => format!("{label} is where the record says"),
        "elsewhere" => {
            let differs: Vec<String> = rows(answer, "/differences")
                .iter()
                .map(|d| format!("{} {} instead of {}", text(d, "/field"), text(d, "/is"), text(d, "/was")))
                .collect();
            format!("{label} differs: {}", differs.join(", "))
        }
        "ambiguous" => {
            let labels: Vec<String> = rows(answer, "/candidates").iter().map(|ci| text(ci, "/label")).collect();
            format!("could be {}", labels.join(" or "))
        }
        _ => "no record is of it".to_owned(),
    }
}

/// Takes a scan back: what `undo` of its answer in JSON says.
pub async fn unscan(desk: &Desk, undo: &str) -> Result<Answer, CallError> {
    let undo: Value = serde_json::from_str(undo)
        .map_err(|_| wrong_use("This is no scan to take back.", "Give the undo of what scan --json answered."))?;
    desk.call("observations.undo_scan", undo).await.map(crate::print::done)
}
