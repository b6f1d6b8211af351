//! The simulation of laptops and server for as long as one likes, and the proof that it notices what is broken.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use crate::{process, session};

/// Which seeds, or which real processes.
#[derive(Args)]
pub struct Options {
    /// How many seeds; with --planted, how many each bug may take
    #[arg(long)]
    seeds: Option<u64>,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How often somebody works in a run
    #[arg(long, default_value_t = 100)]
    steps: u64,
    /// Break each rule on purpose, and demand that it is noticed
    #[arg(long, conflicts_with = "real")]
    planted: bool,
    /// Real programs over TLS through a bad network, killed at random moments
    #[arg(long)]
    real: bool,
    /// How many kills; with --real
    #[arg(long, default_value_t = 200, requires = "real")]
    kills: u64,
}

/// Runs them; fails when a promise broke or a planted bug went unnoticed.
pub fn simulate(root: &Path, options: &Options) -> Result<()> {
    if options.real {
        return real(root, options.kills);
    }
    let mut command = process::cargo();
    command.args(["run", "--package", "slipway-simulation", "--bin", "simulate", "--"]);
    command.args(["--from", &options.from.to_string(), "--steps", &options.steps.to_string()]);
    if let Some(seeds) = options.seeds {
        command.args(["--seeds", &seeds.to_string()]);
    }
    if options.planted {
        command.arg("--planted");
    }
    process::check(&mut command)
}

fn real(root: &Path, kills: u64) -> Result<()> {
    process::check(process::cargo().args(["build", "--workspace", "--bins", "--tests", "--examples"]))?;
    // A setting of its own process: the test reads it, and the sessions below inherit it.
    let kills = format!("SLIPWAY_KILLS={kills}");
    let words = ["env", &kills, "cargo", "test", "--test", "system", "kill", "--", "--nocapture"];
    session::inside_fresh(root, &words.map(str::to_owned))
}
