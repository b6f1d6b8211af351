//! Commands on the definitive stores: software and hardware.

use crate::blob::Sha256;
use crate::dhs::edit::UnitEdit;
use crate::dhs::install::InstallAs;
use crate::dhs::model::{ModelEdit, ModelRow};
use crate::dhs::record::{Bin, Condition, DhsModel, DhsUnit};
use crate::dhs::stock::CountedMove;
use crate::dhs::stocktake::StocktakeAct;
use crate::dsl::item::{CheckKind, DslItem, MasterFile};
use crate::dsl::sbom::{Sbom, SbomComponent};
use crate::id::{CiId, DhsModelId, DhsUnitId, ReleaseId, StocktakeId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Commands on a DSL item; the id stands beside it in [`Command::Dsl`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DslCommand {
    /// Hands an item in. State, checks, acceptance of the given record are ignored.
    Submit(Box<DslItem>),
    /// Adds files to an item that is no master yet; one of the same name takes the place of the one that is there.
    AddFiles(Vec<MasterFile>),
    /// Takes files out of an item that is no master yet, by their names.
    RemoveFiles(Vec<String>),
    /// Begins to take in what it is made of: components of an earlier document go.
    PutSbom(Sbom),
    /// Takes some components in; at most [`crate::dsl::sbom::PART_COMPONENTS`].
    AddComponents {
        /// Of which document.
        of: Sha256,
        /// Which part of it, from 0.
        position: u32,
        /// The components.
        components: Vec<SbomComponent>,
    },
    /// Records a quarantine check.
    RecordCheck {
        /// Which.
        check: CheckKind,
        /// Whether it passed.
        passed: bool,
        /// What was done and seen.
        note: String,
        /// Of which files: [`DslItem::files_digest`] as it was looked at. None where nobody says, and for the licence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        files: Option<Sha256>,
    },
    /// Makes it a master.
    Accept,
    /// A newer one takes its place.
    Supersede,
    /// Must not be used any more.
    Withdraw {
        /// Why.
        reason: String,
    },
}

/// Commands on the DHS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DhsCommand {
    /// Creates or replaces a model.
    PutModel(DhsModel),
    /// Changes a model where something is given.
    EditModel {
        /// Which.
        model: DhsModelId,
        /// What.
        edit: Box<ModelEdit>,
    },
    /// Creates or updates models by manufacturer and name; at most [`crate::command::BULK_ROWS`]. Each row is judged by
    /// itself.
    ImportModels(Vec<ModelRow>),
    /// Corrects what is known of a unit.
    DescribeUnit {
        /// Which.
        unit: DhsUnitId,
        /// What.
        edit: Box<UnitEdit>,
    },
    /// Takes a receipt back that one made oneself by a slip.
    Unreceive(DhsUnitId),
    /// It is in production at that place: the CI is created, or brought to what the unit is.
    InstallAs {
        /// The unit.
        unit: DhsUnitId,
        /// As what and where.
        wanted: Box<InstallAs>,
    },
    /// A movement of consumables in a bin.
    Count {
        /// Of which model.
        model: DhsModelId,
        /// In which bin.
        bin: Bin,
        /// What.
        what: CountedMove,
    },
    /// Something is done in a stocktake.
    Stocktake {
        /// Which.
        stocktake: StocktakeId,
        /// What.
        act: StocktakeAct,
    },
    /// It is not where the record says, and nobody knows where: the count falls by one.
    Adjust {
        /// The unit.
        unit: DhsUnitId,
        /// Why.
        reason: String,
    },
    /// A new unit arrives. State, reservation and CI of the given record are ignored.
    Receive(Box<DhsUnit>),
    /// To another bin.
    Transfer {
        /// The unit.
        unit: DhsUnitId,
        /// Where to.
        to: Bin,
    },
    /// Keeps it for a release.
    Reserve {
        /// The unit.
        unit: DhsUnitId,
        /// The release.
        release: ReleaseId,
    },
    /// Frees it.
    ReleaseReservation(DhsUnitId),
    /// Hands it out for the release it is reserved for.
    Issue(DhsUnitId),
    /// It is in production as that CI.
    Install {
        /// The unit.
        unit: DhsUnitId,
        /// The CI it became.
        ci: CiId,
    },
    /// Back into the store.
    Return {
        /// The unit.
        unit: DhsUnitId,
        /// Where to.
        to: Bin,
        /// In which condition.
        condition: Condition,
    },
    /// Back into the store out of its rack: the CI it was installed as stands nowhere and is available.
    TakeOut {
        /// The unit.
        unit: DhsUnitId,
        /// Where to.
        to: Bin,
        /// In which condition.
        condition: Condition,
    },
    /// Away for repair.
    SendToRepair(DhsUnitId),
    /// Gone.
    Dispose {
        /// The unit.
        unit: DhsUnitId,
        /// Why.
        reason: String,
    },
}
