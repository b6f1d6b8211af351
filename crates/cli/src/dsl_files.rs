//! `slipwayctl dsl`: files of items, and the room that they take on this laptop.

use crate::desk::Desk;
use crate::print::{Answer, at, done, rows, table, text, wrong_use};
use crate::release::absolute;
use crate::transfer::ended;
use clap::Subcommand;
use serde_json::{Value, json};
use slipway_app::dsl::set;
use slipway_app::error::CallError;
use slipway_app::view::set::VerifySetRequest;
use slipway_app::words::{bytes as size, counted};
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub enum FilesCall {
    /// Add files to an item that is no master yet. Example: slipwayctl dsl add-file DSL-000001 payroll.deb SHA256SUMS
    AddFile {
        /// DSL-000001
        item: String,
        /// Files of any size; begun again, it goes on where it was cut.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Take files out of an item that is no master yet. Example: slipwayctl dsl remove-file DSL-000001 old.deb
    RemoveFile {
        /// DSL-000001
        item: String,
        /// Their names.
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// List the files of an item and where their bytes are. Example: slipwayctl dsl files DSL-000001
    Files {
        /// DSL-000001
        item: String,
    },
    /// Write files of an item into a folder, verified; fetched first where they are not here. Example: slipwayctl dsl get DSL-000001 payroll.deb --to /tmp
    Get {
        /// DSL-000001
        item: String,
        /// Names of files; all of them when left out.
        names: Vec<String>,
        /// The folder.
        #[arg(long, value_name = "DIR", default_value = ".")]
        to: PathBuf,
    },
    /// Fetch the files of an item, to be here without a network. Example: slipwayctl dsl fetch DSL-000001
    Fetch {
        /// DSL-000001
        item: String,
        /// Names of files; all of them when left out.
        names: Vec<String>,
    },
    /// Keep an item's files on this laptop whatever needs room. Example: slipwayctl dsl pin DSL-000001
    Pin {
        /// DSL-000001
        item: String,
    },
    /// Let an item's files make way when room is needed. Example: slipwayctl dsl unpin DSL-000001
    Unpin {
        /// DSL-000001
        item: String,
    },
    /// Remove an item's files from this laptop, but for what the server does not have. Example: slipwayctl dsl evict DSL-000001
    Evict {
        /// DSL-000001
        item: String,
    },
    /// Read every file on this laptop; mend what is damaged from the server. Example: slipwayctl dsl scrub
    Scrub,
    /// Write what a release is built from into a folder or one tar file, signed; the same call goes on with what was begun.
    /// Example: slipwayctl dsl export-set REL-000012 --to /media/stick/rel-12.tar
    ExportSet {
        /// REL-000012
        release: String,
        /// A folder that is empty or not there yet; or a file that is not there yet, whose name ends in .tar.
        #[arg(long, value_name = "PATH")]
        to: PathBuf,
    },
    /// Take the files of a set in, for items that are known here. Example: slipwayctl dsl import-set /media/stick/rel-12.tar
    ImportSet {
        /// The folder, or the tar file.
        folder: PathBuf,
    },
    /// Room for files on this laptop. Example: slipwayctl dsl room --set 40GiB
    Room {
        /// Bytes, or with MiB, GiB or TiB.
        #[arg(long, value_name = "SIZE")]
        set: Option<String>,
    },
    /// Leave files a part of the line only, a second. Example: slipwayctl dsl limit 2MiB
    Limit {
        /// Bytes, or with KiB, MiB or GiB; off for all of the line.
        rate: String,
    },
    /// Let files wait instead of sending them. Example: slipwayctl dsl pause
    Pause,
    /// Send files again. Example: slipwayctl dsl resume
    Resume,
}

pub async fn run(desk: &Desk, call: FilesCall) -> Result<Answer, CallError> {
    match call {
        FilesCall::AddFile { item, files } => {
            let request = json!({ "item": item, "paths": absolute(&files)? });
            job(desk, "dsl.add_files", request, "files added").await
        }
        FilesCall::RemoveFile { item, names } => {
            desk.call("dsl.remove_files", json!({ "item": item, "names": names })).await.map(done)
        }
        FilesCall::Files { item } => list(desk, &item).await,
        FilesCall::Get { item, names, to } => {
            let to = absolute(std::slice::from_ref(&to))?.into_iter().next();
            let request = json!({ "item": item, "names": some(names), "to": to });
            job(desk, "dsl.get_files", request, "files written").await
        }
        FilesCall::Fetch { item, names } => {
            job(desk, "dsl.get_files", json!({ "item": item, "names": some(names) }), "files here").await
        }
        FilesCall::Pin { item } => keep(desk, &item, true).await,
        FilesCall::Unpin { item } => keep(desk, &item, false).await,
        FilesCall::Evict { item } => {
            let gone = desk.call("dsl.evict_files", json!({ "item": item })).await?;
            let waiting: Vec<String> = rows(&gone, "/waiting").iter().map(|name| text(name, "")).collect();
            let mut line = format!(
                "{} removed, {} free",
                counted(number(&gone, "/files"), "file"),
                size(number(&gone, "/freed_bytes"))
            );
            if !waiting.is_empty() {
                line.push_str(&format!("\nkept, because the server does not have them yet: {}", waiting.join(", ")));
            }
            Ok(Answer::new(gone, line))
        }
        FilesCall::ExportSet { release, to } => {
            let to = absolute(std::slice::from_ref(&to))?.into_iter().next();
            job(desk, "dsl.export_set", json!({ "release": release, "to": to }), "files written").await
        }
        FilesCall::ImportSet { folder } => {
            let folder = absolute(std::slice::from_ref(&folder))?.into_iter().next();
            job(desk, "dsl.import_set", json!({ "folder": folder }), "files taken in").await
        }
        FilesCall::Scrub => job(desk, "dsl.scrub", Value::Null, "files read").await,
        FilesCall::Room { set } => {
            let quota = set.as_deref().map(bytes).transpose()?;
            desk.call("files.room", json!({ "quota_bytes": quota })).await.map(room)
        }
        FilesCall::Limit { rate } => {
            let limit = if rate.eq_ignore_ascii_case("off") { 0 } else { bytes(&rate)? };
            desk.call("files.room", json!({ "limit_bytes_per_second": limit })).await.map(room)
        }
        FilesCall::Pause => desk.call("files.pause", json!({ "paused": true })).await.map(room),
        FilesCall::Resume => desk.call("files.pause", json!({ "paused": false })).await.map(room),
    }
}

fn some(names: Vec<String>) -> Option<Vec<String>> {
    if names.is_empty() { None } else { Some(names) }
}

/// Begins a job and waits for its end; Ctrl C stops it, and the same call goes on where it was.
pub async fn job(desk: &Desk, name: &str, request: Value, what: &str) -> Result<Answer, CallError> {
    let begun = desk.call(name, request).await?;
    let job = ended(desk, &begun).await?;
    if let Some(error) = job.pointer("/error").filter(|e| !e.is_null()) {
        return Err(serde_json::from_value(error.clone()).unwrap_or_else(|_| {
            CallError::trouble("JOB_FAILED", text(&job, "/title"), "Look at the list of jobs: slipwayctl job list")
        }));
    }
    let mut line = match text(&job, "/state").as_str() {
        "done" => {
            let (many, done) = what.split_once(' ').unwrap_or((what, ""));
            format!("{} {done}", counted(number(&job, "/rows"), many.trim_end_matches('s')))
        }
        _ => "stopped; the same call goes on".to_owned(),
    };
    let note = text(&job, "/note");
    if !note.is_empty() {
        line.push_str(&format!("\n{note}"));
    }
    Ok(Answer::new(job, line))
}

async fn list(desk: &Desk, item: &str) -> Result<Answer, CallError> {
    let list = desk.call("dsl.files", json!({ "item": item })).await?;
    Ok(listed(list))
}

async fn keep(desk: &Desk, item: &str, kept: bool) -> Result<Answer, CallError> {
    desk.call("dsl.keep_files", json!({ "item": item, "kept": kept })).await.map(listed)
}

fn listed(list: Value) -> Answer {
    let lines: Vec<Vec<String>> = rows(&list, "/files")
        .iter()
        .map(|file| {
            let place = text(file, "/pill/label");
            let mut place = if place.is_empty() { "here".to_owned() } else { place };
            if at(file, "/kept") == true {
                place.push_str(", kept");
            }
            vec![text(file, "/name"), text(file, "/size_bytes"), text(file, "/sha256"), place]
        })
        .collect();
    let shown = if lines.is_empty() {
        "no files".to_owned()
    } else {
        table(&["file", "bytes", "sha-256", "bytes are"], &lines)
    };
    Answer::new(list, shown)
}

fn number(value: &Value, at: &str) -> u64 {
    value.pointer(at).and_then(Value::as_u64).unwrap_or(0)
}

fn room(room: Value) -> Answer {
    let mut line = format!(
        "{} of {} used; waiting for the server: {}, {}; kept whatever needs room: {}",
        size(number(&room, "/stored_bytes")),
        size(number(&room, "/quota_bytes")),
        counted(number(&room, "/waiting_files"), "file"),
        size(number(&room, "/waiting_bytes")),
        size(number(&room, "/kept_bytes")),
    );
    if at(&room, "/paused") == true {
        line.push_str("\nsending is paused: slipwayctl dsl resume");
    }
    let limit = number(&room, "/limit_bytes_per_second");
    if limit > 0 {
        line.push_str(&format!("\nfiles take {} a second of the line: slipwayctl dsl limit off", size(limit)));
    }
    Answer::new(room, line)
}

/// `slipwayctl verify-set`: works on a computer that has no profile and never saw the server.
pub fn verify_set(folder: &Path, key: Option<String>) -> Result<Answer, CallError> {
    let request = VerifySetRequest { folder: folder.display().to_string(), key };
    let report = set::verify(&request, &mut |_, _| ())?;
    let mut shown = vec![
        format!("{}  {}", report.release, report.title),
        format!(
            "{} of {}, {}, made by {}",
            counted(report.files, "file"),
            counted(report.items, "item"),
            size(report.bytes),
            report.made_by
        ),
        match (report.signer.log.is_empty(), report.signer.known) {
            (false, _) => format!(
                "signed by {}, for which the server {} gave its word; its key: {}",
                report.signer.device, report.signer.log, report.signer.key
            ),
            (true, _) => format!("signed by a computer without a server; its key: {}", report.signer.key),
        },
    ];
    if report.signer.known.is_none() {
        shown.push("Compare that key with one that another way brought: --key KEY.".to_owned());
    }
    shown.extend(report.wrong.iter().map(|wrong| format!("wrong: {wrong}")));
    shown.push(if report.sound { "sound" } else { "NOT SOUND: do not install from it" }.to_owned());
    let json = serde_json::to_value(&report).unwrap_or_default();
    Ok(Answer { partly_refused: !report.sound, ..Answer::new(json, shown.join("\n")) })
}

/// Bytes as they are typed: a number, or one with a unit.
fn bytes(given: &str) -> Result<u64, CallError> {
    let given = given.trim();
    let digits = given.find(|c: char| !c.is_ascii_digit()).unwrap_or(given.len());
    let (number, unit) = given.split_at(digits);
    let shift = match unit.trim().to_lowercase().as_str() {
        "" | "b" => 0_u32,
        "kib" | "k" => 10,
        "mib" | "m" => 20,
        "gib" | "g" => 30,
        "tib" | "t" => 40,
        _ => return Err(no_size(given)),
    };
    let number: u64 = number.parse().map_err(|_| no_size(given))?;
    number.checked_mul(1_u64 << shift).ok_or_else(|| no_size(given))
}

fn no_size(given: &str) -> CallError {
    wrong_use(format!("{given:?} is no size."), "Give bytes, or a number with MiB, GiB or TiB, such as 40GiB.")
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_are_read_as_they_are_typed() {
        for (given, want) in
            [("7", Some(7)), ("40GiB", Some(40 << 30)), ("2 tib", Some(2 << 40)), ("1m", Some(1 << 20))]
        {
            assert_eq!(bytes(given).ok(), want, "{given}");
        }
        for given in ["", "GiB", "-3", "1.5GiB", "99999999999TiB"] {
            assert!(bytes(given).is_err(), "{given}");
        }
    }
}
