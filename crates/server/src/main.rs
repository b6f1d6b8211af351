//! `slipway-server`: makes, serves and sets up a workspace.

mod cli;

use clap::Parser;
use std::process::ExitCode;

/// The program's own: a quarter of the time in which a snapshot is read went to the system's.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run(cli::Cli::parse())
}
