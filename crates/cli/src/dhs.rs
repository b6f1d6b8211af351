//! `slipwayctl dhs`: the Definitive Hardware Store.

use crate::desk::Desk;
use crate::print::{Answer, done, text};
use crate::release::code;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use slipway_app::error::CallError;

/// Columns of the list.
const LIST: &[(&str, &str)] =
    &[("model", "model"), ("serial_number", "serial"), ("store", "store"), ("shelf", "shelf")];

#[derive(Subcommand)]
pub enum DhsCall {
    /// Make a model known. Example: slipwayctl dhs model --manufacturer Halden --name R740 --part HLD-R740
    Model {
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
    /// A new unit arrives. Example: slipwayctl dhs receive --model R740 --serial HLD00012 --store "Spares A" --shelf A-01
    Receive(Receive),
    /// Keep a unit for a release. Example: slipwayctl dhs reserve UNI-000001 REL-000001
    Reserve {
        /// UNI-000001, serial number or asset tag.
        unit: String,
        /// REL-000001
        release: String,
    },
    /// Free a reserved unit. Example: slipwayctl dhs free UNI-000001
    Free {
        /// UNI-000001, serial number or asset tag.
        unit: String,
    },
    /// Hand a unit out for its release. Example: slipwayctl dhs issue UNI-000001
    Issue {
        /// UNI-000001, serial number or asset tag.
        unit: String,
        /// It was done all the same: keep it as an exception where a rule is against it.
        #[arg(long)]
        as_exception: bool,
    },
    /// A unit is in production as that CI. Example: slipwayctl dhs install UNI-000001 gw-1
    Install {
        /// UNI-000001, serial number or asset tag.
        unit: String,
        /// Name or number of the CI.
        ci: String,
        /// It was done all the same: keep it as an exception where a rule is against it.
        #[arg(long)]
        as_exception: bool,
    },
    /// Back into the store. Example: slipwayctl dhs return UNI-000001 --store "Spares A"
    Return {
        /// UNI-000001, serial number or asset tag.
        unit: String,
        /// new, used, refurbished or faulty.
        #[arg(long, default_value = "used")]
        condition: String,
        #[command(flatten)]
        place: Place,
        /// It was done all the same: keep it as an exception where a rule is against it.
        #[arg(long)]
        as_exception: bool,
    },
    /// List units. Example: slipwayctl dhs list state:in_store
    List {
        /// Words and conditions, such as 'state:in_store -condition:faulty'.
        filter: Vec<String>,
    },
    /// Show a unit with its movements. Example: slipwayctl dhs show UNI-000001
    Show {
        /// UNI-000001, serial number or asset tag.
        unit: String,
    },
}

/// Where a unit lies.
#[derive(Args)]
pub struct Place {
    /// Store.
    #[arg(long, default_value = "")]
    store: String,
    /// Aisle.
    #[arg(long, default_value = "")]
    aisle: String,
    /// Shelf.
    #[arg(long, default_value = "")]
    shelf: String,
    /// Bin.
    #[arg(long, default_value = "")]
    bin: String,
}

/// A new unit.
#[derive(Args)]
pub struct Receive {
    /// Name or part number of the model.
    #[arg(long)]
    model: String,
    /// Serial number.
    #[arg(long, default_value = "")]
    serial: String,
    /// Asset tag.
    #[arg(long, default_value = "")]
    tag: String,
    /// new, used, refurbished or faulty.
    #[arg(long, default_value = "new")]
    condition: String,
    #[command(flatten)]
    place: Place,
}

impl Place {
    fn json(&self) -> Value {
        json!({ "site": null, "store": self.store, "aisle": self.aisle, "shelf": self.shelf, "bin": self.bin })
    }
}

pub async fn run(desk: &Desk, call: DhsCall) -> Result<Answer, CallError> {
    let act = |request| async move { desk.call("dhs.act", request).await.map(done) };
    match call {
        DhsCall::Model { manufacturer, name, parts } => {
            let request = json!({ "manufacturer": manufacturer, "name": name, "part_numbers": parts });
            desk.call("dhs.put_model", request).await.map(done)
        }
        DhsCall::Receive(r) => {
            let request = json!({
                "model": r.model, "serial_number": r.serial, "asset_tag": r.tag, "condition": code(&r.condition),
                "bin": r.place.json(),
            });
            desk.call("dhs.receive", request).await.map(done)
        }
        DhsCall::Reserve { unit, release } => {
            act(json!({ "unit": unit, "action": "reserve", "release": release })).await
        }
        DhsCall::Free { unit } => act(json!({ "unit": unit, "action": "release_reservation" })).await,
        DhsCall::Issue { unit, as_exception } => {
            act(json!({ "unit": unit, "action": "issue", "as_exception": as_exception })).await
        }
        DhsCall::Install { unit, ci, as_exception } => {
            act(json!({ "unit": unit, "action": "install", "ci": ci, "as_exception": as_exception })).await
        }
        DhsCall::Return { unit, condition, place, as_exception } => {
            let request = json!({
                "unit": unit, "action": "return", "condition": code(&condition), "bin": place.json(),
                "as_exception": as_exception,
            });
            act(request).await
        }
        DhsCall::List { filter } => desk.list("dhs_unit", &filter.join(" "), LIST).await,
        DhsCall::Show { unit } => {
            let page = desk.call("dhs.get", json!({ "unit": unit })).await?;
            let line = format!(
                "{}  {}  {}\n{}\n{}",
                text(&page, "/unit/number"),
                text(&page, "/model/name"),
                text(&page, "/unit/serial_number"),
                text(&page, "/pill/label"),
                crate::release::actions(&page),
            );
            Ok(Answer::new(page, line))
        }
    }
}
