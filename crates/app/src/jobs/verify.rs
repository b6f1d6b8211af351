//! Checks of an item's files in quarantine: against the vendor's lists of checksums, against the vendor's signatures, and
//! by the scanner that is set up on this computer. What is seen is recorded on the item.

use super::files::fetch;
use super::record::JobRecord;
use super::{Handle, files};
use crate::dsl::signature::{Fed, Outcome, SIGNATURE_BYTES, Signature};
use crate::dsl::sums::{LIST_BYTES, Method, Sums};
use crate::error::CallError;
use sha2::{Digest, Sha512};
use slipway_domain::command::{Command, DslCommand};
use slipway_domain::dsl::item::{CheckKind, DslItem, MasterFile};
use slipway_domain::dsl::vendor_key::VendorKey;
use slipway_domain::id::DslItemId;
use slipway_domain::lookup::Lookup;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_store::blob::BlobError;
use std::collections::BTreeSet;
use std::io::Write;

/// Most characters of a note: it stays readable, and within what a record keeps.
const NOTE_CHARS: usize = 4_000;

/// Endings of signatures.
const SIGNATURES: [&str; 4] = [".minisig", ".sig", ".asc", ".gpg"];

/// What was seen of one kind of check.
#[derive(Debug, Default)]
struct Seen {
    good: Vec<String>,
    bad: Vec<String>,
}

impl Seen {
    fn passed(&self) -> bool {
        self.bad.is_empty() && !self.good.is_empty()
    }

    /// What is wrong comes first: a note may be too long for all of it.
    fn note(&self) -> String {
        let said: Vec<&str> = self.bad.iter().chain(&self.good).map(String::as_str).collect();
        let said = said.join(" ");
        if said.chars().count() <= NOTE_CHARS {
            return said;
        }
        let cut: String = said.chars().take(NOTE_CHARS).collect();
        format!("{cut}… ({} in all)", self.bad.len().saturating_add(self.good.len()))
    }
}

/// Whether a name is that of a list of checksums.
fn is_list(name: &str) -> bool {
    let name = name.to_lowercase();
    let endings = [".sha256", ".sha512", ".sha256sum", ".sha512sum", "sha256sums", "sha512sums"];
    endings.iter().any(|ending| name.ends_with(ending))
        || [
            "sha256sums.txt",
            "sha512sums.txt",
            "sha256sum.txt",
            "sha512sum.txt",
            "checksums.txt",
            "checksum",
            "checksums",
        ]
        .contains(&name.as_str())
}

/// The name of the file that a signature is of.
fn signed_by(name: &str) -> Option<&str> {
    SIGNATURES.iter().find_map(|ending| name.strip_suffix(ending)).filter(|of| !of.is_empty())
}

/// Verifies checksums and signatures with what lies among the item's files, and records what was seen.
pub(super) fn verify(handle: &mut Handle, record: &mut JobRecord, item: DslItemId) -> Result<(), CallError> {
    let app = handle.app.clone();
    let (item, keys) = app.read(|sight| {
        let keys: Vec<VendorKey> = sight.records.list(Lookup::AllOf, Kind::VendorKey.name())?;
        Ok((sight.records.must::<DslItem>(item)?, keys))
    })?;
    record.done = 0;
    let names: BTreeSet<&str> = item.files.iter().map(|file| file.name.as_str()).collect();
    let is_beside = |name: &str| is_list(name) || signed_by(name).is_some_and(|of| names.contains(of));
    let content: Vec<&MasterFile> = item.files.iter().filter(|file| !is_beside(&file.name)).collect();

    let mut by_signature = Seen::default();
    let mut signed: BTreeSet<&str> = BTreeSet::new();
    for file in &item.files {
        let Some(of) = signed_by(&file.name).and_then(|of| item.file(of)) else { continue };
        match signature(handle, record, &keys, file, of)? {
            Outcome::Good { key, said } => {
                signed.insert(&of.name);
                let said = if said.is_empty() { said } else { format!(" ({said})") };
                by_signature.good.push(format!("{} is signed by {key}{said}.", of.name));
            }
            Outcome::Bad(why) => by_signature.bad.push(format!("{}: {why}.", file.name)),
        }
    }
    let mut by_sum = Seen::default();
    let lists: Vec<&MasterFile> = item.files.iter().filter(|file| is_list(&file.name)).collect();
    let mut compared_with: BTreeSet<&str> = BTreeSet::new();
    for list in &lists {
        let sums = Sums::read(&String::from_utf8_lossy(&small(handle, list, LIST_BYTES)?));
        for file in &content {
            match compared(handle, record, &sums, file)? {
                None => {}
                Some(Ok(method)) => {
                    compared_with.insert(&file.name);
                    // What a signed list says of a file is as good as signed.
                    if signed.contains(list.name.as_str()) && signed.insert(&file.name) {
                        by_signature.good.push(format!("{} is in the signed {}.", file.name, list.name));
                    }
                    by_sum.good.push(format!("{} equals {} ({}).", file.name, list.name, method.label()));
                }
                Some(Err(why)) => {
                    compared_with.insert(&file.name);
                    by_sum.bad.push(format!("{}: {why} by {}.", file.name, list.name));
                }
            }
        }
    }
    for file in &content {
        if !lists.is_empty() && !compared_with.contains(file.name.as_str()) {
            by_sum.bad.push(format!("{} is on no list.", file.name));
        }
        let has_signatures = !by_signature.good.is_empty() || !by_signature.bad.is_empty();
        if has_signatures && !signed.contains(file.name.as_str()) {
            by_signature.bad.push(format!("{} is not signed, nor on a list that is.", file.name));
        }
    }
    unchanged(handle, &item)?;
    let mut said = Vec::new();
    for (check, seen, none) in [
        (CheckKind::Checksum, by_sum, "There is no list of checksums among the files, such as SHA256SUMS."),
        (
            CheckKind::Signature,
            by_signature,
            "There is no signature among the files, such as NAME.minisig or NAME.sig.",
        ),
    ] {
        if seen.good.is_empty() && seen.bad.is_empty() {
            said.push(none.to_owned());
            continue;
        }
        let (passed, note) = (seen.passed(), seen.note());
        note_check(handle, &item, check, passed, &note)?;
        said.push(format!("{check} {}: {note}", if passed { "passed" } else { "failed" }));
    }
    record.rows = content.len() as u64;
    record.note = said.join(" ");
    Ok(())
}

/// What was looked at is what the item still has: a check is of its files, and they may have changed meanwhile.
pub(super) fn unchanged(handle: &Handle, item: &DslItem) -> Result<(), CallError> {
    let now: DslItem = handle.app.read(|sight| Ok(sight.records.must(item.id)?))?;
    if now.files == item.files {
        return Ok(());
    }
    Err(CallError::trouble(
        "ITEM_CHANGED",
        format!("The files of {} {} changed while they were looked at.", item.name, item.version),
        "Nothing was recorded: begin again.",
    ))
}

fn note_check(handle: &Handle, item: &DslItem, check: CheckKind, passed: bool, note: &str) -> Result<(), CallError> {
    let files = Some(item.files_digest());
    let command = DslCommand::RecordCheck { check, passed, note: note.to_owned(), files };
    handle.app.issue(Command::Dsl(item.id, command), Some((Kind::DslItem, item.id.0))).map(|_| ())
}

/// A small file of the item, whole.
fn small(handle: &Handle, file: &MasterFile, most: u64) -> Result<Vec<u8>, CallError> {
    if file.size_bytes > most {
        return Err(BlobError::TooLarge { limit: most }.into());
    }
    let sha256 = file.hash().ok_or(BlobError::WrongHash)?;
    let fetched = crate::blob_sync::fetch(&handle.app, sha256, file.size_bytes);
    handle.runtime.block_on(fetched)?;
    let mut bytes = Vec::new();
    handle.open.store.copy_blob(sha256, &mut bytes, handle.app.host().now())?;
    Ok(bytes)
}

/// Writes a file of the item somewhere; fetched first where it is not here.
fn pour(handle: &mut Handle, record: &mut JobRecord, file: &MasterFile, to: &mut dyn Write) -> Result<(), CallError> {
    let sha256 = file.hash().ok_or(BlobError::WrongHash)?;
    record.of = file.size_bytes;
    record.done = 0;
    fetch(handle, record, sha256, file.size_bytes)?;
    record.done = 0;
    let (store, now) = (handle.open.store.clone(), handle.app.host().now());
    store.copy_blob_watched(sha256, to, now, &mut files::told(handle, record))?;
    Ok(())
}

fn signature(
    handle: &mut Handle,
    record: &mut JobRecord,
    keys: &[VendorKey],
    file: &MasterFile,
    of: &MasterFile,
) -> Result<Outcome, CallError> {
    if file.size_bytes > SIGNATURE_BYTES {
        return Ok(Outcome::Bad("it is too large for a signature".to_owned()));
    }
    let bytes = small(handle, file, SIGNATURE_BYTES)?;
    match Signature::read(&bytes) {
        Ok(signature) => signature.verify(keys, &mut |to| pour(handle, record, of, to)),
        Err(why) => Ok(Outcome::Bad(why)),
    }
}

/// What a list says of a file: nothing, that it is equal, or why not.
fn compared(
    handle: &mut Handle,
    record: &mut JobRecord,
    sums: &Sums,
    file: &MasterFile,
) -> Result<Option<Result<Method, String>>, CallError> {
    let Some(said) = sums.of.get(&file.name) else { return Ok(None) };
    if sums.ambiguous.contains(&file.name) {
        return Ok(Some(Err("two different checksums are given".to_owned())));
    }
    if let Some(hash) = said.get(&Method::Sha256) {
        let is_equal = *hash == file.sha256;
        return Ok(Some(if is_equal { Ok(Method::Sha256) } else { Err("another SHA-256 is given".to_owned()) }));
    }
    let Some(hash) = said.get(&Method::Sha512) else { return Ok(None) };
    let mut whole = Sha512::new();
    pour(handle, record, file, &mut Fed(|bytes: &[u8]| whole.update(bytes)))?;
    let is_equal = *hash == hex::encode(whole.finalize());
    Ok(Some(if is_equal { Ok(Method::Sha512) } else { Err("another SHA-512 is given".to_owned()) }))
}

#[cfg(test)]
mod tests {
    use super::{is_list, signed_by};
    use rstest::rstest;

    #[rstest]
    #[case("SHA256SUMS", true)]
    #[case("sha512sums.txt", true)]
    #[case("payroll-9.4.sha256", true)]
    #[case("Fedora-42-CHECKSUM", false)]
    #[case("CHECKSUM", true)]
    #[case("payroll.deb", false)]
    fn a_list_is_known_by_its_name(#[case] name: &str, #[case] want: bool) {
        assert_eq!(is_list(name), want);
    }

    #[rstest]
    #[case("payroll.deb.minisig", Some("payroll.deb"))]
    #[case("SHA256SUMS.sig", Some("SHA256SUMS"))]
    #[case(".sig", None)]
    #[case("payroll.deb", None)]
    fn a_signature_is_of_the_file_that_it_is_named_after(#[case] name: &str, #[case] want: Option<&str>) {
        assert_eq!(signed_by(name), want);
    }
}
