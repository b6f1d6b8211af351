//! From what a person typed to the record: an id, a number, a name, a foreign number, a tag.

use crate::error::CallError;
use crate::sight::Sight;
use slipway_domain::change::record::Change;
use slipway_domain::cmdb::baseline::Baseline;
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::cmdb::group::CiGroup;
use slipway_domain::cmdb::merge_ci;
use slipway_domain::cmdb::standard::Standard;
use slipway_domain::dhs::record::{DhsModel, DhsUnit};
use slipway_domain::dsl::item::DslItem;
use slipway_domain::dsl::vendor_key::VendorKey;
use slipway_domain::id::CiId;
use slipway_domain::lookup::{Lookup, pair};
use slipway_domain::number::Number;
use slipway_domain::people::{Group, Person, Site};
use slipway_domain::record::{Entity, Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::{Fault, Finding};
use slipway_domain::release::record::Release;
use slipway_domain::release::task_record::Task;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Most candidates named when a name fits several records.
const CANDIDATES_MOST: usize = 8;

/// The release of that id or number.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or a storage fault.
pub fn release(sight: Sight<'_>, text: &str) -> Result<Release, CallError> {
    one(sight, text, "release", "Give its number, such as REL-000123.", |_| Ok(Vec::new()))
}

/// The change of that id, number or foreign number.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or a storage fault.
pub fn change(sight: Sight<'_>, text: &str) -> Result<Change, CallError> {
    one(
        sight,
        text,
        "change",
        "Give its number, such as CHG-000123, or the number it has in the other suite.",
        |text| sight.beside.labelled(Kind::Change, text),
    )
}

/// The CI of that id, number, name, `class/name` or asset tag.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or a storage fault.
pub fn ci(sight: Sight<'_>, text: &str) -> Result<Ci, CallError> {
    // The id of a CI that was merged stands for the one it was merged into.
    if let Some(named) = id(text)
        && let Some(ci) = sight.records.get::<Ci>(merge_ci::resolve(CiId(named), sight.records)?)?
    {
        return Ok(ci);
    }
    one(sight, text, "CI", "Give its number, such as CI-000123, its name, CLASS/NAME, or its asset tag.", |text| {
        let lower = text.to_lowercase();
        let mut ids = sight.records.find(Lookup::CiByBareName, &lower)?;
        if ids.is_empty()
            && let Some((class, name)) = text.split_once('/')
        {
            ids = sight.records.find(Lookup::CiByName, &pair(class, name))?;
        }
        if ids.is_empty() {
            ids = sight.records.find(Lookup::CiByTag, &lower)?;
        }
        Ok(ids)
    })
}

/// The DSL item of that id, number or `NAME VERSION`.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or a storage fault.
pub fn item(sight: Sight<'_>, text: &str) -> Result<DslItem, CallError> {
    one(sight, text, "DSL item", "Give its number, such as DSL-000123, or its name and version.", |text| {
        let Some((name, version)) = text.rsplit_once(char::is_whitespace) else { return Ok(Vec::new()) };
        sight.records.find(Lookup::ItemByVersion, &pair(name, version))
    })
}

/// The DHS unit of that id, number, asset tag or serial number.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or a storage fault.
pub fn unit(sight: Sight<'_>, text: &str) -> Result<DhsUnit, CallError> {
    one(sight, text, "unit", "Give its number, such as UNI-000123, its asset tag, or its serial number.", |text| {
        let ids = sight.records.find(Lookup::UnitByTag, &text.to_lowercase())?;
        if ids.is_empty() { sight.beside.titled(Kind::DhsUnit, text) } else { Ok(ids) }
    })
}

/// The DHS model of that id, part number, `MANUFACTURER NAME` or name.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or a storage fault.
pub fn model(sight: Sight<'_>, text: &str) -> Result<DhsModel, CallError> {
    one(
        sight,
        text,
        "model",
        "Give its manufacturer and name, or receive a unit of it after adding the model.",
        |text| {
            let mut ids = sight.records.find(Lookup::ModelByPart, &text.trim().to_lowercase())?;
            if ids.is_empty() {
                ids = sight.beside.labelled(Kind::DhsModel, text)?;
            }
            if ids.is_empty() { sight.beside.titled(Kind::DhsModel, text) } else { Ok(ids) }
        },
    )
}

/// The person of that id, sign-in name or name.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or a storage fault.
pub fn person(sight: Sight<'_>, text: &str) -> Result<Person, CallError> {
    one(sight, text, "person", "Give the sign-in name.", |text| {
        if text.eq_ignore_ascii_case("me") {
            return Ok(vec![sight.me.0]);
        }
        let ids = sight.records.find(Lookup::User, &text.to_lowercase())?;
        if ids.is_empty() { sight.beside.labelled(Kind::Person, text) } else { Ok(ids) }
    })
}

/// The group of that id or name.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or a storage fault.
pub fn group(sight: Sight<'_>, text: &str) -> Result<Group, CallError> {
    one(sight, text, "group", "Give its name.", |text| sight.records.find(Lookup::Name, &pair("group", text)))
}

/// The CI group of that id or name.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or a storage fault.
pub fn ci_group(sight: Sight<'_>, text: &str) -> Result<CiGroup, CallError> {
    one(sight, text, "CI group", "Give its name.", |text| sight.records.find(Lookup::Name, &pair("ci_group", text)))
}

/// The baseline of that id or name.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or a storage fault.
pub fn baseline(sight: Sight<'_>, text: &str) -> Result<Baseline, CallError> {
    one(sight, text, "baseline", "Give its name.", |text| sight.records.find(Lookup::Name, &pair("baseline", text)))
}

/// The standard of that id or name.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or a storage fault.
pub fn standard(sight: Sight<'_>, text: &str) -> Result<Standard, CallError> {
    one(sight, text, "standard", "Give its name.", |text| sight.records.find(Lookup::Name, &pair("standard", text)))
}

/// The vendor's key of that id or name.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or a storage fault.
pub fn vendor_key(sight: Sight<'_>, text: &str) -> Result<VendorKey, CallError> {
    one(sight, text, "key", "Look at the list of keys.", |text| {
        sight.records.find(Lookup::Name, &pair("vendor_key", text))
    })
}

/// The CI of that id, there or not, or of whatever else names one that is.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or a storage fault.
pub fn must_ci(sight: Sight<'_>, text: &str) -> Result<CiId, CallError> {
    match id(text) {
        Some(id) => Ok(CiId(id)),
        None => Ok(ci(sight, text)?.id),
    }
}

/// The site of that id or name.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or a storage fault.
pub fn site(sight: Sight<'_>, text: &str) -> Result<Site, CallError> {
    one(sight, text, "site", "Give its name.", |text| sight.records.find(Lookup::Name, &pair("site", text)))
}

/// The task of that id, or `REL-000123/T01`.
///
/// # Errors
/// `NOT_FOUND`, or a storage fault.
pub fn task(sight: Sight<'_>, text: &str) -> Result<Task, CallError> {
    if let Some((of, ordinal)) = text.split_once('/').or_else(|| text.rsplit_once("-T")) {
        let release = release(sight, of)?;
        return task_of(sight, &release, ordinal);
    }
    one(sight, text, "task", "Give its release and place, such as REL-000123/T01.", |_| Ok(Vec::new()))
}

/// The task of a release by id or by place, such as `T01`.
///
/// # Errors
/// `NOT_FOUND`, or a storage fault.
pub fn task_of(sight: Sight<'_>, release: &Release, text: &str) -> Result<Task, CallError> {
    let place = text.trim().trim_start_matches(['T', 't']).parse::<u32>().ok();
    let found = sight
        .records
        .list::<Task>(Lookup::TasksOfRelease, &release.id.to_string())?
        .into_iter()
        .find(|task| Some(task.ordinal) == place || task.id.to_string() == text.trim());
    found.ok_or_else(|| not_found("task", &format!("{}/{}", release.number, text.trim()), "List the release's tasks."))
}

/// The record of that kind by whatever names it.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or a storage fault.
pub fn any(sight: Sight<'_>, kind: Kind, text: &str) -> Result<Record, CallError> {
    Ok(match kind {
        Kind::Release => release(sight, text)?.into(),
        Kind::Change => change(sight, text)?.into(),
        Kind::Ci => ci(sight, text)?.into(),
        Kind::DslItem => item(sight, text)?.into(),
        Kind::DhsUnit => unit(sight, text)?.into(),
        Kind::DhsModel => model(sight, text)?.into(),
        Kind::Person => person(sight, text)?.into(),
        Kind::Group => group(sight, text)?.into(),
        Kind::CiGroup => ci_group(sight, text)?.into(),
        Kind::Site => site(sight, text)?.into(),
        Kind::Baseline => baseline(sight, text)?.into(),
        Kind::Standard => standard(sight, text)?.into(),
        Kind::Task => task(sight, text)?.into(),
        Kind::Stocktake => one::<slipway_domain::dhs::stocktake::Stocktake>(
            sight,
            text,
            "stocktake",
            "Give its title or id.",
            |text| sight.beside.labelled(Kind::Stocktake, text),
        )?
        .into(),
        other => {
            let word = other.name().replace('_', " ");
            let id = id(text).ok_or_else(|| not_found(&word, text, "Give its id."))?;
            sight.records.read(other, id)?.ok_or_else(|| not_found(&word, text, "Give its id."))?
        }
    })
}

/// An id in canonical form.
#[must_use]
pub fn id(text: &str) -> Option<Uuid> {
    text.trim().parse().ok()
}

/// An id of any kind, or the refusal that names what was given.
///
/// # Errors
/// `NOT_FOUND`.
pub fn must_id<T: From<Uuid>>(what: &str, text: &str) -> Result<T, CallError> {
    id(text).map(T::from).ok_or_else(|| not_found(what, text, "Give its id."))
}

fn one<E: Entity>(
    sight: Sight<'_>,
    text: &str,
    what: &str,
    way_out: &str,
    by_name: impl Fn(&str) -> Result<Vec<Uuid>, Fault>,
) -> Result<E, CallError> {
    let text = text.trim();
    if let Some(id) = id(text) {
        return sight.records.get::<E>(id.into())?.ok_or_else(|| not_found(what, text, way_out));
    }
    let mut candidates = BTreeSet::new();
    if let Ok(number) = text.parse::<Number>() {
        candidates.extend(sight.records.find(Lookup::Number, number.as_str())?);
    }
    if candidates.is_empty() && !text.is_empty() {
        candidates.extend(by_name(text)?);
    }
    let mut found = Vec::new();
    for id in candidates.iter().take(CANDIDATES_MOST) {
        found.extend(sight.records.get::<E>((*id).into())?);
    }
    match <[E; 1]>::try_from(found) {
        Ok([record]) => Ok(record),
        Err(none) if none.is_empty() => Err(not_found(what, text, way_out)),
        Err(several) => Err(ambiguous(what, text, several)),
    }
}

/// The refusal that names what was given.
#[must_use]
pub fn not_found(what: &str, text: &str, way_out: &str) -> CallError {
    let sentence =
        if text.is_empty() { format!("No {what} was named.") } else { format!("There is no {what} {text} here.") };
    Finding::new("NOT_FOUND", sentence, format!("{way_out} If it was made elsewhere, sync first."))
        .with("given", text)
        .into()
}

fn ambiguous<E: Entity>(what: &str, text: &str, several: Vec<E>) -> CallError {
    let records: Vec<Record> = several.into_iter().map(Into::into).collect();
    let list = records.iter().map(apart).collect::<Vec<_>>().join(", ");
    let ids = records.iter().map(|r| r.id().to_string()).collect::<Vec<_>>().join(" ");
    Finding::new("AMBIGUOUS", format!("Several records answer to {what} {text}: {list}."), "Give the number or the id.")
        .with("given", text)
        .with("candidates", ids)
        .into()
}

/// What tells a record from others of the same name.
fn apart(record: &Record) -> String {
    match record {
        Record::Ci(ci) => format!("{} ({})", ci.number, ci.class),
        Record::Change(change) => format!("{} ({})", change.number, change.title),
        Record::DhsUnit(unit) => format!("{} ({})", unit.number, unit.serial_number),
        Record::Person(person) => format!("{} ({})", person.user, person.name),
        other => format!("{} ({})", other.label(), other.id()),
    }
}
