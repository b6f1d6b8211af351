//! Keys of vendors, by which signatures of what they deliver are verified. A key never changes: it is retired, and another
//! takes its place.

use crate::execute::{Context, Effect};
use crate::id::{PersonId, VendorKeyId};
use crate::level::named;
use crate::lookup::{Lookup, pair};
use crate::people::Person;
use crate::record::RecordRef;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Finding, none};
use crate::text;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Most bytes of a key as text.
pub const KEY_BYTES: usize = 32 * 1024;

named! {
    /// For which kind of signatures a key is.
    KeyForm {
        /// By minisign and signify's heirs.
        Minisign = "minisign",
        /// By `ssh-keygen -Y sign`.
        Ssh = "SSH",
        /// By GnuPG and its like.
        OpenPgp = "OpenPGP",
    }
}

/// A key of a vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VendorKey {
    /// Identity.
    pub id: VendorKeyId,
    /// Whose it is.
    pub vendor: String,
    /// What people call it, such as `Quayside 2026`.
    pub name: String,
    /// For which signatures.
    pub form: KeyForm,
    /// The public key as the vendor gives it out.
    pub key: String,
    /// Who added it.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Why it is believed no more; empty while it is.
    pub retired_because: String,
}

/// Adds a key, or retires one. Author and time are those of the command that added it.
///
/// # Errors
/// The refusal with everything that is wrong, or a storage fault.
pub(crate) fn put(
    given: &VendorKey,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut findings = Vec::new();
    let mut kept = |text: Result<String, Finding>| {
        text.unwrap_or_else(|finding| {
            findings.push(finding);
            String::new()
        })
    };
    let (vendor, name) =
        (kept(text::filled_line("vendor", &given.vendor)), kept(text::filled_line("name", &given.name)));
    let retired_because = kept(text::prose("reason", &given.retired_because));
    let key = given.key.trim().to_owned();
    if key.is_empty()
        || key.len() > KEY_BYTES
        || key.chars().any(|c| text::turns(c) || (c.is_control() && !matches!(c, '\n' | '\r' | '\t')))
    {
        findings.push(Finding::new(
            "WRONG_KEY",
            format!("The key of {name} has no text, more than {KEY_BYTES} bytes, or signs that no key has."),
            "Give the public key as the vendor gives it out.",
        ));
    }
    let before = records.get::<VendorKey>(given.id)?;
    if let Some(before) = &before {
        let about = |finding: Finding| finding.about(RecordRef::of(before));
        if before.key != key || before.form != given.form {
            findings.push(about(Finding::new(
                "KEY_IMMUTABLE",
                format!("The key {} never changes.", before.name),
                "Retire it, and add the other one.",
            )));
        }
        if !before.retired_because.is_empty() && retired_because.is_empty() {
            findings.push(about(Finding::new(
                "KEY_RETIRED",
                format!("The key {} was retired: {}.", before.name, before.retired_because),
                "Add a key that the vendor signs with now.",
            )));
        }
    }
    let same = records.find(Lookup::Name, &pair("vendor_key", &name))?;
    if same.into_iter().any(|other| other != given.id.0) {
        findings.push(
            Finding::new("NAME_TAKEN", format!("Another key is called {name}."), "Give it another name.")
                .with("name", name.clone()),
        );
    }
    none(findings)?;
    let (by, at) = before.as_ref().map_or((actor.id, context.now), |before| (before.by, before.at));
    let put = VendorKey { id: given.id, vendor, name, form: given.form, key, by, at, retired_because };
    if before.as_ref() == Some(&put) {
        return Ok(Effect::unchanged());
    }
    records.put(put)?;
    Ok(if before.is_some() { Effect::updated() } else { Effect::created() })
}
