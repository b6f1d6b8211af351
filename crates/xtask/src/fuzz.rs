//! Every parser that reads from the network or a file, fed with nonsense.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};
use clap::Args;

use crate::process;

/// How long, and which.
#[derive(Args)]
pub struct Options {
    /// Minutes for each target
    #[arg(long, default_value_t = 1)]
    minutes: u64,
    /// One target only, by the name of its file in fuzz/targets
    #[arg(long)]
    target: Option<String>,
}

/// Runs the targets one after the other, at the lowest priority; fails when one of them finds something. What is
/// learned stays in target/fuzz-corpus: the corpus in the repository is small and only grows by hand.
pub fn fuzz(root: &Path, options: &Options) -> Result<()> {
    if Command::new("cargo-fuzz").arg("--version").output().is_err() {
        process::check(process::cargo().args(["install", "cargo-fuzz", "--locked"]))?;
    }
    let listed = process::output(fuzzer(root).arg("list"))?;
    let mut found = Vec::new();
    for target in listed.split_whitespace().filter(|name| options.target.as_deref().is_none_or(|one| one == *name)) {
        let learned = root.join("target/fuzz-corpus").join(target);
        std::fs::create_dir_all(&learned)?;
        let mut command = fuzzer(root);
        command.args(["run", "--sanitizer", "none", target]).arg(&learned).arg(root.join("fuzz/corpus").join(target));
        command.args(["--", "-fork=0", "-print_final_stats=1", "-timeout=25", "-rss_limit_mb=2048"]);
        command.arg(format!("-max_total_time={}", options.minutes * 60));
        if process::check(&mut command).is_err() {
            found.push(target.to_owned());
        }
        if process::stopping() {
            bail!("stopped");
        }
    }
    if found.is_empty() { Ok(()) } else { bail!("found something: {}", found.join(", ")) }
}

fn fuzzer(root: &Path) -> Command {
    let mut command = Command::new("nice");
    command.args(["-n", "19", "cargo", "fuzz"]).current_dir(root.join("fuzz"));
    // The instrumentation is a feature of the nightly compiler; the stable one has it too.
    command.env("RUSTC_BOOTSTRAP", "1");
    process::ready_for_cargo(&mut command);
    command
}
