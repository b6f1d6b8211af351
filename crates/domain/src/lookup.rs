//! Named look-ups: by which keys, besides its id, a record is found. Storage keeps them in one generic table.

use crate::approval::record::Subject;
use crate::calendar;
use crate::dhs::record::{Bin, UnitState};
use crate::id::{DhsModelId, ReleaseId};
use crate::number::Number;
use crate::record::{Kind, Record};
use crate::release::task_record::{Assignee, TaskState};
use crate::time::{Timestamp, Window};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A way to find records. The comment says what the key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lookup {
    /// A record of a kind that has few records (people, groups, sites, templates, policies, freezes,
    /// delegations, classes, relation types, standards): the kind's name.
    AllOf,
    /// A numbered record: its number.
    Number,
    /// Person: sign-in name, lower case.
    User,
    /// Group, site, CI group, class, standard: `kind|name`, lower case.
    Name,
    /// Site access: `person` or `group`, whichever it is of.
    SiteAccess,
    /// Task: its release.
    TasksOfRelease,
    /// Task that is neither done nor cancelled: the person or group it is assigned to.
    OpenTasksOf,
    /// Test record: its release.
    TestsOfRelease,
    /// Approval: `release|ID` or `change|ID`.
    ApprovalsOf,
    /// Approval that is pending: each member of its panels.
    PendingApprovalFor,
    /// Change imported from elsewhere: `system|number`, lower case.
    ForeignNumber,
    /// Release that is not closed: each change in its scope.
    OpenReleaseOfChange,
    /// Release that is not closed: each component's DSL item.
    OpenReleaseOfItem,
    /// Release that is not closed: each CI in its scope.
    OpenReleaseOfCi,
    /// Release that is not closed: each CI group in its scope.
    OpenReleaseOfGroup,
    /// Change that is not closed or cancelled: each CI it affects.
    OpenChangeOfCi,
    /// CI group: each member.
    GroupsOfCi,
    /// Redundancy rule: its CI and each of its providers.
    RedundancyOfCi,
    /// Redundancy rule, and CI group of which some members are enough: the kind's name.
    Redundancies,
    /// What attaches a CI to a standard: the CI.
    StandardOfCi,
    /// What attaches a CI to a standard: the standard.
    CisOfStandard,
    /// CI: `class|name`, lower case.
    CiByName,
    /// CI: name alone, lower case (several classes may share it).
    CiByBareName,
    /// CI: `manufacturer|serial number`, lower case.
    CiBySerial,
    /// CI: asset tag, lower case.
    CiByTag,
    /// CI: each sign by which it is told from others ([`crate::cmdb::duplicate::signs`]).
    CiBySign,
    /// Pair of CIs that look alike: each of them.
    DuplicatesOf,
    /// Pair of CIs that look alike and that nobody decided on: the kind's name.
    OpenDuplicates,
    /// Forward of a CI that was merged: the CI that was kept.
    ForwardsTo,
    /// Observation that was recognised: its CI.
    ObservationsOf,
    /// Step in the history of a CI: the CI. Ascending ids are the order of the steps.
    StepsOfCi,
    /// Step in the history of a CI that came after a baseline: how many baselines had been taken before.
    StepsAfterBaseline,
    /// CI: class, lower case.
    CiByClass,
    /// CI of which it is said where it stands: [`crate::cmdb::ci::Location::place_key`].
    CisAtPlace,
    /// Relation: its source.
    RelationsFrom,
    /// Relation: its target.
    RelationsTo,
    /// DSL item: `name|version`, lower case.
    ItemByVersion,
    /// DSL item: the SHA-256 of each of its files.
    ItemsByHash,
    /// Part of an SBOM: each component's name, and each word of it, lower case.
    ComponentsByName,
    /// Part of an SBOM: each component's package URL without its version.
    ComponentsByPackage,
    /// Part of an SBOM: each licence, lower case.
    ComponentsByLicence,
    /// Part of an SBOM: each hash.
    ComponentsByHash,
    /// DHS model: `manufacturer|name`, lower case.
    ModelByName,
    /// DHS model: each part number, lower case.
    ModelByPart,
    /// DHS model: each prefix of its serial numbers, lower case.
    ModelBySerialPrefix,
    /// DHS model of which some store shall hold so many: the kind's name.
    ModelsWithMinimum,
    /// DHS unit: its serial number alone, lower case (units of several models may share it).
    UnitByBareSerial,
    /// DHS unit: `model id|state`, the state in the words of its label.
    UnitsOfModel,
    /// DHS unit that is held for a release: `reserved` or `issued`.
    UnitsHeld,
    /// DHS unit whose warranty ends and that is not gone: the month of that, as `2027-03`.
    UnitsByWarranty,
    /// Consumables in a bin: their model.
    StocksOfModel,
    /// Consumables in a bin: each release that some of them are reserved for or out for.
    StocksOfRelease,
    /// Sight of a stocktake: the stocktake.
    SightsOfStocktake,
    /// DHS unit on a shelf: [`store_key`].
    UnitsAtStore,
    /// Consumables in a bin that is not empty: [`store_key`].
    StocksAtStore,
    /// Movement of consumables: the bin they lie in.
    MovementsOfStock,
    /// DHS unit: `model id|serial number`, lower case.
    UnitBySerial,
    /// DHS unit: asset tag, lower case.
    UnitByTag,
    /// DHS unit: the release it is reserved for or issued to.
    UnitsOfRelease,
    /// DHS unit: the CI it is installed as.
    UnitOfCi,
    /// Movement: its unit.
    MovementsOfUnit,
    /// Photo: its CI.
    AttachmentsOf,
    /// Photo: the SHA-256 of its bytes.
    AttachmentsByHash,
    /// Comment: the record's id.
    CommentsOn,
    /// Exception: the id of its record, and that of its release.
    ExceptionsOn,
    /// Exception that is not decided: the kind's name.
    OpenExceptions,
    /// Release that is not terminated, change that is not cancelled: each week that its window touches
    /// ([`crate::calendar::keys`]).
    PlannedIn,
}

impl Lookup {
    /// The stable name in storage.
    #[must_use]
    pub fn name(self) -> String {
        format!("{self:?}")
    }
}

/// Key of a subject under [`Lookup::ApprovalsOf`].
#[must_use]
pub fn subject_key(subject: Subject) -> String {
    match subject {
        Subject::Release(id) => format!("release|{id}"),
        Subject::Change(id) => format!("change|{id}"),
    }
}

/// A key of two parts, lower case.
#[must_use]
pub fn pair(a: &str, b: &str) -> String {
    format!("{}|{}", a.trim().to_lowercase(), b.trim().to_lowercase())
}

fn number(out: &mut Vec<(Lookup, String)>, n: &Number) {
    out.push((Lookup::Number, n.as_str().to_owned()));
}

fn filled(out: &mut Vec<(Lookup, String)>, lookup: Lookup, text: &str) {
    if !text.trim().is_empty() {
        out.push((lookup, text.trim().to_lowercase()));
    }
}

fn planned(out: &mut Vec<(Lookup, String)>, kind: Kind, window: Option<Window>) {
    let keys = window.iter().flat_map(|window| calendar::keys(kind, window));
    out.extend(keys.map(|key| (Lookup::PlannedIn, key)));
}

impl Record {
    /// Every key under which this record is found.
    #[must_use]
    pub fn lookups(&self) -> Vec<(Lookup, String)> {
        let mut out = Vec::new();
        let all = |out: &mut Vec<_>| out.push((Lookup::AllOf, self.kind().name().to_owned()));
        match self {
            Self::Person(p) => {
                all(&mut out);
                filled(&mut out, Lookup::User, &p.user);
            }
            Self::Group(g) => {
                all(&mut out);
                out.push((Lookup::Name, pair("group", &g.name)));
            }
            Self::Site(s) => {
                all(&mut out);
                out.push((Lookup::Name, pair("site", &s.name)));
            }
            Self::SiteAccess(a) => {
                let key = match a.of {
                    Assignee::Person(_) => "person",
                    Assignee::Group(_) => "group",
                };
                out.push((Lookup::SiteAccess, key.to_owned()));
            }
            Self::Delegation(_)
            | Self::TaskTemplate(_)
            | Self::ApprovalPolicy(_)
            | Self::WorkspaceRules(_)
            | Self::IdentificationRules(_)
            | Self::RelationKind(_)
            | Self::Freeze(_) => all(&mut out),
            // An item's parts have identities that are known from the item's: they need no key.
            Self::SbomPart(p) => out.extend(p.keys()),
            Self::VendorKey(k) => {
                all(&mut out);
                out.push((Lookup::Name, pair("vendor_key", &k.name)));
            }
            Self::CiClass(c) => {
                all(&mut out);
                out.push((Lookup::Name, pair("ci_class", &c.name)));
            }
            Self::Release(r) => {
                number(&mut out, &r.number);
                planned(&mut out, self.kind(), calendar::window_of(self));
                if !r.phase.is_closed() {
                    for change in &r.scope.changes {
                        out.push((Lookup::OpenReleaseOfChange, change.to_string()));
                    }
                    for ci in &r.scope.cis {
                        out.push((Lookup::OpenReleaseOfCi, ci.to_string()));
                    }
                    for group in &r.scope.ci_groups {
                        out.push((Lookup::OpenReleaseOfGroup, group.to_string()));
                    }
                    for component in &r.scope.components {
                        if let crate::release::record::Component::DslItem(item) = component {
                            out.push((Lookup::OpenReleaseOfItem, item.to_string()));
                        }
                    }
                }
            }
            Self::Task(t) => {
                out.push((Lookup::TasksOfRelease, t.release.to_string()));
                if !matches!(t.state, TaskState::Done | TaskState::Cancelled) {
                    out.extend(t.assignee.map(|assignee| (Lookup::OpenTasksOf, assignee.to_string())));
                }
            }
            Self::TestRecord(t) => out.push((Lookup::TestsOfRelease, t.release.to_string())),
            Self::Approval(a) => {
                out.push((Lookup::ApprovalsOf, subject_key(a.subject)));
                if a.state == crate::approval::record::ApprovalState::Pending {
                    let members: std::collections::BTreeSet<_> = a.panels.iter().flat_map(|p| &p.members).collect();
                    out.extend(members.into_iter().map(|m| (Lookup::PendingApprovalFor, m.to_string())));
                }
            }
            Self::Change(c) => {
                number(&mut out, &c.number);
                planned(&mut out, self.kind(), calendar::window_of(self));
                if let Some(f) = &c.foreign {
                    out.push((Lookup::ForeignNumber, pair(&f.system, &f.number)));
                }
                if !c.is_over() {
                    out.extend(c.cis.iter().map(|ci| (Lookup::OpenChangeOfCi, ci.to_string())));
                }
            }
            Self::Ci(c) => {
                number(&mut out, &c.number);
                out.push((Lookup::CiByName, pair(&c.class, &c.name)));
                filled(&mut out, Lookup::CiByBareName, &c.name);
                if !c.serial_number.is_empty() {
                    out.push((Lookup::CiBySerial, pair(&c.manufacturer, &c.serial_number)));
                }
                filled(&mut out, Lookup::CiByTag, &c.asset_tag);
                let signs = crate::cmdb::duplicate::signs(c);
                out.extend(signs.into_iter().map(|(_, key)| (Lookup::CiBySign, key)));
                filled(&mut out, Lookup::CiByClass, &c.class);
                out.extend(c.location.place_key().map(|key| (Lookup::CisAtPlace, key)));
            }
            Self::Relation(r) => {
                out.push((Lookup::RelationsFrom, r.source.to_string()));
                out.push((Lookup::RelationsTo, r.target.to_string()));
            }
            Self::CiGroup(g) => {
                out.push((Lookup::Name, pair("ci_group", &g.name)));
                out.extend(g.members.iter().map(|ci| (Lookup::GroupsOfCi, ci.to_string())));
                if g.enough.is_some() {
                    out.push((Lookup::Redundancies, self.kind().name().to_owned()));
                }
            }
            Self::Redundancy(r) => {
                let all = r.providers.iter().chain([&r.ci]).collect::<std::collections::BTreeSet<_>>();
                out.extend(all.into_iter().map(|ci| (Lookup::RedundancyOfCi, ci.to_string())));
                out.push((Lookup::Redundancies, self.kind().name().to_owned()));
            }
            Self::Standard(s) => {
                all(&mut out);
                out.push((Lookup::Name, pair("standard", &s.name)));
            }
            Self::CiStandard(s) => {
                out.push((Lookup::StandardOfCi, s.ci.to_string()));
                out.push((Lookup::CisOfStandard, s.standard.to_string()));
            }
            Self::Baseline(b) => out.push((Lookup::Name, pair("baseline", &b.name))),
            Self::BaselinePart(_) | Self::BaselineCount(_) => {}
            Self::CiDuplicate(d) => {
                out.extend([d.first, d.second].map(|ci| (Lookup::DuplicatesOf, ci.to_string())));
                if d.dismissed.is_none() {
                    out.push((Lookup::OpenDuplicates, self.kind().name().to_owned()));
                }
            }
            Self::CiForward(f) => out.push((Lookup::ForwardsTo, f.to.to_string())),
            Self::Observation(o) => out.extend(o.ci.map(|ci| (Lookup::ObservationsOf, ci.to_string()))),
            Self::CiStep(s) => {
                out.push((Lookup::StepsOfCi, s.ci.to_string()));
                if s.baselines > 0 {
                    out.push((Lookup::StepsAfterBaseline, s.baselines.to_string()));
                }
            }
            Self::DslItem(i) => {
                number(&mut out, &i.number);
                out.push((Lookup::ItemByVersion, pair(&i.name, &i.version)));
                let hashes: std::collections::BTreeSet<_> = i.files.iter().map(|file| file.sha256.clone()).collect();
                out.extend(hashes.into_iter().map(|hash| (Lookup::ItemsByHash, hash)));
            }
            Self::DhsModel(m) => {
                out.push((Lookup::ModelByName, pair(&m.manufacturer, &m.name)));
                m.part_numbers.iter().for_each(|part| filled(&mut out, Lookup::ModelByPart, part));
                m.facts.serial_prefixes.iter().for_each(|p| filled(&mut out, Lookup::ModelBySerialPrefix, p));
                if !m.facts.minimum.is_empty() {
                    out.push((Lookup::ModelsWithMinimum, self.kind().name().to_owned()));
                }
            }
            Self::DhsStock(s) => {
                out.push((Lookup::StocksOfModel, s.model.to_string()));
                if s.quantity > 0 {
                    out.push((Lookup::StocksAtStore, store_key(&s.bin)));
                }
                let releases: std::collections::BTreeSet<_> = s.reserved.keys().chain(s.issued.keys()).collect();
                out.extend(releases.into_iter().map(|r| (Lookup::StocksOfRelease, release_key(*r))));
            }
            Self::Stocktake(_) => {}
            Self::StocktakeSight(s) => out.push((Lookup::SightsOfStocktake, s.stocktake.to_string())),
            Self::StockMovement(m) => out.push((Lookup::MovementsOfStock, m.stock.to_string())),
            Self::DhsUnit(u) => {
                number(&mut out, &u.number);
                if !u.serial_number.is_empty() {
                    out.push((Lookup::UnitBySerial, pair(&u.model.to_string(), &u.serial_number)));
                }
                filled(&mut out, Lookup::UnitByBareSerial, &u.serial_number);
                filled(&mut out, Lookup::UnitByTag, &u.asset_tag);
                out.push((Lookup::UnitsOfModel, model_state_key(u.model, u.state)));
                if matches!(u.state, UnitState::Reserved | UnitState::Issued) {
                    out.push((Lookup::UnitsHeld, u.state.label().to_owned()));
                }
                if matches!(u.state, UnitState::InStore | UnitState::Reserved) {
                    out.push((Lookup::UnitsAtStore, store_key(&u.bin)));
                }
                if let Some(end) = u.facts.warranty_end.filter(|_| u.state != UnitState::Disposed) {
                    out.push((Lookup::UnitsByWarranty, month_key(end)));
                }
                if let Some(release) = u.reserved_for {
                    out.push((Lookup::UnitsOfRelease, release_key(release)));
                }
                if let Some(ci) = u.ci {
                    out.push((Lookup::UnitOfCi, ci.to_string()));
                }
            }
            Self::Movement(m) => out.push((Lookup::MovementsOfUnit, m.unit.to_string())),
            Self::Comment(c) => out.push((Lookup::CommentsOn, c.on.id.to_string())),
            Self::Attachment(a) => {
                out.push((Lookup::AttachmentsOf, a.of.key().1.to_string()));
                out.push((Lookup::AttachmentsByHash, a.sha256.to_string()));
            }
            Self::Exception(e) => {
                out.push((Lookup::ExceptionsOn, e.on.id.to_string()));
                if let Some(release) = e.release.filter(|release| release.0 != e.on.id) {
                    out.push((Lookup::ExceptionsOn, release_key(release)));
                }
                if e.decision.is_none() {
                    out.push((Lookup::OpenExceptions, self.kind().name().to_owned()));
                }
            }
        }
        out
    }

    /// Number or name: how a person calls this record.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Person(r) => r.name.clone(),
            Self::Group(r) => r.name.clone(),
            Self::Site(r) => r.name.clone(),
            Self::Release(r) => r.number.to_string(),
            Self::Change(r) => r.foreign.as_ref().map_or_else(|| r.number.to_string(), |f| f.number.clone()),
            Self::Ci(r) => r.name.clone(),
            Self::CiGroup(r) => r.name.clone(),
            Self::Task(r) => r.title.clone(),
            Self::TestRecord(r) => r.title.clone(),
            Self::CiClass(r) => r.name.clone(),
            Self::RelationKind(r) => r.name.clone(),
            Self::Baseline(r) => r.name.clone(),
            Self::BaselinePart(_) => "part of a baseline".to_owned(),
            Self::BaselineCount(_) => "number of baselines".to_owned(),
            Self::CiStep(_) => "step of a CI".to_owned(),
            Self::CiDuplicate(_) => "possible duplicates".to_owned(),
            Self::Redundancy(_) => "redundancy rule".to_owned(),
            Self::Standard(r) => r.name.clone(),
            Self::CiStandard(_) => "standard of a CI".to_owned(),
            Self::CiForward(r) => format!("{} (merged)", r.from.name),
            Self::Observation(r) => r.label.clone(),
            Self::IdentificationRules(_) => "identification rules".to_owned(),
            Self::DslItem(r) => format!("{} {}", r.name, r.version),
            Self::SbomPart(_) => "part of an SBOM".to_owned(),
            Self::VendorKey(r) => r.name.clone(),
            Self::DhsModel(r) => format!("{} {}", r.manufacturer, r.name),
            Self::DhsUnit(r) => r.number.to_string(),
            Self::DhsStock(r) => [&r.bin.store, &r.bin.aisle, &r.bin.shelf, &r.bin.bin]
                .into_iter()
                .filter(|part| !part.is_empty())
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(" › "),
            Self::StockMovement(r) => r.kind.label().to_owned(),
            Self::Stocktake(r) => r.title.clone(),
            Self::StocktakeSight(r) => r.code.clone(),
            Self::Freeze(r) => r.title.clone(),
            Self::TaskTemplate(r) => format!("{} tasks of {}", r.release_type, r.phase),
            Self::ApprovalPolicy(_) => "approval rule".to_owned(),
            Self::WorkspaceRules(_) => "workspace rules".to_owned(),
            Self::SiteAccess(_) => "site access".to_owned(),
            Self::Delegation(_) => "delegation".to_owned(),
            Self::Approval(_) => "approval".to_owned(),
            Self::Relation(r) => r.relation_type.label().to_owned(),
            Self::Movement(r) => r.kind.label().to_owned(),
            Self::Comment(_) => "comment".to_owned(),
            Self::Attachment(r) => r.name().to_owned(),
            Self::Exception(r) => format!("exception on {}", r.on.label),
        }
    }

    /// What full-text search finds the record by: `(title, more words)`; `None` for kinds that are found through others.
    #[must_use]
    pub fn search_text(&self) -> Option<(String, String)> {
        let words = |parts: &[&str]| parts.iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join(" ");
        Some(match self {
            Self::Release(r) => (r.title.clone(), words(&[r.number.as_str(), &r.description, &r.reason])),
            Self::Change(c) => {
                let foreign = c.foreign.as_ref().map_or("", |f| f.number.as_str());
                (c.title.clone(), words(&[c.number.as_str(), foreign, &c.description, &c.category, &c.reason]))
            }
            Self::Ci(c) => {
                let attributes = c.attributes.values().map(String::as_str).collect::<Vec<_>>().join(" ");
                (
                    c.name.clone(),
                    words(&[
                        c.number.as_str(),
                        &c.class,
                        &c.manufacturer,
                        &c.model,
                        &c.version,
                        &c.serial_number,
                        &c.asset_tag,
                        &attributes,
                        &c.notes,
                    ]),
                )
            }
            Self::Task(t) => (t.title.clone(), t.notes.clone()),
            Self::DslItem(i) => (i.name.clone(), words(&[i.number.as_str(), &i.version, &i.vendor, &i.platform])),
            Self::DhsModel(m) => (m.name.clone(), words(&[&m.manufacturer, &m.part_numbers.join(" ")])),
            Self::DhsUnit(u) => {
                (u.serial_number.clone(), words(&[u.number.as_str(), &u.asset_tag, &u.bin.store, &u.bin.shelf]))
            }
            Self::Person(p) => (p.name.clone(), p.user.clone()),
            Self::Group(g) => (g.name.clone(), String::new()),
            Self::Site(s) => (s.name.clone(), s.address.clone()),
            Self::CiGroup(g) => (g.name.clone(), String::new()),
            Self::Stocktake(s) => (s.title.clone(), s.place.store.clone()),
            Self::Freeze(f) => (f.title.clone(), String::new()),
            Self::TestRecord(t) => (t.title.clone(), t.note.clone()),
            Self::Baseline(b) => (b.name.clone(), String::new()),
            Self::Standard(s) => (s.name.clone(), words(&[&s.about, &s.class])),
            Self::Comment(c) => (c.text.clone(), String::new()),
            Self::Observation(o) => {
                let i = &o.identity;
                let macs = i.macs.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
                (o.label.clone(), words(&[&o.source, &i.host_name, &i.serial_number, &i.asset_tag, &macs]))
            }
            Self::SiteAccess(_)
            | Self::Delegation(_)
            | Self::TaskTemplate(_)
            | Self::ApprovalPolicy(_)
            | Self::WorkspaceRules(_)
            | Self::IdentificationRules(_)
            | Self::Approval(_)
            | Self::Relation(_)
            | Self::CiClass(_)
            | Self::RelationKind(_)
            | Self::Movement(_)
            | Self::DhsStock(_)
            | Self::StockMovement(_)
            | Self::StocktakeSight(_)
            | Self::BaselinePart(_)
            | Self::BaselineCount(_)
            | Self::CiStep(_)
            | Self::CiDuplicate(_)
            | Self::CiForward(_)
            | Self::Redundancy(_)
            | Self::CiStandard(_)
            | Self::Attachment(_)
            | Self::SbomPart(_)
            | Self::VendorKey(_)
            | Self::Exception(_) => return None,
        })
    }
}

/// Key of a unit under [`Lookup::UnitsOfModel`].
#[must_use]
pub fn model_state_key(model: DhsModelId, state: UnitState) -> String {
    format!("{model}|{state}")
}

/// Key of a place under [`Lookup::UnitsAtStore`] and [`Lookup::StocksAtStore`]: its site and store.
#[must_use]
pub fn store_key(bin: &Bin) -> String {
    pair(&bin.site.map(|site| site.to_string()).unwrap_or_default(), &bin.store)
}

/// Key of a moment under [`Lookup::UnitsByWarranty`]: its month.
#[must_use]
pub fn month_key(at: Timestamp) -> String {
    at.to_rfc3339().chars().take(7).collect()
}

fn release_key(id: ReleaseId) -> String {
    Uuid::from(id).to_string()
}
