//! The sites that this laptop holds.

use serde::{Deserialize, Serialize};
use slipway_domain::id::SiteId;
use ts_rs::TS;

/// The sites that the person may read, and which of them are held here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HeldSites {
    /// Every site is wanted, also those to come.
    pub all: bool,
    /// Most sites that a laptop holds.
    pub most: u32,
    /// By name.
    pub sites: Vec<HeldSite>,
    /// Names of sites that may be read and are not held: their records are missing in every list here.
    pub not_held: Vec<String>,
    /// Names of sites that the person may not read.
    pub unreadable: Vec<String>,
}

/// A site that the person may read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HeldSite {
    /// Identity.
    pub id: SiteId,
    /// Name.
    pub name: String,
    /// It is to be held here; other than `held` until the next sync.
    pub wanted: bool,
    /// Its records are here.
    pub held: bool,
    /// How many.
    #[ts(type = "number")]
    pub records: u64,
}

/// Takes sites to this laptop or off it. Sites go by id or name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ChooseSitesRequest {
    /// Every site that may be read, also those to come.
    All,
    /// None: only what everybody holds.
    None,
    /// These as well.
    Hold {
        /// Which.
        sites: Vec<String>,
    },
    /// These no longer.
    Drop {
        /// Which.
        sites: Vec<String>,
    },
}
