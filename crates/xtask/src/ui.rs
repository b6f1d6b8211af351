//! What comes from npm: the interface with its build and its own tests, and the provider of sign-ins for tests.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{packages, process};

/// The interface's own folder.
const UI: &str = "ui";
/// Written after a complete installation; holds the lock file it was made from.
const STAMP: &str = "node_modules/.slipway-installed-lock.json";
const LOCK: &str = "package-lock.json";

/// Installs the interface's packages when the lock file has changed since the last time.
pub fn install(root: &Path) -> Result<()> {
    install_in(root, UI)
}

/// Installs the packages of a folder when its lock file has changed since the last time.
pub fn install_in(root: &Path, folder: &str) -> Result<()> {
    packages::need_node()?;
    let path = root.join(folder);
    let lock = std::fs::read(path.join(LOCK)).with_context(|| format!("Reading {folder}/{LOCK}"))?;
    if is_current(&lock, std::fs::read(path.join(STAMP)).ok().as_deref()) {
        println!("Packages in {folder}: up to date");
        return Ok(());
    }
    process::check(&mut npm(&path, &["ci", "--no-audit", "--no-fund"]))?;
    std::fs::write(path.join(STAMP), lock).with_context(|| format!("Writing {folder}/{STAMP}"))
}

fn is_current(lock: &[u8], stamp: Option<&[u8]>) -> bool {
    stamp == Some(lock)
}

/// Builds the interface into `ui/dist`, from where the desktop embeds it.
pub fn build(root: &Path) -> Result<()> {
    script(root, "build")?;
    let page = root.join("ui/dist/index.html");
    if !page.is_file() {
        bail!("`npm run build` ended well but wrote no {}", page.display());
    }
    Ok(())
}

/// Runs one script of `ui/package.json`.
pub fn script(root: &Path, name: &str) -> Result<()> {
    process::check(&mut npm(&root.join(UI), &["run", name]))
}

fn npm(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    // Without a terminal to ask on, npm must never wait for an answer.
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_installed_again_only_when_the_lock_file_changed() {
        assert!(is_current(b"a", Some(b"a")));
        assert!(!is_current(b"b", Some(b"a")));
        assert!(!is_current(b"a", None), "the first time there is no stamp");
    }
}
