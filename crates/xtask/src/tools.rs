//! Programs from crates.io that a chore calls: from the PATH, or installed into target/tools.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::process;

/// How a tool is compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// In less time than its optimised form would save.
    Quickly,
    /// Optimised: it works for long.
    Optimised,
}

/// The tool of this name, installed when it is nowhere.
pub fn program(root: &Path, name: &str, version: &str, build: Build) -> Result<PathBuf> {
    if process::is_installed(name) {
        return Ok(PathBuf::from(name));
    }
    let tools = root.join("target/tools");
    let program = tools.join("bin").join(name);
    if !program.is_file() {
        println!("{name} is not here: installing it into target");
        let mut install = process::cargo();
        install.args(["install", name, "--locked", "--quiet", "--version", version, "--root"]).arg(&tools);
        if build == Build::Quickly {
            install.arg("--debug");
        }
        // Its own folder: other flags there would make this workspace build again.
        process::check(install.env("CARGO_TARGET_DIR", tools.join("build")))?;
        // The build is as large as the rest of target/tools is small.
        let _ = std::fs::remove_dir_all(tools.join("build"));
    }
    Ok(program)
}
