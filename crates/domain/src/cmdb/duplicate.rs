//! Possible duplicates: CIs that look like one and the same thing. They are found when a CI is entered or its identity
//! changes, also by an import or on another laptop, and wait in a queue until somebody merges them or says that they
//! are two.

use crate::cmdb::ci::Ci;
use crate::execute::{Context, Effect};
use crate::id::{CiDuplicateId, CiId, PersonId};
use crate::level::named;
use crate::lookup::Lookup;
use crate::record::Kind;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding};
use crate::text;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use ts_rs::TS;
use uuid::Uuid;

/// More CIs than this with the same sign are not duplicates of one another: the sign is no sign.
const ALIKE_MOST: usize = 8;

named! {
    /// What two CIs share.
    Sign {
        /// Serial number, whoever the manufacturer is.
        Serial = "serial number",
        /// A MAC address.
        Mac = "MAC address",
        /// Asset tag.
        AssetTag = "asset tag",
        /// Name within the class, but for case, separators and domain.
        Name = "name",
    }
}

/// Two CIs that look alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CiDuplicate {
    /// Identity; derived from the two.
    pub id: CiDuplicateId,
    /// The one with the lower id.
    pub first: CiId,
    /// The other.
    pub second: CiId,
    /// What they share.
    pub signs: BTreeSet<Sign>,
    /// When it was found.
    pub at: Timestamp,
    /// That they are two, and who said so; `None` while nobody did.
    pub dismissed: Option<Dismissal>,
}

/// That two CIs that look alike are two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Dismissal {
    /// Who says so.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

impl CiDuplicate {
    /// The identity of a pair, whichever is named first.
    #[must_use]
    pub fn id_of(a: CiId, b: CiId) -> CiDuplicateId {
        let (first, second) = (a.min(b), a.max(b));
        CiDuplicateId(Uuid::new_v5(&first.0, second.0.as_bytes()))
    }
}

/// The signs of a CI as keys of [`Lookup::CiBySign`].
#[must_use]
pub fn signs(ci: &Ci) -> Vec<(Sign, String)> {
    let mut signs = Vec::new();
    let mut add = |sign: Sign, value: &str| {
        if !value.is_empty() {
            signs.push((sign, sign_key(sign, value)));
        }
    };
    add(Sign::Serial, &plain(&ci.serial_number));
    add(Sign::AssetTag, &plain(&ci.asset_tag));
    add(Sign::Name, &name(ci));
    for value in ci.attributes.values() {
        for mac in value.split([',', ';', ' ', '\n']).filter_map(mac) {
            add(Sign::Mac, &mac);
        }
    }
    signs.sort();
    signs.dedup();
    signs
}

/// The key of [`Lookup::CiBySign`] for a sign in its one written form.
pub(crate) fn sign_key(sign: Sign, value: &str) -> String {
    format!("{}|{value}", sign.label())
}

/// Letters and figures only, lower case.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// `WEB-01.example.org` and `web01` of one class are alike; `1/0/1` and `10/1` are not.
fn name(ci: &Ci) -> String {
    let lower = ci.name.trim().to_lowercase();
    let host = match lower.split_once('.') {
        Some((host, domain)) if domain.starts_with(char::is_alphabetic) && !host.contains(' ') => host,
        _ => &lower,
    };
    let mut out = String::new();
    let mut separated = false;
    for c in host.chars() {
        if !c.is_alphanumeric() {
            separated = true;
            continue;
        }
        if separated && c.is_numeric() && out.ends_with(char::is_numeric) {
            out.push('-');
        }
        separated = false;
        out.push(c);
    }
    if out.is_empty() { out } else { format!("{}|{out}", ci.class.trim().to_lowercase()) }
}

/// A MAC address in its one written form, if this is one.
pub(crate) fn mac(text: &str) -> Option<String> {
    let groups: Vec<&str> = text.split([':', '-']).collect();
    let well_formed = groups.len() == 6 && groups.iter().all(|g| g.len() == 2)
        || text.split('.').count() == 3 && text.split('.').all(|g| g.len() == 4);
    let plain: String = text.chars().filter(char::is_ascii_hexdigit).flat_map(char::to_lowercase).collect();
    let is_address = well_formed && plain.len() == 12 && plain.chars().any(|c| c != '0') && plain != "ffffffffffff";
    is_address.then_some(plain)
}

/// Other CIs that look like this one, with what they share. The CI itself need not be stored.
///
/// # Errors
/// A storage fault.
pub fn alike(ci: &Ci, records: &dyn Records) -> Result<BTreeMap<CiId, BTreeSet<Sign>>, Fault> {
    let mut found: BTreeMap<CiId, BTreeSet<Sign>> = BTreeMap::new();
    for (sign, key) in signs(ci) {
        let others = records.find(Lookup::CiBySign, &key)?;
        if others.len() > ALIKE_MOST {
            continue;
        }
        for other in others.into_iter().map(CiId).filter(|other| *other != ci.id) {
            found.entry(other).or_default().insert(sign);
        }
    }
    Ok(found)
}

/// Puts every new pair into the queue: called for each CI that came, or whose signs changed.
pub(crate) fn note(ci: &Ci, before: Option<&Ci>, at: Timestamp, records: &mut dyn Records) -> Result<(), Fault> {
    if before.is_some_and(|before| signs(before) == signs(ci)) {
        return Ok(());
    }
    let alike = alike(ci, records)?;
    if before.is_some() {
        for pair in records.list::<CiDuplicate>(Lookup::DuplicatesOf, &ci.id.to_string())? {
            let other = if pair.first == ci.id { pair.second } else { pair.first };
            if pair.dismissed.is_none() && !alike.contains_key(&other) {
                records.remove(Kind::CiDuplicate, pair.id.into())?;
            }
        }
    }
    for (other, signs) in alike {
        let id = CiDuplicate::id_of(ci.id, other);
        let stored = records.get::<CiDuplicate>(id)?;
        // That they are two stays said, unless they share something new.
        if stored.as_ref().is_some_and(|pair| pair.signs.is_superset(&signs)) {
            continue;
        }
        let (first, second) = (ci.id.min(other), ci.id.max(other));
        records.put(CiDuplicate { id, first, second, signs, at, dismissed: None })?;
    }
    Ok(())
}

/// Takes a CI that went out of the queue.
pub(crate) fn forget(ci: CiId, records: &mut dyn Records) -> Result<(), Fault> {
    for pair in records.find(Lookup::DuplicatesOf, &ci.to_string())? {
        records.remove(Kind::CiDuplicate, pair)?;
    }
    Ok(())
}

/// Two CIs that look alike are two.
pub(crate) fn dismiss(
    pair: CiDuplicateId,
    reason: &str,
    by: PersonId,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut pair: CiDuplicate = records.must(pair)?;
    let reason = text::filled_prose("reason", reason)?;
    if pair.dismissed.is_some() {
        return Err(Finding::new(
            "DUPLICATE_DECIDED",
            "Somebody said already that these are two CIs.",
            "Merge them if they are one all the same.",
        )
        .into());
    }
    pair.dismissed = Some(Dismissal { by, at: context.now, reason });
    records.put(pair)?;
    Ok(Effect::updated())
}
