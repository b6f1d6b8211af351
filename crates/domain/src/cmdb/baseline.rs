//! Baselines: CIs and relations as they were at a moment, under a name, never changed again.
//!
//! A baseline that *Record install* takes is a copy of what the plan touches. One that is taken on demand may be of a
//! hundred thousand CIs and copies nothing: it keeps which CIs belong to it and its place in the order of baselines.
//! Each later step in the history of a CI says how many baselines had been taken before it
//! ([`crate::cmdb::moment::CiStep::baselines`]), so the CI at the baseline is the CI with those steps taken back.

use crate::cmdb::ci::Ci;
use crate::cmdb::relation::Relation;
use crate::execute::{Context, Effect};
use crate::id::{BaselineId, BaselinePartId, CiGroupId, CiId, PersonId, SettingId, SiteId};
use crate::lookup::{Lookup, pair};
use crate::record::RecordRef;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::text;
use crate::time::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use ts_rs::TS;
use uuid::Uuid;

pub mod compare;
pub mod restore;

/// Most CIs in one part: as text less than half of what a command may carry.
pub const PART_MEMBERS: usize = 5_000;
/// Most parts of one baseline.
pub const PARTS: u32 = 200;

/// A snapshot: named, immutable copy of CIs and relations at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Baseline {
    /// Identity.
    pub id: BaselineId,
    /// Such as `REL-000123 before install`.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: PersonId,
    /// As they were; of a baseline that an install took.
    pub cis: Vec<Ci>,
    /// As they were.
    pub relations: Vec<Relation>,
    /// CIs and relations that did not exist yet.
    pub absent_cis: Vec<CiId>,
    /// Relations that did not exist yet.
    pub absent_relations: Vec<Relation>,
    /// Of one that was taken on demand: what of, and its place among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<Taken>,
}

/// What a baseline on demand keeps beside its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Taken {
    /// What it is of.
    pub of: BaselineScope,
    /// Its place in the order of baselines, from 1: steps that say so many or more came after it.
    pub place: u32,
    /// How many CIs belong to it.
    pub members: u32,
    /// In how many parts they lie.
    pub parts: u32,
}

/// What a baseline is of: evaluated when it is taken, and again when it is compared with now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BaselineScope {
    /// CIs that a filter finds, as the lists read it.
    Filter(String),
    /// The members of a CI group.
    Group(CiGroupId),
    /// A service and everything that it needs to work.
    Service(CiId),
    /// CIs that stand at a site.
    Site(SiteId),
    /// CIs named one by one.
    Cis,
}

/// Some members of a baseline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BaselinePart {
    /// Identity; derived from the baseline and the part's position.
    pub id: BaselinePartId,
    /// Of which.
    pub baseline: BaselineId,
    /// Position, from 0.
    pub position: u32,
    /// The CIs.
    pub members: Members,
}

impl BaselinePart {
    /// The identity of a baseline's part.
    #[must_use]
    pub fn id_of(baseline: BaselineId, position: u32) -> BaselinePartId {
        BaselinePartId(Uuid::new_v5(&baseline.0, &position.to_be_bytes()))
    }
}

/// A set of CIs in few bytes: their ids in ascending order, 16 bytes each, as Base64.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(transparent)]
pub struct Members(pub String);

impl Members {
    /// Of these CIs.
    #[must_use]
    pub fn of<'a>(cis: impl IntoIterator<Item = &'a CiId>) -> Self {
        let bytes: Vec<u8> = cis.into_iter().flat_map(|ci| *ci.0.as_bytes()).collect();
        Self(STANDARD.encode(bytes))
    }

    /// The CIs.
    ///
    /// # Errors
    /// `WRONG_MEMBERS` if this is no such set.
    pub fn cis(&self) -> Result<BTreeSet<CiId>, Finding> {
        let wrong =
            || Finding::new("WRONG_MEMBERS", "The members of the baseline cannot be read.", "Take the baseline anew.");
        let bytes = STANDARD.decode(&self.0).map_err(|_| wrong())?;
        let (ids, rest) = bytes.as_chunks::<16>();
        if !rest.is_empty() {
            return Err(wrong());
        }
        Ok(ids.iter().map(|id| CiId(Uuid::from_bytes(*id))).collect())
    }
}

/// How many baselines were taken on demand. One record; absent means none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BaselineCount {
    /// Identity: [`BaselineCount::ID`].
    pub id: SettingId,
    /// So many.
    pub taken: u32,
}

impl BaselineCount {
    /// The only record of its kind.
    pub const ID: SettingId = SettingId(Uuid::from_u128(2));
}

/// How many baselines were taken on demand so far.
///
/// # Errors
/// A storage fault.
pub fn taken(records: &dyn Records) -> Result<u32, Fault> {
    Ok(records.get::<BaselineCount>(BaselineCount::ID)?.map_or(0, |count| count.taken))
}

/// A new baseline, as the sheet gives it. The members lie in parts: the first comes with the command, the others with
/// [`crate::command::CmdbCommand::AddToBaseline`]; the moment is that of this command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NewBaseline {
    /// Identity.
    pub id: BaselineId,
    /// Unique name.
    pub name: String,
    /// What it is of.
    pub of: BaselineScope,
    /// How many CIs belong to it.
    pub members: u32,
    /// In how many parts they lie.
    pub parts: u32,
    /// The first part.
    pub first: Members,
}

/// Takes a baseline: costs the same for ten CIs and for a hundred thousand.
pub(crate) fn take(
    new: &NewBaseline,
    by: PersonId,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut findings = Vec::new();
    let name = text::filled_line("name", &new.name).unwrap_or_else(|finding| {
        findings.push(finding);
        String::new()
    });
    if let Some(other) = records.get::<Baseline>(new.id)? {
        findings.push(
            Finding::new("ID_TAKEN", format!("{} is already stored under this identity.", other.name), "Take it anew.")
                .about(RecordRef::of(&other)),
        );
    }
    if !name.is_empty() && !records.find(Lookup::Name, &pair("baseline", &name))?.is_empty() {
        findings.push(Finding::new(
            "NAME_TAKEN",
            format!("There is already a baseline {name}."),
            "Choose another name; a baseline is never replaced.",
        ));
    }
    let first = new.first.cis().unwrap_or_else(|finding| {
        findings.push(finding);
        BTreeSet::new()
    });
    if new.members == 0 {
        findings.push(Finding::new("NO_MEMBERS", "No CI belongs to this baseline.", "Choose what it is of."));
    }
    let most = usize::try_from(PARTS).unwrap_or(usize::MAX).saturating_mul(PART_MEMBERS);
    if new.parts > PARTS || first.len() > PART_MEMBERS {
        findings.push(Finding::new(
            "TOO_MANY_MEMBERS",
            format!("{} CIs are too many for one baseline; {most} are possible.", new.members),
            "Take one for each site or service.",
        ));
    }
    none(findings)?;
    let place = taken(records)?.saturating_add(1);
    records.put(BaselineCount { id: BaselineCount::ID, taken: place })?;
    records.put(Baseline {
        id: new.id,
        name,
        at: context.now,
        by,
        cis: Vec::new(),
        relations: Vec::new(),
        absent_cis: Vec::new(),
        absent_relations: Vec::new(),
        taken: Some(Taken { of: new.of.clone(), place, members: new.members, parts: new.parts.max(1) }),
    })?;
    put_part(new.id, 0, &new.first, records)?;
    Ok(Effect::created())
}

/// Adds a part that was announced when the baseline was taken.
pub(crate) fn add(
    baseline: BaselineId,
    position: u32,
    members: &Members,
    by: PersonId,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let stored: Baseline = records.must(baseline)?;
    let announced = stored.by == by && stored.taken.as_ref().is_some_and(|taken| position < taken.parts);
    let there = records.get::<BaselinePart>(BaselinePart::id_of(baseline, position))?;
    if there.as_ref().is_some_and(|part| part.members == *members) {
        return Ok(Effect::unchanged());
    }
    if !announced || there.is_some() {
        return Err(Finding::new(
            "BASELINE_FIXED",
            format!("{} is a baseline: nothing is added to it.", stored.name),
            "Take another baseline.",
        )
        .about(RecordRef::of(&stored))
        .into());
    }
    if members.cis()?.len() > PART_MEMBERS {
        return Err(Finding::new(
            "TOO_MANY_MEMBERS",
            format!("A part of a baseline holds {PART_MEMBERS} CIs at most."),
            "Split it.",
        )
        .into());
    }
    put_part(baseline, position, members, records)?;
    Ok(Effect::created())
}

fn put_part(baseline: BaselineId, position: u32, members: &Members, records: &mut dyn Records) -> Result<(), Fault> {
    records.put(BaselinePart {
        id: BaselinePart::id_of(baseline, position),
        baseline,
        position,
        members: members.clone(),
    })
}

/// The CIs that belong to a baseline.
///
/// # Errors
/// `BASELINE_INCOMPLETE` while parts of it are on their way; or a storage fault.
pub fn members(baseline: &Baseline, records: &dyn Records) -> Result<BTreeSet<CiId>, Failure> {
    let Some(taken) = &baseline.taken else { return Ok(baseline.cis.iter().map(|ci| ci.id).collect()) };
    let mut members = BTreeSet::new();
    for position in 0..taken.parts {
        let Some(part) = records.get::<BaselinePart>(BaselinePart::id_of(baseline.id, position))? else {
            return Err(Finding::new(
                "BASELINE_INCOMPLETE",
                format!("Part {} of {} of {} is not here yet.", position + 1, taken.parts, baseline.name),
                "Sync; if it stays so, whoever took it must sync.",
            )
            .about(RecordRef::of(baseline))
            .into());
        };
        members.append(&mut part.members.cis()?);
    }
    Ok(members)
}
