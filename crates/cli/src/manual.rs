//! What the program says about itself in the forms of others: completions of shells, manual pages.

use crate::Cli;
use crate::print::Answer;
use clap::CommandFactory;
use clap_complete::Shell;
use serde_json::json;
use slipway_app::error::CallError;
use std::io::Write;
use std::path::Path;

/// Writes the completions to standard output.
pub fn completions(shell: Shell) -> Result<Answer, CallError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "slipwayctl", &mut script);
    std::io::stdout().write_all(&script).map_err(|error| trouble("The completions", &error))?;
    Ok(Answer::silent())
}

/// Writes slipwayctl.1 and one page for each of its commands.
pub fn pages(folder: &Path) -> Result<Answer, CallError> {
    clap_mangen::generate_to(Cli::command(), folder).map_err(|error| trouble("The manual pages", &error))?;
    Ok(Answer::new(json!({ "folder": folder }), format!("The manual pages are in {}.", folder.display())))
}

fn trouble(what: &str, error: &std::io::Error) -> CallError {
    let sentence = format!("{what} could not be written: {error}.");
    CallError::trouble("NOT_WRITTEN", sentence, "Name a folder that is there and may be written to.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        pages(folder.path()).unwrap();
        for page in ["slipwayctl.1", "slipwayctl-release-approve.1", "slipwayctl-carry-import.1"] {
            assert!(folder.path().join(page).is_file(), "{page}");
        }
        assert!(!folder.path().join("slipwayctl-manual.1").exists(), "it is for those who make packages");
    }
}
