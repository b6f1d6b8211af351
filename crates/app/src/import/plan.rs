//! What is imported from a file, in which order: the kinds of file, and the passes over one.

use super::changes::Changes;
use super::cis::{Cis, Known, Would};
use super::device_types::Models;
use super::feed::{Adapt, Adapted, Feed, Mapped};
use super::fields::Target;
use super::mapping::{Mapping, Translator};
use super::observations::{Given, Observations};
use super::relations::{Again, Relations};
use super::sites::Sites;
use super::source::{Positions, Source};
use super::{Flow, Mode, Sink, ansible, device_types, itop, lshw, netbox, run, service_manager, snipe_it};
use crate::error::CallError;
use serde::{Deserialize, Serialize};
use slipway_domain::id::PersonId;
use slipway_domain::time::Timestamp;
use std::collections::BTreeMap;
use std::str::FromStr;
use ts_rs::TS;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ImportKind {
    /// A table of CIs, of any product.
    Cis,
    /// A table of relations.
    Relations,
    /// A table of changes.
    Changes,
    /// The change export of HP or OpenText Service Manager.
    ServiceManager,
    /// An export or answer of NetBox.
    Netbox,
    /// An export or answer of iTop.
    Itop,
    /// The asset export or answer of Snipe-IT.
    SnipeIt,
    /// A table of what was seen.
    Observations,
    /// Facts that ansible gathered.
    Ansible,
    /// What `lshw -json` says of a computer.
    Lshw,
    /// Hardware models: a folder or a file of the community library of device types.
    Models,
}

impl ImportKind {
    /// Every kind, by the name under which it is asked for.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("cis", Self::Cis),
        ("relations", Self::Relations),
        ("changes", Self::Changes),
        ("service-manager", Self::ServiceManager),
        ("netbox", Self::Netbox),
        ("itop", Self::Itop),
        ("snipe-it", Self::SnipeIt),
        ("observations", Self::Observations),
        ("ansible", Self::Ansible),
        ("lshw", Self::Lshw),
        ("models", Self::Models),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// What its rows become, for those whose columns a mapping places.
    #[must_use]
    pub fn mapped(self) -> Option<Target> {
        match self {
            Self::Cis => Some(Target::Cis),
            Self::Relations => Some(Target::Relations),
            Self::Changes => Some(Target::Changes),
            Self::Observations => Some(Target::Observations),
            Self::ServiceManager
            | Self::Netbox
            | Self::Itop
            | Self::SnipeIt
            | Self::Ansible
            | Self::Lshw
            | Self::Models => None,
        }
    }

    /// The product or table that a file is of, by its columns.
    #[must_use]
    pub fn of(source: &Source) -> Self {
        let positions = Positions::of(source.header());
        if device_types::recognises(source.header()) {
            return Self::Models;
        }
        if ansible::recognises(source.header()) {
            return Self::Ansible;
        }
        if lshw::recognises(source.header()) {
            return Self::Lshw;
        }
        if service_manager::recognises(&positions) {
            return Self::ServiceManager;
        }
        if netbox::recognises(source.header()) {
            return Self::Netbox;
        }
        if itop::recognises(source.header()) {
            return Self::Itop;
        }
        if snipe_it::recognises(source.header()) {
            return Self::SnipeIt;
        }
        let fits = |target: Target| {
            let proposal = super::mapping::propose(target, source.header(), &[]);
            let needed = proposal.findings.iter().filter(|f| f.code == "MISSING_COLUMN").count();
            (needed == 0)
                .then(|| proposal.mapping.columns.values().filter(|f| !f.is_empty() && !f.contains('.')).count())
        };
        let by_fit = [(Self::Relations, Target::Relations), (Self::Changes, Target::Changes), (Self::Cis, Target::Cis)];
        let best =
            by_fit.into_iter().filter_map(|(kind, target)| fits(target).map(|n| (n, kind))).max_by_key(|(n, _)| *n);
        best.map_or(Self::Cis, |(_, kind)| kind)
    }
}

impl FromStr for ImportKind {
    type Err = CallError;

    fn from_str(text: &str) -> Result<Self, CallError> {
        let name = text.trim().to_lowercase().replace('_', "-");
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
            CallError::trouble(
                "WRONG_USE",
                format!("{text:?} cannot be imported."),
                format!("Import one of: {}.", names.join(", ")),
            )
        })
    }
}

/// One pass over a file.
pub struct Stage {
    /// What it takes, such as `racks`.
    pub title: &'static str,
    kind: StageKind,
    feed: OpenFeed,
}

/// Opens what a pass reads from the file.
type OpenFeed = Box<dyn Fn(&Source) -> Result<Box<dyn Feed>, CallError>>;

enum StageKind {
    Sites,
    Cis(Known),
    Relations(Again),
    Changes,
    Observations(Given),
    Models,
}

/// Who imports, and what the passes over one file share.
pub struct Setting {
    /// The suite that changes come from.
    pub system: String,
    /// Who imports.
    pub actor: PersonId,
    /// When.
    pub now: Timestamp,
    /// Whether anything is kept.
    pub mode: Mode,
    /// What a dry run would have created.
    pub would: Would,
}

impl Stage {
    /// A pass whose rows come from what is known of a product.
    fn adapted(
        title: &'static str,
        kind: StageKind,
        columns: &'static [&'static str],
        reports: bool,
        adapt: impl Fn() -> Adapt + 'static,
    ) -> Self {
        let feed = move |source: &Source| -> Result<Box<dyn Feed>, CallError> {
            Ok(Box::new(Adapted::of(source, columns, reports, adapt())?))
        };
        Self { title, kind, feed: Box::new(feed) }
    }

    /// CIs as the product has them; the pass that reports what cannot be read.
    pub(super) fn cis(columns: &'static [&'static str], adapt: impl Fn() -> Adapt + 'static) -> Self {
        Self::adapted("CIs", StageKind::Cis(Known::Updated), columns, true, adapt)
    }

    /// CIs that the file only mentions: made if there are none of the name.
    pub(super) fn mentioned(
        title: &'static str,
        columns: &'static [&'static str],
        reports: bool,
        adapt: impl Fn() -> Adapt + 'static,
    ) -> Self {
        Self::adapted(title, StageKind::Cis(Known::Left), columns, reports, adapt)
    }

    /// Relations, perhaps named from both ends.
    pub(super) fn relations(reports: bool, adapt: impl Fn() -> Adapt + 'static) -> Self {
        const COLUMNS: &[&str] = &["source", "relation", "target", "source_class", "target_class"];
        Self::adapted("relations", StageKind::Relations(Again::Left), COLUMNS, reports, adapt)
    }

    /// Sites.
    pub(super) fn sites(adapt: impl Fn() -> Adapt + 'static) -> Self {
        Self::adapted("sites", StageKind::Sites, &["name", "address"], true, adapt)
    }

    /// What a product saw.
    pub(super) fn observations(
        product: &str,
        source: &Source,
        constants: &BTreeMap<String, String>,
        columns: &'static [&'static str],
        adapt: impl Fn() -> Adapt + 'static,
    ) -> Self {
        let given = Given::of(source, product, constants);
        Self::adapted("observations", StageKind::Observations(given), columns, true, adapt)
    }

    /// Hardware models.
    pub(super) fn models(columns: &'static [&'static str], adapt: impl Fn() -> Adapt + 'static) -> Self {
        Self::adapted("models", StageKind::Models, columns, true, adapt)
    }

    /// Changes from a feed of their own.
    pub(super) fn changes(feed: impl Fn(&Source) -> Result<Box<dyn Feed>, CallError> + 'static) -> Self {
        Self { title: "changes", kind: StageKind::Changes, feed: Box::new(feed) }
    }

    /// Takes the rows after the first `skip`.
    ///
    /// # Errors
    /// As [`run`].
    pub fn run(&self, source: &Source, setting: &Setting, skip: u64, sink: &mut dyn Sink) -> Result<Flow, CallError> {
        let mut feed = (self.feed)(source)?;
        let (feed, mode, would) = (feed.as_mut(), setting.mode, setting.would.clone());
        match &self.kind {
            StageKind::Sites => run(feed, Sites::default(), mode, skip, sink),
            StageKind::Cis(known) => run(feed, Cis::new(*known, mode, would), mode, skip, sink),
            StageKind::Relations(again) => run(feed, Relations::new(*again, mode, would), mode, skip, sink),
            StageKind::Observations(given) => run(feed, Observations::new(given.clone()), mode, skip, sink),
            StageKind::Models => run(feed, Models::default(), mode, skip, sink),
            StageKind::Changes => {
                let format = Changes::of(&setting.system, setting.actor, setting.now, would);
                run(feed, format, mode, skip, sink)
            }
        }
    }
}

/// The passes over a file of this kind.
///
/// # Errors
/// A mapping that does not fit the file, or a file that is not of this kind.
pub fn stages(kind: ImportKind, source: &Source, mapping: &Mapping) -> Result<Vec<Stage>, CallError> {
    match kind {
        ImportKind::ServiceManager => service_manager::stages(source),
        ImportKind::Netbox => netbox::stages(source),
        ImportKind::Itop => itop::stages(source, mapping),
        ImportKind::SnipeIt => snipe_it::stages(source),
        ImportKind::Models => device_types::stages(source),
        ImportKind::Cis => mapped(Target::Cis, StageKind::Cis(Known::Updated), "CIs", source, mapping),
        ImportKind::Relations => {
            mapped(Target::Relations, StageKind::Relations(Again::Refused), "relations", source, mapping)
        }
        ImportKind::Ansible => ansible::stages(source, &mapping.constants),
        ImportKind::Lshw => lshw::stages(source, &mapping.constants),
        ImportKind::Observations => {
            let given = Given::of(source, "", &mapping.constants);
            mapped(Target::Observations, StageKind::Observations(given), "observations", source, mapping)
        }
        ImportKind::Changes => mapped(Target::Changes, StageKind::Changes, "changes", source, mapping),
    }
}

fn mapped(
    target: Target,
    kind: StageKind,
    title: &'static str,
    source: &Source,
    mapping: &Mapping,
) -> Result<Vec<Stage>, CallError> {
    // Found wanting before the first row is read.
    Translator::of(target, source.header(), mapping)?;
    let mapping = mapping.clone();
    let feed = move |source: &Source| -> Result<Box<dyn Feed>, CallError> {
        Ok(Box::new(Mapped::of(source, Translator::of(target, source.header(), &mapping)?)?))
    };
    Ok(vec![Stage { title, kind, feed: Box::new(feed) }])
}

/// A file that has not the columns of the kind it is said to be of.
pub(super) fn not_of_this_kind(source: &Source, product: &str, expected: &str) -> CallError {
    slipway_domain::refusal::Finding::new(
        "NOT_OF_THIS_KIND",
        format!("The file {} does not look like an export of {product}.", source.path().display()),
        format!("Expected were {expected}. Import it as a table of CIs, relations or changes with a mapping instead."),
    )
    .into()
}
