//! `slipwayctl dhs`: the Definitive Hardware Store.

use crate::desk::Desk;
use crate::dhs_model::{self, ModelCall};
use crate::dhs_print::{self, Label, Pick, Rack};
use crate::dhs_scan::{self, Scan};
use crate::dhs_stock::{self, Count};
use crate::dhs_stocktake::{self, StocktakeCall};
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
    /// Hardware models: add, import, list, show, set.
    #[command(subcommand)]
    Model(ModelCall),
    /// Catalogue what a scanner reads.
    Scan(Box<Scan>),
    /// The codes in a photo of a label. Example: slipwayctl dhs codes label.jpg
    Codes {
        /// JPEG, PNG or WebP.
        picture: std::path::PathBuf,
    },
    /// Take a scan back. Example: slipwayctl dhs unscan '{"received":"0199…"}'
    Unscan {
        /// The undo of what scan --json answered.
        undo: String,
    },
    /// Photos of models and of unknown labels in a stocktake: add, list.
    #[command(subcommand)]
    Photo(crate::dhs_photo::PhotoCall),
    /// Count a store: start, see, count, show, end, settle, close, report.
    #[command(subcommand)]
    Stocktake(StocktakeCall),
    /// Print labels of units, places and command codes.
    Label(Box<Label>),
    /// What is to be taken from the shelves. Example: slipwayctl dhs pick REL-000012 --output pick.pdf
    Pick(Pick),
    /// What stands in a rack. Example: slipwayctl dhs rack R12 --site "Rotterdam DC" --room Main
    Rack(Rack),
    /// Move consumables, which are counted by model and bin.
    Count(Count),
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
        /// Whether an installed unit comes out of its rack, so that its CI stands nowhere and is available; it does unless
        /// an open release has it.
        #[arg(long, value_name = "true|false")]
        out_of_rack: Option<bool>,
        /// It was done all the same: keep it as an exception where a rule is against it.
        #[arg(long)]
        as_exception: bool,
    },
    /// Move a unit to another place. Example: slipwayctl dhs transfer UNI-000001 --store "Spares A" --shelf B-02
    Transfer {
        /// UNI-000001, serial number or asset tag.
        unit: String,
        #[command(flatten)]
        place: Place,
    },
    /// Away for repair. Example: slipwayctl dhs repair UNI-000001
    Repair {
        /// UNI-000001, serial number or asset tag.
        unit: String,
    },
    /// Gone for good. Example: slipwayctl dhs dispose UNI-000001 --reason "scrapped, receipt 4711"
    Dispose {
        /// UNI-000001, serial number or asset tag.
        unit: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// It is not where the record says: the count falls by one. Example: slipwayctl dhs missing UNI-000001 --reason "not on A-01"
    Missing {
        /// UNI-000001, serial number or asset tag.
        unit: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// In production in a rack; the CI is created, or brought to what the unit is.
    /// Example: slipwayctl dhs install-at UNI-000001 --name gw-1 --class router --room DC1 --rack R12 --u 20
    InstallAt(Box<InstallAt>),
    /// Correct what is known of a unit. Example: slipwayctl dhs set UNI-000001 --warranty 2028-12-31 --cost "1299.00 EUR"
    Set(Box<Set>),
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

/// Where a unit is installed, and as what.
#[derive(Args)]
pub struct InstallAt {
    /// UNI-000001, serial number or asset tag.
    unit: String,
    /// Name or number of the CI; a new one is made if none is given.
    #[arg(long)]
    ci: Option<String>,
    /// Name of the new CI.
    #[arg(long, default_value = "")]
    name: String,
    /// Class of the new CI.
    #[arg(long, default_value = "")]
    class: String,
    /// Site.
    #[arg(long)]
    site: Option<String>,
    /// Building.
    #[arg(long)]
    building: Option<String>,
    /// Room.
    #[arg(long)]
    room: Option<String>,
    /// Rack.
    #[arg(long)]
    rack: Option<String>,
    /// Lowest rack unit that it fills.
    #[arg(long)]
    u: Option<String>,
    /// front, rear or full depth; as the model says, if not given.
    #[arg(long)]
    face: Option<String>,
}

impl InstallAt {
    fn json(&self) -> Value {
        let parts = [
            ("location.site", &self.site),
            ("location.building", &self.building),
            ("location.room", &self.room),
            ("location.rack", &self.rack),
            ("location.u", &self.u),
            ("location.face", &self.face),
        ];
        let place: serde_json::Map<String, Value> = parts
            .into_iter()
            .filter_map(|(field, value)| value.as_ref().map(|value| (field.to_owned(), json!(value))))
            .collect();
        json!({ "unit": self.unit, "ci": self.ci, "name": self.name, "class": self.class, "place": place })
    }
}

/// What is corrected of a unit; what is left out stays.
#[derive(Args)]
pub struct Set {
    /// UNI-000001, serial number or asset tag.
    unit: String,
    /// Serial number.
    #[arg(long)]
    serial: Option<String>,
    /// Asset tag.
    #[arg(long)]
    tag: Option<String>,
    /// new, used, refurbished or faulty.
    #[arg(long)]
    condition: Option<String>,
    /// Until when the maker mends it, as YYYY-MM-DD; empty takes it away.
    #[arg(long)]
    warranty: Option<String>,
    /// What it cost, such as "1299.00 EUR"; empty takes it away.
    #[arg(long)]
    cost: Option<String>,
    /// Who sold it.
    #[arg(long)]
    supplier: Option<String>,
    /// With which order or delivery it came.
    #[arg(long)]
    order: Option<String>,
    /// Level of its firmware.
    #[arg(long)]
    firmware: Option<String>,
    /// Remarks.
    #[arg(long)]
    notes: Option<String>,
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
    pub fn json(&self) -> Value {
        json!({ "site": null, "store": self.store, "aisle": self.aisle, "shelf": self.shelf, "bin": self.bin })
    }
}

pub async fn run(desk: &Desk, call: DhsCall) -> Result<Answer, CallError> {
    let act = |request| async move { desk.call("dhs.act", request).await.map(done) };
    match call {
        DhsCall::Model(call) => dhs_model::run(desk, call).await,
        DhsCall::Scan(scan) => dhs_scan::scan(desk, *scan).await,
        DhsCall::Codes { picture } => dhs_scan::codes(desk, &picture).await,
        DhsCall::Unscan { undo } => dhs_scan::unscan(desk, &undo).await,
        DhsCall::Photo(call) => crate::dhs_photo::run(desk, call).await,
        DhsCall::Stocktake(call) => dhs_stocktake::run(desk, call).await,
        DhsCall::Label(call) => dhs_print::label(desk, *call).await,
        DhsCall::Pick(call) => dhs_print::pick(desk, call).await,
        DhsCall::Rack(call) => dhs_print::rack(desk, call).await,
        DhsCall::Count(call) => dhs_stock::count(desk, call).await,
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
        DhsCall::Return { unit, condition, place, out_of_rack, as_exception } => {
            let request = json!({
                "unit": unit, "action": "return", "condition": code(&condition), "bin": place.json(),
                "out_of_rack": out_of_rack, "as_exception": as_exception,
            });
            act(request).await
        }
        DhsCall::Transfer { unit, place } => {
            act(json!({ "unit": unit, "action": "transfer", "bin": place.json() })).await
        }
        DhsCall::Repair { unit } => act(json!({ "unit": unit, "action": "send_to_repair" })).await,
        DhsCall::Dispose { unit, reason } => act(json!({ "unit": unit, "action": "dispose", "reason": reason })).await,
        DhsCall::Missing { unit, reason } => act(json!({ "unit": unit, "action": "adjust", "reason": reason })).await,
        DhsCall::InstallAt(at) => desk.call("dhs.install_as", at.json()).await.map(done),
        DhsCall::Set(set) => {
            let request = json!({
                "unit": set.unit, "serial_number": set.serial, "asset_tag": set.tag,
                "condition": set.condition.as_deref().map(code), "warranty_end": set.warranty, "cost": set.cost,
                "supplier": set.supplier, "order": set.order, "firmware": set.firmware, "notes": set.notes,
            });
            desk.call("dhs.describe", request).await.map(done)
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
