//! Carry files on the server's own console.

use super::{Data, Said, office};
use anyhow::Context;
use clap::Subcommand;
use serde_json::json;
use slipway_server::setup::SetupError;
use slipway_sync::limits::CARRY_COMMANDS_BYTES;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub(super) enum Carry {
    /// Judges the commands of a laptop's carry file, as if it had sent them itself, and writes the answer for it: results
    /// and the records that its person may read. Also while the folder is served; the same file twice does no harm.
    Import {
        /// What the laptop exported.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        data: Data,
        /// Where the answer goes; beside the file with the ending .answer, if not given.
        #[arg(long, value_name = "FILE")]
        answer: Option<PathBuf>,
    },
}

pub(super) fn run(call: Carry) -> anyhow::Result<Said> {
    let Carry::Import { file, data, answer } = call;
    let office = office(&data)?;
    let mut bytes = Vec::new();
    let opened = File::open(&file).with_context(|| format!("Opening {}", file.display()))?;
    // One byte more, so that a file that is too large shows.
    opened
        .take(CARRY_COMMANDS_BYTES + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("Reading {}", file.display()))?;
    let carried = office.core().carry_in(&bytes).map_err(SetupError::from)?;
    let answer = answer.unwrap_or_else(|| beside(&file));
    write_whole(&answer, &carried.answer).with_context(|| format!("Writing {}", answer.display()))?;
    let (people, _) = office.people()?;
    let user = people.iter().find(|p| p.id == carried.person).map_or("-", |p| p.user.as_str());
    Ok(Said {
        text: format!(
            "{} commands of {user} on {:?}, {} of them judged now. The answer for that laptop: {}",
            carried.commands,
            carried.device_name,
            carried.judged,
            answer.display()
        ),
        json: json!({
            "bundle": carried.bundle, "device": carried.device, "device_name": carried.device_name, "user": user,
            "commands": carried.commands, "judged": carried.judged, "answer": answer, "bytes": carried.answer.len(),
        }),
    })
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".answer");
    file.with_file_name(name)
}

/// Under another name first, so that nobody finds half of it under its own.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
