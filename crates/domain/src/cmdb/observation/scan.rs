//! A code that was scanned: by the rules that are there it says which thing it sticks to.

use crate::cmdb::ci::Ci;
use crate::cmdb::duplicate::{self, Sign};
use crate::cmdb::observation::identify::{IdentificationRule, Identity, Recognised, mac, rules};
use crate::id::CiId;
use crate::level::named;
use crate::lookup::Lookup;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Finding};
use crate::text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use ts_rs::TS;

/// The source of what is scanned by hand.
pub const SOURCE: &str = "scan";

named! {
    /// What a code is that nothing is known by.
    CodeKind {
        /// A serial number.
        Serial = "serial number",
        /// An asset tag.
        AssetTag = "asset tag",
    }
}

/// What a code says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// By what the thing is recognised.
    pub identity: Identity,
    /// Which CI that is.
    pub found: Recognised,
}

/// Which thing a code is on: the CI that the first of the identification rules finds under it, read as a serial number of
/// whichever manufacturer, an asset tag or a MAC address. A code under which nothing is known is one `otherwise`, unless
/// it is plainly a MAC address.
///
/// # Errors
/// An empty or overlong code, or a storage fault.
pub fn scanned(code: &str, otherwise: CodeKind, records: &dyn Records) -> Result<Scanned, Failure> {
    let code = text::line("code", code)?;
    if code.is_empty() {
        return Err(Finding::new("MISSING_FIELD", "The code is empty.", "Scan the label again, or type it.").into());
    }
    let mut several = BTreeSet::new();
    let mut read_as = None;
    for rule in rules(records)?.order {
        let found = under(rule, &code, records)?;
        if let (1, Some(ci)) = (found.len(), found.first()) {
            let identity = identity(rule, &code, records.get::<Ci>(*ci)?.as_ref());
            return Ok(Scanned { identity, found: Recognised::As(*ci, rule) });
        }
        if !found.is_empty() {
            read_as = read_as.or(Some(rule));
            several.extend(found);
        }
    }
    let is_address = mac(&code).is_some() && !code.chars().all(|c| c.is_ascii_digit());
    let rule = read_as.unwrap_or(match otherwise {
        _ if is_address => IdentificationRule::Mac,
        CodeKind::Serial => IdentificationRule::Serial,
        CodeKind::AssetTag => IdentificationRule::AssetTag,
    });
    let found = if several.is_empty() { Recognised::Nothing } else { Recognised::OneOf(several) };
    Ok(Scanned { identity: identity(rule, &code, None), found })
}

/// CIs that a rule knows under a code.
fn under(rule: IdentificationRule, code: &str, records: &dyn Records) -> Result<BTreeSet<CiId>, Failure> {
    let found = match rule {
        IdentificationRule::Serial => {
            let serial = duplicate::plain(code);
            if serial.is_empty() {
                return Ok(BTreeSet::new());
            }
            records.find(Lookup::CiBySign, &duplicate::sign_key(Sign::Serial, &serial))?
        }
        IdentificationRule::AssetTag => records.find(Lookup::CiByTag, &code.to_lowercase())?,
        IdentificationRule::Mac => match mac(code) {
            Some(mac) => records.find(Lookup::CiBySign, &duplicate::sign_key(Sign::Mac, &mac))?,
            None => return Ok(BTreeSet::new()),
        },
        // Names are written on no label that a scanner reads.
        IdentificationRule::HostName => return Ok(BTreeSet::new()),
    };
    Ok(found.into_iter().map(CiId).collect())
}

/// A code as the identity by which the same rule recognises the CI again.
fn identity(rule: IdentificationRule, code: &str, ci: Option<&Ci>) -> Identity {
    let mut identity = Identity::default();
    match rule {
        IdentificationRule::Serial => {
            identity.serial_number = ci.map_or_else(|| code.to_owned(), |ci| ci.serial_number.clone());
            identity.manufacturer = ci.map(|ci| ci.manufacturer.clone()).unwrap_or_default();
        }
        IdentificationRule::AssetTag => code.clone_into(&mut identity.asset_tag),
        IdentificationRule::Mac => identity.macs.extend(mac(code)),
        IdentificationRule::HostName => code.clone_into(&mut identity.host_name),
    }
    identity
}
