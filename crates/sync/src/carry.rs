//! Carry files: sync by hand, where there is no network. Nothing in here reads a clock or a file.
//!
//! A laptop's file holds its signed commands and where it stands; the server judges them as it judges a push and
//! answers with a file of results and pages, which the laptop stages and flips as it does those of a pull. A file for
//! another laptop holds the commands that its person may see, and the file for the server sealed inside it.
//!
//! | part | what |
//! |---|---|
//! | a line | `slipway-carry 1 ROUTE LENGTH`: what it is, and how many bytes follow; nothing in it is trusted |
//! | the rest | sealed ([`seal`]): the length of the manifest (4 bytes, big-endian), the signed manifest, the parts |
//!
//! The manifest names length and hash of every part and is signed by the device's key, or that of the server's log, so
//! a file that was copied half is good for its whole parts, and one that was altered is good for nothing.

mod bundle;
pub mod seal;
pub mod voucher;

pub use bundle::{Opening, Packer, Reader};
pub use seal::Outside;

use crate::bucket::Bucket;
use crate::encoding::Base64;
use crate::limits::{CARRY_PART_PLAIN_BYTES, CARRY_PARTS};
use crate::protocol::{CommandResult, Epoch, Page, SignedCommand};
use serde::{Deserialize, Serialize};
use slipway_domain::id::{DeviceId, PersonId, SiteId, WorkspaceId};
use slipway_domain::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;
use voucher::SignedVoucher;

/// Where a file goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// From a laptop to the server: commands, and where the laptop stands.
    ToServer,
    /// From the server to the laptop whose file it answers: results and pages.
    Answer,
    /// From a laptop to another one: commands that its person may see.
    ToLaptop,
}

impl Route {
    const ALL: [Self; 3] = [Self::ToServer, Self::Answer, Self::ToLaptop];

    /// As it stands in the file's first line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ToServer => "to_server",
            Self::Answer => "answer",
            Self::ToLaptop => "to_laptop",
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Route {
    type Err = BadCarry;
    fn from_str(text: &str) -> Result<Self, BadCarry> {
        Self::ALL.into_iter().find(|route| route.name() == text).ok_or(BadCarry::NotOne)
    }
}

/// What a file holds, and who says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Domain separation: [`Manifest::DOMAIN`].
    pub domain: String,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The epoch that the maker knows.
    pub epoch: Epoch,
    /// Identity of the file: random.
    pub bundle: Uuid,
    /// When it was made, by the maker's clock.
    pub made_at: Timestamp,
    /// Where it goes.
    pub route: Route,
    /// Whose commands these are, or to which device the answer is.
    pub device: DeviceId,
    /// Who works on it.
    pub person: PersonId,
    /// Counter of the first command; of the first that is answered.
    pub first_counter: u64,
    /// How many.
    pub commands: u64,
    /// Of a laptop's file to the server: where the laptop stands. Of the answer: where the laptop stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wants: Option<Wants>,
    /// Of an answer: the file that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<Uuid>,
    /// Of a file between laptops: who may read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<PersonId>,
    /// Its parts, in order.
    pub parts: Vec<PartInfo>,
}

impl Manifest {
    /// Stands in every manifest.
    pub const DOMAIN: &'static str = "slipway.carry.v1";

    /// Reads a manifest and checks its figures; says nothing about who signed it.
    ///
    /// # Errors
    /// [`BadCarry::Damaged`] or [`BadCarry::Newer`].
    pub fn read(json: &[u8]) -> Result<Self, BadCarry> {
        let manifest: Self = serde_json::from_slice(json).map_err(|_| BadCarry::Damaged("its manifest is none"))?;
        if manifest.domain != Self::DOMAIN {
            return Err(BadCarry::Newer);
        }
        let sound = |part: &PartInfo| {
            let within = |figure: u32| figure > 0 && usize::try_from(figure).is_ok_and(|n| n <= CARRY_PART_PLAIN_BYTES);
            within(part.length) && within(part.plain)
        };
        if manifest.parts.len() > CARRY_PARTS || !manifest.parts.iter().all(sound) {
            return Err(BadCarry::TooLarge);
        }
        if manifest.first_counter.checked_add(manifest.commands).is_none() {
            return Err(BadCarry::Damaged("its counters make no sense"));
        }
        Ok(manifest)
    }
}

/// Where a laptop stands: what its next pull would say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wants {
    /// For each bucket, the sequence up to which it holds everything.
    pub cursors: BTreeMap<Bucket, u64>,
    /// Tag of the scope that it knows.
    pub scope: String,
    /// Results of its commands after this counter are wanted.
    pub judged_after: u64,
    /// The sites that it chose to hold; `None`: all that its person may read.
    pub sites: Option<BTreeSet<SiteId>>,
}

/// A part of a file, as its manifest names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartInfo {
    /// How long it is in the file.
    pub length: u32,
    /// How long it is before compression.
    pub plain: u32,
    /// SHA-256 of it as it stands in the file.
    pub sha256: Base64,
}

/// What stands in a part, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Commands of the device in the order of their counters, each exactly as signed.
    Commands(Vec<SignedCommand>),
    /// How the device's commands were judged, in the order of their counters.
    Results(Vec<CommandResult>),
    /// A page of a pull.
    Page(Box<Page>),
    /// The server's word for the device that made a file between laptops; its first part.
    Voucher(SignedVoucher),
    /// The device's whole file for the server, which only the server can read.
    Sealed(Base64),
}

/// Why a carry file is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCarry {
    /// It is something else.
    #[error("This is no carry file.")]
    NotOne,
    /// A newer program made it.
    #[error("A newer program made this carry file.")]
    Newer,
    /// It is sealed for somebody else.
    #[error("This carry file is sealed for somebody else.")]
    NotForUs,
    /// The passphrase does not open it.
    #[error("The passphrase does not open this carry file.")]
    WrongPassphrase,
    /// Its end is missing.
    #[error("This carry file was not copied whole: {have} of {of} parts are here.")]
    CutOff {
        /// Whole parts.
        have: usize,
        /// Parts that its manifest names; 0 where not even that is here.
        of: usize,
    },
    /// It is not as it was made.
    #[error("This carry file is damaged or was altered: {0}.")]
    Damaged(&'static str),
    /// Its signature is not that of whom it names.
    #[error("The signature of this carry file is not by whom it names as its maker.")]
    Forged,
    /// It is over a limit.
    #[error("This carry file is larger than one may be.")]
    TooLarge,
    /// It cannot be packed or sealed.
    #[error("The carry file cannot be made: {0}.")]
    Unwritable(String),
}

impl BadCarry {
    /// For programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotOne => "CARRY_UNREADABLE",
            Self::Newer => "CARRY_NEWER",
            Self::NotForUs => "CARRY_NOT_FOR_US",
            Self::WrongPassphrase => "CARRY_WRONG_PASSPHRASE",
            Self::CutOff { .. } => "CARRY_INCOMPLETE",
            Self::Damaged(_) => "CARRY_DAMAGED",
            Self::Forged => "CARRY_FORGED",
            Self::TooLarge => "CARRY_TOO_LARGE",
            Self::Unwritable(_) => "CARRY_UNWRITABLE",
        }
    }

    /// For people.
    #[must_use]
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::NotOne => "Choose the file that Slipway exported.",
            Self::Newer => "Update Slipway here, then import it again.",
            Self::NotForUs => "Take it to whom it was made for, or have one made for here.",
            Self::WrongPassphrase => "Ask whoever made it for the passphrase and try again.",
            Self::CutOff { .. } => "Copy the file again and import it; what arrived is kept.",
            Self::Damaged(_) => "Copy it again from where it was made; nothing was changed here.",
            Self::Forged => "Do not use it: have another one made by whoever brought it. Nothing was changed here.",
            Self::TooLarge => "Sync over the network once; nothing was changed here.",
            Self::Unwritable(_) => "Try again; nothing was changed.",
        }
    }
}
