//! Chores of the workspace: set up, run, test and keep the house rules.
//!
//! Every chore is one file and calls ordinary programs; nothing here is linked into what ships.

mod bench;
mod bindings;
mod bundle;
mod fuzz;
mod icons;
mod lint;
mod packages;
mod process;
mod run;
mod screenshot;
mod session;
mod simulate;
mod test;
mod tidy;
mod tools;
mod ui;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

/// Chores of the Slipway workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", version, about)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Install what is missing, build, start a server with sample data and open the desktop
    Run(run::Options),
    /// Set up and run every check and every test, the window's included
    Test,
    /// rustfmt, clippy, svelte-check, eslint, prettier and cargo-deny
    Lint,
    /// The house rules: crate edges, file lengths, dead files, banned words
    Tidy,
    /// Write the TypeScript types of the interface from the Rust types
    Bindings(bindings::Options),
    /// Run a command on a private display with a private bus and keychain, as the tests are
    Session(session::Options),
    /// Simulated laptops and a server with faults from seeds, or the real programs killed at random moments
    Simulate(simulate::Options),
    /// Feed every parser with nonsense
    Fuzz(fuzz::Options),
    /// Print the figures of this machine and of the program on it
    Bench(bench::Options),
    /// Packages of the desktop and of the server for Debian and Ubuntu, with sums and lists of their parts
    Bundle(bundle::Options),
    /// Draw the icons of all sizes from icons/icon.svg
    Icons,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match perform(&arguments.chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(chore: &Chore) -> Result<()> {
    process::watch_for_stop()?;
    let root = workspace_root()?;
    std::env::set_current_dir(&root).with_context(|| format!("Entering {}", root.display()))?;
    match chore {
        Chore::Run(options) => run::run(&root, options),
        Chore::Test => test::test(&root),
        Chore::Lint => lint::lint(&root),
        Chore::Tidy => tidy::tidy(&root),
        Chore::Bindings(options) => bindings::bindings(options),
        Chore::Session(options) => session::run_inside(&root, options),
        Chore::Simulate(options) => simulate::simulate(&root, options),
        Chore::Fuzz(options) => fuzz::fuzz(&root, options),
        Chore::Bench(options) => bench::bench(&root, options),
        Chore::Bundle(options) => bundle::bundle(&root, options),
        Chore::Icons => icons::icons(&root),
    }
}

/// The folder of the root `Cargo.toml`, wherever cargo was called.
fn workspace_root() -> Result<PathBuf> {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest
        .ancestors()
        .nth(2)
        .map(PathBuf::from)
        .context("The xtask crate does not lie two folders below the workspace root")
}
