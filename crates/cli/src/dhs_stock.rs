//! `slipwayctl dhs count`: consumables, counted by model and bin.

use crate::desk::Desk;
use crate::dhs::Place;
use crate::print::{Answer, done};
use clap::Args;
use serde_json::json;
use slipway_app::error::CallError;

/// A movement of consumables.
#[derive(Args)]
#[command(after_help = "Examples:
  slipwayctl dhs count receive SFP-10G-SR 24 --store \"Spares A\" --bin 7
  slipwayctl dhs count reserve SFP-10G-SR 4 --store \"Spares A\" --bin 7 --release REL-000123
  slipwayctl dhs count issue SFP-10G-SR 4 --store \"Spares A\" --bin 7 --release REL-000123
  slipwayctl dhs count transfer SFP-10G-SR 2 --store \"Spares A\" --bin 7 --to \"Spares B\"
  slipwayctl dhs count adjust SFP-10G-SR -3 --store \"Spares A\" --bin 7 --reason \"counted 17\"")]
pub struct Count {
    /// receive, transfer, reserve, release-reservation, issue, return, dispose or adjust.
    action: String,
    /// Name or part number of the model.
    model: String,
    /// How many; of adjust how many more than recorded, with a minus for fewer.
    #[arg(allow_negative_numbers = true)]
    quantity: i32,
    #[command(flatten)]
    place: Place,
    /// REL-000001
    #[arg(long)]
    release: Option<String>,
    /// transfer: where to, as STORE[/AISLE[/SHELF[/BIN]]].
    #[arg(long)]
    to: Option<String>,
    /// dispose, adjust: why.
    #[arg(long)]
    reason: Option<String>,
}

pub async fn count(desk: &Desk, count: Count) -> Result<Answer, CallError> {
    let request = json!({
        "model": count.model, "bin": count.place.json(), "action": count.action, "quantity": count.quantity,
        "release": count.release, "to": count.to.as_deref().map(bin), "reason": count.reason,
    });
    desk.call("dhs.count", request).await.map(done)
}

/// `STORE/AISLE/SHELF/BIN`.
pub fn bin(text: &str) -> serde_json::Value {
    let mut parts = text.split('/').map(str::trim);
    let mut next = || parts.next().unwrap_or_default();
    json!({ "site": null, "store": next(), "aisle": next(), "shelf": next(), "bin": next() })
}
