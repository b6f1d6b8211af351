//! Where records lie, and who may read them.
//!
//! A workspace's records lie in *buckets*, each with a cursor and a checksum of its own: what everybody holds, what lies
//! at a site, what concerns one person. What somebody may read decides which buckets their laptops are sent. The table:
//!
//! | record | lies | because |
//! |---|---|---|
//! | person, group, site, template, rule, freeze, site access, CI group, CI class, relation type, DSL item, hardware model | in the workspace | rules on every laptop judge by them |
//! | release, task, test record, approval, change | in the workspace | a release concerns everybody; a gate must judge alike everywhere |
//! | CI | at its site; without one in the workspace | services and software stand nowhere and are needed everywhere |
//! | hardware unit | at the site of its bin; in the workspace too while it is kept or out for a release | the release's gates and whoever installs it elsewhere need it |
//! | baseline of an install | at the sites of the CIs in it | it is a copy of them |
//! | baseline taken on demand, its parts | in the workspace | it names CIs and copies nothing of them |
//! | step in the history of a CI, forward of one that was merged | wherever the CI lies (the one that was kept) | it is read there |
//! | observation | wherever its CI lies; where the thing was seen while it is unknown | whoever may read the CI decides about it |
//! | pair of CIs that look alike | wherever the two lie; in the workspace only if both do | nobody decides on what they may not read |
//! | relation | wherever its ends lie; in the workspace only if both do | nobody needs a relation of which no end is theirs |
//! | movement | wherever its unit lies | the unit's history goes along when it is transferred |
//! | photo | wherever lies what it shows: its CI, its hardware model, what was seen in a stocktake | it is looked at there |
//! | comment | wherever the record it is on lies | it is read there |
//! | exception | in the workspace if it concerns a release; else wherever the record it is on lies | the release manager decides it |
//! | delegation | with whoever gives, gets or set it up | it concerns nobody else |
//!
//! A release names what it touches (identities, and in its CI update plan the values to set), also for those who may
//! not read the site.

use crate::attachment::AttachmentCommand;
use crate::cmdb::merge_ci::CiForward;
use crate::cmdb::moment::CiEvent;
use crate::cmdb::standard::StandardAct;
use crate::command::{CmdbCommand, Command, DhsCommand, ExceptionCommand};
use crate::dhs::record::DhsStock;
use crate::dhs::stock::CountedMove;
use crate::dhs::stocktake::StocktakeAct;
use crate::id::{PersonId, SiteId};
use crate::lookup::Lookup;
use crate::people::{Group, Person, Role, SiteAccess};
use crate::record::{Kind, Record};
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::release::task_record::Assignee;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

/// A part of the workspace's records. Written `workspace`, `site:ID`, `person:ID`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Bucket {
    /// Reference data and releases: what everybody holds.
    Workspace,
    /// What lies at a site.
    Site(SiteId),
    /// What concerns one person only.
    Person(PersonId),
}

/// Described as the text it travels as.
impl PartialSchema for Bucket {
    fn schema() -> RefOr<Schema> {
        String::schema()
    }
}

impl ToSchema for Bucket {}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workspace => f.write_str("workspace"),
            Self::Site(id) => write!(f, "site:{id}"),
            Self::Person(id) => write!(f, "person:{id}"),
        }
    }
}

/// A text that names no bucket.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} names no bucket; expected workspace, site:ID or person:ID")]
pub struct NotABucket {
    /// What was given.
    pub text: String,
}

impl FromStr for Bucket {
    type Err = NotABucket;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotABucket { text: text.to_owned() };
        match text.split_once(':') {
            None if text == "workspace" => Ok(Self::Workspace),
            Some(("site", id)) => id.parse().map(Self::Site).map_err(|_| wrong()),
            Some(("person", id)) => id.parse().map(Self::Person).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Bucket {
    type Error = NotABucket;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Bucket> for String {
    fn from(bucket: Bucket) -> Self {
        bucket.to_string()
    }
}

/// Where a record lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In these buckets.
    In(BTreeSet<Bucket>),
    /// Wherever these records lie: see [`together`].
    With(Vec<(Kind, Uuid)>),
}

/// Version of the table and of the look-ups; storage moves its records where they lie now, and finds them by what they
/// are found by now, when it was written by an older one.
pub const TABLE_VERSION: u32 = 6;

/// The table.
#[must_use]
pub fn place(record: &Record) -> Place {
    let workspace = || BTreeSet::from([Bucket::Workspace]);
    let at = |site: Option<SiteId>| BTreeSet::from([site.map_or(Bucket::Workspace, Bucket::Site)]);
    Place::In(match record {
        Record::Person(_)
        | Record::Group(_)
        | Record::Site(_)
        | Record::SiteAccess(_)
        | Record::TaskTemplate(_)
        | Record::ApprovalPolicy(_)
        | Record::WorkspaceRules(_)
        | Record::IdentificationRules(_)
        | Record::Freeze(_)
        | Record::Release(_)
        | Record::Task(_)
        | Record::TestRecord(_)
        | Record::Approval(_)
        | Record::Change(_)
        | Record::CiGroup(_)
        | Record::BaselinePart(_)
        | Record::BaselineCount(_)
        | Record::CiClass(_)
        | Record::Standard(_)
        | Record::RelationKind(_)
        | Record::DslItem(_)
        | Record::SbomPart(_)
        | Record::VendorKey(_)
        | Record::DhsModel(_) => workspace(),
        Record::Ci(ci) => at(ci.location.site),
        Record::DhsUnit(unit) => {
            let mut buckets = at(unit.bin.site);
            if unit.reserved_for.is_some() {
                buckets.insert(Bucket::Workspace);
            }
            buckets
        }
        Record::Stocktake(stocktake) => at(stocktake.place.site),
        Record::StocktakeSight(s) => return Place::With(vec![(Kind::Stocktake, s.stocktake.0)]),
        Record::DhsStock(stock) => {
            let mut buckets = at(stock.bin.site);
            if !stock.reserved.is_empty() || !stock.issued.is_empty() {
                buckets.insert(Bucket::Workspace);
            }
            buckets
        }
        Record::Baseline(baseline) => {
            let sites: BTreeSet<Bucket> =
                baseline.cis.iter().filter_map(|ci| ci.location.site).map(Bucket::Site).collect();
            if sites.is_empty() { workspace() } else { sites }
        }
        Record::Delegation(d) => d.to.iter().chain([&d.from]).chain(&d.by).copied().map(Bucket::Person).collect(),
        // The CI is gone by now, and with it where the others of its steps lie.
        Record::CiStep(step) => match &step.event {
            CiEvent::Removed(ci) => at(ci.location.site),
            CiEvent::Changed | CiEvent::Created => return Place::With(vec![(Kind::Ci, step.ci.0)]),
        },
        Record::CiDuplicate(d) => return Place::With(vec![(Kind::Ci, d.first.0), (Kind::Ci, d.second.0)]),
        Record::Redundancy(r) => {
            return Place::With(r.providers.iter().chain([&r.ci]).map(|ci| (Kind::Ci, ci.0)).collect());
        }
        Record::CiStandard(s) => return Place::With(vec![(Kind::Ci, s.ci.0)]),
        Record::Observation(o) => match o.ci {
            Some(ci) => return Place::With(vec![(Kind::Ci, ci.0)]),
            None => at(o.site),
        },
        Record::CiForward(f) => return Place::With(vec![(Kind::Ci, f.to.0)]),
        Record::Relation(r) => return Place::With(vec![(Kind::Ci, r.source.0), (Kind::Ci, r.target.0)]),
        Record::Attachment(a) => return Place::With(vec![a.of.key()]),
        Record::StockMovement(m) => return Place::With(vec![(Kind::DhsStock, m.stock.0)]),
        Record::Movement(m) => return Place::With(vec![(Kind::DhsUnit, m.unit.0)]),
        Record::Exception(e) if e.release.is_some() => workspace(),
        Record::Exception(e) => return Place::With(vec![(e.on.kind, e.on.id)]),
        Record::Comment(c) if is_always_in_workspace(c.on.kind) => workspace(),
        Record::Comment(c) => return Place::With(vec![(c.on.kind, c.on.id)]),
    })
}

/// Kinds that the table puts into the workspace whatever is in them.
fn is_always_in_workspace(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Ci
            | Kind::DhsUnit
            | Kind::DhsStock
            | Kind::StockMovement
            | Kind::Stocktake
            | Kind::StocktakeSight
            | Kind::Baseline
            | Kind::Delegation
            | Kind::Relation
            | Kind::Movement
            | Kind::CiStep
            | Kind::CiDuplicate
            | Kind::CiForward
            | Kind::Redundancy
            | Kind::CiStandard
            | Kind::Observation
            | Kind::Attachment
            | Kind::Comment
            | Kind::Exception
    )
}

/// Where a record lies that lies with others: wherever one of them does, and in the workspace only if all of them do.
/// With nothing to lie with (the others are gone) the answer is empty, and it stays where it was.
#[must_use]
pub fn together(anchors: &[BTreeSet<Bucket>]) -> BTreeSet<Bucket> {
    let mut buckets: BTreeSet<Bucket> = anchors.iter().flatten().copied().collect();
    if anchors.iter().any(|anchor| !anchor.is_empty() && !anchor.contains(&Bucket::Workspace)) {
        buckets.remove(&Bucket::Workspace);
    }
    buckets
}

/// Under which look-ups, by its id, the records are found that lie with a record of this kind.
#[must_use]
pub fn followers(kind: Kind) -> &'static [(Lookup, Kind)] {
    const COMMENTS: (Lookup, Kind) = (Lookup::CommentsOn, Kind::Comment);
    match kind {
        Kind::Ci => &[
            (Lookup::RelationsFrom, Kind::Relation),
            (Lookup::RelationsTo, Kind::Relation),
            (Lookup::StepsOfCi, Kind::CiStep),
            (Lookup::DuplicatesOf, Kind::CiDuplicate),
            (Lookup::ForwardsTo, Kind::CiForward),
            (Lookup::RedundancyOfCi, Kind::Redundancy),
            (Lookup::StandardOfCi, Kind::CiStandard),
            (Lookup::ObservationsOf, Kind::Observation),
            (Lookup::AttachmentsOf, Kind::Attachment),
            COMMENTS,
        ],
        Kind::DhsUnit => {
            &[(Lookup::MovementsOfUnit, Kind::Movement), (Lookup::ExceptionsOn, Kind::Exception), COMMENTS]
        }
        Kind::Stocktake => &[(Lookup::SightsOfStocktake, Kind::StocktakeSight), COMMENTS],
        Kind::StocktakeSight => &[(Lookup::AttachmentsOf, Kind::Attachment), COMMENTS],
        Kind::DhsStock => &[(Lookup::MovementsOfStock, Kind::StockMovement), COMMENTS],
        kind if is_always_in_workspace(kind) => &[],
        _ => &[COMMENTS],
    }
}

/// Deepest chain of records that lie with one another (a comment on a comment on a relation) that is followed.
const DEPTH: u32 = 8;

/// Where a record lies, looked up in the records themselves.
///
/// # Errors
/// A storage fault.
pub fn buckets(record: &Record, records: &dyn Records) -> Result<BTreeSet<Bucket>, Fault> {
    fn resolve(record: &Record, records: &dyn Records, depth: u32) -> Result<BTreeSet<Bucket>, Fault> {
        let others = match place(record) {
            Place::In(buckets) => return Ok(buckets),
            Place::With(others) if depth > 0 => others,
            Place::With(_) => return Ok(BTreeSet::new()),
        };
        let mut anchors = Vec::with_capacity(others.len());
        for (kind, id) in others {
            if let Some(other) = records.read(kind, id)? {
                anchors.push(resolve(&other, records, depth.saturating_sub(1))?);
            }
        }
        Ok(together(&anchors))
    }
    resolve(record, records, DEPTH)
}

/// Sites that somebody may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sites {
    /// Every site, also those to come.
    All,
    /// These.
    Only(BTreeSet<SiteId>),
}

/// Which sites the person may read: all, unless an administrator named some for them or for a group they are in; then
/// those, taken together. Administrators and auditors read all: one could give them to oneself, the other must see them.
///
/// # Errors
/// A storage fault.
pub fn sites_of(person: &Person, records: &dyn Records) -> Result<Sites, Fault> {
    if reads_all(person) {
        return Ok(Sites::All);
    }
    let own = records.get::<SiteAccess>(SiteAccess::id_for(Assignee::Person(person.id)))?;
    let mut named: Option<BTreeSet<SiteId>> = own.map(|access| access.sites);
    for access in records.list::<SiteAccess>(Lookup::SiteAccess, "group")? {
        if let Assignee::Group(group) = access.of
            && records.get::<Group>(group)?.is_some_and(|group| group.members.contains(&person.id))
        {
            named.get_or_insert_default().extend(access.sites);
        }
    }
    Ok(named.map_or(Sites::All, Sites::Only))
}

/// Whether a role of the person reads every site.
#[must_use]
pub fn reads_all(person: &Person) -> bool {
    person.id == PersonId::SYSTEM || [Role::Administrator, Role::Auditor].iter().any(|role| person.roles.contains(role))
}

/// What somebody may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Who.
    pub person: PersonId,
    /// Their sites.
    pub sites: Sites,
}

impl Sight {
    /// Of this person.
    ///
    /// # Errors
    /// A storage fault.
    pub fn of(person: &Person, records: &dyn Records) -> Result<Self, Fault> {
        Ok(Self { person: person.id, sites: sites_of(person, records)? })
    }

    /// Whether this bucket is theirs to read.
    #[must_use]
    pub fn covers(&self, bucket: Bucket) -> bool {
        match bucket {
            Bucket::Workspace => true,
            Bucket::Person(person) => person == self.person,
            Bucket::Site(site) => match &self.sites {
                Sites::All => true,
                Sites::Only(sites) => sites.contains(&site),
            },
        }
    }

    /// The finding against changing a record that the person may not read; it does not say what or where it is.
    ///
    /// # Errors
    /// A storage fault.
    pub fn denial(&self, kind: Kind, id: Uuid, records: &dyn Records) -> Result<Option<Finding>, Fault> {
        let Some(record) = records.read(kind, id)? else { return Ok(None) };
        let lies = buckets(&record, records)?;
        if lies.is_empty() || lies.iter().any(|bucket| self.covers(*bucket)) {
            return Ok(None);
        }
        let words = kind.name().replace('_', " ");
        Ok(Some(
            Finding::new(
                "OUT_OF_SCOPE",
                format!("This {words} lies where you may not read."),
                "Ask an administrator for the site it lies at.",
            )
            .with("kind", kind.name())
            .with("id", id),
        ))
    }
}

/// Nobody changes what they may not read: the answer alone would tell them what is there.
///
/// Only records that a command names by itself are looked at. What it reaches through a release (its CI update plan,
/// its units) is the release's, and rows of an import are judged one by one where they are carried out.
///
/// # Errors
/// `OUT_OF_SCOPE`, or a storage fault.
pub fn check(command: &Command, actor: &Person, records: &dyn Records) -> Result<(), Failure> {
    let named = named(command);
    if named.is_empty() {
        return Ok(());
    }
    let sight = Sight::of(actor, records)?;
    if sight.sites == Sites::All {
        return Ok(());
    }
    let mut findings = Vec::new();
    for (kind, id) in named {
        findings.extend(sight.denial(kind, id, records)?);
    }
    Ok(none(findings)?)
}

/// Records outside the workspace that a command names to change them, or to say something about them.
fn named(command: &Command) -> Vec<(Kind, Uuid)> {
    match command {
        Command::Cmdb(CmdbCommand::SetFields(ci, _) | CmdbCommand::SetStatus { ci, .. }) => vec![(Kind::Ci, ci.0)],
        Command::Cmdb(CmdbCommand::Relate { source, target, .. }) => {
            vec![(Kind::Ci, source.0), (Kind::Ci, target.0)]
        }
        Command::Cmdb(CmdbCommand::MergeCi { kept, gone, .. }) => vec![(Kind::Ci, kept.0), (Kind::Ci, gone.0)],
        Command::Cmdb(CmdbCommand::UndoMerge(gone)) => vec![(Kind::CiForward, CiForward::id_of(*gone).0)],
        Command::Cmdb(CmdbCommand::DismissDuplicate { pair, .. }) => vec![(Kind::CiDuplicate, pair.0)],
        Command::Cmdb(CmdbCommand::PutRedundancy(rule)) => {
            rule.providers.iter().chain([&rule.ci]).map(|ci| (Kind::Ci, ci.0)).collect()
        }
        Command::Cmdb(CmdbCommand::RemoveRedundancy(id)) => vec![(Kind::Redundancy, id.0)],
        Command::Cmdb(CmdbCommand::Standard {
            act: StandardAct::Except { ci, .. } | StandardAct::WithdrawException { ci, .. },
            ..
        }) => vec![(Kind::Ci, ci.0)],
        Command::Cmdb(CmdbCommand::Unrelate(relation)) => vec![(Kind::Relation, relation.0)],
        Command::Dhs(command) => match command {
            DhsCommand::PutModel(_) | DhsCommand::EditModel { .. } | DhsCommand::ImportModels(_) => Vec::new(),
            DhsCommand::Count { model, bin, what } => {
                let mut bins = vec![(Kind::DhsStock, DhsStock::id_of(*model, bin).0)];
                if let CountedMove::Transfer { to, .. } = what {
                    bins.push((Kind::DhsStock, DhsStock::id_of(*model, to).0));
                }
                bins
            }
            DhsCommand::Stocktake { stocktake, act } => {
                let mut named = vec![(Kind::Stocktake, stocktake.0)];
                match act {
                    StocktakeAct::Settle(units) => named.extend(units.iter().map(|u| (Kind::DhsUnit, u.0))),
                    StocktakeAct::See(all) => {
                        named.extend(all.iter().filter_map(|s| s.unit).map(|u| (Kind::DhsUnit, u.0)))
                    }
                    StocktakeAct::Count(all) => {
                        named.extend(all.iter().map(|s| (Kind::DhsStock, DhsStock::id_of(s.model, &s.bin).0)))
                    }
                    StocktakeAct::SettleCounts(bins) => named.extend(bins.iter().map(|b| (Kind::DhsStock, b.0))),
                    _ => {}
                }
                named
            }
            DhsCommand::InstallAs { unit, wanted } => vec![(Kind::DhsUnit, unit.0), (Kind::Ci, wanted.ci.0)],
            DhsCommand::Receive(unit) => vec![(Kind::DhsUnit, unit.id.0)],
            DhsCommand::Transfer { unit, .. }
            | DhsCommand::Reserve { unit, .. }
            | DhsCommand::ReleaseReservation(unit)
            | DhsCommand::DescribeUnit { unit, .. }
            | DhsCommand::Unreceive(unit)
            | DhsCommand::Adjust { unit, .. }
            | DhsCommand::Issue(unit)
            | DhsCommand::Install { unit, .. }
            | DhsCommand::Return { unit, .. }
            | DhsCommand::TakeOut { unit, .. }
            | DhsCommand::SendToRepair(unit)
            | DhsCommand::Dispose { unit, .. } => vec![(Kind::DhsUnit, unit.0)],
        },
        Command::Exception(
            ExceptionCommand::Accept { exception, .. } | ExceptionCommand::BackOut { exception, .. },
        ) => vec![(Kind::Exception, exception.0)],
        Command::Attachment(AttachmentCommand::Add(new)) if is_always_in_workspace(new.of.key().0) => Vec::new(),
        Command::Attachment(AttachmentCommand::Add(new)) => vec![new.of.key()],
        Command::Attachment(AttachmentCommand::Describe(id, _) | AttachmentCommand::Remove(id)) => {
            vec![(Kind::Attachment, id.0)]
        }
        Command::Comment(comment) if !is_always_in_workspace(comment.on.kind) => vec![(comment.on.kind, comment.on.id)],
        Command::Comment(_)
        | Command::Cmdb(
            CmdbCommand::CreateCi(_)
            | CmdbCommand::PutGroup(_)
            | CmdbCommand::TakeBaseline(_)
            | CmdbCommand::AddToBaseline { .. }
            | CmdbCommand::PutClasses(_)
            | CmdbCommand::RemoveClass(_)
            | CmdbCommand::PutRelationKind(_)
            | CmdbCommand::ImportCis(_)
            | CmdbCommand::ImportRelations(_)
            | CmdbCommand::EditCis(_)
            | CmdbCommand::PutStandard(_)
            | CmdbCommand::Standard { .. }
            | CmdbCommand::FillGroup(_),
        )
        | Command::Setup(_)
        | Command::Release(..)
        | Command::Task(..)
        | Command::Approval(_)
        | Command::Change(_)
        | Command::Observation(_)
        | Command::Dsl(..) => Vec::new(),
    }
}
