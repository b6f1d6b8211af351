//! Distribution sets: what a release is built from, as files in a folder or one tar file, verified where no server was
//! ever seen.
//!
//! `manifest.json` says what belongs to it, `manifest.sig.json` who says so: the device that made it, and the server's word
//! for that device. `SHA256SUMS` is for those who have nothing of ours.

use crate::error::CallError;
use crate::jobs::files::hash_of;
use crate::view::set::{SetReport, SetSigner, VerifySetRequest};
use serde::{Deserialize, Serialize};
use slipway_domain::blob::Sha256;
use slipway_domain::time::Timestamp;
use slipway_sync::carry::voucher::SignedVoucher;
use slipway_sync::encoding::Base64;
use slipway_sync::signing::PublicKey;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

mod carrier;

pub(crate) use carrier::Carrier;

/// What belongs to a set.
pub(crate) const MANIFEST: &str = "manifest.json";
/// Who says so.
pub(crate) const SIGNATURE: &str = "manifest.sig.json";
/// The same for other programs.
pub(crate) const SUMS: &str = "SHA256SUMS";
/// Stands in every manifest.
pub(crate) const DOMAIN: &str = "slipway.distribution-set.v1";
/// Most bytes of a manifest.
const MANIFEST_BYTES: u64 = 64 * 1024 * 1024;

/// What belongs to a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// [`DOMAIN`].
    pub domain: String,
    /// Number of the release.
    pub release: String,
    /// Its title.
    pub title: String,
    /// When the set was made.
    pub made_at: Timestamp,
    /// Who made it.
    pub made_by: String,
    /// What it is made of.
    pub items: Vec<ManifestItem>,
}

/// An item of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ManifestItem {
    /// Its number.
    pub number: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The folder of its files.
    pub folder: String,
    /// Its files.
    pub files: Vec<ManifestFile>,
}

/// A file of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ManifestFile {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: Sha256,
    /// How many they are.
    pub size_bytes: u64,
}

/// Who says what belongs to a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Signed {
    /// Over the bytes of the manifest.
    pub signature: Base64,
    /// By this key.
    pub public_key: PublicKey,
    /// The server's word for whose key it is; none from a computer without a server.
    pub voucher: Option<SignedVoucher>,
    /// Name of the server's log.
    pub log_name: String,
    /// By which the server gave its word.
    pub log_key: Option<PublicKey>,
}

/// Whether a name is one of a folder or file and nothing else.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '\\', '\0']) && !matches!(name, "." | "..")
}

/// The folder of an item: its number and what it is, without what file systems do not take.
pub(crate) fn folder_of(number: &str, name: &str, version: &str) -> String {
    let text = format!("{number} {name} {version}");
    let plain: String =
        text.chars().map(|c| if c.is_alphanumeric() || " .-_+".contains(c) { c } else { '_' }).collect();
    let cut: String = plain.chars().take(120).collect();
    cut.trim_end_matches([' ', '.']).to_owned()
}

/// Every file of a manifest with its path within the set.
pub(crate) fn files(manifest: &Manifest) -> impl Iterator<Item = (PathBuf, &ManifestItem, &ManifestFile)> {
    manifest
        .items
        .iter()
        .flat_map(|item| item.files.iter().map(move |file| (Path::new(&item.folder).join(&file.name), item, file)))
}

/// A set whose list was read.
pub(crate) struct Opened {
    /// What carries it.
    pub carrier: Carrier,
    /// What belongs to it.
    pub manifest: Manifest,
    /// The bytes that were signed.
    pub bytes: Vec<u8>,
    /// Who says so.
    pub signed: Signed,
}

/// Reads and judges the two files that a set begins with.
pub(crate) fn open(path: &Path) -> Result<Opened, CallError> {
    let carrier = Carrier::at(path)?;
    let bytes = carrier.small(MANIFEST, MANIFEST_BYTES)?;
    let signed = carrier.small(SIGNATURE, MANIFEST_BYTES)?;
    let signed: Signed = serde_json::from_slice(&signed).map_err(|e| no_set(path, &e))?;
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|e| no_set(path, &e))?;
    let mut paths = BTreeSet::new();
    let names =
        files(&manifest).map(|(path, item, file)| is_plain(&item.folder) && is_plain(&file.name) && paths.insert(path));
    if manifest.domain != DOMAIN || names.into_iter().any(|ok| !ok) {
        return Err(no_set(path, &"its manifest is none of a distribution set"));
    }
    Ok(Opened { carrier, manifest, bytes, signed })
}

fn no_set(path: &Path, why: &dyn std::fmt::Display) -> CallError {
    CallError::trouble(
        "NO_SET",
        format!("{} is no distribution set: {why}.", path.display()),
        "Name the folder that holds manifest.json, or the tar file; if it is incomplete, copy the set again.",
    )
}

/// Who signed it, and what is wrong with that.
fn signer(bytes: &[u8], signed: &Signed, expected: Option<&str>, wrong: &mut Vec<String>) -> SetSigner {
    let text = |key: PublicKey| String::from(key);
    if !signed.public_key.verifies(bytes, &signed.signature.0) {
        wrong.push("The manifest is not what was signed.".to_owned());
    }
    let vouched = match (&signed.voucher, signed.log_key) {
        (Some(voucher), Some(key)) => match voucher.open(&signed.log_name, &key) {
            Ok(voucher) if voucher.public_key == signed.public_key => Some(voucher),
            _ => {
                wrong.push("The server's word for the device that signed it is not the server's.".to_owned());
                None
            }
        },
        _ => None,
    };
    let by = if vouched.is_some() { signed.log_key.map(text) } else { None };
    let key = by.unwrap_or_else(|| text(signed.public_key));
    let known = expected.map(|expected| expected.trim() == key);
    if known == Some(false) {
        wrong.push("It is signed by another key than the one that was given.".to_owned());
    }
    SetSigner {
        device: vouched.as_ref().map(|v| v.device_name.clone()).unwrap_or_default(),
        log: if vouched.is_some() { signed.log_name.clone() } else { String::new() },
        key,
        known,
    }
}

/// Verifies a set: its signature, every file, and that nothing else is there. Needs no profile and no server.
///
/// # Errors
/// `NO_SET`, or a folder or file that cannot be read; what is wrong with the set is in the report.
pub fn verify(request: &VerifySetRequest, told: &mut dyn FnMut(u64, u64)) -> Result<SetReport, CallError> {
    let Opened { carrier, manifest, bytes, signed } = open(Path::new(&request.folder))?;
    let mut wrong = Vec::new();
    let signer = signer(&bytes, &signed, request.key.as_deref(), &mut wrong);
    let of = files(&manifest).map(|(_, _, file)| file.size_bytes).sum();
    let (mut count, mut done) = (0_u64, 0_u64);
    let mut known: BTreeSet<PathBuf> = [MANIFEST, SIGNATURE, SUMS].map(PathBuf::from).into();
    for (path, _, file) in files(&manifest) {
        let found = carrier.part(&path).and_then(|part| match part.bytes == file.size_bytes {
            true => hash_of(part.source).map(Some),
            false => Ok(None),
        });
        match found {
            Ok(Some(hash)) if hash == file.sha256 => {}
            Ok(_) => wrong.push(format!("{} is not the file that belongs there.", path.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                wrong.push(format!("{} is missing.", path.display()))
            }
            Err(error) => wrong.push(format!("{} cannot be read: {error}.", path.display())),
        }
        known.insert(path);
        count = count.saturating_add(1);
        done = done.saturating_add(file.size_bytes);
        told(done, of);
    }
    wrong.extend(carrier.strangers(&known)?);
    let list = sums(&manifest).into_bytes();
    if carrier.small(SUMS, list.len() as u64).ok().as_ref() != Some(&list) {
        wrong.push(format!("{SUMS} does not say what the manifest says."));
    }
    Ok(SetReport {
        release: manifest.release,
        title: manifest.title,
        made_at: manifest.made_at,
        made_by: manifest.made_by,
        items: manifest.items.len() as u64,
        files: count,
        bytes: of,
        signer,
        sound: wrong.is_empty(),
        wrong,
    })
}

/// The list that `sha256sum --check` reads.
pub(crate) fn sums(manifest: &Manifest) -> String {
    let lines: BTreeMap<String, Sha256> =
        files(manifest).map(|(_, item, file)| (format!("{}/{}", item.folder, file.name), file.sha256)).collect();
    lines.into_iter().map(|(path, hash)| format!("{hash}  {path}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::{folder_of, is_plain};

    #[test]
    fn folders_and_files_of_a_set_stay_within_it() {
        assert_eq!(folder_of("DSL-000001", "../Pay: roll", "9.4/x"), "DSL-000001 .._Pay_ roll 9.4_x");
        for name in ["", ".", "..", "a/b", "a\\b"] {
            assert!(!is_plain(name), "{name}");
        }
        assert!(is_plain("DSL-000001 Payroll 9.4"));
    }
}
