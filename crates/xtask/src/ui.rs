//! The interface: its packages, its build, its own tests.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{packages, process};

/// Written after a complete installation; holds the lock file it was made from.
const STAMP: &str = "ui/node_modules/.slipway-installed-lock.json";
const LOCK: &str = "ui/package-lock.json";

/// Installs the interface's packages when the lock file has changed since the last time.
pub fn install(root: &Path) -> Result<()> {
    packages::need_node()?;
    let lock = std::fs::read(root.join(LOCK)).with_context(|| format!("Reading {LOCK}"))?;
    if is_current(&lock, std::fs::read(root.join(STAMP)).ok().as_deref()) {
        println!("Packages of the interface: up to date");
        return Ok(());
    }
    process::check(&mut npm(root, &["ci", "--no-audit", "--no-fund"]))?;
    std::fs::write(root.join(STAMP), lock).with_context(|| format!("Writing {STAMP}"))
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
    process::check(&mut npm(root, &["run", name]))
}

fn npm(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    // Without a terminal to ask on, npm must never wait for an answer.
    command.args(arguments).current_dir(root.join("ui")).stdin(Stdio::null());
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
