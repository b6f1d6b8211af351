//! The TypeScript types of the interface, written from the Rust types by a test of the app crate.

use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;

use crate::process;

/// Whether to write or to compare.
#[derive(Args)]
pub struct Options {
    /// Write nothing; fail when the committed files differ from the Rust types
    #[arg(long)]
    check: bool,
}

/// Writes the bindings, or compares them.
pub fn bindings(options: &Options) -> Result<()> {
    if options.check {
        return compare_with(&["--package", "slipway-app"]);
    }
    process::check(
        Command::new("cargo")
            .args(["test", "--package", "slipway-app", "--test", "bindings"])
            .env("UPDATE_BINDINGS", "1"),
    )
}

/// Compares within the build of the whole workspace, which the other tests use too.
pub fn compare() -> Result<()> {
    compare_with(&["--workspace"])
}

fn compare_with(packages: &[&str]) -> Result<()> {
    process::check(
        Command::new("cargo").arg("test").args(packages).args(["--test", "bindings"]).env_remove("UPDATE_BINDINGS"),
    )
    .context("The TypeScript types differ from the Rust types. Run: cargo xtask bindings")
}
