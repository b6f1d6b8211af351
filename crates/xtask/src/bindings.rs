//! The TypeScript types of the interface, written from the Rust types by a test of the app crate.
//!
//! The same test, without the variable, is part of every `cargo xtask test`.

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
    let mut test = process::cargo();
    test.args(["test", "--package", "slipway-app", "--test", "bindings"]);
    if options.check {
        return process::check(test.env_remove("UPDATE_BINDINGS"))
            .context("The TypeScript types differ from the Rust types. Run: cargo xtask bindings");
    }
    process::check(test.env("UPDATE_BINDINGS", "1"))
}
