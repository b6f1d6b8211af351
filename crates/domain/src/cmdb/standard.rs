//! Standards: the authorised values of some fields for the CIs that are attached to one, such as the model and the
//! operating system of every web server. The other sense of *baseline* of the classic suites [SM].
//!
//! A standard is written as a draft. Authorising locks it: what a CI is measured by does not change under it. A CI that
//! differs is *out of compliance*, field by field, until it is corrected through a change or excepted with a reason. An
//! exception is of the value it was given for: another value is out of compliance again.

use crate::cmdb::ci::{Ci, Field, FieldChange};
use crate::cmdb::class::{self, Classes};
use crate::cmdb::classify;
use crate::cmdb::relate;
use crate::cmdb::update_plan::CiUpdate;
use crate::command::BULK_ROWS;
use crate::execute::{Conflict, Context, Effect, replace};
use crate::id::{CiId, CiStandardId, PersonId, StandardId};
use crate::lookup::{Lookup, pair};
use crate::number::{Number, Series};
use crate::people::Person;
use crate::record::{Kind, RecordRef};
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::scope::{Sight, Sites};
use crate::text;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use ts_rs::TS;
use uuid::Uuid;

/// Most standards of a workspace.
pub const STANDARDS: usize = 1_000;
/// Most fields of one standard.
pub const VALUES: usize = 100;
/// Fields that a standard can say something of, besides `attributes.NAME`: what two CIs can share.
pub const FIELDS: &[&str] = &["environment", "criticality", "manufacturer", "model", "version"];

/// Authorised values for the CIs attached to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Standard {
    /// Identity.
    pub id: StandardId,
    /// Unique.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// Key of the class of its CIs; those of classes below it may be attached too.
    pub class: String,
    /// Authorised values by field, in the written form of the class.
    pub values: BTreeMap<Field, String>,
    /// Who locked it; `None` while it is a draft, by which nothing is measured.
    pub authorised: Option<Signed>,
    /// Why it is out of use; nothing is measured by it from then on.
    pub retired: Option<Signed>,
}

/// Who decided, when, why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Signed {
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Why; empty where no reason is asked for.
    pub reason: String,
}

/// A CI attached to a standard. A CI has one standard at most, so the record's identity is the CI's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CiStandard {
    /// Identity; see [`CiStandard::id_of`].
    pub id: CiStandardId,
    /// The CI.
    pub ci: CiId,
    /// What it is measured by.
    pub standard: StandardId,
    /// What is excepted, by field.
    pub excepted: BTreeMap<Field, Excepted>,
}

impl CiStandard {
    /// The identity of what attaches a CI.
    #[must_use]
    pub fn id_of(ci: CiId) -> CiStandardId {
        CiStandardId(Uuid::new_v5(&ci.0, b"standard"))
    }

    /// The same of another CI, with its exceptions.
    pub(crate) fn of(&self, ci: CiId) -> Self {
        Self { id: Self::id_of(ci), ci, ..self.clone() }
    }
}

/// Takes away what measured a CI that goes; gives it, if there was something.
pub(crate) fn forget(ci: CiId, records: &mut dyn Records) -> Result<Option<CiStandard>, Fault> {
    let attached = records.get::<CiStandard>(CiStandard::id_of(ci))?;
    if let Some(attached) = &attached {
        records.remove(Kind::CiStandard, attached.id.into())?;
    }
    Ok(attached)
}

/// A value that a CI may have although its standard says another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Excepted {
    /// The value; empty for none.
    pub value: String,
    /// Who decided, when, why.
    pub signed: Signed,
}

/// A new standard, or a draft as it shall be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NewStandard {
    /// Identity.
    pub id: StandardId,
    /// Unique.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// Key of the class of its CIs.
    pub class: String,
    /// Values by field.
    pub values: BTreeMap<Field, String>,
}

/// What is done with a standard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StandardAct {
    /// Locks it; from now on its CIs are measured by it.
    Authorise,
    /// Takes it out of use.
    Retire {
        /// Why.
        reason: String,
    },
    /// Attaches CIs, each by itself; those of another standard come over. At most [`BULK_ROWS`].
    Attach(Vec<CiId>),
    /// Detaches CIs; their exceptions go with it. At most [`BULK_ROWS`].
    Detach(Vec<CiId>),
    /// Lets a CI be as it is.
    Except {
        /// The CI.
        ci: CiId,
        /// Of these fields; of every one in which it differs when empty.
        fields: BTreeSet<Field>,
        /// Why.
        reason: String,
    },
    /// Takes exceptions of a CI back.
    WithdrawException {
        /// The CI.
        ci: CiId,
        /// Of these fields; all of them when empty.
        fields: BTreeSet<Field>,
    },
}

/// A field in which a CI differs from its standard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Deviation {
    /// Which.
    pub field: Field,
    /// What the standard says.
    pub authorised: String,
    /// What the CI says; empty for nothing.
    pub is: String,
    /// Why that is accepted; `None`: it is out of compliance.
    pub excepted: Option<Excepted>,
}

impl Standard {
    /// How other records and findings name it.
    #[must_use]
    pub fn reference(&self) -> RecordRef {
        RecordRef { kind: Kind::Standard, id: self.id.into(), label: self.name.clone() }
    }

    /// Whether CIs are measured by it.
    #[must_use]
    pub fn measures(&self) -> bool {
        self.authorised.is_some() && self.retired.is_none()
    }

    /// Where a CI differs; nothing while CIs are not measured by this standard.
    #[must_use]
    pub fn deviations(&self, ci: &Ci, attached: &CiStandard) -> Vec<Deviation> {
        if !self.measures() {
            return Vec::new();
        }
        let differs = self.values.iter().filter_map(|(field, authorised)| {
            let is = ci.field(field).unwrap_or_default();
            let excepted = attached.excepted.get(field).filter(|excepted| excepted.value == is).cloned();
            (is != *authorised).then(|| Deviation {
                field: field.clone(),
                authorised: authorised.clone(),
                is,
                excepted,
            })
        });
        differs.collect()
    }

    /// The line of a CI update plan that corrects a CI; `None` when nothing is out of compliance.
    #[must_use]
    pub fn correction(&self, ci: &Ci, attached: &CiStandard) -> Option<CiUpdate> {
        let fields: Vec<_> = self
            .deviations(ci, attached)
            .into_iter()
            .filter(|deviation| deviation.excepted.is_none())
            .map(|d| FieldChange { field: d.field, from: d.is, to: d.authorised })
            .collect();
        (!fields.is_empty()).then_some(CiUpdate::SetFields { ci: ci.id, fields })
    }
}

/// Creates a standard, or replaces a draft.
pub(crate) fn put(new: &NewStandard, records: &mut dyn Records) -> Result<Effect, Failure> {
    let mut findings = Vec::new();
    let mut standard = Standard {
        id: new.id,
        name: new.name.clone(),
        about: new.about.clone(),
        class: new.class.clone(),
        values: BTreeMap::new(),
        authorised: None,
        retired: None,
    };
    text::tidy(&mut standard.name, "name", text::filled_line, &mut findings);
    text::tidy(&mut standard.about, "about", text::prose, &mut findings);
    if let Some(before) = records.get::<Standard>(new.id)? {
        findings.extend(before.authorised.is_some().then(|| locked(&before)));
    } else if records.find(Lookup::AllOf, Kind::Standard.name())?.len() >= STANDARDS {
        findings.push(Finding::new(
            "TOO_MANY_STANDARDS",
            format!("There are {STANDARDS} standards already."),
            "Change one of them instead.",
        ));
    }
    if records.find(Lookup::Name, &pair(Kind::Standard.name(), &standard.name))?.iter().any(|id| *id != new.id.0) {
        findings.push(
            Finding::new(
                "NAME_TAKEN",
                format!("There is already a standard {}.", standard.name),
                "Choose another name, such as with its version.",
            )
            .with("field", "name"),
        );
    }
    if new.values.len() > VALUES {
        findings.push(Finding::new(
            "TOO_MANY_VALUES",
            format!("{} fields are too many; {VALUES} are possible.", new.values.len()),
            "Leave some out.",
        ));
        none(findings)?;
        return Ok(Effect::unchanged());
    }
    let mut classes = Classes::default();
    match classes.of(&new.class, records)? {
        Some(lineage) => standard.class.clone_from(&lineage.class.key),
        None if classes.exist(records)? => findings.push(class::unknown(&new.class, records)?),
        None => text::tidy(&mut standard.class, "class", text::filled_line, &mut findings),
    }
    let blank = CiId(Uuid::nil());
    let mut sample = Ci::blank(blank, Number::provisional(Series::Ci, blank.0), &standard.class, "standard");
    for (field, value) in &new.values {
        match value_of(&mut sample, field, value, &mut classes, records)? {
            Ok((field, value)) => {
                standard.values.insert(field, value);
            }
            Err(finding) => findings.push(finding),
        }
    }
    none(findings)?;
    let id = standard.id;
    Ok(replace(standard, id, records)?)
}

/// A value in the form in which CIs of the class carry it.
fn value_of(
    sample: &mut Ci,
    field: &str,
    value: &str,
    classes: &mut Classes,
    records: &dyn Records,
) -> Result<Result<(Field, String), Finding>, Fault> {
    if !FIELDS.contains(&field) && !field.starts_with("attributes.") {
        return Ok(Err(Finding::new(
            "NO_STANDARD_FIELD",
            format!("A standard says nothing of {field}."),
            format!("Use one of {}, or attributes.NAME.", FIELDS.join(", ")),
        )
        .with("field", field)));
    }
    if value.trim().is_empty() {
        return Ok(Err(Finding::new(
            "VALUE_MISSING",
            format!("The standard names {field} and says no value."),
            "Say the authorised value, or leave the field out.",
        )
        .with("field", field)));
    }
    let (field, value) = match classify::written(sample, field, value, classes, records)? {
        Ok(written) => written,
        Err(finding) => return Ok(Err(finding)),
    };
    if let Err(finding) = sample.set_field(&field, &value) {
        return Ok(Err(finding));
    }
    let written = sample.field(&field).unwrap_or_default();
    Ok(Ok((field, written)))
}

fn locked(standard: &Standard) -> Finding {
    Finding::new(
        "STANDARD_LOCKED",
        format!("{} is authorised; what CIs are measured by does not change.", standard.name),
        "Copy it to a new standard, authorise that one, attach the CIs to it, and retire this one.",
    )
    .about(standard.reference())
}

/// Does something with a standard.
pub(crate) fn act(
    id: StandardId,
    act: &StandardAct,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut standard: Standard = records.must(id)?;
    let signed = |reason: String| Signed { by: actor.id, at: context.now, reason };
    match act {
        StandardAct::Authorise => {
            if standard.authorised.is_some() {
                return Ok(Effect::unchanged());
            }
            if standard.values.is_empty() {
                return Err(Finding::new(
                    "STANDARD_EMPTY",
                    format!("{} says no value of any field.", standard.name),
                    "Add what its CIs shall have in common.",
                )
                .about(standard.reference())
                .into());
            }
            standard.authorised = Some(signed(String::new()));
        }
        StandardAct::Retire { reason } => {
            if standard.retired.is_some() {
                return Ok(Effect::unchanged());
            }
            standard.retired = Some(signed(text::filled_prose("reason", reason)?));
        }
        StandardAct::Attach(cis) => return attach(&standard, cis, actor, records),
        StandardAct::Detach(cis) => return detach(&standard, cis, actor, records),
        StandardAct::Except { ci, fields, reason } => {
            let signed = signed(text::filled_prose("reason", reason)?);
            return except(&standard, *ci, fields, &signed, records);
        }
        StandardAct::WithdrawException { ci, fields } => {
            let mut attached = attached_to(&standard, *ci, records)?;
            attached.excepted.retain(|field, _| !fields.is_empty() && !fields.contains(field));
            let id = attached.id;
            return Ok(replace(attached, id, records)?);
        }
    }
    records.put(standard)?;
    Ok(Effect::updated())
}

/// Each CI by itself: what speaks against one is listed with its place, counted from 1, and the others go on.
fn attach(standard: &Standard, cis: &[CiId], actor: &Person, records: &mut dyn Records) -> Result<Effect, Failure> {
    if standard.retired.is_some() {
        return Err(Finding::new(
            "STANDARD_RETIRED",
            format!("{} is out of use.", standard.name),
            "Attach the CIs to the standard that took its place.",
        )
        .about(standard.reference())
        .into());
    }
    each(cis, actor, records, |ci, records| {
        if !class::is_below(&ci.class, &standard.class, records)? {
            return Ok(Err(Finding::new(
                "OTHER_CLASS",
                format!("{} is a {}; {} is for {}.", ci.name, ci.class, standard.name, standard.class),
                "Attach it to a standard of its class.",
            )
            .about(ci.reference())));
        }
        let id = CiStandard::id_of(ci.id);
        if records.get::<CiStandard>(id)?.is_some_and(|attached| attached.standard == standard.id) {
            return Ok(Ok(false));
        }
        records.put(CiStandard { id, ci: ci.id, standard: standard.id, excepted: BTreeMap::new() })?;
        Ok(Ok(true))
    })
}

fn detach(standard: &Standard, cis: &[CiId], actor: &Person, records: &mut dyn Records) -> Result<Effect, Failure> {
    each(cis, actor, records, |ci, records| {
        let id = CiStandard::id_of(ci.id);
        if records.get::<CiStandard>(id)?.is_none_or(|attached| attached.standard != standard.id) {
            return Ok(Ok(false));
        }
        records.remove(Kind::CiStandard, id.into())?;
        Ok(Ok(true))
    })
}

fn each(
    cis: &[CiId],
    actor: &Person,
    records: &mut dyn Records,
    mut one: impl FnMut(&Ci, &mut dyn Records) -> Result<Result<bool, Finding>, Fault>,
) -> Result<Effect, Failure> {
    if cis.len() > BULK_ROWS {
        return Err(Finding::new(
            "TOO_MANY_ROWS",
            format!("{} CIs are too many for one step; {BULK_ROWS} are possible.", cis.len()),
            "Do it in several steps.",
        )
        .with("limit", BULK_ROWS)
        .into());
    }
    let sight = Sight::of(actor, records)?;
    let mut all = Effect::default();
    for (line, id) in (1..).zip(cis) {
        let denial = if sight.sites == Sites::All { None } else { sight.denial(Kind::Ci, id.0, records)? };
        let outcome = match (denial, records.get::<Ci>(*id)?) {
            (Some(finding), _) => Err(finding),
            (None, Some(ci)) => one(&ci, records)?,
            (None, None) => Err(relate::unknown(*id)),
        };
        match outcome {
            Ok(true) => all.updated = all.updated.saturating_add(1),
            Ok(false) => all.unchanged = all.unchanged.saturating_add(1),
            Err(finding) => all.conflicts.push(Conflict {
                line: Some(line),
                field: None,
                from: String::new(),
                mine: String::new(),
                theirs: String::new(),
                finding,
            }),
        }
    }
    Ok(all)
}

/// What attaches a CI to this standard.
fn attached_to(standard: &Standard, ci: CiId, records: &dyn Records) -> Result<CiStandard, Failure> {
    let ci: Ci = records.must(ci)?;
    match records.get::<CiStandard>(CiStandard::id_of(ci.id))? {
        Some(attached) if attached.standard == standard.id => Ok(attached),
        _ => Err(Finding::new(
            "NOT_ATTACHED",
            format!("{} is not attached to {}.", ci.name, standard.name),
            "Attach it first, or look at the standard that it is measured by.",
        )
        .about(ci.reference())
        .into()),
    }
}

fn except(
    standard: &Standard,
    id: CiId,
    fields: &BTreeSet<Field>,
    signed: &Signed,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut attached = attached_to(standard, id, records)?;
    let ci: Ci = records.must(id)?;
    let deviations = standard.deviations(&ci, &attached);
    let conform: Vec<&str> =
        fields.iter().filter(|f| !deviations.iter().any(|d| d.field == **f)).map(String::as_str).collect();
    if deviations.is_empty() || !conform.is_empty() {
        let what = if conform.is_empty() { "anything".to_owned() } else { conform.join(", ") };
        return Err(Finding::new(
            "IN_COMPLIANCE",
            format!("{} does not differ from {} in {what}.", ci.name, standard.name),
            "Except only what differs.",
        )
        .about(ci.reference())
        .into());
    }
    for deviation in deviations.into_iter().filter(|d| fields.is_empty() || fields.contains(&d.field)) {
        attached.excepted.insert(deviation.field, Excepted { value: deviation.is, signed: signed.clone() });
    }
    let id = attached.id;
    Ok(replace(attached, id, records)?)
}
