//! How many of a model lie where: units that are told apart and consumables that are counted, by store.

use crate::dhs::record::{DhsModel, DhsStock, DhsUnit, UnitState};
use crate::lookup::{Lookup, model_state_key};
use crate::records::{Records, RecordsExt};
use crate::refusal::Fault;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// What lies in one store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StoreStock {
    /// Name of the store.
    pub store: String,
    /// Free: neither reserved nor out.
    pub free: u32,
    /// On a shelf, for a release.
    pub reserved: u32,
    /// Expected.
    pub expected: u32,
    /// How many shall be there; 0: nobody said.
    pub minimum: u32,
}

impl StoreStock {
    /// How many are missing to the minimum.
    #[must_use]
    pub fn short_of(&self) -> u32 {
        self.minimum.saturating_sub(self.free)
    }
}

/// What lies of a model, by store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelStock(pub Vec<StoreStock>);

impl ModelStock {
    /// Free ones, in all stores.
    #[must_use]
    pub fn free(&self) -> u32 {
        self.0.iter().fold(0, |sum, s| sum.saturating_add(s.free))
    }

    /// Reserved ones, in all stores.
    #[must_use]
    pub fn reserved(&self) -> u32 {
        self.0.iter().fold(0, |sum, s| sum.saturating_add(s.reserved))
    }

    /// Stores that hold fewer than they shall.
    pub fn low(&self) -> impl Iterator<Item = &StoreStock> {
        self.0.iter().filter(|s| s.short_of() > 0)
    }
}

/// What lies of a model: its cost grows with what lies there, not with the store.
///
/// # Errors
/// A storage fault.
pub fn of_model(records: &dyn Records, model: &DhsModel) -> Result<ModelStock, Fault> {
    let mut stores: BTreeMap<String, StoreStock> = BTreeMap::new();
    let at = |stores: &mut BTreeMap<String, StoreStock>, store: &str, add: &dyn Fn(&mut StoreStock)| {
        let entry = stores
            .entry(store.trim().to_lowercase())
            .or_insert_with(|| StoreStock { store: store.trim().to_owned(), ..StoreStock::default() });
        add(entry);
    };
    for (store, minimum) in &model.facts.minimum {
        at(&mut stores, store, &|s| s.minimum = *minimum);
    }
    for state in [UnitState::InStore, UnitState::Reserved, UnitState::Expected] {
        for unit in records.list::<DhsUnit>(Lookup::UnitsOfModel, &model_state_key(model.id, state))? {
            at(&mut stores, &unit.bin.store, &|s| match state {
                UnitState::InStore => s.free += 1,
                UnitState::Reserved => s.reserved += 1,
                _ => s.expected += 1,
            });
        }
    }
    for stock in records.list::<DhsStock>(Lookup::StocksOfModel, &model.id.to_string())? {
        let free = stock.free();
        at(&mut stores, &stock.bin.store, &|s| {
            s.free = s.free.saturating_add(free);
            s.reserved = s.reserved.saturating_add(stock.quantity.saturating_sub(free));
        });
    }
    Ok(ModelStock(stores.into_values().collect()))
}
