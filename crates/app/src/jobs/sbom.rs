//! Reading an SBOM: parsed at once, kept part by part, each by a command of a bounded size.

use super::files::{FilesTask, FilesWork};
use super::record::{JobRecord, Work};
use super::{Handle, begin};
use crate::App;
use crate::blob_sync;
use crate::error::CallError;
use crate::sbom::{self, DOCUMENT_BYTES, Document};
use crate::words::counted;
use sha2::{Digest, Sha256 as Hasher};
use slipway_domain::blob::Sha256;
use slipway_domain::command::{Command, DslCommand};
use slipway_domain::dsl::item::DslItem;
use slipway_domain::dsl::sbom::{PART_COMPONENTS, Sbom, SbomComponent};
use slipway_domain::id::DslItemId;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_store::blob::BlobError;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes of a part's components as JSON: with what stands around them, less than a command may have.
const PART_BYTES: usize = 160 * 1024;

/// Begins to read a document into an item.
///
/// # Errors
/// A document that is not there, or trouble.
pub fn begin_read(
    app: &App,
    item: &DslItem,
    path: Option<&str>,
    file: Option<&str>,
) -> Result<crate::view::jobs::JobView, CallError> {
    let (name, source) = match (path, file) {
        (Some(path), None) => {
            let name = Path::new(path).file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            File::open(path).map_err(|e| super::files::unreadable(path, &e))?;
            (name, path.to_owned())
        }
        (None, Some(name)) if item.file(name).is_some() => (name.to_owned(), String::new()),
        (None, Some(name)) => return Err(super::files::no_such_file(item, name)),
        _ => {
            return Err(CallError::trouble(
                "BAD_REQUEST",
                "An SBOM is read from a path or from a file of the item.",
                "Give one of the two.",
            ));
        }
    };
    let title = format!("Read {name} as SBOM of {} {}", item.name, item.version);
    let task = FilesTask::Sbom { item: item.id, name, path: source };
    begin(app, JobRecord::new(Work::Files(FilesWork { task, title }), app.host().now()))
}

/// The body of the reading.
pub(super) fn read(
    handle: &mut Handle,
    record: &mut JobRecord,
    item: DslItemId,
    name: &str,
    path: &str,
) -> Result<(), CallError> {
    let app = handle.app.clone();
    let item: DslItem = app.read(|sight| Ok(sight.records.must(item)?))?;
    let bytes = if path.is_empty() { of_item(handle, &item, name)? } else { of_disk(path)? };
    let document = sbom::read(&bytes)?;
    let sha256 = Sha256(Hasher::digest(&bytes).into());
    let size = bytes.len() as u64;
    drop(bytes);
    let parts = parts(&document.components)?;
    let sbom = Sbom {
        form: document.form,
        spec_version: document.spec_version.clone(),
        file_name: name.to_owned(),
        sha256,
        subject: document.subject.clone(),
        components: count(document.components.len()),
        parts: count(parts.len()),
    };
    let key = Some((Kind::DslItem, item.id.0));
    app.issue(Command::Dsl(item.id, DslCommand::PutSbom(sbom)), key)?;
    // Told in bytes, as all work on files is.
    let all = parts.len() as u64;
    record.of = size;
    record.done = 0;
    record.rows = 0;
    for (position, components) in (0_u32..).zip(parts) {
        if handle.stop().is_some() {
            return Err(BlobError::Stopped.into());
        }
        record.rows = record.rows.saturating_add(components.len() as u64);
        let command = DslCommand::AddComponents { of: sha256, position, components: components.to_vec() };
        app.issue(Command::Dsl(item.id, command), key)?;
        record.done = size.saturating_mul(u64::from(position).saturating_add(1)) / all.max(1);
        handle.tell(record, false);
    }
    record.note = note(&document);
    Ok(())
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn note(document: &Document) -> String {
    let mut said = format!(
        "{} {}: {} of {}.",
        document.form,
        document.spec_version,
        counted(document.components.len() as u64, "component"),
        if document.subject.is_empty() { "something without a name" } else { &document.subject },
    );
    if document.nameless > 0 {
        said.push_str(&format!(" {} without a name were left out.", document.nameless));
    }
    if document.shortened > 0 {
        said.push_str(&format!(" {} texts were shortened.", document.shortened));
    }
    said
}

/// As many components in a part as a command may carry.
fn parts(components: &[SbomComponent]) -> Result<Vec<&[SbomComponent]>, CallError> {
    let (mut parts, mut from, mut bytes) = (Vec::new(), 0, 0);
    for (n, component) in components.iter().enumerate() {
        let size = serde_json::to_string(component).map_or(0, |json| json.len());
        if n > from && (n - from >= PART_COMPONENTS || bytes + size > PART_BYTES) {
            parts.push(components.get(from..n).unwrap_or_default());
            (from, bytes) = (n, 0);
        }
        bytes += size;
    }
    parts.push(components.get(from..).unwrap_or_default());
    if parts.len() > slipway_domain::dsl::sbom::PARTS as usize {
        return Err(CallError::trouble(
            "SBOM_TOO_LARGE",
            "The document says more of its components than an item can keep.",
            "Split it, or leave files out of it.",
        ));
    }
    Ok(parts)
}

fn of_disk(path: &str) -> Result<Vec<u8>, CallError> {
    let file = File::open(path).map_err(|e| super::files::unreadable(path, &e))?;
    let mut bytes = Vec::new();
    file.take(DOCUMENT_BYTES + 1).read_to_end(&mut bytes).map_err(|e| super::files::unreadable(path, &e))?;
    within(bytes.len() as u64)?;
    Ok(bytes)
}

fn of_item(handle: &Handle, item: &DslItem, name: &str) -> Result<Vec<u8>, CallError> {
    let file = item.file(name).ok_or_else(|| super::files::no_such_file(item, name))?;
    let sha256 = file.hash().ok_or(BlobError::WrongHash)?;
    within(file.size_bytes)?;
    handle.runtime.block_on(blob_sync::fetch(&handle.app, sha256, file.size_bytes))?;
    let mut bytes = Vec::new();
    handle.open.store.copy_blob(sha256, &mut bytes, handle.app.host().now())?;
    Ok(bytes)
}

fn within(bytes: u64) -> Result<(), CallError> {
    if bytes <= DOCUMENT_BYTES {
        return Ok(());
    }
    Err(CallError::trouble(
        "SBOM_TOO_LARGE",
        format!("The document has more than {} MiB.", DOCUMENT_BYTES >> 20),
        "Split it, or leave files out of it.",
    ))
}

#[cfg(test)]
mod tests {
    use super::{PART_BYTES, parts};
    use slipway_domain::dsl::sbom::SbomComponent;

    #[test]
    fn parts_are_bounded_by_number_and_by_size() {
        let of = |n: usize, name: &str| vec![SbomComponent { name: name.into(), ..SbomComponent::default() }; n];
        let lengths = |of: &[SbomComponent]| parts(of).unwrap_or_default().iter().map(|p| p.len()).collect::<Vec<_>>();
        assert_eq!(lengths(&of(1, "x")), [1]);
        assert_eq!(lengths(&of(501, "x")), [250, 250, 1]);
        let long = of(100, &"x".repeat(4_000));
        assert!(lengths(&long).iter().all(|n| n * 4_000 <= PART_BYTES), "{:?}", lengths(&long));
    }
}
