//! Formatting, lints and the dependencies' licences and sources; warnings are errors.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::test::Steps;
use crate::{packages, process, ui};

/// Runs every lint and fails with the names of those that failed.
pub fn lint(root: &Path) -> Result<()> {
    packages::install(&[packages::BUILD])?;
    let mut steps = Steps::default();
    if steps.perform("packages of the interface", || ui::install(root)) {
        self::steps(root, &mut steps);
    }
    steps.summary()
}

/// The lints as steps of a longer chore.
pub fn steps(root: &Path, steps: &mut Steps) {
    steps.perform("rustfmt", || process::check(process::cargo().args(["fmt", "--all", "--check"])));
    steps.perform("svelte-check", || ui::script(root, "check"));
    steps.perform("eslint and prettier", || ui::script(root, "lint"));
    steps.perform("clippy", || {
        process::check(process::cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    });
    steps.perform("cargo-deny", || deny(root));
}

/// Licences, sources and banned crates. What is left out here, and why, stands in deny.toml.
fn deny(root: &Path) -> Result<()> {
    let program = deny_program(root)?;
    process::check(
        Command::new(program)
            .args(["--all-features", "check", "--hide-inclusion-graph"])
            .args(["bans", "licenses", "sources"]),
    )
}

/// cargo-deny from the PATH, or from target/tools, where it is installed when it is nowhere.
fn deny_program(root: &Path) -> Result<PathBuf> {
    let name = "cargo-deny";
    if process::is_installed(name) {
        return Ok(PathBuf::from(name));
    }
    let tools = root.join("target/tools");
    let program = tools.join("bin").join(name);
    if !program.is_file() {
        println!("cargo-deny checks the dependencies and is not here: installing it into target");
        process::check(
            process::cargo()
                .args(["install", name, "--locked", "--quiet", "--version", "^0.20", "--root"])
                .arg(&tools)
                // Its own folder: other flags there would make this workspace build again.
                .env("CARGO_TARGET_DIR", tools.join("build")),
        )?;
        // The build is as large as the rest of target/tools is small.
        let _ = std::fs::remove_dir_all(tools.join("build"));
    }
    Ok(program)
}
