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
        steps.perform("clippy", || {
            process::check(process::cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
        });
    }
    steps.summary()
}

/// The lints as steps of a longer chore, but clippy's: see [`linting_build`].
pub fn steps(root: &Path, steps: &mut Steps) {
    steps.perform("rustfmt", || process::check(process::cargo().args(["fmt", "--all", "--check"])));
    steps.perform("svelte-check", || ui::script(root, "check"));
    steps.perform("eslint and prettier", || ui::script(root, "lint"));
    steps.perform("cargo-deny", || deny(root));
}

/// Sets what makes cargo build the workspace with clippy as its compiler and refuse every warning.
///
/// `cargo clippy` only checks, so a build after it compiles every third-party crate a second time:
/// on a bare machine that is minutes. All calls that shall share one build need the same two.
pub fn linting_build() -> [(&'static str, &'static str); 2] {
    // The form in which cargo-clippy itself hands `-D warnings` on.
    [("RUSTC_WORKSPACE_WRAPPER", "clippy-driver"), ("CLIPPY_ARGS", "-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__")]
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
                // It runs for seconds and would compile for minutes if it were to be quick.
                .args(["install", name, "--locked", "--quiet", "--debug", "--version", "^0.20", "--root"])
                .arg(&tools)
                // Its own folder: other flags there would make this workspace build again.
                .env("CARGO_TARGET_DIR", tools.join("build")),
        )?;
        // The build is as large as the rest of target/tools is small.
        let _ = std::fs::remove_dir_all(tools.join("build"));
    }
    Ok(program)
}
