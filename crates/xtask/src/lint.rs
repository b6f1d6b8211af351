//! Formatting, lints and the dependencies' licences and sources; warnings are errors.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::test::Steps;
use crate::tools::{self, Build};
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
    // It runs for seconds and would compile for minutes if it were to be quick.
    let program = tools::program(root, "cargo-deny", "^0.20", Build::Quickly)?;
    process::check(
        Command::new(program)
            .args(["--all-features", "check", "--hide-inclusion-graph"])
            .args(["bans", "licenses", "sources"]),
    )
}
