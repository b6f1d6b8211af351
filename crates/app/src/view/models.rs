//! Hardware models and what lies of them: the page of a model, its edits, consumables.

use crate::view::common::{ListRow, Named};
use serde::{Deserialize, Serialize};
use slipway_domain::dhs::model::{Airflow, ModelKind};
use slipway_domain::dhs::on_hand::StoreStock;
use slipway_domain::dhs::record::{Bin, DhsModel, MovementKind};
use slipway_domain::refusal::Finding;
use slipway_domain::time::Timestamp;
use std::collections::BTreeMap;
use ts_rs::TS;

/// Names a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ModelRequest {
    /// Id, `MANUFACTURER NAME`, name or part number.
    pub model: String,
}

/// How many ports of a sort and type a model has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PortCount {
    /// What they are for.
    pub sort: String,
    /// Their type.
    pub form: String,
    /// How many.
    pub count: u32,
}

/// Consumables in a bin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BinLine {
    /// Identity.
    pub id: String,
    /// In words.
    pub place: String,
    /// The place.
    pub bin: Bin,
    /// How many lie there.
    pub quantity: u32,
    /// How many are free.
    pub free: u32,
    /// Latest movements, newest first.
    pub movements: Vec<CountLine>,
}

/// An entry in the ledger of consumables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CountLine {
    /// Identity.
    pub id: String,
    /// What happened.
    pub kind: MovementKind,
    /// In words.
    pub label: String,
    /// How many more or fewer.
    #[ts(type = "number")]
    pub change: i64,
    /// How many it was about.
    pub quantity: u32,
    /// For which release.
    pub release: Option<Named>,
    /// Who.
    pub by: Named,
    /// When.
    pub at: Timestamp,
    /// Remark.
    pub note: String,
}

/// Everything the page of a model shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ModelPage {
    /// The record.
    pub model: DhsModel,
    /// Address in the window.
    pub path: String,
    /// What lies in which store.
    pub stores: Vec<StoreStock>,
    /// Ports by sort and type.
    pub ports: Vec<PortCount>,
    /// Power that it draws at most, in watts; 0: nobody said.
    pub draw_w: u32,
    /// Units on the shelves, the first of them.
    pub units: Vec<ListRow>,
    /// How many there are.
    pub units_total: u32,
    /// Bins with consumables of it.
    pub bins: Vec<BinLine>,
    /// Why the person may not edit it; empty: they may.
    pub edit_denied: Vec<Finding>,
}

/// Changes a model where something is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(optional_fields)]
pub struct EditModelRequest {
    /// Id, `MANUFACTURER NAME`, name or part number.
    pub model: String,
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
    pub minimum: Option<BTreeMap<String, u32>>,
}

/// Moves consumables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(optional_fields)]
pub struct CountRequest {
    /// Id, `MANUFACTURER NAME`, name or part number.
    pub model: String,
    /// In which bin.
    pub bin: Bin,
    /// `receive`, `transfer`, `reserve`, `release_reservation`, `issue`, `return`, `dispose` or `adjust`; dashes and
    /// underscores alike.
    pub action: String,
    /// How many; of `adjust` how many more than recorded, below nothing for fewer.
    pub quantity: i32,
    /// Id or number of the release.
    pub release: Option<String>,
    /// `transfer`: where to.
    pub to: Option<Bin>,
    /// `dispose`, `adjust`: why.
    pub reason: Option<String>,
}
