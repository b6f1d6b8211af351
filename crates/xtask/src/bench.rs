//! The figures: first what this machine can do, then what the program does on it.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::{packages, process, session, ui};

/// Which figures.
#[derive(clap::Args)]
pub struct Options {
    /// Only these; all of them when nothing is given
    only: Option<Figures>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Figures {
    /// The encrypted database of a data centre of 1,000,000 CIs and 3,000,000 relations, each figure beside its limit
    Cmdb,
    /// The search for components in a software library that names 1,000,000 of them
    Components,
    /// Files of the software library beside sha256sum, scans in a hardware store of 1,000,000 units, labels
    Stores,
    /// Imports, commands, search, lists and the window's start
    Laptop,
    /// A first sync and what follows it, beside a download with inserts and beside PouchDB
    Sync,
    /// Commands a second into both storages, and what laptops cost that do nothing
    Server,
}

/// Prints facts about the machine, then the figures of the program on it.
pub fn bench(root: &Path, options: &Options) -> Result<()> {
    let wants = |figures| options.only.is_none_or(|only| only == figures);
    packages::install(&[packages::BUILD, packages::SESSION, packages::TEST, packages::BENCH])?;
    println!("machine");
    for (name, value) in machine(root)? {
        println!("  {name:<12} {value}");
    }
    if wants(Figures::Laptop) {
        example("slipway-app", "bench")?;
        cold_start(root)?;
    }
    if options.only == Some(Figures::Cmdb) {
        example("slipway-app", "cmdb")?;
        large_window(root)?;
    }
    if options.only == Some(Figures::Components) {
        example("slipway-app", "components")?;
    }
    if options.only == Some(Figures::Stores) {
        example("slipway-app", "stores")?;
    }
    if wants(Figures::Sync) {
        ui::install_in(root, "benches/pouchdb")?;
        example("slipway-simulation", "bootstrap")?;
    }
    if wants(Figures::Server) {
        example("slipway-server", "push")?;
        process::check(process::cargo().args(["build", "--release", "--package", "slipway-server"]))?;
        example("slipway-simulation", "connected")?;
    }
    Ok(())
}

fn example(package: &str, name: &str) -> Result<()> {
    process::check(process::cargo().args(["run", "--release", "--package", package, "--example", name]))
}

/// What the window takes over so many CIs, by the programs that the tests use. Their profile is made by the release
/// build, in the session whose keychain keeps its key.
fn large_window(root: &Path) -> Result<()> {
    programs_of_tests(root)?;
    process::check(process::cargo().args(["build", "--release", "--package", "slipway-cli"]))?;
    let folder = root.join("target/large-profile");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("Removing {}", folder.display()))?;
    }
    let script = "target/release/slipwayctl generate --into-profile --cis 1000000 --relations 3000000 --profile \"$1\" && \
        SLIPWAY_LARGE_PROFILE=\"$1\" cargo test --test desktop of_any_size -- --ignored --nocapture";
    session::inside_fresh(root, &["sh", "-c", script, "sh", &folder.display().to_string()].map(str::to_owned))?;
    fs::remove_dir_all(&folder).with_context(|| format!("Removing {}", folder.display()))
}

fn programs_of_tests(root: &Path) -> Result<()> {
    ui::install(root)?;
    ui::build(root)?;
    process::check(process::cargo().args(["build", "--workspace", "--bins", "--tests", "--examples"]))
}

/// The window's start on both profiles, by the programs that the tests use: a release build starts no faster, for the
/// time goes into the web view.
fn cold_start(root: &Path) -> Result<()> {
    programs_of_tests(root)?;
    let words = ["cargo", "test", "--test", "desktop", "cold_start", "--", "--ignored", "--nocapture"];
    session::inside_fresh(root, &words.map(str::to_owned))
}

fn machine(root: &Path) -> Result<Vec<(&'static str, String)>> {
    let file = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let unknown = || "unknown".to_owned();
    let cores = std::thread::available_parallelism().map_or_else(|_| unknown(), |n| n.to_string());
    let rate = fsync_rate(&root.join("target"), Duration::from_secs(2))?;
    Ok(vec![
        ("cores", cores),
        ("CPU", value_of(&file("/proc/cpuinfo"), "model name").unwrap_or_else(unknown)),
        ("memory", value_of(&file("/proc/meminfo"), "MemTotal").unwrap_or_else(unknown)),
        ("load", file("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(" ")),
        ("Rust", process::output(Command::new("rustc").arg("--version"))?.trim().to_owned()),
        ("fsync", format!("{rate:.0} a second (4 KiB written, then fdatasync, in target)")),
    ])
}

/// The value of the first `name : value` line.
fn value_of(text: &str, name: &str) -> Option<String> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(left, _)| left.trim() == name)
        .map(|(_, right)| right.trim().to_owned())
}

/// How often a second this disk makes 4 KiB durable: the bound of every command that is
/// durable before the window says so.
fn fsync_rate(folder: &Path, time: Duration) -> Result<f64> {
    let path = folder.join("fsync-rate");
    let mut file = File::create(&path).with_context(|| format!("Creating {}", path.display()))?;
    let block = [0x5a_u8; 4096];
    let start = Instant::now();
    let mut times = 0_u32;
    while start.elapsed() < time {
        file.seek(SeekFrom::Start(0)).context("Seeking")?;
        file.write_all(&block).context("Writing 4 KiB")?;
        file.sync_data().context("Making 4 KiB durable")?;
        times += 1;
    }
    let rate = f64::from(times) / start.elapsed().as_secs_f64();
    drop(file);
    fs::remove_file(&path).with_context(|| format!("Removing {}", path.display()))?;
    Ok(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_from_the_files_of_the_system() {
        let text = "processor\t: 0\nmodel name\t: A CPU @ 2 GHz\nmodel name\t: B\n";
        assert_eq!(value_of(text, "model name").unwrap(), "A CPU @ 2 GHz");
        assert_eq!(value_of(text, "MemTotal"), None);
    }

    #[test]
    fn the_disk_is_measured_and_nothing_is_left_behind() {
        let folder = std::env::temp_dir().join(format!("slipway-fsync-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        assert!(fsync_rate(&folder, Duration::from_millis(5)).unwrap() > 0.0);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir_all(folder).unwrap();
    }
}
