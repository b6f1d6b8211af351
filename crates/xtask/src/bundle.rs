//! Packages for Debian and Ubuntu: one of the desktop with slipwayctl, one of the server.
//!
//! Everything comes from the same sources as the programs: icons from one picture, manual pages and completions from
//! the programs themselves, lists of parts from the lock files. The same sources give the same bytes: no time of the
//! build and no folder of the machine goes in (docs/decisions/0035-packages.md).

mod parts;
mod trial;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::tools::{self, Build};
use crate::{packages, process, ui};

/// What to make, and how much of it to judge.
#[derive(Args)]
pub struct Options {
    /// Profile of cargo by which the programs are built; dev makes packages in minutes, to look at how they install
    #[arg(long, default_value = "release")]
    profile: String,
    /// Take the programs that were built before
    #[arg(long)]
    no_build: bool,
    /// Make each package twice and compare, run the linters, and install, use and remove the packages in a fresh Debian
    #[arg(long)]
    check: bool,
    /// Who answers for the packages
    #[arg(long, value_name = "NAME <MAIL>", env = "SLIPWAY_MAINTAINER")]
    maintainer: Option<String>,
}

/// One package and the programs in it.
struct Bundle {
    /// Of the Debian package and of its folder in target/bundle.
    name: &'static str,
    /// The crate with the package's description.
    krate: &'static str,
    programs: &'static [Program],
}

struct Program {
    name: &'static str,
    krate: &'static str,
    /// Before the folder that manual pages are written to.
    manual: &'static str,
    has_completions: bool,
}

const BUNDLES: [Bundle; 2] = [
    Bundle {
        name: "slipway",
        krate: "slipway",
        programs: &[
            Program { name: "slipway", krate: "slipway", manual: "--manual", has_completions: false },
            Program { name: "slipwayctl", krate: "slipway-cli", manual: "manual", has_completions: true },
        ],
    },
    Bundle {
        name: "slipway-server",
        krate: "slipway-server",
        programs: &[Program {
            name: "slipway-server",
            krate: "slipway-server",
            manual: "manual",
            has_completions: true,
        }],
    },
];

/// Shell, and the name under which it looks for the completions of a program.
const SHELLS: [(&str, &str, &str); 3] = [("bash", "", ""), ("zsh", "_", ""), ("fish", "", ".fish")];

/// Makes the packages in target/bundle, with their sums and the lists of their parts.
pub fn bundle(root: &Path, options: &Options) -> Result<()> {
    packages::install(&[packages::BUILD, packages::BUNDLE])?;
    let target = root.join("target/bundle");
    if target.exists() {
        std::fs::remove_dir_all(&target).with_context(|| format!("Emptying {}", target.display()))?;
    }
    if !options.no_build {
        ui::install(root)?;
        ui::build(root)?;
        build(root, &options.profile)?;
    }
    let mut files = Vec::new();
    for bundle in &BUNDLES {
        let folder = target.join(bundle.name);
        gather(root, bundle, &options.profile, &folder)?;
        let list = target.join(format!("{}.cdx.json", bundle.name));
        parts::list(root, &bundle.programs.iter().map(|one| one.krate).collect::<Vec<_>>(), &list)?;
        std::fs::copy(&list, folder.join("parts.cdx.json"))?;
        parts::licences(root, &bundle.programs.iter().map(|one| one.krate).collect::<Vec<_>>(), &folder)?;
        files.push(list);
        files.push(package(root, bundle, options, &target)?);
        if options.check {
            same_again(root, bundle, options, &files)?;
        }
    }
    sums(&target, &files)?;
    if options.check {
        packages::install(&[packages::BUNDLE_CHECKS])?;
        let of = |name: &str| {
            let begin = format!("{name}_");
            let is = |file: &&PathBuf| file.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&begin));
            files.iter().find(is).with_context(|| format!("No package {name} was made"))
        };
        trial::lint(root, &files)?;
        trial::install(&target, of("slipway")?, of("slipway-server")?)?;
    }
    println!("\nIn {}:", target.display());
    for file in &files {
        let size = std::fs::metadata(file)?.len();
        println!("  {:<40} {:>6.1} MB", name_of(file), size as f64 / 1e6);
    }
    println!("  SHA256SUMS");
    Ok(())
}

/// Builds the programs so that the same sources give the same bytes wherever they lie.
fn build(root: &Path, profile: &str) -> Result<()> {
    let mut cargo = process::cargo();
    cargo.args(["build", "--locked", "--bins", "--profile", profile]);
    if profile == "dev" {
        // What a person builds all day is there already.
        return process::check(cargo.arg("--workspace"));
    }
    for bundle in &BUNDLES {
        cargo.args(bundle.programs.iter().flat_map(|program| ["--package", program.krate]));
    }
    let registry = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let registry = registry.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let registry = registry.context("Finding the folder of cargo")?;
    let folders = [(root, "/slipway"), (registry.as_path(), "/cargo")];
    let rust = folders.map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display())).join("\x1f");
    let c = folders.map(|(from, to)| format!("-ffile-prefix-map={}={to}", from.display())).join(" ");
    cargo.env("CARGO_ENCODED_RUSTFLAGS", rust).env("CFLAGS", c).env("SOURCE_DATE_EPOCH", moment(root)?);
    process::check(&mut cargo)
}

/// The time of the last commit, in seconds since 1970: what is called the time of the build.
fn moment(root: &Path) -> Result<String> {
    if let Ok(given) = std::env::var("SOURCE_DATE_EPOCH") {
        return Ok(given);
    }
    let time = process::output(Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(root));
    Ok(time.context("SOURCE_DATE_EPOCH is not set, and the time of the last commit is not known")?.trim().to_owned())
}

/// Puts everything that is made for a package into one folder.
fn gather(root: &Path, bundle: &Bundle, profile: &str, folder: &Path) -> Result<()> {
    let built = root.join("target").join(if profile == "dev" { "debug" } else { profile });
    for part in ["bin", "man", "bash", "zsh", "fish"] {
        std::fs::create_dir_all(folder.join(part)).with_context(|| format!("Making {}", folder.display()))?;
    }
    for program in bundle.programs {
        let path = folder.join("bin").join(program.name);
        process::check(Command::new("strip").arg("-o").arg(&path).arg(built.join(program.name)))?;
        process::output(Command::new(&path).arg(program.manual).arg(folder.join("man")))?;
        if !program.has_completions {
            continue;
        }
        for (shell, before, after) in SHELLS {
            let script = process::output(Command::new(&path).args(["completions", shell]))?;
            std::fs::write(folder.join(shell).join(format!("{before}{}{after}", program.name)), script)?;
        }
    }
    Ok(())
}

/// Makes one package and answers where it is.
fn package(root: &Path, bundle: &Bundle, options: &Options, target: &Path) -> Result<PathBuf> {
    let mut deb = Command::new(tools::program(root, "cargo-deb", "^3.8", Build::Optimised)?);
    process::ready_for_cargo(&mut deb);
    deb.args(["--no-build", "--no-strip", "--quiet", "--locked", "--package", bundle.krate, "--output"]).arg(target);
    if let Some(maintainer) = &options.maintainer {
        deb.args(["--maintainer", maintainer]);
    }
    process::check(deb.env("SOURCE_DATE_EPOCH", moment(root)?))?;
    let begin = format!("{}_", bundle.name);
    let made = std::fs::read_dir(target)?.filter_map(Result::ok).map(|entry| entry.path());
    let made = made.filter(|path| name_of(path).starts_with(&begin) && name_of(path).ends_with(".deb"));
    made.max().with_context(|| format!("No package {} was made", bundle.name))
}

/// Makes the package again elsewhere: another sum means that something of the moment or the machine went in.
fn same_again(root: &Path, bundle: &Bundle, options: &Options, files: &[PathBuf]) -> Result<()> {
    let again = root.join("target/bundle/again");
    std::fs::create_dir_all(&again)?;
    let second = std::fs::read(package(root, bundle, options, &again)?)?;
    let first = files.last().context("A package was made before")?;
    if std::fs::read(first)? != second {
        bail!("{} is not the same when it is made again: see {}", name_of(first), again.display());
    }
    println!("{} is the same when it is made again", name_of(first));
    std::fs::remove_dir_all(again).context("Removing the second package")
}

/// Writes SHA256SUMS, which `sha256sum --check` reads.
fn sums(target: &Path, files: &[PathBuf]) -> Result<()> {
    let names = files.iter().map(|file| name_of(file));
    let sums = process::output(Command::new("sha256sum").args(names).current_dir(target))?;
    std::fs::write(target.join("SHA256SUMS"), sums).context("Writing SHA256SUMS")
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
