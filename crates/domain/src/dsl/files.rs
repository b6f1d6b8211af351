//! Files of an item: added and taken out until it is a master.

use super::{FILES, FILES_AT_ONCE};
use crate::blob::Sha256;
use crate::dsl::item::{CheckKind, DslItem, ItemState, MasterFile};
use crate::id::PersonId;
use crate::refusal::Finding;
use crate::text;
use std::collections::BTreeSet;

/// Adds the given files; one of the same name takes the place of the one that is there.
pub(super) fn add(files: &mut Vec<MasterFile>, given: &[MasterFile]) -> Vec<Finding> {
    if given.is_empty() || given.len() > FILES_AT_ONCE {
        return vec![
            Finding::new(
                "FILES_AT_ONCE",
                format!("{} files at once are not possible; it is from 1 to {FILES_AT_ONCE}.", given.len()),
                "Add them in several steps, or pack them into an archive.",
            )
            .with("limit", FILES_AT_ONCE),
        ];
    }
    // Those that are given only, so that nobody is refused for what others did.
    let mut findings = wrong(given);
    findings.extend(given.iter().filter(|file| file.size_bytes == 0).map(|file| {
        wrong_file(&file.name, "is empty", "Add the file once there is something in it, or leave it out.")
    }));
    for file in given {
        let same = |other: &MasterFile| other.name.to_lowercase() == file.name.to_lowercase();
        match files.iter_mut().find(|other| same(other)) {
            Some(there) => *there = file.clone(),
            None => files.push(file.clone()),
        }
    }
    if files.len() > FILES {
        findings.push(too_many(files.len()));
    }
    findings
}

/// Takes the named files out.
pub(super) fn remove(item: &DslItem, files: &mut Vec<MasterFile>, names: &[String]) -> Vec<Finding> {
    let unknown = names.iter().filter(|name| item.file(name).is_none());
    let findings = unknown
        .map(|name| {
            let shown: String = name.chars().take(80).collect();
            Finding::new(
                "NO_SUCH_FILE",
                format!("{} {} has no file {shown:?}.", item.name, item.version),
                "Look at the files of the item: somebody may have taken it out already.",
            )
            .about(item.reference())
        })
        .collect();
    files.retain(|file| !names.contains(&file.name));
    findings
}

/// Why a check of these files is none of the item: others were added or taken out meanwhile.
pub(super) fn others(item: &DslItem, seen: Sha256) -> Option<Finding> {
    (item.files_digest() != seen).then(|| {
        Finding::new(
            "OTHER_FILES",
            format!("{} {} has other files by now than those that were looked at.", item.name, item.version),
            "Look at its files as they are, then record the check again.",
        )
        .about(item.reference())
    })
}

/// Other files: what was checked of the former ones counts no more, but for the licence.
pub(super) fn change(item: &mut DslItem, files: Vec<MasterFile>, actor: PersonId) {
    item.files = files;
    item.checks.retain(|check, _| *check == CheckKind::Licence);
    item.state = if item.checks.is_empty() { ItemState::Submitted } else { ItemState::InQuarantine };
    if item.submitted_by != actor {
        item.handed_in_by.insert(actor);
    }
}

/// What is wrong with files by their names, hashes and number.
pub(super) fn wrong(files: &[MasterFile]) -> Vec<Finding> {
    if files.len() > FILES {
        return vec![too_many(files.len())];
    }
    let mut findings = Vec::new();
    let mut names = BTreeSet::new();
    for file in files {
        let plain = !file.name.contains(['/', '\\']) && !matches!(file.name.as_str(), "." | "..");
        if !plain || text::filled_line("file name", &file.name).ok().as_ref() != Some(&file.name) {
            findings.push(wrong_file(&file.name, "is no plain file name", "Name the file without folders."));
        }
        if file.hash().is_none() {
            findings.push(wrong_file(&file.name, "has no SHA-256", "Give 64 lower-case hexadecimal digits."));
        }
        if !names.insert(file.name.to_lowercase()) {
            findings.push(wrong_file(&file.name, "is named twice", "Give each file a name of its own."));
        }
    }
    findings
}

fn too_many(found: usize) -> Finding {
    Finding::new(
        "TOO_MANY_FILES",
        format!("{found} files are too many; {FILES} are possible."),
        "Pack them into an archive.",
    )
    .with("limit", FILES)
}

fn wrong_file(name: &str, what: &str, way_out: &str) -> Finding {
    let shown: String = name.chars().take(80).collect();
    Finding::new("WRONG_FILE", format!("The file {shown:?} {what}."), way_out).with("file", shown)
}
